"""Whether new notes fit: hands, the track's character, chords, form, voices, the ending."""

from __future__ import annotations

import numpy as np

from lstm_music.generate.forms.plan import form_shares, same_variations
from lstm_music.generate.planning.character import Character
from lstm_music.generate.planning.parts import ordered_parts
from lstm_music.generate.planning.ruling import of_track, written_pitches
from lstm_music.generate.reporting.result import Found, Result, rows
from lstm_music.music.bars import onsets_in_bars
from lstm_music.music.distinct import distinct
from lstm_music.music.form import bars_of
from lstm_music.music.harmony.cadence import ends_on_tonic
from lstm_music.music.instruments.general_midi import SOUNDING_RANGES
from lstm_music.music.instruments.playable import KEYBOARD_PROGRAMS, hand_span_ok, limbs_ok
from lstm_music.music.polyphony import most_together
from lstm_music.music.voice_leading import crossings, is_among, parallels
from lstm_music.types import NoteArray


def playable(result: Result) -> Found:
    """How many notes no hands, sticks or instrument could play as written."""
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


def in_character(result: Result) -> Found:
    """How many notes and bars of each track are out of its character."""
    bars, whole = result.onsets_a_bar(), result.onsets_a_bar(whole=True)
    found = {
        track + 1: _out_of_character(result, track, one, bars[track + 1], whole[track + 1])
        for track, one in result.ruling.characters.items()
    }
    return (found, not any(found.values())) if found else (None, None)


def _out_of_character(
    result: Result, track: int, character: Character, in_bars: list[int], in_whole: list[int]
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
        wrong += _off_the_grid(result, notes, character.grid)
    if of_track(request.max_polyphony, track) is None:
        wrong += most_together(notes) > character.polyphony
    if of_track(request.max_density, track) is None and of_track(request.density, track) is None:
        asked = int(np.ceil(of_track(request.min_density, track) or 0))
        fewest, most = asked or character.fewest, max(character.most, asked)
        wrong += sum(count > most for count in in_bars) + sum(count < fewest for count in in_whole)
    return wrong


def _off_the_grid(result: Result, notes: NoteArray, grid: int) -> int:
    """How many new notes are off a grid; beside played music all may be as late as one another."""
    places, _ = result.piece.bar_lines.places(notes["onset_steps"])
    counts = np.bincount(places % grid, minlength=grid)
    given = result.plan.given
    is_played = bool((onsets_in_bars(given) != given.notes["onset_steps"]).any())
    return len(notes) - int(counts.max() if is_played else counts[0])


def chords(result: Result) -> Found:
    """The share of the pitched notes that belong to the chord that was asked for there."""
    asked, notes = result.ruling.chords, result.pitched
    if asked is None or not len(notes):
        return None, None
    places, _ = result.piece.bar_lines.places(notes["onset_steps"])
    meters = [result.piece.bar_lines.meter_at(int(onset)) for onset in notes["onset_steps"]]
    beats = np.array([meter.beat_steps for meter in meters])
    held = asked.pitch_classes_at(notes["onset_steps"])
    free = ~held.any(axis=1)  # no chord there
    fits = held[np.arange(len(notes)), notes["pitch_midi"] % 12] | free
    on_beats = places % beats == 0
    share = float(fits[on_beats].mean()) if on_beats.any() else 1.0
    found = {"chords": str(asked), "share_on_beats": share, "share": float(fits.mean())}
    return found, share == 1.0 or result.request.chords_fit == "loose"


def form(result: Result) -> Found:
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


def voice_leading(result: Result) -> Found:
    """Parallel fifths, octaves and unisons with a new note in them, and parts that cross."""
    if not len(result.pitched):
        return None, None
    notes, pitched = result.piece.notes, np.flatnonzero(~result.drums).tolist()
    written = set(rows(result.new))
    is_new = np.array([row in written for row in rows(notes)], bool)
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


def ending(result: Result) -> Found:
    """Whether the piece ends on its tonic."""
    closes = ends_on_tonic(result.piece)
    return closes, closes if result.request.ending == "tonic" else None
