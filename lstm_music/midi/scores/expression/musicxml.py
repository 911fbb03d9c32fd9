"""The marks of expression in the text of a MusicXML score.

music21 keeps some of them (dynamics), moves the ends of some (wedges, pedal marks), and leaves
some out (``<sound dynamics>``, dynamics among notations); the text has them all.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from fractions import Fraction

from lstm_music.midi.scores.expression.marks import ALL_STAVES, Mark, steps

_PERCENT = 0.9  # MusicXML's dynamics are in percent of velocity 90
_PEDAL = {
    "start": "start",
    "resume": "start",
    "stop": "stop",
    "discontinue": "stop",
    "change": "change",
}
_BEAT_UNITS = {
    "long": 16.0,
    "breve": 8.0,
    "whole": 4.0,
    "half": 2.0,
    "quarter": 1.0,
    "eighth": 0.5,
    "16th": 0.25,
    "32nd": 0.125,
}


def musicxml_marks(text: str, bar_onsets: Sequence[Sequence[float | Fraction]]) -> list[Mark]:
    """The marks of a score, part after part, in the order of the file.

    Parameters
    ----------
    text : a ``score-partwise``, known to be harmless (`check_xml`).
    bar_onsets : of each ``<part>`` where its measures begin, in quarter notes.
    """
    marks: list[Mark] = []
    for part, (element, onsets) in enumerate(
        zip(ET.fromstring(text).iterfind("part"), bar_onsets, strict=False)
    ):
        reader = _PartReader(part)
        for measure, onset in zip(element.iterfind("measure"), onsets, strict=False):
            marks += reader.measure(measure, float(onset))
    return marks


class _PartReader:
    """Goes through one part with the cursor that MusicXML means."""

    def __init__(self, part: int) -> None:
        self.part = part
        self.divisions = 1.0
        self.has_staves = False
        self.onset = self.length = self.cursor = self.note_onset = 0.0

    def measure(self, measure: ET.Element, onset: float) -> Iterator[Mark]:
        """The marks of the next measure, which begins at ``onset`` quarter notes.

        A mark that an offset takes beyond the measure stands at its end.
        """
        self.onset, self.cursor, self.length = onset, 0.0, 0.0
        marks = list(self._elements(measure))
        end = steps(onset + self.length)
        return (mark._replace(onset=min(mark.onset, end)) for mark in marks)

    def _elements(self, measure: ET.Element) -> Iterator[Mark]:
        for element in measure:
            if element.tag == "note":
                yield from self._note(element)
            elif element.tag in ("backup", "forward"):
                duration = self._quarters(element.findtext("duration"))
                self._move(duration if element.tag == "forward" else -duration)
            elif element.tag == "direction":
                yield from self._direction(element)
            elif element.tag == "sound":
                place = self._place(element, self.cursor, None)
                yield from _sound(element, place, _loud(element))
            elif element.tag == "attributes":
                self.divisions = _number(element.findtext("divisions")) or self.divisions
                self.has_staves |= (_number(element.findtext("staves")) or 1) > 1

    def _move(self, quarters: float) -> None:
        self.cursor = max(self.cursor + quarters, 0.0)
        self.length = max(self.length, self.cursor)

    def _quarters(self, text: str | None) -> float:
        return (_number(text) or 0.0) / self.divisions

    def _note(self, note: ET.Element) -> Iterator[Mark]:
        if note.find("chord") is None:
            self.note_onset = self.cursor
            self._move(self._quarters(note.findtext("duration")))
        notations = note.find("notations")
        if notations is None:
            return
        for dynamics in notations.iterfind("dynamics"):
            place = self._place(note, self.note_onset, dynamics.get("placement"))
            yield place._replace(kind="dynamic", text=_dynamic(dynamics))

    def _place(self, element: ET.Element, cursor: float, placement: str | None) -> Mark:
        """A mark without a kind, at the place of the element."""
        staff = int(_number(element.findtext("staff")) or 1) if self.has_staves else ALL_STAVES
        above = placement == "above"
        onset = steps(self.onset + cursor + self._quarters(element.findtext("offset")))
        return Mark(onset, "", part=self.part, staff=staff, above=above)

    def _direction(self, direction: ET.Element) -> Iterator[Mark]:
        place = self._place(direction, self.cursor, direction.get("placement"))
        sound = direction.find("sound")
        loud = None if sound is None else _loud(sound)
        has_pedal = False
        for element in direction.iterfind("direction-type/*"):
            name, type_ = element.tag, element.get("type", "")
            number = element.get("number", "1")
            if name == "dynamics":
                velocity = 0.0 if loud is None else _velocity(loud)
                yield place._replace(kind="dynamic", text=_dynamic(element), value=velocity)
                loud = None
            elif name in ("wedge", "dashes") and type_ != "continue":
                yield place._replace(kind=name, text=type_, number=number)
            elif name == "words" and (text := "".join(element.itertext()).strip()):
                yield place._replace(kind="words", text=text)
            elif name == "pedal" and type_ in _PEDAL:
                has_pedal = True
                yield place._replace(kind="pedal", text=_PEDAL[type_])
            elif name == "metronome":
                yield from _metronome(element, place)
        if sound is not None:
            yield from _sound(sound, place, loud, has_pedal)


def _sound(
    sound: ET.Element, place: Mark, loud: float | None, has_pedal: bool = False
) -> Iterator[Mark]:
    """What a ``<sound>`` tells that its direction does not print."""
    if loud is not None:
        yield place._replace(kind="dynamic", value=_velocity(loud))
    if tempo := _number(sound.get("tempo")):
        yield place._replace(kind="sound", value=tempo)
    damper = sound.get("damper-pedal")
    if damper and not has_pedal:
        is_down = damper == "yes" or (_number(damper) or 0) >= 50
        yield place._replace(kind="pedal", text="start" if is_down else "stop")


def _number(text: str | None) -> float | None:
    """A decimal number of up to nine digits before its point, else None."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if abs(number) < 1e9 else None  # not inf, nor nan


def _loud(sound: ET.Element) -> float | None:
    """Its dynamics in percent; MuseScore writes one below 0 for a mark that says nothing."""
    loud = _number(sound.get("dynamics"))
    return loud if loud and loud > 0 else None


def _velocity(percent: float) -> float:
    return float(min(max(round(percent * _PERCENT), 1), 127))


def _dynamic(dynamics: ET.Element) -> str:
    """The name of a dynamic: mostly one element, sometimes a letter each."""
    return "".join(
        (child.text or "").strip() if child.tag == "other-dynamics" else child.tag
        for child in dynamics
    )


def _metronome(element: ET.Element, place: Mark) -> Iterator[Mark]:
    """A metronome mark (dotted quarter = 66, 60-72), or a beat that equals another one."""
    units: list[float] = []
    dot = 0.0
    for child in element:
        if child.tag == "beat-unit":
            units.append(_BEAT_UNITS.get((child.text or "").strip(), 0.0))
            dot = units[-1] / 2
        elif child.tag == "beat-unit-dot" and units:
            units[-1] += dot
            dot /= 2
    if not units or not all(units):
        return
    numbers = re.findall(r"\d{1,4}(?:[.,]\d{1,6})?", element.findtext("per-minute") or "")
    if numbers and len(units) == 1:
        middle = sum(float(n.replace(",", ".")) for n in numbers[:2]) / len(numbers[:2])
        kind = "metronome" if len(numbers) == 1 else "range"
        yield place._replace(kind=kind, value=middle * units[0])
    elif len(units) == 2:
        yield place._replace(kind="modulation", value=units[1] / units[0])
