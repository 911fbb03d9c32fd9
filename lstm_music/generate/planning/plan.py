"""Plans: which music stands, which bars of which tracks are open, and what of it is kept.

Continuing, infilling, accompanying and varying differ only in the plan that they make.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError, MidiError
from lstm_music.generate.asking.piece_controls import KEEPS
from lstm_music.generate.forms.plan import FormPlan
from lstm_music.music.bars import bar_start, n_bars, onsets_in_bars
from lstm_music.music.closing import body_end_steps
from lstm_music.music.distinct import distinct
from lstm_music.music.excerpt import up_to
from lstm_music.music.listening.styles import infer_style
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track, with_onsets
from lstm_music.music.places import begins_in
from lstm_music.music.seam import next_bar_steps
from lstm_music.tokens.streams import MAX_TRACKS
from lstm_music.types import BoolArray, NoteArray

Steps = npt.NDArray[np.int64]


class Place(NamedTuple):
    """Bars of a track in which music is written: [start, end), bar lines in steps."""

    track: int
    start_steps: int
    end_steps: int


def _no_notes() -> NoteArray:
    return np.empty(0, NOTE_DTYPE)


@dataclass(frozen=True)
class Plan:
    """A piece with open places.

    Parameters
    ----------
    given : what stands, with the tracks that are new and with all meters and tempos.
    places : what is open, in order of track and time; those of a track do not meet.
    replaced : the notes of the seed that gave way.
    onsets, replaced_onsets : where a score would have the notes of ``given`` and ``replaced``, in
        steps, which decides what bar they belong to (`onsets_in_bars`); None: where they are.
    keeps : what of ``replaced`` comes again: "rhythm" (they are slots: notes that keep onset,
        duration and loudness and get another pitch), "pitch" (the pitches in their order, in
        another rhythm), or "".
    is_continuation : whether the places are the end of the piece, and lengthen it.
    n_new_tracks : how many tracks, the last ones, the seed does not have.
    writes_freely : whether notes may be written beside the slots.
    form : which of the new bars return; None: as the network likes.
    body_end_steps : the bar line up to which the network reads the piece, where it comes to a close
        after that and the new music begins again (`body_end_steps`); None: it reads all of it.
    """

    given: Piece
    places: tuple[Place, ...]
    replaced: NoteArray = field(default_factory=_no_notes)
    onsets: Steps | None = None
    replaced_onsets: Steps | None = None
    keeps: str = ""
    is_continuation: bool = False
    n_new_tracks: int = 0
    writes_freely: bool = True
    form: FormPlan | None = None
    body_end_steps: int | None = None

    @property
    def slots(self) -> NoteArray:
        """Notes that get another pitch."""
        return self.replaced if self.keeps == "rhythm" else self.replaced[:0]

    @property
    def written_given(self) -> NoteArray:
        """The notes of ``given`` at the onsets of a score."""
        return _at(self.given.notes, self.onsets)

    @property
    def written_replaced(self) -> NoteArray:
        """The notes that gave way at the onsets of a score."""
        return _at(self.replaced, self.replaced_onsets)

    @property
    def read_until_steps(self) -> int:
        """Up to where the network reads what is before the first place."""
        return self.start_steps if self.body_end_steps is None else self.body_end_steps

    @property
    def start_steps(self) -> int:
        """Where the first place begins."""
        return min(place.start_steps for place in self.places)

    @property
    def end_steps(self) -> int:
        """Where the last place ends."""
        return max(place.end_steps for place in self.places)

    @property
    def open_tracks(self) -> tuple[int, ...]:
        """Tracks with a place."""
        return tuple(sorted({place.track for place in self.places}))


def _at(notes: NoteArray, onsets: Steps | None) -> NoteArray:
    return notes if onsets is None else with_onsets(notes, onsets)


def continuation(seed: Piece, bars: int, from_bar: int | None = None) -> Plan:
    """``bars`` bars after the seed, in all its tracks; or from one of its bars on, in place of
    all that stands there or later.

    Raises
    ------
    MidiError : the seed has no notes, or none before that bar.
    ConfigError : the seed has no such bar.
    """
    onsets = onsets_in_bars(seed)
    plan = Plan(seed, (), onsets=onsets)
    start = None
    if from_bar is not None:
        start = _checked_bar_start(seed, from_bar)
        is_late = onsets >= start
        plan = _without(seed, is_late, onsets)
        plan = replace(plan, given=up_to(seed, start, is_late))
    if not len(plan.given.notes):
        raise MidiError("the seed has no notes to continue; give one that sounds", path=seed.source)
    if start is None:
        start = next_bar_steps(seed)
    end = start + bars * plan.given.bar_lines.meter_at(start).bar_steps
    places = tuple(Place(track, start, end) for track in tracks_that_sound(plan.given))
    return replace(plan, places=places, is_continuation=True)


def begun_again(plan: Plan) -> Plan:
    """A continuation that goes on from the body of its piece, where this comes to a close."""
    body_end = body_end_steps(plan.given, plan.start_steps)
    return plan if body_end == plan.start_steps else replace(plan, body_end_steps=body_end)


def _checked_bar_start(seed: Piece, bar: int) -> int:
    total = n_bars(seed)
    if not 2 <= bar <= total + 1:
        raise ConfigError(
            f"from_bar must be a bar of the seed behind its first, 2..{total + 1}, got {bar}"
        )
    return bar_start(seed, bar)


def infilling(seed: Piece, bars: tuple[int, int], tracks: Sequence[int] | None) -> Plan:
    """Some bars of some tracks written anew; all that sounds if no tracks are named.

    Parameters
    ----------
    seed : at least one note.
    bars : first and last bar, counted from 1 as in a score; a pickup is bar 0.
    tracks : indices from 0; None: all that have a note.

    Raises
    ------
    ConfigError : no such bars or tracks.
    MidiError : the seed has no notes.
    """
    if not len(seed.notes):
        raise MidiError("the file has no notes to fill in between", path=seed.source)
    places, onsets = _places(seed, bars, tracks), onsets_in_bars(seed)
    return _without(seed, begins_in(with_onsets(seed.notes, onsets), places), onsets, places)


def _places(seed: Piece, bars: tuple[int, int], tracks: Sequence[int] | None) -> tuple[Place, ...]:
    """The bars of these tracks; of more than the network can write, those of the busiest."""
    named = np.array(sorted(set(tracks_that_sound(seed) if tracks is None else tracks)), int)
    start, end = bar_range(seed, bars)
    counts = np.bincount(seed.notes["track"], minlength=len(seed.tracks))
    busiest = named[np.argsort(-counts[named], kind="stable")[:MAX_TRACKS]]
    return tuple(Place(track, start, end) for track in sorted(busiest.tolist()))


def accompaniment(seed: Piece, programs: Iterable[tuple[int, str]], bars: tuple[int, int]) -> Plan:
    """New tracks beside what there is.

    Parameters
    ----------
    seed : at least one note.
    programs : General MIDI program, 128 for drums, and name of each new track.
    bars : as for `infilling`.

    Raises
    ------
    ConfigError : no such bars, or no new track.
    MidiError : the seed has no notes.
    """
    if not len(seed.notes):
        raise MidiError(
            "the file has no notes to accompany; give one that sounds", path=seed.source
        )
    new = [
        Track(0 if program == 128 else program, program == 128, name) for program, name in programs
    ]
    if not new:
        raise ConfigError("name at least one instrument for the new tracks, such as drums or bass")
    start, end = bar_range(seed, bars)
    first = len(seed.tracks)
    places = tuple(Place(first + i, start, end) for i in range(len(new)))
    is_band = infer_style(seed) == "drums" and not all(track.is_drum for track in new)
    style = "band" if is_band else seed.style
    given = seed.replace(tracks=(*seed.tracks, *new), style=style)
    return Plan(given, places, onsets=onsets_in_bars(seed), n_new_tracks=len(new))


def variation(
    seed: Piece,
    keep: str,
    amount: float,
    bars: tuple[int, int],
    tracks: Sequence[int] | None,
    rng_seed: int,
) -> Plan:
    """Some bars again, with something of them kept.

    Parameters
    ----------
    seed, bars, tracks : as for `infilling`.
    keep : one of `KEEPS`.
    amount : share of the notes that may change, 0..1; those of a smaller amount are among those
        of a larger one.
    rng_seed : decides which.

    Raises
    ------
    ConfigError : nothing to vary, or no such bars, tracks or way.
    """
    if keep not in KEEPS:
        raise ConfigError(f"keep must be one of {', '.join(KEEPS)}, got {keep!r}")
    onsets = onsets_in_bars(seed)
    written = with_onsets(seed.notes, onsets)
    every = _places(seed, bars, tracks)
    open_places = tuple(place for place in every if begins_in(written, [place]).any())
    if not open_places:
        raise ConfigError("nothing sounds in these bars; infill them, or name others")
    inside = begins_in(written, open_places)
    n_inside = int(inside.sum())
    rank = np.random.default_rng([rng_seed, n_inside]).permutation(n_inside)
    chosen = inside.copy()
    chosen[inside] = rank < round(amount * n_inside)
    if keep == "rhythm":
        plan = _without(seed, chosen, onsets, open_places)
        return replace(plan, keeps=keep, writes_freely=False)
    if keep == "outline":
        free = chosen & ~_is_on_beat(seed, written)
        places = _gaps(open_places, written, free)
        plan = _without(seed, free, onsets, places or open_places)
        return replace(plan, writes_freely=bool(places))
    places = _bars_to_vary(seed, open_places, amount, rng_seed)
    gone = begins_in(written, places)
    plan = _without(seed, gone, onsets, places or open_places)
    return replace(plan, keeps=keep, writes_freely=bool(gone.any()))


def _gaps(open_places: Sequence[Place], notes: NoteArray, free: BoolArray) -> tuple[Place, ...]:
    """From each free note to the next one of its track that stays, or the end of its place."""
    gaps = []
    for track, start, end in open_places:
        mine = begins_in(notes, [(track, start, end)])
        kept = distinct(notes["onset_steps"][mine & ~free]).tolist()
        at = start
        for onset in distinct(notes["onset_steps"][mine & free]).tolist():
            if onset >= at and onset not in kept:
                at = next((later for later in kept if later > onset), end)
                gaps.append(Place(track, onset, at))
    return tuple(sorted(gaps))


def _bars_to_vary(
    seed: Piece, open_places: Sequence[Place], amount: float, rng_seed: int
) -> tuple[Place, ...]:
    """A share of the open bars, to get the pitches of their notes in another rhythm.

    The bars of a track follow each other: a pitch that comes later passes by none that stays.
    """
    chosen: list[Place] = []
    every = _bars(seed, open_places)
    for track in sorted({place.track for place in open_places}):
        bars = [bar for bar in every if bar.track == track]
        pivot = int(np.random.default_rng([rng_seed, track, len(bars)]).integers(len(bars)))
        nearest = sorted(range(len(bars)), key=lambda i: abs(i - pivot))
        chosen += [bars[i] for i in sorted(nearest[: round(amount * len(bars))])]
    return tuple(chosen)


def _bars(seed: Piece, open_places: Sequence[Place]) -> list[Place]:
    """The open bars, one by one."""
    lines, bars = seed.bar_lines, []
    for place in open_places:
        at = place.start_steps
        while at < place.end_steps:
            bars.append(Place(place.track, at, min(lines.bar_end(at), place.end_steps)))
            at = lines.bar_end(at)
    return bars


def _is_on_beat(piece: Piece, notes: NoteArray) -> BoolArray:
    """Which notes begin on a beat of their meter."""
    place, _ = piece.bar_lines.places(notes["onset_steps"])
    beats = [piece.bar_lines.meter_at(int(onset)).beat_steps for onset in notes["onset_steps"]]
    return np.asarray(place % np.array(beats, np.int64) == 0) if len(notes) else np.empty(0, bool)


def _without(seed: Piece, gone: BoolArray, onsets: Steps, places: tuple[Place, ...] = ()) -> Plan:
    """The plan in which some notes of the seed give way."""
    return Plan(
        seed.replace(notes=seed.notes[~gone]),
        places,
        replaced=seed.notes[gone],
        onsets=onsets[~gone],
        replaced_onsets=onsets[gone],
    )


def tracks_that_sound(piece: Piece) -> tuple[int, ...]:
    """Indices of the tracks with notes."""
    return tuple(distinct(piece.notes["track"]).tolist())


def bar_range(piece: Piece, bars: tuple[int, int]) -> tuple[int, int]:
    """Where the first of some bars begins and the last ends, in steps.

    Raises
    ------
    ConfigError : the piece has no such bars.
    """
    first, last = bars
    lowest = 0 if piece.pickup_steps else 1
    if not lowest <= first <= last:
        raise ConfigError(f"bars must look like 5-8, from bar {lowest} on, got {first}-{last}")
    total = n_bars(piece)
    if first > total + 1:
        raise ConfigError(f"the piece has {total} bars, got {first}-{last}")
    return bar_start(piece, first), bar_start(piece, last + 1)
