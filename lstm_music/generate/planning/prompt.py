"""What the network is told of a plan: the music up to the open places, and what lies ahead."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lstm_music.errors import MidiError
from lstm_music.generate.engine import Engine
from lstm_music.generate.planning.events import given_events
from lstm_music.generate.planning.plan import Place, Plan
from lstm_music.music.bars import bar_number
from lstm_music.music.distinct import is_among
from lstm_music.music.excerpt import excerpt
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.hearing import Played, as_written
from lstm_music.music.piece import NOTE_DTYPE, TIMING_PER_STEP, Piece, on_their_onsets
from lstm_music.tokens.canonical import canonical_with_all_tracks
from lstm_music.tokens.streams import LAGS_BARS, MAX_TRACKS
from lstm_music.tokens.vocabulary import DRUMS, MAX_TIME_STEPS
from lstm_music.types import BoolArray, IntArray, NoteArray

CONTEXT_STEPS = MAX_TIME_STEPS
"""How far before the first open place the prompt reaches: 64 whole notes, from a bar line on."""

CONTEXT_NOTES = 8192
"""And no more notes than these, which take it half a second."""

AHEAD_BARS = max(LAGS_BARS)
"""How many bars behind the last open place it is told of."""


@dataclass(frozen=True)
class Prompt:
    """What the network reads of a plan, in steps and tracks of its own.

    Parameters
    ----------
    context : canonical, with given notes and slots; its tracks may be without notes.
    is_slot : (N,) bool, which of its notes are slots.
    places : in its steps and tracks.
    offset : leads from the steps of its places to those of the plan's piece.
    tracks : of its tracks, those of the plan's piece.
    total_bars : of the whole piece, from the beginning of the context on.
    remarks : what the network does not read, a sentence each.
    late_steps : by how much the piece is played after the beat, which new notes take on.
    replaced : the plan's notes that gave way, as the network reads such notes; in the steps and
        tracks of the plan.
    """

    context: Piece
    is_slot: BoolArray
    places: tuple[Place, ...]
    offset: int
    tracks: npt.NDArray[np.uint16]
    total_bars: int
    remarks: tuple[str, ...]
    late_steps: int = 0
    replaced: NoteArray = field(default_factory=lambda: np.empty(0, NOTE_DTYPE))

    @property
    def given_notes(self) -> NoteArray:
        """The notes of the context that stand."""
        return self.context.notes[~self.is_slot]

    @property
    def start_steps(self) -> int:
        """Where the first place begins."""
        return min(place.start_steps for place in self.places)

    @property
    def end_steps(self) -> int:
        """Where the last place ends."""
        return max(place.end_steps for place in self.places)

    @property
    def bar_steps(self) -> int:
        """Length of the first open bar."""
        return self.context.bar_lines.meter_at(self.start_steps).bar_steps

    def events(self, allowed: BoolArray | None = None) -> IntArray:
        """All given events, those behind the places included.

        ``allowed`` : (tracks, 128), the pitches that slots may take; None: all.
        """
        return given_events(self.context, self.is_slot, allowed)

    def in_plan(self, events: NoteArray) -> NoteArray:
        """Notes or pedal in the steps and tracks of the plan's piece."""
        moved = events.copy()
        if self.late_steps:
            late = moved["onset_steps"].astype(np.int64) + self.late_steps
            moved["onset_steps"] = np.clip(late, self.start_steps, self.end_steps - 1)
        moved["onset_steps"] += self.offset
        moved["track"] = self.tracks[moved["track"]]
        return moved


_DRUM_STEPS = 12
"""An eighth: three in four of the bands that `default` knows have drums that last no longer."""


