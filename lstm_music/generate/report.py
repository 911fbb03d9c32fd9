"""The report: of each control that was set, what was asked, what came out, and whether it holds.

Everything is counted in the notes that were written, never taken from the rules that wrote them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_music.generate.asking.request import CONTROLS, Request
from lstm_music.generate.forms.plan import form_shares, same_variations
from lstm_music.generate.planning.character import Character
from lstm_music.generate.planning.parts import ordered_parts
from lstm_music.generate.planning.plan import Plan
from lstm_music.generate.planning.ruling import Ruling, of_track, written_pitches
from lstm_music.music.distinct import distinct
from lstm_music.music.form import bars_of
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.harmony.cadence import ends_on_tonic
from lstm_music.music.instruments.general_midi import SOUNDING_RANGES
from lstm_music.music.instruments.playable import KEYBOARD_PROGRAMS, hand_span_ok, limbs_ok
from lstm_music.music.piece import Piece
from lstm_music.music.polyphony import most_together
from lstm_music.music.voice_leading import crossings, is_among, parallels
from lstm_music.types import NoteArray

_NEAR = {"density": 0.25, "polyphony": 0.25, "register": 4.0, "duration": 0.25}
"""How far off a wish may come out and still count as kept: a share, or semitones."""


def make_report(
    request: Request, ruling: Ruling, plan: Plan, piece: Piece, new: NoteArray
) -> dict[str, Any]:
    """What was asked and what came out.

    Parameters
    ----------
    request, ruling, plan : what was asked.
    piece : the whole result.
    new : what was written.

    Returns
    -------
    report : name of control -> ``asked``, ``came_out``, ``kept`` (None where nothing can tell).
        By track it is a dict by number of the track, from 1. ``in_character`` is there wherever
        some track has a character, as it is on unless refused.
    """
    report: dict[str, Any] = {}
    for name, measure in _MEASURES.items():
        asked = getattr(request, name)
        if name == "voice_leading" and ruling.voice_leading == "strict":
            asked = "strict"  # by its style, if not in so many words
        is_kept_anyway = name == "in_character" and bool(ruling.characters)
        if asked is None or (asked == CONTROLS[name].default and not is_kept_anyway):
            continue
        came_out, kept = measure(_Result(request, ruling, plan, piece, new))
        report[name] = {"asked": _plain(asked), "came_out": came_out, "kept": kept}
    return report


def _plain(asked: Any) -> Any:
    if isinstance(asked, dict):
        return {("all" if n == 0 else n): _plain(value) for n, value in asked.items()}
    return list(asked) if isinstance(asked, tuple) else asked


class _Result:
    """A result, and what can be counted in it."""

    def __init__(
        self, request: Request, ruling: Ruling, plan: Plan, piece: Piece, new: NoteArray
    ) -> None:
        self.request, self.ruling, self.plan, self.piece, self.new = (
            request,
            ruling,
            plan,
            piece,
            new,
        )
        self.drums = np.array([track.is_drum for track in piece.tracks], bool)
        self.pitched = new[~self.drums[new["track"]]] if len(new) else new

    def by_track(
        self, measure: Callable[[NoteArray], Any], *, pitched: bool = False
    ) -> dict[int, Any]:
        """A measure of each open track's new notes; number of the track from 1."""
        notes = self.pitched if pitched else self.new
        found = {}
        for track in self.plan.open_tracks:
            mine = notes[notes["track"] == track]
            if len(mine):
                found[track + 1] = measure(mine)
        return found

    def onsets_a_bar(self, *, whole: bool = False) -> dict[int, list[int]]:
        """Onsets in each open bar of each open track; ``whole``: in none shorter than its meter's,
        as a pickup is.
        """
        lines, found = self.piece.bar_lines, {}
        for track in self.plan.open_tracks:
            mine = distinct(self.new["onset_steps"][self.new["track"] == track])
            counts = []
            for place in (place for place in self.plan.places if place.track == track):
                at = place.start_steps
                while at < place.end_steps:
                    end = min(lines.bar_end(at), place.end_steps)
                    if whole and end - at < lines.meter_at(at).bar_steps:
                        at = end
                        continue
                    counts.append(int(((mine >= at) & (mine < end)).sum()))
                    at = end
            found[track + 1] = counts
        return found


Found = tuple[Any, bool | None]


def _all_hold(
    result: _Result,
    wanted: dict[int, Any],
    found: dict[int, Any],
    holds: Callable[[Any, Any], bool],
) -> bool:
    """Whether what was found in each track is as wanted for it."""
    pairs = [(of_track(wanted, track - 1), value) for track, value in found.items()]
    return all(want is None or holds(want, value) for want, value in pairs)


def _scale(result: _Result) -> Found:
    scale = result.ruling.scale
    if scale is None or not len(result.pitched):
        return None, None
    inside = float(scale.mask()[result.pitched["pitch_midi"] % 12].mean())
    return {"share_inside": inside}, inside == 1.0 or result.request.scale_fit == "mostly"


