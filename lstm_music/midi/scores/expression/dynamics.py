"""What dynamics, hairpins and accents mean: a velocity for every note of a staff.

The velocities are MuseScore's; an unmarked score is mf, as there. A hairpin is a straight line to
the dynamic at its end, or one step up or down. sf and its like are heard at their place alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lstm_music.midi.scores.expression.marks import Extent, Mark
from lstm_music.music.grid import STEPS_PER_QUARTER

DEFAULT_VELOCITY = 80

LEVELS = {
    "n": 1,
    "pppppp": 1,
    "ppppp": 5,
    "pppp": 10,
    "ppp": 16,
    "pp": 33,
    "p": 49,
    "mp": 64,
    "mf": 80,
    "f": 96,
    "ff": 112,
    "fff": 126,
    "ffff": 127,
    "fffff": 127,
    "ffffff": 127,
}
"""Velocities of the dynamics, as MuseScore 3 plays them, but for n (niente)."""

STEP = 16
"""From one dynamic to the next."""

ACCENT = STEP
STRONG_ACCENT = 3 * STEP // 2

_STRESSED = {"sf": 2, "sfz": 2, "fz": 2, "rf": 2, "rfz": 2, "sff": 3, "sffz": 3}
"""Steps above the dynamic in force, for the notes at that place alone."""

_THEN = {"fp": "p", "sfp": "p", "sfzp": "p", "sfpp": "pp", "ffp": "p", "pf": "f"}
"""Dynamics of two: how the notes after that place are played; see `_first_of_two`."""

_REACH = 32 * STEPS_PER_QUARTER
"""Words such as "cresc." go on to the next mark, if it is not further away."""

_ALONE = 16 * STEPS_PER_QUARTER
"""How long they go on where none follows."""

_LATE = STEPS_PER_QUARTER
"""A dynamic so soon after the end of a hairpin is the one that it leads to."""

_SWELLS = {
    "crescendo": re.compile(r"\bcresc"),
    "diminuendo": re.compile(
        r"\b(decresc|decr\.|dimin|dim\.|morendo|smorz|mancando|perdendo|calando)|^dim$"
    ),
}
_NAMED = re.compile(
    r"(?:((?i:sempre|subito|sub\.|più|piu|meno)) )?(p{1,4}|f{1,4}|m[pf])(?=$| )(.*)"
)
_RELATIVE = {"più f": STEP / 2, "meno p": STEP / 2, "più p": -STEP / 2, "meno f": -STEP / 2}
"""How much louder than the dynamic in force."""


class _Line(NamedTuple):
    """From ``onset`` to ``end`` a straight line of velocities, then the last of them."""

    onset: int
    velocity: float
    end: int
    end_velocity: float

    def at(self, onset: int) -> float:
        if onset >= self.end:
            return self.end_velocity
        part = (onset - self.onset) / (self.end - self.onset)
        return self.velocity + part * (self.end_velocity - self.velocity)


class Loudness:
    """Velocities of one staff.

    Parameters
    ----------
    marks : those that count for the staff, in order (`of_staff`).
    """

    def __init__(self, marks: Iterable[Extent] = ()) -> None:
        lasting = sorted(
            _understood(marks), key=lambda item: (item.mark.onset, item.mark.kind == "wedge")
        )
        self._lines: list[_Line] = []
        self._stresses: dict[int, float] = {}
        for i, (mark, _) in enumerate(lasting):
            now = self._lines[-1].at(mark.onset) if self._lines else DEFAULT_VELOCITY
            if mark.kind == "wedge":
                self._lines.append(_swell(lasting, i, now))
            else:
                self._set(mark, now)
        self._onsets = [line.onset for line in self._lines]

    def at(self, onset: int, accent: int = 0) -> int:
        """Velocity 1..127 of a note at ``onset`` steps, ``accent`` louder than those about it."""
        velocity = self._stresses.get(onset)
        if velocity is None:
            i = bisect_right(self._onsets, onset) - 1
            velocity = self._lines[i].at(onset) if i >= 0 else DEFAULT_VELOCITY
        return min(max(round(velocity) + accent, 1), 127)

    def _set(self, mark: Mark, now: float) -> None:
        if mark.text in _STRESSED:
            self._stresses[mark.onset] = mark.value or now + _STRESSED[mark.text] * STEP
            return
        level = _level(mark, now)
        if mark.text in _THEN:
            self._stresses[mark.onset] = level
            level = LEVELS[_THEN[mark.text]]
        self._lines.append(_Line(mark.onset, level, mark.onset, level))


def _level(mark: Mark, now: float) -> float:
    """Velocity of a dynamic at its place."""
    if mark.value:
        return mark.value
    if mark.text in _THEN:
        return _first_of_two(mark.text)
    if mark.text in _RELATIVE:
        return min(max(now + _RELATIVE[mark.text], 1), 127)
    return LEVELS[mark.text]


def _first_of_two(name: str) -> int:
    """Where it stands: fp loud, pf soft, sfp as loud as sf in mf."""
    stressed = DEFAULT_VELOCITY + _STRESSED["sf"] * STEP
    return {"f": LEVELS["f"], "s": stressed, "p": LEVELS["p"]}[name[0]]


def _understood(lasting: Iterable[Extent]) -> Iterator[Extent]:
    """Dynamics and wedges; words that mean one of them as what they mean."""
    for mark, end in lasting:
        known = mark.value or mark.text in LEVELS or mark.text in _STRESSED or mark.text in _THEN
        if mark.kind == "wedge" or (mark.kind == "dynamic" and known):
            yield Extent(mark, end)
        elif mark.kind == "dynamic":
            yield from _words(mark._replace(kind="words"), end)
        elif mark.kind == "words":
            yield from _words(mark, end)


def _words(mark: Mark, end: int | None) -> Iterator[Extent]:
    """What words say of loudness: sempre pp, p dolce, più f, p cresc., dim. e rall.

    A bare f, p, or dim above a staff may be anything, such as part of a chord's name.
    """
    text = " ".join(mark.text.split())
    named = _NAMED.match(text)
    if named and (named[1] or named[3] or len(named[2]) > 1):
        degree = (named[1] or "").lower().replace("piu", "più")
        name = f"{degree} {named[2]}" if degree in ("più", "meno") else named[2]
        yield Extent(mark._replace(kind="dynamic", text=name))
    for direction, pattern in _SWELLS.items():
        if pattern.search(text.lower()) and not (mark.above and text.lower() == "dim"):
            yield Extent(mark._replace(kind="wedge", text=direction), end)
            return


def _swell(lasting: Sequence[Extent], i: int, now: float) -> _Line:
    """The hairpin, or words for one, at index ``i``, from the velocity ``now`` on."""
    mark, end = lasting[i]
    later = (lasting[j].mark for j in range(i + 1, len(lasting)))
    marks = (m for m in later if m.onset > mark.onset and m.text not in _STRESSED)
    following = next(marks, None)
    if end is None:
        reaches = following is not None and following.onset <= mark.onset + _REACH
        end = following.onset if following and reaches else mark.onset + _ALONE
    sign = 1 if mark.text == "crescendo" else -1
    aim = min(max(now + sign * STEP, LEVELS["pppp"]), LEVELS["ffff"])
    if following and following.kind == "dynamic" and following.onset <= end + _LATE:
        end = min(end, following.onset)
        level = _level(following, now)
        aim = level if sign * (level - now) > 0 else aim
    return _Line(mark.onset, now, end, aim)
