"""Bars of an ABC tune as a whole: those that hold too much, and the order of its parts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from lstm_music.midi.scores.abc.bars import Bar

MAX_PARTS = 256
"""Of the parts that ``P:`` puts in order, so many are played."""

_MAX_NAMED = 12


def bar_numbers(bars: Sequence[Bar]) -> list[int]:
    """The number of each bar as musicians count: 0 for a pickup, one for parts of a bar."""
    numbers = []
    number, filled = 0, Fraction(0)
    for i, bar in enumerate(bars):
        full = bar.full_length or bar.length
        if i == 0 and bar.length < full:
            numbers.append(0)
            continue
        if not filled or filled + bar.length > full:
            number += 1
            filled = Fraction(0)
        filled = (filled + bar.length) % full if bar.length <= full else Fraction(0)
        numbers.append(number)
    return numbers


def overfull_bars(voices: Iterable[Sequence[Bar]]) -> str:
    """The bars that hold more than their meter, by number, as a repair; nothing if none does."""
    found: dict[int, None] = {}
    for bars in voices:
        for number, bar in zip(bar_numbers(bars), bars, strict=True):
            if bar.full_length and bar.length > bar.full_length:
                found[number] = None
    if not found:
        return ""
    named = ", ".join(str(number) for number in list(found)[:_MAX_NAMED])
    if len(found) == 1:
        return f"bar {named} holds more than the meter says and keeps its notes and lengths"
    more = f" and {len(found) - _MAX_NAMED} more" if len(found) > _MAX_NAMED else ""
    return f"bars {named}{more} hold more than the meter says and keep their notes and lengths"


def in_order(bars: Sequence[Bar], labels: Mapping[int, str], order: Sequence[str]) -> list[Bar]:
    """The bars with their parts in the order told; what stands before the first part stays.

    ``labels`` are the parts that begin with a bar, by its place.
    """
    parts: dict[str, list[Bar]] = {}
    label = ""
    for i, bar in enumerate(bars):
        label = labels.get(i, label)
        starts = bar.starts_repeat or i in labels
        parts.setdefault(label, []).append(replace(bar, starts_repeat=starts))
    return [*parts.get("", ()), *(bar for name in order for bar in parts.get(name, ()))]


def play_order(text: str) -> list[str]:
    """Names of parts in the order of a ``P:`` field, such as ``A2(BC)3.A``."""
    expanded = re.sub(r"[^A-Za-z0-9()]", "", text)
    for _ in range(8):
        inner = re.sub(
            r"\(([A-Za-z]*)\)(\d{0,2})",
            lambda m: (m[1] * int(m[2] or 1))[:MAX_PARTS],
            re.sub(r"([A-Za-z])(\d{1,2})", lambda m: m[1] * int(m[2]), expanded)[: 8 * MAX_PARTS],
        )
        if inner == expanded:
            break
        expanded = inner
    return [name for name in expanded if name.isalpha()][:MAX_PARTS]