def _pitch_range(result: _Result) -> Found:
    found = result.by_track(
        lambda notes: (int(notes["pitch_midi"].min()), int(notes["pitch_midi"].max()))
    )
    kept = _all_hold(
        result, result.request.pitch_range, found, lambda w, f: w[0] <= f[0] and f[1] <= w[1]
    )
    return {track: list(pair) for track, pair in found.items()}, kept


def _max_polyphony(result: _Result) -> Found:
    found = result.by_track(most_together)
    return found, _all_hold(result, result.request.max_polyphony, found, lambda w, f: f <= w)


def _min_duration(result: _Result) -> Found:
    if not len(result.pitched):
        return None, None
    shortest = int(result.pitched["duration_steps"].min())
    return shortest, shortest >= (result.request.min_duration or 0)


def _max_duration(result: _Result) -> Found:
    if not len(result.pitched):
        return None, None
    longest = int(result.pitched["duration_steps"].max())
    return longest, longest <= (result.request.max_duration or longest)


def _grid(result: _Result) -> Found:
    if not len(result.new):
        return None, None
    places, _ = result.piece.bar_lines.places(result.new["onset_steps"])
    on = float((places % (result.request.grid or 1) == 0).mean())
    return {"share_on_grid": on}, on == 1.0


def _velocity_range(result: _Result) -> Found:
    if not len(result.new):
        return None, None
    low, high = result.request.velocity_range
    found = int(result.new["velocity"].min()), int(result.new["velocity"].max())
    return list(found), low <= found[0] and found[1] <= high


def _min_density(result: _Result) -> Found:
    found = {track: min(counts) for track, counts in result.onsets_a_bar().items()}
    return found, _all_hold(result, result.request.min_density, found, lambda w, f: f >= w)


def _max_density(result: _Result) -> Found:
    found = {track: max(counts) for track, counts in result.onsets_a_bar().items()}
    return found, _all_hold(result, result.request.max_density, found, lambda w, f: f <= w)


def _rests(result: _Result) -> Found:
    longest = {}
    for track in result.plan.open_tracks:
        notes = result.piece.notes[result.piece.notes["track"] == track]
        gaps = [
            _longest_silence(notes, place.start_steps, place.end_steps)
            for place in result.plan.places
            if place.track == track
        ]
        longest[track + 1] = max(gaps, default=0)
    return longest, all(gap == 0 for gap in longest.values())


def _longest_silence(notes: NoteArray, start: int, end: int) -> int:
    """Longest stretch in [start, end) in which no note sounds, the end left out."""
    ends = notes["onset_steps"] + notes["duration_steps"]
    near = notes[(notes["onset_steps"] < end) & (ends > start)]
    silence, sounds_until = 0, start
    for note in near:
        silence = max(silence, int(note["onset_steps"]) - sounds_until)
        sounds_until = max(sounds_until, int(note["onset_steps"] + note["duration_steps"]))
    return silence


def _playable(result: _Result) -> Found:
    wrong = 0
    for track in result.plan.open_tracks:
        one = result.piece.tracks[track]
        notes = result.piece.notes[result.piece.notes["track"] == track]
        new = result.new[result.new["track"] == track]
        if one.is_drum:
            onsets = distinct(new["onset_steps"])
            hits = [notes["pitch_midi"][notes["onset_steps"] == onset] for onset in onsets]
            wrong += sum(not limbs_ok(keys.tolist()) for keys in hits)
            continue
        low, high = SOUNDING_RANGES[one.program]
        wrong += int(((new["pitch_midi"] < low) | (new["pitch_midi"] > high)).sum())
        if one.program in KEYBOARD_PROGRAMS:
            ends = notes["onset_steps"] + notes["duration_steps"]
            for onset in distinct(new["onset_steps"]):
                held = notes["pitch_midi"][(notes["onset_steps"] <= onset) & (ends > onset)]
                wrong += not hand_span_ok(held.tolist())
    return {"out_of_reach": int(wrong)}, wrong == 0


def _in_character(result: _Result) -> Found:
    """How many notes and bars of each track are out of its character."""
    bars, whole = result.onsets_a_bar(), result.onsets_a_bar(whole=True)
    found = {
        track + 1: _out_of_character(result, track, one, bars[track + 1], whole[track + 1])
        for track, one in result.ruling.characters.items()
    }
    return (found, not any(found.values())) if found else (None, None)


def _out_of_character(
    result: _Result, track: int, character: Character, in_bars: list[int], in_whole: list[int]
) -> int:
    """How many notes, and bars by their onsets, are beyond what the character decides.

    Where the request sets a bound, that holds instead.
    """
    request, notes = result.request, result.new[result.new["track"] == track]
    held = written_pitches(result.ruling, result.plan, track)
    wrong = int((~held[notes["pitch_midi"]]).sum())
    if character.longest and request.max_duration is None:
        wrong += int((notes["duration_steps"] > character.longest).sum())
    if character.grid and request.grid is None:
        places, _ = result.piece.bar_lines.places(notes["onset_steps"])
        wrong += int((places % character.grid != 0).sum())
    if of_track(request.max_polyphony, track) is None:
        wrong += most_together(notes) > character.polyphony
    if of_track(request.max_density, track) is None and of_track(request.density, track) is None:
        asked = int(np.ceil(of_track(request.min_density, track) or 0))
        fewest, most = asked or character.fewest, max(character.most, asked)
        wrong += sum(count > most for count in in_bars) + sum(count < fewest for count in in_whole)
    return wrong


