"""How the parts move, and where they lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from lstm_music.evaluate.features.numbers import (
    Features,
    commonest,
    deviation_of,
    distinct,
    entropy,
    mean,
    mean_of,
    next_entropy,
    share,
)
from lstm_music.evaluate.view import View

_LEAP = 5
"""Semitones; smaller intervals are steps and thirds."""


def interval_features(view: View) -> Features:
    """From note to note in each part."""
    moves = [[b - a for a, b in pairwise(part.pitches)] for part in view.parts]
    steps = [step for move in moves for step in move]
    sizes = Counter(map(abs, steps))
    turns = [turn for move in moves for turn in _turns(move)]
    return {
        "repeated pitches": share(sizes, 0),
        "semitones": share(sizes, 1),
        "whole tones": share(sizes, 2),
        "thirds": share(sizes, 3, 4),
        "fourths and fifths": share(sizes, 5, 7),
        "tritones": share(sizes, 6),
        "sixths and sevenths": share(sizes, 8, 9, 10, 11),
        "octaves": share(sizes, 12),
        "leaps over an octave": mean([abs(step) > 12 for step in steps]),
        "interval, mean size": mean_of(sizes),
        "intervals upward": mean([step > 0 for step in steps if step]),
        "intervals, entropy": entropy(Counter(steps)),
        "intervals, entropy given the last": next_entropy(steps),
        "turns of the line": mean([turns for turns, _ in turns]),
        "leaps after which the line turns": mean([turns for turns, leaps in turns if leaps]),
    }


def _turns(steps: Sequence[int]) -> list[tuple[bool, bool]]:
    """Of each movement after another, repeated pitches left out: does it turn; from a leap?"""
    moving = [step for step in steps if step]
    return [(after * before < 0, abs(before) >= _LEAP) for before, after in pairwise(moving)]


def register_features(view: View) -> Features:
    """Where the pitched notes lie."""
    notes, parts = view.pitched, view.parts
    pitches = Counter(notes.pitches)
    means = [sum(part.pitches) / len(part.pitches) for part in parts]
    return {
        "pitch, mean": mean_of(pitches),
        "pitch, deviation": deviation_of(pitches),
        "pitches, entropy": entropy(pitches),
        "pitches, commonest": commonest(pitches),
        "pitches, distinct": distinct(pitches),
        "pitch of the highest part": max(means, default=None),
        "pitch of the lowest part": min(means, default=None),
        "span of a part": mean([_span(part.pitches) for part in parts]),
        "rise from first to second half": _rise(view),
    }


def _span(pitches: Sequence[int]) -> float:
    """From the 10th to the 90th percentile, in semitones."""
    ordered = sorted(pitches)
    return _percentile(ordered, 0.9) - _percentile(ordered, 0.1)


def _percentile(ordered: Sequence[int], rank: float) -> float:
    """Between two values, what a straight line from one to the other says."""
    place = rank * (len(ordered) - 1)
    before = int(place)
    after = min(before + 1, len(ordered) - 1)
    return ordered[before] + (place - before) * (ordered[after] - ordered[before])


def _rise(view: View) -> float | None:
    """Mean pitch of the second half less that of the first."""
    middle = view.end_steps / 2
    pairs = list(zip(view.pitched.onsets, view.pitched.pitches, strict=True))
    late = mean([pitch for onset, pitch in pairs if onset >= middle])
    early = mean([pitch for onset, pitch in pairs if onset < middle])
    return None if late is None or early is None else late - early
