"""From the notes of a track to what stands in each bar of its staves: chords in voices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from lstm_music.midi.export.rhythm import Span
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece

MAX_VOICES = 4
"""More on one staff no program takes; what is left over is written in chords with ties."""

_MIDDLE_C = 60
_HAND_SEMITONES = 14  # what one hand reaches


class Bar(NamedTuple):
    """A bar as it is written.

    Parameters
    ----------
    start, end : where it lies in the piece, in steps.
    offset_steps : where it begins within a full bar; not 0 in a pickup.
    meter : in force.
    """

    start: int
    end: int
    offset_steps: int
    meter: Meter


@dataclass(frozen=True, slots=True)
class Note:
    """A note of a track, or the part of it that lies in a bar."""

    start: int
    end: int
    pitch_midi: int
    velocity: int
    tied_from: bool = False
    tied_on: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Notes that begin and end together; none is a rest."""

    start: int
    end: int
    notes: tuple[Note, ...] = ()


def bars_of(piece: Piece) -> list[Bar]:
    """All bars of a piece, at least one."""
    lines, start = piece.bar_lines, 0
    bars: list[Bar] = []
    while not bars or start < piece.end_steps:
        end, meter = lines.bar_end(start), lines.meter_at(start)
        is_pickup = start == 0 and 0 < piece.pickup_steps == end
        bars.append(Bar(start, end, meter.bar_steps - end if is_pickup else 0, meter))
        start = end
    return bars


def notes_of(piece: Piece, track: int) -> list[Note]:
    """The notes of a track, none sounding with another of its pitch.

    Where two of one pitch sound together, the first ends where the second begins; of two that
    begin together the longer stays.
    """
    rows = piece.notes[piece.notes["track"] == track]
    ends: dict[tuple[int, int], tuple[int, int]] = {}
    for onset, duration, pitch, velocity, *_ in rows.tolist():
        end, _ = ends.get((pitch, onset), (0, 0))
        if onset + duration > end:
            ends[pitch, onset] = (onset + duration, velocity)
    notes = []
    following = {a: b for a, b in pairwise(sorted(ends)) if a[0] == b[0]}
    for (pitch, onset), (end, velocity) in ends.items():
        cut = following.get((pitch, onset), (pitch, end))[1]
        notes.append(Note(onset, min(end, cut), pitch, velocity))
    return notes


def drum_notes(notes: Iterable[Note], bars: Sequence[Bar]) -> list[Note]:
    """Drum strokes, each as long as up to the next stroke of any drum, at most to the next beat.

    How long a drum is held is not heard, and is not written.
    """
    notes = list(notes)
    onsets = sorted({note.start for note in notes})
    after = dict(pairwise([*onsets, bars[-1].end]))
    ends: dict[int, int] = {}
    at = 0
    for onset in onsets:
        while bars[at].end <= onset:
            at += 1
        bar = bars[at]
        beat = bar.meter.beat_steps
        place = onset - bar.start + bar.offset_steps
        ends[onset] = min(after[onset], bar.end, onset + beat - place % beat)
    return [Note(n.start, ends[n.start], n.pitch_midi, n.velocity) for n in notes]


def hands(notes: Iterable[Note]) -> tuple[list[Note], list[Note]]:
    """The notes of the upper and of the lower staff: one hand's stay together about middle C."""
    upper: list[Note] = []
    lower: list[Note] = []
    by_onset: dict[int, list[Note]] = defaultdict(list)
    for note in notes:
        by_onset[note.start].append(note)
    for together in by_onset.values():
        together.sort(key=lambda note: note.pitch_midi)
        pitches = [note.pitch_midi for note in together]
        if pitches[-1] - pitches[0] <= _HAND_SEMITONES:
            side = upper if sum(pitches) >= _MIDDLE_C * len(pitches) else lower
            side.extend(together)
            continue
        cut = max(
            range(1, len(pitches)),
            key=lambda i: (
                pitches[i] - pitches[i - 1] - abs(pitches[i] + pitches[i - 1] - 2 * _MIDDLE_C) / 2
            ),
        )
        lower.extend(together[:cut])
        upper.extend(together[cut:])
    return upper, lower


def in_bars(notes: Iterable[Note], bars: Sequence[Bar]) -> list[list[Note]]:
    """The notes of each bar, cut and tied at the bar lines."""
    cut: list[list[Note]] = [[] for _ in bars]
    at = 0
    for note in sorted(notes, key=lambda n: (n.start, -n.pitch_midi, n.end)):
        while bars[at].end <= note.start:
            at += 1
        i, start = at, note.start
        while start < note.end:
            end = min(note.end, bars[i].end)
            tied_from, tied_on = start > note.start, end < note.end
            cut[i].append(Note(start, end, note.pitch_midi, note.velocity, tied_from, tied_on))
            i, start = i + 1, end
    for found in cut:
        found.sort(key=lambda n: (n.start, -n.pitch_midi))
    return cut


def voices_of(notes: Sequence[Note]) -> list[list[Event]]:
    """The notes of a bar as chords in as few voices as they need, the highest voice first.

    Parameters
    ----------
    notes : as of `in_bars`.
    """
    chords: dict[tuple[int, int], list[Note]] = defaultdict(list)
    for note in notes:
        chords[note.start, note.end].append(note)
    voices: list[list[Event]] = []
    left: list[Note] = []
    for (start, end), members in chords.items():
        free = next((v for v in voices if v[-1].end <= start), None)
        if free is None and len(voices) == MAX_VOICES:
            left.extend(members)
        elif free is None:
            voices.append([Event(start, end, tuple(members))])
        else:
            free.append(Event(start, end, tuple(members)))
    if left:
        last = [note for event in voices.pop() for note in event.notes]
        voices.append(_in_slices([*last, *left]))
    return sorted(voices, key=_mean_pitch, reverse=True)


def _mean_pitch(voice: Sequence[Event]) -> float:
    pitches = [note.pitch_midi for event in voice for note in event.notes]
    return sum(pitches) / len(pitches)


def _in_slices(notes: Sequence[Note]) -> list[Event]:
    """One voice for notes that overlap in any way: cut and tied wherever one begins or ends."""
    edges = sorted({edge for note in notes for edge in (note.start, note.end)})
    events = []
    for start, end in pairwise(edges):
        sounding = [n for n in notes if n.start < end and n.end > start]
        pieces = tuple(
            Note(
                start,
                end,
                n.pitch_midi,
                n.velocity,
                n.tied_from or start > n.start,
                n.tied_on or end < n.end,
            )
            for n in sounding
        )
        if pieces:
            events.append(Event(start, end, pieces))
    return events


def filled(voice: Sequence[Event], bar: Bar) -> tuple[list[Span], list[Event]]:
    """A voice without gaps: its spans as of `Segment`, and what stands in each."""
    events: list[Event] = []
    at = bar.start
    for event in voice:
        if event.start > at:
            events.append(Event(at, event.start))
        events.append(event)
        at = event.end
    if at < bar.end:
        events.append(Event(at, bar.end))
    shift = bar.offset_steps - bar.start
    return [Span(e.start + shift, e.end + shift, not e.notes) for e in events], events