def _chords(result: _Result) -> Found:
    chords, notes = result.ruling.chords, result.pitched
    if chords is None or not len(notes):
        return None, None
    places, _ = result.piece.bar_lines.places(notes["onset_steps"])
    meters = [result.piece.bar_lines.meter_at(int(onset)) for onset in notes["onset_steps"]]
    beats = np.array([meter.beat_steps for meter in meters])
    held = chords.pitch_classes_at(notes["onset_steps"])
    free = ~held.any(axis=1)  # no chord there
    fits = held[np.arange(len(notes)), notes["pitch_midi"] % 12] | free
    on_beats = places % beats == 0
    share = float(fits[on_beats].mean()) if on_beats.any() else 1.0
    found = {"chords": str(chords), "share_on_beats": share, "share": float(fits.mean())}
    return found, share == 1.0 or result.request.chords_fit == "loose"


def _form(result: _Result) -> Found:
    """The form of the new bars, and how many of them return as was asked."""
    plan, piece = result.plan, result.piece
    if plan.form is None:
        return None, None
    bars = bars_of(piece)
    first = piece.bar_lines.bar_at(plan.start_steps) - (piece.pickup_steps > 0)
    found = form_shares(plan.form, bars, first)
    last = len(plan.form.returns)
    closes = result.request.seed is None and result.request.ending != "free"
    kept = not set(found["differ"]) - ({last} if closes else set())
    return found, kept and not same_variations(plan.form, bars, first)


def _voice_leading(result: _Result) -> Found:
    if not len(result.pitched):
        return None, None
    notes, pitched = result.piece.notes, np.flatnonzero(~result.drums).tolist()
    written = set(_rows(result.new))
    is_new = np.array([row in written for row in _rows(notes)], bool)
    found = [is_among(one.notes, is_new) for one in parallels(notes, pitched)]
    crossed = [
        pair
        for upper, lower in ordered_parts(result.ruling, result.plan)
        for pair in crossings(notes, upper, lower)
        if is_among(pair, is_new)
    ]
    n_new = sum(found)
    came_out = {
        "parallels": n_new,
        "parallels_per_100_notes": 100 * n_new / len(result.pitched),
        "parallels_in_given_music": len(found) - n_new,
        "crossings": len(crossed),
    }
    is_strict = result.ruling.voice_leading == "strict"
    return came_out, not n_new and not crossed if is_strict else None


def _ending(result: _Result) -> Found:
    closes = ends_on_tonic(result.piece)
    return closes, closes if result.request.ending == "tonic" else None


def _wish(name: str, measure: Callable[[NoteArray], float], *, pitched: bool) -> Any:
    def found(result: _Result) -> Found:
        came_out = result.by_track(measure, pitched=pitched)
        near, wanted = _NEAR[name], getattr(result.request, name)
        kept = _all_hold(
            result,
            wanted,
            came_out,
            lambda w, f: abs(f - w) <= (near if name == "register" else near * max(w, 1)),
        )
        return came_out, kept if came_out else None

    return found


def _density(result: _Result) -> Found:
    came_out = {t: float(np.mean(counts)) for t, counts in result.onsets_a_bar().items() if counts}
    near = _NEAR["density"]
    kept = _all_hold(
        result, result.request.density, came_out, lambda w, f: abs(f - w) <= near * max(w, 1)
    )
    return came_out, kept


def _notes_an_onset(notes: NoteArray) -> float:
    return len(notes) / len(distinct(notes["onset_steps"]))


def _amount(result: _Result) -> Found:
    old = {tuple(row) for row in _rows(result.plan.replaced)}
    gone = len(old - {tuple(row) for row in _rows(result.new)})
    return {"notes_changed": gone, "notes_replaced": len(old)}, None


def _rows(notes: NoteArray) -> list[tuple[int, int, int, int]]:
    names = ("onset_steps", "track", "pitch_midi", "duration_steps")
    return list(zip(*(notes[name].tolist() for name in names), strict=True))


_MEASURES: dict[str, Callable[[_Result], Found]] = {
    "amount": _amount,
    "scale": _scale,
    "pitch_range": _pitch_range,
    "max_polyphony": _max_polyphony,
    "min_duration": _min_duration,
    "max_duration": _max_duration,
    "grid": _grid,
    "velocity_range": _velocity_range,
    "min_density": _min_density,
    "max_density": _max_density,
    "rests": _rests,
    "playable": _playable,
    "in_character": _in_character,
    "chords": _chords,
    "voice_leading": _voice_leading,
    "density": _density,
    "polyphony": _wish("polyphony", _notes_an_onset, pitched=False),
    "register": _wish("register", lambda notes: float(notes["pitch_midi"].mean()), pitched=True),
    "duration": _wish(
        "duration",
        lambda notes: float(notes["duration_steps"].mean()) / STEPS_PER_QUARTER,
        pitched=True,
    ),
    "ending": _ending,
    "form": _form,
}
