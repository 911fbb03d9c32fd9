"""What lasts in a score, its tempos and its pedal, for each time that its measures sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from lstm_music.midi.scores.repeats import Measure

_State = TypeVar("_State")


def unfold_changes(
    changes: Sequence[tuple[int, _State]],
    measures: Sequence[Measure],
    order: Sequence[int],
    initial: _State,
    *,
    anew_everywhere: bool = False,
) -> list[tuple[int, _State]]:
    """Changes of a state, (step, state) in written time and in order, in sounding time.

    A jump back brings back what is in force there as written: a repeat begins in the tempo that
    it began in, not in that of the ritardando at its end. A jump forward, over a first ending,
    keeps the state, unless ``anew_everywhere``.
    """
    by_measure = _by_measure(changes, measures)
    in_force, now = [], initial
    for own in by_measure:
        in_force.append(now)
        now = own[-1][1] if own else now
    unfolded: list[tuple[int, _State]] = []
    onset, now, expected = 0, initial, 0
    for i in order:
        jumps = i < expected or (anew_everywhere and i > expected)
        if jumps and in_force[i] != now:
            now = in_force[i]
            unfolded.append((onset, now))
        for step, state in by_measure[i]:
            now = state
            unfolded.append((step - measures[i].onset_steps + onset, state))
        onset += measures[i].length_steps
        expected = i + 1
    return unfolded


def _by_measure(
    changes: Sequence[tuple[int, _State]], measures: Sequence[Measure]
) -> list[list[tuple[int, _State]]]:
    found: list[list[tuple[int, _State]]] = [[] for _ in measures]
    i = 0
    for step, state in changes:
        while i + 1 < len(measures) and measures[i + 1].onset_steps <= step:
            i += 1
        if step < measures[i].onset_steps + measures[i].length_steps:
            found[i].append((step, state))
    return found
