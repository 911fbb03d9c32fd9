"""Sentences that differ only in their numbers, told as one with the numbers that they hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:/\d+)?")  # also a meter
_MOST_VALUES = 3
_MOST_COUNTED = 1000  # values of one place; more say no more, and must not fill the memory


class SentenceCounts:
    """Counts sentences by what they say, and keeps the numbers of each."""

    def __init__(self) -> None:
        self._sentences: Counter[str] = Counter()
        self._times: Counter[str] = Counter()
        self._values: dict[str, list[Counter[str]]] = {}

    def add(self, sentence: str, times: int = 1) -> None:
        """Count a sentence; ``times`` is a sum of its own."""
        numbers = _NUMBER.findall(sentence)
        form = _NUMBER.sub("\0", sentence)
        self._sentences[form] += 1
        self._times[form] += times
        values = self._values.setdefault(form, [Counter() for _ in numbers])
        for counter, number in zip(values, numbers, strict=True):
            if number in counter or len(counter) < _MOST_COUNTED:
                counter[number] += 1

    def items(self) -> Iterator[tuple[str, int, int]]:
        """(sentence, how many were of its form, sum of their times), the commonest first.

        Where the sentences of a form hold different numbers, the commonest stand there with how
        often each came, or, of many, the least and the greatest.
        """
        for form, n in self._sentences.most_common():
            parts = form.split("\0")
            told = [parts[0]]
            for counter, part in zip(self._values[form], parts[1:], strict=True):
                told += [_told(counter), part]
            yield "".join(told), n, self._times[form]


def _told(counter: Counter[str]) -> str:
    """The values of one place, such as "3/4", "3/4 (12 times) or 6/8 (3)" or "2 to 40"."""
    common = counter.most_common()
    if len(common) == 1:
        return common[0][0]
    if len(common) > _MOST_VALUES and not any("/" in value for value in counter):
        numbers = sorted(counter, key=float)
        return f"{numbers[0]} to {numbers[-1]}"
    (first, n), *others = common[:_MOST_VALUES]
    rest = [f"{value} ({times})" for value, times in others]
    more = len(common) - _MOST_VALUES
    if more > 0:
        rest.append(f"{more} others")
    return f"{first} ({n} times) or " + " or ".join(rest)
