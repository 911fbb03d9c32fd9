"""The marks of expression in a music21 stream, as far as its reader of a format keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lstm_music.midi.scores.expression.marks import ALL_STAVES, Mark, steps

_TEMPO_SPANNERS = {"RitardandoSpanner": "rit.", "AccelerandoSpanner": "accel."}


def stream_marks(stream: Any, parts: Sequence[Any], staves: Sequence[Sequence[int]]) -> list[Mark]:
    """The marks of a stream.

    Parameters
    ----------
    parts : of the stream.
    staves : indices of the parts that each instrument consists of (`instruments`).
    """
    marks = [
        Mark(steps(mark.offset), "metronome", value=float(bpm))
        for mark in stream.flatten().getElementsByClass("MetronomeMark")
        if (bpm := mark.getQuarterBPM())
    ]
    for number, instrument in enumerate(staves):
        for staff, i in enumerate(instrument, start=1):
            place = Mark(0, "", part=number, staff=staff if len(instrument) > 1 else ALL_STAVES)
            marks += _part_marks(parts[i], place)
    return marks


def _part_marks(part: Any, place: Mark) -> Iterator[Mark]:
    classes = ("Dynamic", "TextExpression", "TempoText")
    for element in part.flatten().getElementsByClass(classes):
        is_dynamic = "Dynamic" in element.classes
        text = getattr(element, "value" if is_dynamic else "content", getattr(element, "text", ""))
        above = getattr(element, "placement", None) == "above"
        yield place._replace(
            onset=steps(element.offset),
            kind="dynamic" if is_dynamic else "words",
            text=str(text or ""),
            above=above,
        )
    for number, spanner in enumerate(part.recurse().getElementsByClass("Spanner")):
        for onset, kind, text in _spanner_marks(spanner, part):
            yield place._replace(onset=onset, kind=kind, text=text, number=str(number))


def _spanner_marks(spanner: Any, part: Any) -> Iterator[tuple[int, str, str]]:
    """Where a hairpin, a pedal mark or a ritardando begins and ends."""
    kind, text = _kind(spanner.classes)
    first, last = spanner.getFirst(), spanner.getLast()
    if not kind or first is None:
        return
    start = steps(first.getOffsetInHierarchy(part))
    end = steps(last.getOffsetInHierarchy(part) + last.quarterLength)
    yield start, kind, text
    if kind == "words":
        yield start, "dashes", "start"
    yield end, "dashes" if kind == "words" else kind, "stop"


def _kind(classes: Sequence[str]) -> tuple[str, str]:
    if "Crescendo" in classes:
        return "wedge", "crescendo"
    if "Diminuendo" in classes:
        return "wedge", "diminuendo"
    if "PedalMark" in classes:
        return "pedal", "start"
    for name, text in _TEMPO_SPANNERS.items():
        if name in classes:
            return "words", text
    return "", ""
