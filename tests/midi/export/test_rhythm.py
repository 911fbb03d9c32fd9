"""Every rhythm of the grid is written, as long as it is, in note values that show the beats."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_strategies import METERS, examples

from lstm_music.midi.export.rhythm import Span, written
from lstm_music.music.meter import Meter

QUARTERS = {
    "breve": 8,
    "whole": 4,
    "half": 2,
    "quarter": 1,
    "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4),
    "32nd": Fraction(1, 8),
    "64th": Fraction(1, 16),
}
LETTERS = {"whole": "w", "half": "h", "quarter": "q", "eighth": "e", "16th": "s", "32nd": "t"}


def steps(segment):
    value = QUARTERS[segment.value.type] * (Fraction(3, 2) if segment.value.dots else 1)
    return 24 * value * (Fraction(2, 3) if segment.triplet else 1)


def as_text(segments, spans):
    """Letters of the note values; dots, 3 for triplets, ~ where tied, rests in brackets."""
    words = []
    for i, s in enumerate(segments):
        word = LETTERS[s.value.type] + "." * s.value.dots + ("3" if s.triplet else "")
        goes_on = i + 1 < len(segments) and segments[i + 1].span == s.span
        is_rest = spans[s.span].is_rest
        words.append(f"({word})" if is_rest else word + "~" * goes_on)
    return " ".join(words)


@pytest.mark.parametrize(
    ("meter", "lengths", "expected"),
    [
        ("4/4", [96], "w"),
        ("4/4", [24, 48, 24], "q h q"),
        ("4/4", [12, 24, 24, 36], "e q e~ e q."),
        ("4/4", [36, 12, 48], "q. e h"),
        ("4/4", [36, 36, 24], "q. e~ q q"),
        ("4/4", [60, 36], "h~ e q."),
        ("4/4", [-24, 24, -48], "(q) q (h)"),
        ("4/4", [24, -72], "q (q) (h)"),
        ("3/4", [72], "h."),
        ("3/4", [12, 60], "e e~ h"),
        ("3/4", [24, -48], "q (q) (q)"),
        ("6/8", [36, 36], "q. q."),
        ("6/8", [24, 12, 24, 12], "q e q e"),
        ("6/8", [48, 24], "q.~ e q"),
        ("6/8", [-36, 12, 24], "(q.) e q"),
        ("6/8", [18, 18, 36], "e. e. q."),  # duplets
        ("9/8", [108], "h.~ q."),
        ("12/8", [72, 72], "h. h."),
        ("4/4", [8, 8, 8, 72], "e3 e3 e3 h."),
        ("4/4", [16, 8, 72], "q3 e3 h."),
        ("4/4", [16, 16, 16, 48], "q3 q3 q3 h"),
        ("4/4", [32, 32, 32], "h3 h3 h3"),
        ("4/4", [12, 4, 4, 4, 72], "e s3 s3 s3 h."),
        ("4/4", [4] * 6 + [72], "s3 s3 s3 s3 s3 s3 h."),
        ("4/4", [8, 40, 48], "e3 q3~ q h"),
        ("2/2", [3, 9, 84], "t s. q.~ h"),
    ],
)
def test_it_is_written_as_a_musician_would(meter, lengths, expected):
    meter = Meter.parse(meter)
    spans, at = [], 0
    for length in lengths:
        spans.append(Span(at, at + abs(length), length < 0))
        at += abs(length)
    assert at == meter.bar_steps
    assert as_text(written(spans, meter), spans) == expected


@examples(300)
@given(METERS, st.data())
def test_any_rhythm_is_as_long_as_it_is_written(meter, data):
    meter = Meter(0, *meter)
    bar = meter.bar_steps
    inside = data.draw(st.sets(st.integers(1, max(bar - 1, 1)), max_size=8))
    start = data.draw(st.integers(0, bar - 1))  # a pickup
    edges = sorted({start, bar, *(cut for cut in inside if start < cut < bar)})
    rests = data.draw(st.lists(st.booleans(), min_size=len(edges), max_size=len(edges)))
    spans = [Span(a, b, rest) for (a, b), rest in zip(pairwise(edges), rests)]
    segments = written(spans, meter)
    assert [s.start for s in segments[1:]] == [s.end for s in segments[:-1]]
    for segment in segments:
        assert steps(segment) == segment.end - segment.start
        span = spans[segment.span]
        assert span.start <= segment.start < segment.end <= span.end
        if segment.triplet:
            first, size = segment.triplet
            assert first <= segment.start < segment.end <= first + size


def test_nothing_is_written_of_nothing():
    assert written([], Meter(0, 4, 4)) == []
