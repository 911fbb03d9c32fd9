"""A line of ABC music as tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

_LENGTH = r"\d{0,5}(?:/+(?:[1-9]\d{0,4})?)?"
_ACCIDENTAL = r"(?:=|(?:\^\^|\^|__|_)(?:\d{1,2}(?:/\d{0,2})?|/\d{0,2})?)"
_NOTE = rf"(?:{_ACCIDENTAL})?[.~H-TV-Wh-wu]*[A-Ga-g][,']*{_LENGTH}"
_JUMP_WORDS = r"(?:[Dd]\.[ ]?[CcSs]\.|[Dd]al?[ ]|[Tt]o[ ])[^!|]{0,24}"
_ENDING = r"\d{1,2}(?:[,.\-]\d{1,2})*"

_TOKEN = re.compile(
    rf"""
    "(?P<quoted>[^"]*)"
  | \[(?P<field>[A-Za-z]):(?P<value>[^\]]*)\]
  | (?P<bar>\.?(?:\[(?=\|))?(?:\|\]?|:)(?:\|\]?|:|\[\|\]?)*)(?:[ ]?\[?(?P<ending>{_ENDING}))?
  | \[(?P<volta>{_ENDING})
  | \[(?P<chord>[^\]|\[]*)\](?P<chord_length>{_LENGTH})
  | \((?P<tuplet>[1-9]\d?(?::\d{{0,2}}){{0,2}})
  | \{{/?(?P<grace>[^}}]*)\}}
  | !(?P<decoration>[^!\s|]{{1,30}}|{_JUMP_WORDS})!
  | \+(?P<old_decoration>[A-Za-z0-9.()<>^]{{1,20}})\+
  | (?P<note>{_NOTE})
  | (?P<rest>[zx]{_LENGTH})
  | [ZX](?P<bars_rest>\d{{0,4}})
  | (?P<broken>>{{1,3}}|<{{1,3}})
  | (?P<overlay>&)
  | (?P<tie>-)
  | (?P<symbol>[H-Wh-w~])
  | (?P<skip>\[(?=")|y{_LENGTH}|[\s`$*#;?@.()\\!])
  | (?P<stray>.)
    """,
    re.VERBOSE,
)
_NOTE_PARTS = re.compile(
    rf"(?P<accidental>{_ACCIDENTAL})?[.~H-Wh-w]*(?P<step>[A-Ga-g])(?P<octave>[,']*)"
    rf"(?P<length>{_LENGTH})"
)
_SYMBOL = re.compile(r"[~H-Wh-w]")


class Token(NamedTuple):
    """What it is (a group of the pattern above), its text, and a second part where it has one."""

    kind: str
    text: str
    more: str = ""


_SECOND = {"bar": "ending", "chord": "chord_length", "field": "value"}


def tokens_of(line: str) -> Iterator[Token]:
    """The tokens of a line of music, those that mean nothing left out.

    Letters that decorate a note (``LC``) come as symbols before it.
    """
    for match in _TOKEN.finditer(line):
        kind = match.lastgroup or ""
        for first, second in _SECOND.items():
            if match[first] is not None:
                kind = first
                yield Token(kind, match[first], match[second] or "")
                break
        else:
            if kind == "note":
                yield from (Token("symbol", letter) for letter in _SYMBOL.findall(match[kind]))
            if kind != "skip":
                yield Token(kind, match[kind])


class WrittenNote(NamedTuple):
    """A note as written: letter, octave (0 from middle C), accidental, length in units."""

    step: str
    octave: int
    alter: Fraction | None
    length: Fraction


def written_note(text: str) -> WrittenNote:
    """The parts of a note's token."""
    parts = _NOTE_PARTS.match(text)
    assert parts is not None
    octave = int(parts["step"].islower())
    octave += parts["octave"].count("'") - parts["octave"].count(",")
    return WrittenNote(
        parts["step"].upper(), octave, _alter(parts["accidental"]), length_of(parts["length"])
    )


def chord_notes(text: str) -> Iterator[tuple[WrittenNote, bool]]:
    """The notes within a chord's brackets, or a grace group's, and whether each is tied."""
    for token in re.finditer(rf'"[^"]*"|![^!]*!|({_NOTE})(-?)', text):
        if token[1]:
            yield written_note(token[1]), bool(token[2])


def length_of(text: str) -> Fraction:
    """``3/2``, ``/``, ``//``, ``3/`` and so on, as a number of units."""
    number, slashes, divisor = re.fullmatch(r"(\d*)(/*)(\d*)", text).groups()  # type: ignore
    below = 2 ** len(slashes) if not divisor else int(divisor) * 2 ** (len(slashes) - 1)
    return Fraction(int(number or 1), below if slashes else 1)


def _alter(text: str | None) -> Fraction | None:
    """Semitones of an accidental; ``^/`` is half of one, ``_3/2`` one and a half."""
    if not text:
        return None
    sign = text.rstrip("0123456789/")
    alter = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}[sign]
    size = text[len(sign) :]
    numerator, slash, divisor = size.partition("/")
    if not size or divisor == "0":
        return Fraction(alter)
    return alter * Fraction(int(numerator or 1), int(divisor or 2) if slash else 1)
