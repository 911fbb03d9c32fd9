"""The notes of a music21 score: ties joined, sounding pitch, chord symbols realised."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from lstm_music.midi.scores.expression.dynamics import ACCENT, STRONG_ACCENT, Loudness
from lstm_music.midi.scores.musicxml_sounds import told_sound
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.harmony.written import CHORD_TRACK
from lstm_music.music.piece import TIMING_PER_STEP, Track

CHORD_BASS_MIDI = 48  # the bass of a block chord stands between C3 and B3
_DRUM_CHANNEL = 9  # counted from 0


class ScoreNote(NamedTuple):
    """A note as written: onset and end in steps, sounding MIDI pitch, and as in NOTE_DTYPE."""

    onset: int
    end: int
    pitch: int
    velocity: int
    track: int
    timing_96ths: int = 0


@dataclass
class Reading:
    """What has been collected from a score so far, in written (not yet unfolded) time."""

    notes: list[ScoreNote] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    max_error: float = 0.0

    def steps(self, quarters: float | Fraction) -> int:
        """Quarter notes to the nearest step, the distance remembered."""
        exact = _exact(quarters) * STEPS_PER_QUARTER
        nearest = _nearest(exact)
        self.max_error = max(self.max_error, float(abs(exact - nearest)))
        return nearest


def _exact(quarters: float | Fraction) -> Fraction:
    # Offsets come as floats or fractions; a third of a quarter is a third again.
    return Fraction(quarters).limit_denominator(1 << 16)


def _nearest(exact: Fraction) -> int:
    """Halves go up, as when a MIDI file is read."""
    return math.floor(exact + Fraction(1, 2))


def timing_96ths(quarters: float | Fraction, onset_steps: int) -> int:
    """What an onset lost by going to its step, as in NOTE_DTYPE."""
    fine = _exact(quarters) * STEPS_PER_QUARTER * TIMING_PER_STEP
    return _nearest(fine) - TIMING_PER_STEP * onset_steps


def read_part(part: Any, reading: Reading, loudness: Loudness) -> range:
    """Add the notes of one part: a track for each program that plays in it; the tracks' numbers.

    A velocity that the score gives a note is kept, else it is ``loudness`` at its place.
    """
    flat = part.flatten()
    instruments = _Instruments(flat, part.atSoundingPitch is True)
    name = str(getattr(part, "partName", "") or "")
    found: list[tuple[ScoreNote, str]] = []
    tracks: dict[tuple[int, bool], int] = {}
    for element in flat.notes:
        if "ChordSymbol" in element.classes:
            continue
        if element.duration.isGrace or not element.quarterLength:
            reading.counts["grace or empty notes left out"] += 1
            continue
        instrument = instruments.at(element.offset)
        onset = reading.steps(element.offset)
        end = reading.steps(element.offset + element.quarterLength)
        timing = timing_96ths(element.offset, onset)
        marked = loudness.at(onset, _accent(element))
        for member in getattr(element, "notes", (element,)):
            program, is_drum, pitch = _sound(member, *instrument)
            if not 0 <= pitch <= 127:
                reading.counts["notes outside the MIDI range left out"] += 1
                continue
            velocity = member.volume.velocity or element.volume.velocity or marked
            velocity = min(max(int(velocity), 1), 127)
            tie = member.tie  # a chord's own is that of any of its notes
            if (program, is_drum) not in tracks:
                tracks[program, is_drum] = len(reading.tracks)
                reading.tracks.append(Track(program, is_drum, name))
            note = ScoreNote(onset, end, pitch, velocity, tracks[program, is_drum], timing)
            found.append((note, "" if tie is None else tie.type))
    reading.notes += _joined(found)
    return range(len(reading.tracks) - len(tracks), len(reading.tracks))


def _accent(element: Any) -> int:
    """How much louder than the dynamic; the written duration stays, staccato or not."""
    kinds = {name for sign in element.articulations for name in sign.classes}
    if "StrongAccent" in kinds:
        return STRONG_ACCENT
    return ACCENT if "Accent" in kinds else 0


class _Instruments:
    """Program, whether drums, and semitones from written to sounding pitch, by the time."""

    def __init__(self, flat: Any, at_sounding_pitch: bool) -> None:
        self._changes: dict[Any, tuple[int, bool, int]] = {}
        for instrument in flat.getElementsByClass("Instrument"):
            interval = None if at_sounding_pitch else instrument.transposition
            program = min(max(instrument.midiProgram or 0, 0), 127)
            # Of several at a place the last: a MIDI file's program comes after its track's name.
            self._changes[instrument.offset] = (
                program,
                instrument.midiChannel == _DRUM_CHANNEL,
                0 if interval is None else int(interval.semitones),
            )
        self._offsets = sorted(self._changes)

    def at(self, offset: Any) -> tuple[int, bool, int]:
        """In force at an offset; before the first change that one, without any a piano."""
        if not self._offsets:
            return 0, False, 0
        i = bisect_right(self._offsets, offset) - 1
        return self._changes[self._offsets[max(i, 0)]]


_TIED_BACK = frozenset({"stop", "continue"})
_TIED_ON = frozenset({"start", "continue"})


def _joined(found: list[tuple[ScoreNote, str]]) -> list[ScoreNote]:
    """The notes of one part, tied ones joined; each comes with its tie as in MusicXML, or "".

    A tie that nothing says the end of (some programs write none) ends at the next note of its
    pitch if that follows at once.
    """
    notes: list[ScoreNote] = []
    open_ties: dict[int, int] = {}  # pitch -> index of the note held over
    # In two voices on one pitch, the note that says it is tied has the tie.
    found = sorted(found, key=lambda item: (item[0].onset, item[1] not in _TIED_BACK))
    for note, tie in found:
        place = open_ties.get(note.pitch, -1)
        if place >= 0 and notes[place].end == note.onset:
            notes[place] = notes[place]._replace(end=note.end)
            del open_ties[note.pitch]
        else:
            place = len(notes)
            notes.append(note)
        if tie in _TIED_ON:
            open_ties[note.pitch] = place
    return notes


def _sound(note: Any, program: int, is_drum: bool, transposition: int) -> tuple[int, bool, int]:
    """Program, whether drums, and pitch or drum key of a note of an instrument."""
    told = told_sound(note)
    if told is not None:
        program, is_drum = told.program, told.is_drum
        if told.key is not None:
            return program, is_drum, told.key
    if "Unpitched" not in note.classes:
        return program, is_drum, note.pitch.midi + transposition
    key = getattr(note.storedInstrument, "percMapPitch", None)
    return program, True, int(note.displayPitch().midi if key is None else key)


def read_chord_symbols(stream: Any, reading: Reading, loudness: Loudness) -> bool:
    """Realise the chord symbols as a further track; False if there are none."""
    symbols = stream.flatten().getElementsByClass("ChordSymbol")
    starts = {reading.steps(symbol.offset): _chord_pitches(symbol) for symbol in symbols}
    if not any(starts.values()):
        return False
    onsets = sorted(starts)
    track, last = len(reading.tracks), max(note.end for note in reading.notes)
    reading.tracks.append(Track(0, False, CHORD_TRACK))
    for onset, end in zip(onsets, [*onsets[1:], last], strict=True):
        if end > onset:
            reading.notes += [
                ScoreNote(onset, end, pitch, loudness.at(onset), track) for pitch in starts[onset]
            ]
    return True


def _chord_pitches(symbol: Any) -> tuple[int, ...]:
    """The chord with its bass at the bottom and everything else within the octave above."""
    if "NoChord" in symbol.classes or not symbol.pitches:
        return ()
    bass = symbol.bass().pitchClass
    intervals = {(pitch.pitchClass - bass) % 12 for pitch in symbol.pitches} | {0}
    return tuple(CHORD_BASS_MIDI + bass + interval for interval in sorted(intervals))
