"""One voice of an ABC tune: tokens become bars of notes with pitches, places and lengths."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

from lstm_music.midi.scores.abc.bars import BarLine, Grid, Mark, SoundingNote
from lstm_music.midi.scores.abc.fields import AbcKey, Traits
from lstm_music.midi.scores.abc.tokens import WrittenNote, chord_notes, length_of, written_note

_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_COMPOUND = {6, 9, 12, 15, 18}
_MIDDLE_C = 60

Propagation = Literal["not", "octave", "pitch"]
_Place = tuple[str, int]
"""A place on the staff: letter and octave."""


class _Event(NamedTuple):
    """The last note, chord or rest: what a broken rhythm or a tie behind it changes."""

    notes: list[SoundingNote]
    places: list[tuple[_Place, Fraction]]
    length: Fraction


@dataclass
class _Tuplet:
    scale: Fraction
    left: int


@dataclass
class Voice:
    """A voice as it is read: what is in force now, and the bars that came of it."""

    unit: Fraction
    key: AbcKey
    meter: tuple[int, int] | None
    traits: Traits = field(default_factory=Traits)
    propagation: Propagation = "pitch"
    bars: Grid = field(default_factory=Grid)
    counts: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.bars.set_meter(self.meter)
        self._accidentals: dict[_Place, Fraction] = {}
        self._ties: dict[int, dict[_Place, Fraction]] = {}
        self._tuplet = _Tuplet(Fraction(1), 0)
        self._last: _Event | None = None
        self._broken = ""
        self._accent = ""
        self._hairpins: set[str] = set()

    def mark(self, mark: Mark) -> None:
        """A mark that stands here; an accent is for the next note or chord."""
        if mark.kind == "accent":
            self._accent = mark.value
            return
        if mark.kind == "hairpin":
            direction, opens = mark.value
            if not opens and direction not in self._hairpins:
                self.counts["ends of hairpins without a beginning, passed over"] += 1
                return
            (self._hairpins.add if opens else self._hairpins.discard)(direction)
        self.bars.mark(mark)

    def set_key(self, key: AbcKey) -> None:
        """A new key from here on; accidentals of the old one no longer count."""
        self.key = key
        self._accidentals = {}
        self.bars.mark(Mark("key", key))

    def set_meter(self, meter: tuple[int, int] | None) -> None:
        """A new meter, from the next bar on if this one has begun."""
        self.meter = meter
        self.bars.set_meter(meter)

    def bar_line(self, line: BarLine) -> None:
        """End the bar: accidentals are over, and so is what awaits a note within it."""
        self.bars.end_bar(line)
        if line.strokes:
            self._accidentals = {}
            self._end_event()

    def overlay(self) -> None:
        """What follows sounds from the start of this bar on."""
        self.bars.overlay()
        self._accidentals = {}
        self._end_event()

    def _end_event(self) -> None:
        self._last = None
        if self._broken:
            self.counts["broken rhythms without a second note"] += 1
            self._broken = ""

    def note(self, text: str) -> None:
        """A note by itself."""
        written = written_note(text)
        self._play([(written, False)], written.length)

    def chord(self, text: str, length: str) -> None:
        """Notes struck together, all as long as the first of them."""
        notes = list(chord_notes(text))
        if not notes:
            self.counts["empty chords"] += 1
            return
        if any(note.length != notes[0][0].length for note, _ in notes):
            self.left_out["lengths in chords that differ from the first note's"] += 1
        self._play(notes, notes[0][0].length * length_of(length))

    def rest(self, length: Fraction) -> None:
        """Silence of so many units."""
        self._play([], length)

    def rest_of_bars(self, count: int) -> None:
        """Silence of whole bars; within a bar that has begun, of so many units."""
        if not self.bars.is_empty:
            self.counts["rests of whole bars within a bar, taken for short ones"] += 1
            self.rest(Fraction(count))
            return
        for i in range(count):
            if i:
                self.bar_line(BarLine(strokes=True))
            self.bars.advance(self.bars.full_bar or Fraction(4))
        self._end_event()

    def grace(self, text: str) -> None:
        """Grace notes, which take no time."""
        for written, _ in chord_notes(text):
            pitch = self._sounding(written, self._altered(written, {}))
            self.bars.add(SoundingNote(self.bars.now, Fraction(0), pitch))

    def tuplet(self, text: str) -> None:
        """``p``, ``p:q`` or ``p:q:r``: p notes in the time of q, for the next r notes."""
        p, q, r = (int(part or 0) for part in [*text.split(":"), "", ""][:3])
        compound = self.meter is not None and self.meter[0] in _COMPOUND
        n = 3 if compound else 2
        usual = {1: 1, 2: 3, 3: 2, 4: 3, 5: n, 6: 2, 7: n, 8: 3, 9: n}
        if not q and p not in usual:
            self.counts["tuplets of ten and more whose time is not told"] += 1
        self._tuplet = _Tuplet(Fraction(q or usual.get(p, p), p), r or p)

    def broken(self, text: str) -> None:
        """``>`` gives half of the next note's length to the last one, ``<`` the other way."""
        if self._last is None:
            self.counts["broken rhythms without a first note"] += 1
        else:
            self._broken = text

    def _unbroken(self, units: Fraction) -> Fraction:
        """The length of a note after a broken rhythm; the note before takes the rest."""
        sign, self._broken = self._broken, ""
        if not sign or self._last is None or not self._last.length:
            return units
        if units != self._last.length:
            self.counts["broken rhythms between unequal notes"] += 1
        part = 1 - Fraction(1, 2 ** len(sign))
        moved = part * units if sign[0] == ">" else -part * self._last.length
        for note in self._last.notes:
            note.length *= 1 + moved / self._last.length
        self.bars.shift(moved)
        return units - moved

    def tie(self) -> None:
        """The last note or chord is held over into the next."""
        if self._last is None:
            self.counts["ties without a note"] += 1
            return
        for note in self._last.notes:
            note.tied = True
        self._ties[self.bars.layer] = dict(self._last.places)

    def _play(self, written: list[tuple[WrittenNote, bool]], units: Fraction) -> None:
        scale = self.unit
        if self._tuplet.left:
            self._tuplet.left -= 1
            scale *= self._tuplet.scale
        length = self._unbroken(units * scale)
        held = self._ties.pop(self.bars.layer, {})
        notes, places, ties = [], [], {}
        for note, tied in written:
            place = note.step, note.octave
            alter = self._altered(note, held)
            pitch = self._sounding(note, alter)
            sounding = SoundingNote(self.bars.now, length, pitch, tied, self._accent)
            self.bars.add(sounding)
            notes.append(sounding)
            places.append((place, alter))
            if tied:
                ties[place] = alter
        if ties:
            self._ties[self.bars.layer] = ties
        self.bars.advance(length)
        self._accent = ""
        self._last = _Event(notes, places, length)

    def _altered(self, note: WrittenNote, held: dict[_Place, Fraction]) -> Fraction:
        """Semitones from the letter: by its accidental, a tie, one before in the bar, the key."""
        place = note.step, note.octave
        if note.alter is not None:
            if self.propagation == "octave":
                self._accidentals[place] = note.alter
            elif self.propagation == "pitch":
                self._accidentals[note.step, 0] = note.alter
            return note.alter
        if place in held:
            return held[place]
        remembered = place if self.propagation == "octave" else (note.step, 0)
        of_key = Fraction(self.key.signature.get(note.step, 0))
        return self._accidentals.get(remembered, of_key)

    def _sounding(self, note: WrittenNote, alter: Fraction) -> int:
        if alter.denominator > 1:
            self.left_out["quarter tones, moved to the next semitone"] += 1
        exact = _MIDDLE_C + _SEMITONES[note.step] + 12 * note.octave + alter
        return int(exact + Fraction(1, 2)) + self.traits.semitones
