"""Plans of forms: which of the new bars return, to which bars, and whether they did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from lstm_music.music.form import (
    ALIKE,
    FRESH,
    VARIED,
    Bar,
    Label,
    bars_of,
    blocks_alike,
    goes_in_circles,
    label_bars,
    name_sections,
    sections_of,
)
from lstm_music.music.form_model import FormModel
from lstm_music.music.form_text import Section, form_text
from lstm_music.music.grooves import label_grooves
from lstm_music.music.piece import Piece

RESTS_BARS = 2
"""So many bars are composed at a time where the chords at rest are looked at, unless advised."""

_KEPT_SHARE = 2 / 3
"""Of a bar that returns varied: with fewer of its notes it would not be heard as the same."""
_EIGHTH_STEPS = 12

_REDRAWN = 16
"""So often at most is a form drawn again that goes in circles."""


class Return(NamedTuple):
    """A bar that another one returns to.

    Parameters
    ----------
    bar : counted from the first new bar; those before it, of a seed, are negative.
    is_varied : whether the end of the bar is written anew.
    """

    bar: int
    is_varied: bool = False


@dataclass(frozen=True)
class FormPlan:
    """How the new bars come about.

    Parameters
    ----------
    returns : for each new bar the bar that it returns to; None: it is composed.
    echoes : for each new bar of drums the bar that it resembles, though it is composed; or empty.
    sections : as asked, with their lengths; empty where the form was drawn.
    comes_to_rest : whether bars are composed again until the chords on which all parts rest stand
        on their root.
    stage_bars : so many bars at most are composed at a time; 0: as many as come between returns.
    """

    returns: tuple[Return | None, ...]
    echoes: tuple[Return | None, ...] = ()
    sections: tuple[Section, ...] = ()
    comes_to_rest: bool = False
    stage_bars: int = 0

    def roots(self) -> list[int]:
        """For each new bar the composed one, or that of a seed, whose music it has: itself if it
        is not an exact return.
        """
        found: list[int] = []
        for i, back in enumerate(self.returns):
            if back is None or back.is_varied:
                found.append(i)
            else:
                found.append(found[back.bar] if back.bar >= 0 else back.bar)
        return found

    def root_of(self, bar: int) -> int:
        """The bar whose music a bar has; bars of a seed have their own."""
        return self.roots()[bar] if bar >= 0 else bar

    def section_starts(self) -> list[int]:
        """Numbers of the new bars with which the named sections begin."""
        return [0, *accumulate(section.bars for section in self.sections)][:-1]


def planned_form(sections: Sequence[Section]) -> FormPlan:
    """The plan of a form whose sections have lengths.

    A section whose name has come before returns bar by bar. One with a new prime returns to the
    first of its letter but for its end: the last quarter of its bars, or where it has fewer than
    four the end of its last bar. Bars beyond the length of what it returns to are composed.
    """
    first_of: dict[str, tuple[int, int]] = {}
    returns: list[Return | None] = []
    for section in sections:
        at, n = len(returns), section.bars
        source = first_of.get(section.name, first_of.get(section.letter))
        if source is None:
            returns += [None] * n
        else:
            start, length = source
            some: list[Return | None] = [
                Return(start + i) if i < length else None for i in range(n)
            ]
            if section.name not in first_of:
                _vary_end(some)
            returns += some
        first_of.setdefault(section.name, (at, n))
    return FormPlan(tuple(returns), sections=tuple(sections))


def _vary_end(returns: list[Return | None]) -> None:
    n_new = len(returns) // 4
    if n_new:
        returns[-n_new:] = [None] * n_new
    elif (last := returns[-1]) is not None:
        returns[-1] = last._replace(is_varied=True)


def drawn_form(
    forms: FormModel,
    style: str,
    n_bars: int,
    rng: np.random.Generator,
    before: Sequence[Bar],
    bar_steps: int,
    agree: Callable[[int, int], bool],
    *,
    is_groove: bool = False,
) -> FormPlan:
    """A form drawn for ``n_bars`` new bars; from nothing, one that does not go in circles.

    Parameters
    ----------
    forms, style, rng : see `FormModel.draw`.
    before : the bars of the seed; empty from nothing.
    bar_steps : length of a new bar; bars of another length do not return.
    agree : ``agree(bar, source)``: whether a bar may have the music of another, by number.
    is_groove : whether they are bars of drums alone, which resemble each other and do not return.
    """

    def allowed(i: int, label: Label) -> bool:
        source = i - label.lag
        fits = source >= len(before) or before[source].steps == bar_steps
        return fits and agree(i - len(before), source - len(before))

    labelled = label_grooves if is_groove else label_bars
    known = labelled(before) if before else ()
    for _ in range(1 if before else _REDRAWN):
        labels = forms.draw(style, n_bars, rng, before=known, allowed=allowed)
        found = tuple(
            None if label.kind == FRESH else Return(i - label.lag, label.kind == VARIED)
            for i, label in enumerate(labels)
        )
        form = FormPlan((None,) * n_bars, echoes=found) if is_groove else FormPlan(found)
        if not goes_in_circles(form.roots()):
            break
    return form


def kept_steps(bar_steps: int) -> int:
    """How much of a bar that returns varied is kept: two thirds, up to an eighth note."""
    kept = -(-int(bar_steps * _KEPT_SHARE) // _EIGHTH_STEPS) * _EIGHTH_STEPS
    return kept if kept < bar_steps else max(bar_steps - _EIGHTH_STEPS, 0)


def form_shares(plan: FormPlan, bars: Sequence[Bar], first: int) -> dict[str, Any]:
    """How much of a plan came out.

    Parameters
    ----------
    plan : what was asked.
    bars : of the whole result.
    first : number of the first new one among them.

    Returns
    -------
    shares : ``form``: of the new bars, their sections those that were asked for, where they were
        named; ``bars_to_return``: how many new bars were to be equal to another; ``returned``: the
        share of them that is, 1 without any; ``differ``: numbers, from 1, of those that are not.
    """
    asked = [
        (i, back.bar)
        for i, back in enumerate(plan.returns)
        if back is not None and not back.is_varied
    ]
    differ = [i + 1 for i, source in asked if bars[first + i] != bars[first + source]]
    share = 1 - len(differ) / len(asked) if asked else 1.0
    found = form_text(_found_sections(plan, bars[first:]))
    return {"form": found, "bars_to_return": len(asked), "returned": share, "differ": differ}


def _found_sections(plan: FormPlan, bars: Sequence[Bar]) -> tuple[Section, ...]:
    """The sections of bars by what is in them: as long as asked, or as they are found."""
    if not plan.sections:
        return sections_of(bars)
    blocks, at = [], 0
    for section in plan.sections:
        blocks.append(bars[at : at + section.bars])
        at += section.bars
    names = name_sections(blocks)
    return tuple(Section(name, one.bars) for name, one in zip(names, plan.sections, strict=True))


def repeated(plan: FormPlan, bars: Sequence[Bar], first: int, new: slice) -> int:
    """How much of some composed bars is like what was there before, though it was to be new.

    Parameters
    ----------
    plan : what was asked.
    bars : all so far.
    first : number of the first new one among them.
    new : which of the new ones are asked about, counted from the first new one.

    Returns
    -------
    count : of bars that return by themselves, where the form was drawn. Where it was named: 1 if
        the section that the bars belong to is like one of another letter, or like the very one
        that it is to vary; returns within a section are its own affair.
    """
    if new.start >= new.stop:
        return 0
    if not plan.sections:
        if not any(plan.returns):  # none was asked for: those that come are as real ones
            return 0
        labels = label_bars(bars)[first:]
        return sum(
            label.kind != FRESH and back is None
            for label, back in zip(labels[new], plan.returns[new], strict=True)
        )
    starts = plan.section_starts()
    which = max(i for i, start in enumerate(starts) if start <= new.start)
    section, at = plan.sections[which], starts[which]
    mine = bars[first + at : first + new.stop]
    for other, start in zip(plan.sections[:which], starts, strict=False):
        theirs = bars[first + start : first + start + other.bars][: len(mine)]
        if other.letter != section.letter and blocks_alike(mine[: len(theirs)], theirs) > ALIKE:
            return 1
        if other.letter == section.letter and mine == theirs:
            return 1
    return 0


def form_faults(plan: FormPlan | None, piece: Piece) -> int:
    """How much is wrong with the form of a piece from nothing; 0 for nothing.

    Sections that are to vary another and are equal to it count one each. Where no sections were
    named, it is a fault to go in circles, as only drums may.
    """
    bars = bars_of(piece)
    if plan is not None and plan.sections:
        return len(same_variations(plan, bars, 0))
    is_drums = all(track.is_drum for track in piece.tracks)
    return int(not is_drums and goes_in_circles([bar.notes or i for i, bar in enumerate(bars)]))


def same_variations(plan: FormPlan, bars: Sequence[Bar], first: int) -> list[str]:
    """Names of the sections that were to vary another and are equal to it."""
    found, at = [], first
    starts: dict[str, int] = {}
    for section in plan.sections:
        start = starts.get(section.letter)
        if section.name not in starts and start is not None:
            new, old = bars[at : at + section.bars], bars[start : start + section.bars]
            if new == old:
                found.append(section.name)
        starts.setdefault(section.name, at)
        at += section.bars
    return found