def prompt_for(engine: Engine, plan: Plan) -> Prompt:
    """The prompt of a plan.

    Raises
    ------
    MidiError : it would read nothing.
    """
    given = plan.given
    how, notes, replaced = _as_read(plan, engine.played(given))
    slots = replaced[: len(plan.slots)]
    places = [_with_its_slots(place, slots) for place in plan.places]
    start, end = min(place[1] for place in places), max(place[2] for place in places)
    stop = start if plan.body_end_steps is None else plan.body_end_steps
    begin, remarks = context_start(given, stop)
    offset = begin + start - stop  # what closes the piece is left out
    until = _ahead_stop(given, end) if stop == start else stop
    whole = given.replace(notes=np.concatenate([notes, slots]))
    part = excerpt(whole, begin, until)
    if not plan.is_continuation:
        part = _without_mute_changes(part, start - offset, end - offset)
    part, more = _with_few_notes(part, stop - begin)
    tracks = _prompt_tracks(part, plan, mixed=engine.coverage.mixed)
    number = {int(track): i for i, track in enumerate(tracks)}
    heard = _in_tracks(part, tracks)
    written = as_written(heard, how, (start - offset, end - offset))
    told = engine.as_read(written, given if stop == start else part)
    if not plan.is_continuation and all(track.is_drum for track in told.tracks):
        told = told.replace(style=DRUMS, key=None)
    context = canonical_with_all_tracks(told)
    if plan.is_continuation and not len(context.notes):
        raise MidiError(
            "no note begins in the seed's last 64 whole notes; cut it shorter", path=given.source
        )
    last = max(end, given.end_steps) - offset
    return Prompt(
        context=context,
        is_slot=_slots_among(context.notes, slots, offset, number),
        places=tuple(
            Place(number[track], begin - offset, until - offset)
            for track, begin, until in places
            if track in number
        ),
        offset=offset,
        tracks=tracks,
        total_bars=context.bar_lines.bar_at(last - 1) + 1,
        remarks=(
            *seam_remarks(plan),
            *remarks,
            *more,
            *how.remarks,
            *engine.left_out(_without_timing(part) if how.onsets else part, len(tracks)),
        ),
        late_steps=_lateness(heard.notes) if how.onsets else 0,
        replaced=replaced,
    )


def _without_timing(part: Piece) -> Piece:
    return part.replace(notes=on_their_onsets(part.notes))


def _as_read(plan: Plan, how: Played) -> tuple[Played, NoteArray, NoteArray]:
    """How the plan's music is read, and its given and its replaced notes as they are read.

    They are on the grid of a score where ``how`` says so, unless two slots would be one there.
    """
    slots, replaced = plan.slots, plan.written_replaced
    if not how.onsets or _n_places(replaced[: len(slots)]) < _n_places(slots):
        return how._replace(onsets=False), plan.given.notes, plan.replaced
    given = plan.written_given
    if plan.n_new_tracks and plan.given.style == "band":
        given = _with_rung_drums(plan.given, given)
    return how, given, replaced


def _with_rung_drums(piece: Piece, notes: NoteArray) -> NoteArray:
    """Notes whose drums, if nothing else sounds, last as long as those of bands do.

    Pads end at once, and a network that hears that writes a bass of the same short notes.
    """
    is_drum = np.array([track.is_drum for track in piece.tracks], bool)
    if not is_drum[notes["track"]].all():
        return notes
    rung = notes.copy()
    rung["duration_steps"] = np.maximum(notes["duration_steps"], _DRUM_STEPS)
    return rung


def _with_its_slots(place: Place, slots: NoteArray) -> Place:
    """A place, a little longer where a slot is read as it is played, beyond the bar line."""
    mine = slots["onset_steps"][slots["track"] == place.track]
    first, last = mine.min(initial=place.start_steps), mine.max(initial=place.end_steps - 1)
    return Place(place.track, int(first), int(last) + 1)


def _n_places(slots: NoteArray) -> int:
    """How many slots a network can tell apart."""
    return len({row.tobytes() for row in slots[["onset_steps", "track", "pitch_midi"]]})


def _lateness(notes: NoteArray) -> int:
    """By how many steps notes are played after their onsets, the median."""
    return round(float(np.median(notes["timing_96ths"])) / TIMING_PER_STEP) if len(notes) else 0


def context_start(piece: Piece, start: int) -> tuple[int, tuple[str, ...]]:
    """The bar line from which the network reads a piece, and what to say of what is before it."""
    lines = piece.bar_lines
    onsets = piece.notes["onset_steps"]
    onsets = onsets[onsets < start]
    offset = 0 if start <= CONTEXT_STEPS else lines.bar_end(start - CONTEXT_STEPS)
    if len(onsets) - int(np.searchsorted(onsets, offset)) > CONTEXT_NOTES:
        newest = lines.bar_end(int(onsets[-CONTEXT_NOTES - 1]))
        offset = max(offset, min(newest, lines.bar_start(int(onsets[-1]))))
    if not offset:
        return 0, ()
    first = bar_number(piece, offset)
    return offset, (f"the network hears the seed from bar {first} on, not what is before it",)


