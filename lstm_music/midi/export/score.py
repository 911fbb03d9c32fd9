"""A Piece as a music21 Score: parts, staves, clefs, signatures, bars, voices, beams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from lstm_music.midi.export import voices
from lstm_music.midi.export.marks import clef_of, dynamics_of, tempo_marks
from lstm_music.midi.export.rhythm import Segment, written
from lstm_music.midi.export.spelling import spelt
from lstm_music.midi.export.voices import Bar, Event, Note
from lstm_music.midi.scores.drum_places import place_of_drum
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.instruments.general_midi import instrument_name
from lstm_music.music.key import Key
from lstm_music.music.piece import Piece, Track
from lstm_music.music.theory import estimate_key

_PROGRAMS_ON_TWO_STAVES = frozenset({*range(9), *range(16, 21), 46})  # keyboards and the harp
_LOW_MIDI, _HIGH_MIDI = 53, 67  # who plays below the one and above the other needs two staves

_TRIPLET_PLACES = {
    (True, True): "startStop",
    (True, False): "start",
    (False, True): "stop",
    (False, False): None,
}

_FREE_CHANNELS = 1000
"""music21 warns when it runs out of channels; `musicxml` gives each part its own."""


@dataclass(frozen=True, slots=True)
class Engraved:
    """A score, and what music21 has no place for.

    Parameters
    ----------
    score : a music21 Score, finished for export.
    notes : the note whose id in the score is "n0", "n1" and so on.
    tracks : the track of each instrument of the score, in order.
    numbers : the numbers of these tracks in the piece.
    bars : the bars of each instrument.
    """

    score: Any
    notes: list[Note]
    tracks: list[Track]
    numbers: list[int]
    bars: list[Bar]


@dataclass(slots=True)
class _Score:
    """What all staves of a score share, and the notes numbered so far."""

    piece: Piece
    bars: list[Bar]
    keys: dict[int, Key]
    spelling: Key | None
    notes: list[Note] = field(default_factory=list)


def engraved(piece: Piece) -> Engraved:
    """The piece as a score at sounding pitch; tracks without notes are left out.

    A piece without notes is a bar of rest.
    """
    from music21 import layout, metadata, stream

    bars, lines = voices.bars_of(piece), piece.bar_lines
    keys = {lines.bar_start(change.onset_steps): change.key for change in piece.key_changes}
    if piece.key is not None:
        keys = {0: piece.key} | keys
    shared = _Score(piece, bars, keys, piece.key or estimate_key(piece))
    score = stream.Score()
    score.metadata = metadata.Metadata(title=piece.title)
    tracks = [piece.tracks[i] for i in np.unique(piece.notes["track"]).tolist()] or [Track()]
    numbers = np.unique(piece.notes["track"]).tolist() or [0]
    for number, track in zip(numbers, tracks):
        notes = voices.notes_of(piece, number)
        if track.is_drum:
            notes = voices.drum_notes(notes, bars)
        staves = _staves(track, notes)
        kind = stream.Part if len(staves) == 1 else stream.PartStaff
        parts = [
            _fill(kind(id=f"{number}-{n}"), track, staff, shared) for n, staff in enumerate(staves)
        ]
        _add_dynamics(parts[0], notes, bars)
        for n, part in enumerate(parts):
            part.insert(0, _player(part, track, f"{number}-{n}"))
            score.insert(0, part)
        if len(parts) > 1:
            score.insert(0, layout.StaffGroup(parts, symbol="brace"))
    _add_tempos(score.parts[0], shared)
    return Engraved(score, shared.notes, tracks, numbers, bars)


def _staves(track: Track, notes: list[Note]) -> list[list[Note]]:
    """One staff, or two for a keyboard that plays high and low."""
    pitches = [note.pitch_midi for note in notes]
    is_wide = bool(pitches) and min(pitches) < _LOW_MIDI and max(pitches) > _HIGH_MIDI
    if track.is_drum or track.program not in _PROGRAMS_ON_TWO_STAVES or not is_wide:
        return [notes]
    return [hand for hand in voices.hands(notes) if hand]


def _player(part: Any, track: Track, name: str) -> Any:
    """The music21 Instrument of a staff; `musicxml` tells its program and channel."""
    from music21 import instrument

    player = instrument.Instrument()
    player.partId, player.instrumentId = f"P{name}", f"I{name}"
    player.instrumentName = track.name or instrument_name(track.program, track.is_drum)
    player.partName = part.partName = player.instrumentName
    player.midiChannel = _FREE_CHANNELS + int(name.replace("-", ""))
    return player


def _fill(part: Any, track: Track, notes: Sequence[Note], shared: _Score) -> Any:
    """Put the bars of one staff into a music21 Part."""
    from music21 import clef, meter, stream
    from music21.stream import makeNotation

    bars = shared.bars
    before = None
    first_number = 0 if bars[0].offset_steps else 1
    in_bars = voices.in_bars(notes, bars)
    for number, (bar, found) in enumerate(zip(bars, in_bars), first_number):
        measure = stream.Measure(number=number)
        if number == first_number:
            measure.insert(0, getattr(clef, clef_of(track, notes))())
        if bar.start in shared.keys and not track.is_drum:
            measure.insert(0, _signature(shared.keys[bar.start]))
        if before != (bar.meter.numerator, bar.meter.denominator):
            before = (bar.meter.numerator, bar.meter.denominator)
            measure.insert(0, meter.TimeSignature(str(bar.meter)))
        if bar.offset_steps:
            measure.paddingLeft = _quarters(bar.offset_steps)
            measure.showNumber = stream.enums.ShowNumber.NEVER
        _fill_measure(measure, bar, found, track, shared)
        part.insert(_quarters(bar.start), measure)
    if not track.is_drum:
        makeNotation.makeAccidentalsInMeasureStream(part)
    part.makeBeams(inPlace=True, setStemDirections=False)
    return part


def _quarters(steps: int) -> Any:
    from music21.common.numberTools import opFrac

    return opFrac(steps / STEPS_PER_QUARTER)


def _signature(key: Key) -> Any:
    from music21 import key as key21

    return key21.KeySignature(key.sharps).asKey(key.mode)


def _fill_measure(
    measure: Any, bar: Bar, notes: Sequence[Note], track: Track, shared: _Score
) -> None:
    from music21 import stream

    found = voices.voices_of(notes)
    if not found and bar.end - bar.start == bar.meter.bar_steps:
        measure.append(_whole_rest(bar))
        return
    found = found or [[]]
    for number, voice in enumerate(found, 1):
        into = measure if len(found) == 1 else stream.Voice(id=str(number))
        spans, events = voices.filled(voice, bar)
        segments = written(spans, bar.meter)
        places = _places_in_triplets(segments)
        for i, segment in enumerate(segments):
            event, ties = events[segment.span], _ties(segments, i)
            if track.is_drum and ties[0]:
                event = Event(event.start, event.end)  # a stroke is not tied: the rest is silence
            element = _element(event, (ties[0], ties[1] and not track.is_drum), track, shared)
            element.duration = _duration(segment, places[i])
            if number > 1 and not event.notes:
                element.style.hideObjectOnPrint = True
            into.append(element)
        if into is not measure:
            measure.insert(0, into)


def _whole_rest(bar: Bar) -> Any:
    from music21 import note

    rest = note.Rest()
    rest.fullMeasure = "always"
    rest.duration.type = "whole"
    rest.duration.linked = False
    rest.duration.quarterLength = _quarters(bar.end - bar.start)
    return rest


def _ties(segments: Sequence[Segment], i: int) -> tuple[bool, bool]:
    """Whether a segment goes on from the one before, and into the next."""
    before = i > 0 and segments[i - 1].span == segments[i].span
    return before, i + 1 < len(segments) and segments[i + 1].span == segments[i].span


def _places_in_triplets(segments: Sequence[Segment]) -> list[str | None]:
    """Of each segment, whether it begins or ends its triplet, or makes it up alone."""
    triplets = [None, *(s.triplet for s in segments), None]
    places: list[str | None] = []
    for (before, this), (_, after) in zip(pairwise(triplets), pairwise(triplets[1:])):
        begins, ends = before != this, after != this
        places.append(_TRIPLET_PLACES[begins, ends])
    return places


def _duration(segment: Segment, place: str | None) -> Any:
    from music21 import duration

    value = duration.Duration(type=segment.value.type, dots=segment.value.dots)
    if segment.triplet is not None:
        unit = duration.Duration(_quarters(segment.triplet[1] // 2)).type
        triplet = duration.Tuplet(3, 2, unit)
        triplet.type = place
        triplet.bracket = True
        value.appendTuplet(triplet)
    return value


def _element(event: Event, ties: tuple[bool, bool], track: Track, shared: _Score) -> Any:
    """A music21 note, chord or rest, without its duration."""
    from music21 import chord, note, percussion

    if not event.notes:
        return note.Rest()
    make = _drum if track.is_drum else _pitched
    members = [_tied(make(n, shared), n, ties) for n in event.notes]
    for member, told in zip(members, event.notes):
        member.id = f"n{len(shared.notes)}"
        shared.notes.append(told)
    if len(members) == 1:
        return members[0]
    return percussion.PercussionChord(members) if track.is_drum else chord.Chord(members)


def _pitched(told: Note, shared: _Score) -> Any:
    from music21 import note, pitch

    step, alteration, octave = spelt(told.pitch_midi, _key_at(told.start, shared))
    spelling = pitch.Pitch(step=step, octave=octave)
    if alteration:
        spelling.accidental = pitch.Accidental(alteration)
    return note.Note(spelling)


def _key_at(onset_steps: int, shared: _Score) -> Key | None:
    return next(
        (key for start, key in reversed(shared.keys.items()) if start <= onset_steps),
        shared.spelling,
    )


def _drum(told: Note, _shared: _Score) -> Any:
    from music21 import note

    place, head = place_of_drum(told.pitch_midi)
    stroke = note.Unpitched(place)
    stroke.notehead = head
    return stroke


def _tied(element: Any, told: Note, ties: tuple[bool, bool]) -> Any:
    from music21 import tie

    back, on = told.tied_from or ties[0], told.tied_on or ties[1]
    if back or on:
        element.tie = tie.Tie("continue" if back and on else "stop" if back else "start")
    return element


def _add_dynamics(part: Any, notes: Sequence[Note], bars: Sequence[Bar]) -> None:
    """Dynamics of all staves of an instrument go under its first."""
    from music21 import dynamics

    marks = dynamics_of(notes, bars)
    for bar, measure in zip(bars, part.getElementsByClass("Measure")):
        if bar.start in marks:
            measure.insert(0, dynamics.Dynamic(marks[bar.start]))


def _add_tempos(part: Any, shared: _Score) -> None:
    """Tempos go into the first part, as programs expect them."""
    from music21 import tempo

    measures = list(part.getElementsByClass("Measure"))
    at = 0
    for mark in tempo_marks(shared.piece):
        while at + 1 < len(measures) and shared.bars[at].end <= mark.onset_steps:
            at += 1
        if mark.onset_steps >= shared.bars[-1].end:
            continue  # after the last note
        sign = tempo.MetronomeMark(number=mark.tempo_bpm)
        sign.numberImplicit = not mark.printed
        sign.placement = "above"
        measures[at].insert(_quarters(mark.onset_steps - shared.bars[at].start), sign)
