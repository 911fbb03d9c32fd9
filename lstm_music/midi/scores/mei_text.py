"""What music21 leaves out of MEI: endings and all in them, jumps, tempos, keys without a mode."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lstm_music.midi.scores.jumps import STARTS, signs_of_text
from lstm_music.midi.scores.mei_elements import MEI, mend
from lstm_music.midi.scores.repeats import passes_of_label

_REPEAT_MARKS = {"coda": "Coda", "segno": "Segno", "dalSegno": "D.S.", "daCapo": "D.C.",
                 "fine": "Fine"}  # fmt: skip


@dataclass
class Mei:
    """MEI for music21, and what is to be added to what it reads.

    ``endings`` are passes with the numbers of the measures under them; ``words`` those of
    directions, with the number of their measure; ``tempos`` the number of a measure, a beat of
    it, from 1 on, and quarter notes a minute. Measures are counted from 0.
    """

    text: str
    endings: list[tuple[str, list[int]]] = field(default_factory=list)
    words: list[tuple[int, str]] = field(default_factory=list)
    tempos: list[tuple[int, float, float]] = field(default_factory=list)
    tells_modes: bool = True


def prepared_mei(text: str) -> Mei:
    """All in elements that music21 reads, endings as sections."""
    root = ET.fromstring(text)
    score = root.find(f".//{MEI}score")
    if score is None:
        return Mei(text)
    mend(score)
    mei = Mei("", tells_modes=re.search(r"\b(key\.)?mode\s*=", text) is not None)
    mei.tempos += [(0, 1.0, rate) for rate in map(_rate, score.findall(f"{MEI}scoreDef")) if rate]
    under: dict[int, list[int]] = {}  # the place of an ending in mei.endings -> its measures
    for number, (measure, ending) in enumerate(_measures(score, None)):
        for mark in measure:
            mei.words += [(number, words) for words in _words(mark)]
            if mark.tag == f"{MEI}tempo" and (rate := _rate(mark)):
                mei.tempos.append((number, _decimal(mark.get("tstamp", "1")) or 1.0, rate))
        if ending is not None:
            under.setdefault(id(ending), []).append(number)
    for ending in list(score.iter(f"{MEI}ending")):
        if id(ending) in under:
            mei.endings.append((ending.get("n") or ending.get("label") or "", under[id(ending)]))
        ending.tag = f"{MEI}section"
    mei.text = ET.tostring(root, encoding="unicode")
    return mei


def add_what_was_left_out(score: Any, mei: Mei) -> None:
    """Brackets, words, tempos and open modes in a music21 Score of ``mei``."""
    from music21 import expressions, spanner, tempo

    for part in list(score.parts)[:1]:
        measures = list(part.getElementsByClass("Measure"))
        for number, words in mei.words:
            if number < len(measures):
                at = 0.0 if signs_of_text(words) & STARTS else measures[number].highestTime
                measures[number].insert(at, expressions.TextExpression(words))
        for number, beat, rate in mei.tempos:
            if number < len(measures):
                meter = measures[number].getContextByClass("TimeSignature")
                at = (beat - 1) * (4 / meter.denominator if meter else 1)
                at = min(at, measures[number].highestTime)
                measures[number].insert(at, tempo.MetronomeMark(number=rate))
        for passes, numbers in mei.endings:
            under = [measures[number] for number in numbers if number < len(measures)]
            if under:
                told = passes_of_label(passes) or "1"
                part.insert(0, spanner.RepeatBracket(under, number=told))
    if not mei.tells_modes:
        for key in score.recurse().getElementsByClass("Key"):
            key.mode = None  # music21 takes every signature for a major one


def _measures(
    element: ET.Element, ending: ET.Element | None
) -> Iterator[tuple[ET.Element, ET.Element | None]]:
    """The measures that music21 comes to, each with the ending about it."""
    for child in element:
        if child.tag == f"{MEI}measure":
            yield child, ending
        elif child.tag == f"{MEI}section":
            yield from _measures(child, ending)
        elif child.tag == f"{MEI}ending":
            yield from _measures(child, child)


def _rate(mark: ET.Element) -> float:
    """Quarter notes a minute of a tempo, 0 where it tells none."""
    if rate := _decimal(mark.get("midi.bpm", "")):
        return rate
    dots = int(_decimal(mark.get("mm.dots", "0")))
    unit = _decimal(mark.get("mm.unit", "4")) or 4
    return _decimal(mark.get("mm", "")) * 4 / unit * (2 - 0.5 ** min(dots, 3))


def _decimal(text: str) -> float:
    """A number of few digits, 0 for anything else."""
    return float(text) if re.fullmatch(r"\d{1,4}(\.\d{1,12})?", text) else 0.0


def _words(mark: ET.Element) -> Iterator[str]:
    """What a direction tells of jumps."""
    if mark.tag == f"{MEI}repeatMark":
        text = " ".join("".join(mark.itertext()).split())
        yield text if signs_of_text(text) else _REPEAT_MARKS.get(mark.get("func", ""), "")
    elif mark.tag == f"{MEI}dir":
        text = " ".join("".join(mark.itertext()).split())
        if signs_of_text(text):
            yield text