def _ahead_stop(piece: Piece, end: int) -> int:
    """The bar line up to which the network is told of what lies ahead."""
    lines, stop = piece.bar_lines, end
    for _ in range(AHEAD_BARS):
        stop = lines.bar_end(stop)
    return stop


def _without_mute_changes(part: Piece, start: int, end: int) -> Piece:
    """The part without changes of pedal and tempo in [start, end) at which no note begins.

    A network that moves in time to read one would write a note there: those of a played piece
    stand at any step.
    """

    def is_told(onsets: npt.NDArray[np.int64]) -> BoolArray:
        outside = (onsets < start) | (onsets >= end)
        return np.asarray(outside | is_among(onsets, part.notes["onset_steps"].astype(np.int64)))

    tempos = is_told(np.array([tempo.onset_steps for tempo in part.tempos], np.int64))
    return part.replace(
        pedal=part.pedal[is_told(part.pedal["onset_steps"].astype(np.int64))],
        tempos=(part.tempos[0], *(t for t, told in zip(part.tempos[1:], tempos[1:]) if told)),
    )


def _with_few_notes(part: Piece, start: int) -> tuple[Piece, tuple[str, ...]]:
    """The part without the earliest notes before the places, if there are too many."""
    before = int(np.searchsorted(part.notes["onset_steps"], start))
    if before <= CONTEXT_NOTES:
        return part, ()
    remark = f"the network hears the last {CONTEXT_NOTES} notes only: its bar has more"
    return part.replace(notes=part.notes[before - CONTEXT_NOTES :]), (remark,)


def _prompt_tracks(part: Piece, plan: Plan, *, mixed: bool) -> npt.NDArray[np.uint16]:
    """The tracks of the prompt: the open ones, then the busiest, 16 at most.

    A network that has never met drums beside pitched tracks (``mixed``) does best without the
    other kind, where only one is written.
    """
    counts = np.bincount(part.notes["track"], minlength=len(part.tracks)).astype(np.int64)
    is_open = np.zeros(len(counts), bool)
    is_open[[track for track in plan.open_tracks if track < len(counts)]] = True
    rank = counts + is_open * (len(part.notes) + 1)
    drums = np.array([track.is_drum for track in part.tracks], bool)
    if not mixed and not plan.is_continuation and len(set(drums[is_open].tolist())) == 1:
        rank[drums != drums[is_open][0]] = 0
    busiest = np.argsort(-rank, kind="stable")[:MAX_TRACKS]
    return np.sort(busiest[rank[busiest] > 0]).astype(np.uint16)


def _in_tracks(piece: Piece, tracks: npt.NDArray[np.uint16]) -> Piece:
    """The piece with these of its tracks alone, renumbered."""
    number = np.zeros(len(piece.tracks), np.uint16)
    number[tracks] = np.arange(len(tracks))
    notes = piece.notes[np.isin(piece.notes["track"], tracks)]
    notes["track"] = number[notes["track"]]
    pedal = piece.pedal[np.isin(piece.pedal["track"], tracks)]
    pedal["track"] = number[pedal["track"]]
    return piece.replace(notes=notes, pedal=pedal, tracks=tuple(piece.tracks[i] for i in tracks))


def _slots_among(
    notes: NoteArray, slots: NoteArray, offset: int, number: dict[int, int]
) -> BoolArray:
    """Which notes are slots."""
    keys = {
        (int(s["onset_steps"]) - offset, number.get(int(s["track"]), -1), int(s["pitch_midi"]))
        for s in slots
    }
    rows = zip(notes["onset_steps"].tolist(), notes["track"].tolist(), notes["pitch_midi"].tolist())
    return np.array([row in keys for row in rows], bool)


def seam_remarks(plan: Plan) -> tuple[str, ...]:
    """What stands where the new music of a continuation begins."""
    if not plan.is_continuation:
        return ()
    given, start = plan.given, plan.start_steps
    if plan.body_end_steps is not None:
        bar = bar_number(given, plan.body_end_steps - 1)
        return (f"the seed comes to a close: the new music goes on as it did up to bar {bar}",)
    quarters = (given.end_steps - start) / STEPS_PER_QUARTER
    if quarters > 0:
        return (f"the seed's last notes ring {quarters:.2g} quarter notes into the new music",)
    if start > given.bar_lines.bar_end(given.end_steps - 1) and not len(plan.replaced):
        return ("the seed ends with a rest: the new music begins after it, at the file's end mark",)
    return ()
