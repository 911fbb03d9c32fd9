"""Beat strength, held against music21."""

import math
from fractions import Fraction

import pytest

from lstm_music.music.beats import beat_strengths
from lstm_music.music.meter import Meter

METERS = [
    *("2/4", "3/4", "4/4", "5/4", "6/4", "7/4", "1/4", "2/2", "3/2"),
    *("3/8", "4/8", "5/8", "6/8", "7/8", "8/8", "9/8", "11/8", "12/8", "15/8", "6/16"),
]


@pytest.mark.parametrize("name", METERS)
def test_levels_are_the_accent_weights_of_music21(name):
    from music21.meter import TimeSignature

    signature = TimeSignature(name)
    weights = [
        signature.getAccentWeight(Fraction(step, 24), forcePositionMatch=True)
        for step in range(Meter.parse(name).bar_steps)
    ]
    expected = [round(-math.log2(weight)) for weight in weights]
    assert beat_strengths(Meter.parse(name)).tolist() == expected


@pytest.mark.parametrize("numerator", range(1, 65))
def test_divisions_are_those_of_music21_for_every_numerator(numerator):
    from music21.meter import TimeSignature

    # music21 cannot divide the shortest and longest bars (1/32, 16/1, 32/2); none over 8.
    weights = [part.weight for part in TimeSignature(f"{numerator}/8").accentSequence]
    expected = [round(-math.log2(weight)) for weight in weights]
    # Over 1 every division of the bar falls on a step.
    levels = beat_strengths(Meter(0, numerator, 1))
    assert levels[:: len(levels) // len(expected)].tolist() == expected


def test_levels_fit_their_stream():
    for numerator in range(1, 65):
        for denominator in (1, 2, 4, 8, 16, 32):
            levels = beat_strengths(Meter(0, numerator, denominator))
            assert levels[0] == 0
            assert levels.max() < 8
