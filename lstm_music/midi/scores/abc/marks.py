"""Decorations and quoted texts of ABC: accents, dynamics, hairpins, words and chord symbols."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from lstm_music.midi.scores.abc.bars import Mark
from lstm_music.midi.scores.expression.dynamics import LEVELS
from lstm_music.midi.scores.jumps import signs_of_text

SHORTHANDS = {"L": "accent", "O": "coda", "S": "segno", "K": "accent", "k": "marcato"}
"""Letters that stand for decorations until ``U:`` says otherwise; K and k are music21's."""

NO_CHORD = frozenset({"N.C.", "NC", "No Chord", "None"})

_STRESSES = {"sf", "sfz", "sff", "sffz", "fz", "rf", "rfz", "fp", "sfp", "sfpp", "pf"}
_DYNAMICS = frozenset({*LEVELS, *_STRESSES} - {"n"})
_ACCENTS = {
    ">": "accent",
    "accent": "accent",
    "emphasis": "accent",
    "^": "strong accent",
    "marcato": "strong accent",
}
_HAIRPIN = re.compile(r"(<|>|crescendo|decrescendo|diminuendo)([()])")
_JUMPS = {
    "dacapo": "Da Capo",
    "dalsegno": "Dal Segno",
    "dacoda": "To Coda",
    "tocoda": "To Coda",
}
_CHORD = re.compile(
    r"\(?[A-G][#b]?(?:m(?:aj|in|a|i)?|M(?:aj)?|dim|aug|sus|add|omit|no|alt|ø|[-+o°^,()/]|[#b]?\d{1,2})*"
    r"(?:/[A-G][#b]?)?\)?"
)
_PLACEMENT = re.compile(r"[\^_<>]|@(?:\s*-?[\d.]+\s*,\s*-?[\d.]+)?")
_LINE_BREAK = re.compile(r";|\\n")


class Words(NamedTuple):
    """Words at a place, and whether they stand above the staff."""

    text: str
    above: bool = True


class HairpinSign(NamedTuple):
    """Where a hairpin opens or closes."""

    direction: Literal["crescendo", "diminuendo"]
    opens: bool


def decoration_mark(name: str) -> Mark | None:
    """What a decoration such as ``!f!`` is; None for ornaments and others that are not played.

    Examples
    --------
    >>> decoration_mark(">"), decoration_mark("trill")
    (Mark(kind='accent', value='accent'), None)
    """
    if name in _DYNAMICS:
        return Mark("dynamic", name)
    if name in _ACCENTS:
        return Mark("accent", _ACCENTS[name])
    if hairpin := _HAIRPIN.fullmatch(name):
        swells = hairpin[1] in ("<", "crescendo")
        sign = HairpinSign("crescendo" if swells else "diminuendo", opens=hairpin[2] == "(")
        return Mark("hairpin", sign)
    words = _as_printed(name)
    return Mark("words", Words(words)) if signs_of_text(words) else None


def quoted_mark(text: str) -> Mark | None:
    """A chord symbol, or words: an annotation such as ``"^rit."``, and what is no chord.

    Examples
    --------
    >>> quoted_mark("Am7"), quoted_mark("_pp")
    (Mark(kind='chord', value='Am7'), Mark(kind='dynamic', value='pp'))
    """
    text = text.strip()
    placement = _PLACEMENT.match(text)
    if placement is None and (text in NO_CHORD or _CHORD.fullmatch(text)):
        return Mark("chord", text)
    start = placement.end() if placement else 0
    words = " ".join(_LINE_BREAK.sub(" ", text[start:]).split())
    if words in _DYNAMICS:
        return Mark("dynamic", words)
    if ">" in (text, words):
        return Mark("accent", "accent")
    above = placement is None or placement[0] == "^"
    return Mark("words", Words(_as_printed(words), above)) if words else None


def _as_printed(words: str) -> str:
    return _JUMPS.get(words.casefold().replace(" ", ""), words)
