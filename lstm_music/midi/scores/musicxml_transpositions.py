"""Transpositions of MusicXML as music21 reads them: with steps, and one for each measure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence

_STEPS = (0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6)  # of an interval of so many semitones
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SPELLED = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def transpose_in_place(measures: Sequence[ET.Element]) -> None:
    """Mend the transpositions of a part.

    music21 transposes a whole measure by the last one in it: notes before that are written
    otherwise, so that they sound as they should.
    """
    before = 0
    for measure in measures:
        _tell_steps(measure)
        changes, notes = [(0, before)], []
        for place, element in _placed(measure):
            if element.tag == "note":
                notes.append((place, element))
            else:
                changes.append((place, _semitones(element)))
        before = changes[-1][1]
        if changes[-1][0]:  # one that does not stand where the measure begins
            for place, note in notes:
                in_force = next((to for at, to in reversed(changes) if at <= place), before)
                if in_force != before:
                    _rewrite(note, in_force - before)


def _tell_steps(measure: ET.Element) -> None:
    """Steps beside the semitones, without which music21 reads no change of octave."""
    for transpose in measure.iterfind("attributes/transpose"):
        chromatic = transpose.findtext("chromatic", "").strip()
        if transpose.find("diatonic") is None and re.fullmatch(r"-?\d{1,3}", chromatic):
            octaves, semitones = divmod(abs(int(chromatic)), 12)
            steps = 7 * octaves + _STEPS[semitones]
            diatonic = ET.Element("diatonic")
            diatonic.text = str(-steps if chromatic.startswith("-") else steps)
            transpose.insert(0, diatonic)


def _placed(measure: ET.Element) -> Iterator[tuple[int, ET.Element]]:
    """The notes and transpositions of a measure, each with its place in divisions."""
    now = started = 0
    for element in measure:
        length = duration(element)
        if element.tag == "attributes":
            yield from ((now, transpose) for transpose in element.iterfind("transpose"))
        elif element.tag == "backup":
            now -= length
        elif element.tag == "forward":
            now += length
        elif element.tag == "note":
            if element.find("chord") is None:
                started, now = now, now + length
            yield started, element


def duration(element: ET.Element) -> int:
    """The ``<duration>`` of a note, backup or forward, 0 without one."""
    text = element.findtext("duration", "").strip()
    return int(text) if re.fullmatch(r"\d{1,9}", text) else 0


def _semitones(transpose: ET.Element) -> int:
    chromatic, octaves = (transpose.findtext(n, "") for n in ("chromatic", "octave-change"))
    return _integer(chromatic) + 12 * _integer(octaves)


def _integer(text: str) -> int:
    return int(text) if re.fullmatch(r"\s*-?\d{1,3}\s*", text) else 0


def _rewrite(note: ET.Element, semitones: int) -> None:
    """Write a note so many semitones higher."""
    pitch = note.find("pitch")
    step = "" if pitch is None else pitch.findtext("step", "").strip()
    if pitch is None or step not in _SEMITONES:
        return
    number = 12 * _integer(pitch.findtext("octave", "")) + _SEMITONES[step] + semitones
    octave, place = divmod(number + _integer(pitch.findtext("alter", "")), 12)
    written = {"step": _SPELLED[place][0], "alter": str(len(_SPELLED[place]) - 1)}
    pitch.clear()
    for tag, text in (*written.items(), ("octave", str(octave))):
        ET.SubElement(pitch, tag).text = text
    for accidental in note.findall("accidental"):
        note.remove(accidental)
