"""Forms as text: AABA, AABB', A8 A8 B4 A8."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from lstm_music.errors import ConfigError

_USUAL_BARS = 8
_SECTION = re.compile(r"([A-Za-z])(?:(['’′]+)(\d*)|(\d*)(['’′]*))")


class Section(NamedTuple):
    """A stretch of whole bars. Its name is a letter and a prime for each variation; 0 bars: as
    many as there are for it.
    """

    name: str
    bars: int = 0

    @property
    def letter(self) -> str:
        """Its name without primes."""
        return self.name[0]


def parse_form(text: str) -> tuple[Section, ...]:
    """Read a form such as ``AABA``, ``AABB'`` or ``A8 A8 B4 A8'``.

    Parameters
    ----------
    text : letters, each with primes for a variation and a number of bars, in either order;
        spaces, commas, hyphens and bars between them say nothing.

    Raises
    ------
    ConfigError : anything else, lengths for some of the sections only, or a variation of what has
        not come yet.
    """
    expected = f"form must look like AABA, AABB' or A8 A8 B4 A8; got {text!r}"
    sections = []
    for word in re.split(r"[\s,|-]+", text.strip()):
        found = list(_SECTION.finditer(word))
        if not word or "".join(match[0] for match in found) != word:
            raise ConfigError(expected)
        for match in found:
            primes, length = match[2] or match[5] or "", match[3] or match[4]
            sections.append(Section(match[1] + "'" * len(primes), int((length or "0")[:6])))
            if length and not sections[-1].bars:
                raise ConfigError(f"{expected}; a section has 1 bar or more")
    if len({section.bars > 0 for section in sections}) > 1:
        raise ConfigError(f"{expected}; give a number of bars to all sections or to none")
    for i, section in enumerate(sections):
        if section.name != section.letter and section.letter not in {s.name for s in sections[:i]}:
            raise ConfigError(
                f"form {text!r}: {section.name} varies {section.letter}, which must come before it"
            )
    return tuple(sections)


def bars_of_form(text: str) -> int:
    """How many bars a form has: those that it states, else eight a section.

    Raises
    ------
    ConfigError : it is none.
    """
    return sum(section.bars or _USUAL_BARS for section in parse_form(text))


def fit_form(text: str, bars: int) -> tuple[Section, ...]:
    """The sections of a form for a piece of so many bars, each with its length.

    Raises
    ------
    ConfigError : it is no form, or does not fit.
    """
    sections = parse_form(text)
    stated, n = sum(section.bars for section in sections), len(sections)
    if stated:
        if stated != bars:
            raise ConfigError(f"form {text!r} has {stated} bars, but bars is {bars}")
        return sections
    each, rest = divmod(bars, n)
    if not each:
        raise ConfigError(
            f"form {text!r} has {n} sections, which need {n} bars or more, got {bars}"
        )
    if rest:
        raise ConfigError(
            f"{bars} bars do not divide into the {n} sections of form {text!r}; ask for "
            f"{bars - rest} or {bars - rest + n} bars, or say how long each is, as in A8 B4"
        )
    return tuple(section._replace(bars=each) for section in sections)


def form_text(sections: Sequence[Section], *, lengths: bool = False) -> str:
    """A form as `parse_form` reads it; without numbers where all sections are equally long, unless
    ``lengths`` are wanted.

    Examples
    --------
    >>> form_text(parse_form("A8 A8 B8 A'8")), form_text(parse_form("A4 B2"))
    ("AABA'", 'A4 B2')
    """
    if not lengths and len({section.bars for section in sections}) == 1:
        return "".join(section.name for section in sections)
    return " ".join(f"{section.letter}{section.bars}{section.name[1:]}" for section in sections)
