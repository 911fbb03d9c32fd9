"""A model of forms: which bar is likely to return next, by style, length and what came before.

An n-gram over the labels of bars (`lstm_music.music.form`), counted in real music. The label of a
bar hangs on the length of the piece, on which phrase of eight bars it stands in and where in it, on
the label of the bar before, and on that of the bar eight bars before. What has been seen too rarely
is filled up from shorter contexts (Witten and Bell 1991).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from lstm_music.errors import ModelFileError
from lstm_music.music.form import EQUAL, EQUAL_LAGS, FRESH, VARIED, VARIED_LAGS, Label

PHRASE_BARS = 8
_PHRASES = 4
"""Phrases from the fourth on count as the fourth."""

_LENGTHS = (12, 20, 40)
"""Bars of a piece up to which it counts as of one length."""

_RARE = 8
"""A context seen less often than this is not kept by itself: what it stands for is forgotten bit by
bit, so that the counts of a style take some ten kilobytes."""

_NO_BAR, _ANY = "-", "*"

_CODES = (
    {Label(FRESH): "f"}
    | {Label(EQUAL, lag): f"={lag}" for lag in EQUAL_LAGS}
    | {Label(VARIED, lag): f"~{lag}" for lag in VARIED_LAGS}
    | {Label(VARIED, 1): "~1"}
)
_OF_SOME = {"~1"}
"""What only drums are labelled; in styles that never were it is impossible."""

_LABELS = {code: label for label, code in _CODES.items()}

Context: TypeAlias = tuple[str, ...]
Counts: TypeAlias = Mapping[Context, Mapping[str, int]]


class FormModel:
    """Counts of labels in their contexts, by style.

    Parameters
    ----------
    counts : style word -> context -> code of a label -> how often it was seen there.
    """

    def __init__(self, counts: Mapping[str, Counts]) -> None:
        self._counts = dict(counts)
        self._filled: dict[str | None, list[dict[Context, Counter[str]]]] = {}

    @classmethod
    def count(cls, pieces: Iterable[tuple[str, Sequence[Label]]]) -> FormModel:
        """Count the labels of pieces, each with its style word."""
        counts: dict[str, dict[Context, Counter[str]]] = {}
        for style, labels in pieces:
            codes = [_CODES[label] for label in labels]
            of_style = counts.setdefault(style, {})
            for i, code in enumerate(codes):
                of_style.setdefault(_context(codes[:i], len(codes)), Counter())[code] += 1
        return cls({style: _thinned(of_style) for style, of_style in counts.items()})

    @property
    def styles(self) -> tuple[str, ...]:
        """Style words that it has counted."""
        return tuple(sorted(self._counts))

    def to_json(self) -> dict[str, Any]:
        """Style -> context as words -> labels with their counts; for `from_json`."""
        return {
            style: {
                " ".join(context): " ".join(f"{code}:{n}" for code, n in sorted(seen.items()))
                for context, seen in sorted(self._counts[style].items())
            }
            for style in self.styles
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> FormModel:
        """Read what `to_json` wrote.

        Raises
        ------
        ModelFileError : it holds something else.
        """
        try:
            return cls(
                {
                    style: {_checked_context(c): _checked(seen) for c, seen in contexts.items()}
                    for style, contexts in facts.items()
                }
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"the counts of forms are damaged ({error!r}); expected what training wrote; "
                "train again"
            ) from None

    def draw(
        self,
        style: str,
        n_bars: int,
        rng: np.random.Generator,
        *,
        before: Sequence[Label] = (),
        allowed: Callable[[int, Label], bool] = lambda i, label: True,
    ) -> list[Label]:
        """Labels of ``n_bars`` bars.

        Parameters
        ----------
        style : one that it knows; any other: as in all styles together.
        n_bars : how many bars to label.
        rng : decides.
        before : labels of the bars that come before.
        allowed : ``allowed(i, label)``: whether bar i, counted with those before, may have a
            label. A fresh bar always may; none returns to before the first bar.
        """
        tables = self._tables(style if style in self._counts else None)
        codes = [_CODES[label] for label in before]
        total = len(before) + n_bars
        while len(codes) < total:
            i = len(codes)
            chances = _chances(tables, _context(codes, total))
            possible = [
                code
                for code in chances
                if code == _CODES[Label(FRESH)]
                or (_LABELS[code].lag <= i and allowed(i, _LABELS[code]))
            ]
            weights = np.array([chances[code] for code in possible])
            codes.append(possible[_drawn(weights, rng)])
        return [_LABELS[code] for code in codes[len(before) :]]

    def _tables(self, style: str | None) -> list[dict[Context, Counter[str]]]:
        """The counts of a style, or of all, by ever shorter contexts, the longest first."""
        if style not in self._filled:
            chosen = self._counts.values() if style is None else (self._counts[style],)
            tables: list[dict[Context, Counter[str]]] = []
            for shorten in _SHORTER:
                table: dict[Context, Counter[str]] = {}
                for context, seen in (item for counts in chosen for item in counts.items()):
                    table.setdefault(shorten(context), Counter()).update(seen)
                tables.append(table)
            self._filled[style] = tables
        return self._filled[style]


def _context(codes: Sequence[str], n_bars: int) -> Context:
    """What the label of the next bar hangs on, when ``codes`` are those of all bars before it."""
    i = len(codes)
    return (
        str(sum(n_bars > most for most in _LENGTHS)),
        str(min(i // PHRASE_BARS, _PHRASES - 1)),
        str(i % PHRASE_BARS),
        codes[-1] if codes else _NO_BAR,
        codes[-PHRASE_BARS] if i >= PHRASE_BARS else _NO_BAR,
    )


_SHORTER: tuple[Callable[[Context], Context], ...] = (
    lambda context: context,
    lambda context: context[1:],
    lambda context: context[1:4],
    lambda context: context[2:4],
    lambda context: (),
)


def _thinned(counts: Counts) -> Counts:
    """The counts with rare contexts taken together."""
    for forget in _FORGETS:
        fewer: dict[Context, Counter[str]] = {}
        for context, seen in counts.items():
            is_rare = sum(seen.values()) < _RARE
            fewer.setdefault(forget(context) if is_rare else context, Counter()).update(seen)
        counts = fewer
    return counts


_FORGETS: tuple[Callable[[Context], Context], ...] = (
    lambda context: (_ANY, *context[1:]),
    lambda context: (_ANY, *context[1:4], _ANY),
    lambda context: (_ANY, _ANY, *context[2:4], _ANY),
)
"""What is forgotten of a rare context: the length; the bar eight bars before; the phrase."""


def _chances(
    tables: Sequence[Mapping[Context, Counter[str]]], context: Context
) -> dict[str, float]:
    """How likely each label is; none is impossible, but those of other styles."""
    labels = [code for code in _LABELS if code not in _OF_SOME or code in tables[-1].get((), ())]
    chances = dict.fromkeys(labels, 1 / len(labels))
    for table, shorten in reversed(list(zip(tables, _SHORTER, strict=True))):
        seen = table.get(shorten(context))
        if seen:
            whole = sum(seen.values()) + len(seen)
            chances = {
                code: (seen.get(code, 0) + len(seen) * chance) / whole
                for code, chance in chances.items()
            }
    return chances


def _drawn(weights: np.ndarray, rng: np.random.Generator) -> int:
    """An index, as likely as its weight."""
    sums = np.cumsum(weights)
    found = np.searchsorted(sums, rng.random() * sums[-1], side="right")
    return min(int(found), len(weights) - 1)


def _checked_context(text: str) -> Context:
    length, phrase, place, before, eight_before = text.split(" ")
    known = set(_LABELS) | {_NO_BAR, _ANY}
    numbers = {word for word in (length, phrase, place) if word != _ANY}
    if not {before, eight_before} <= known or not all(word.isdecimal() for word in numbers):
        raise ValueError(text)
    return length, phrase, place, before, eight_before


def _checked(text: str) -> Counter[str]:
    seen: Counter[str] = Counter()
    for word in text.split(" "):
        code, number = word.split(":")
        seen[_CODES[_LABELS[code]]] = int(number)
        if seen[code] < 1:
            raise ValueError(text)
    return seen
