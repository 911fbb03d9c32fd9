"""Scales, chords, and what sounds over the bass."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from math import sqrt
from operator import itemgetter

from lstm_music.evaluate.features.numbers import (
    Features,
    commonest,
    distinct,
    entropy,
    mean,
    share,
)
from lstm_music.evaluate.metrics import share_in_scale
from lstm_music.evaluate.view import Columns, View
from lstm_music.evaluate.voice_leading import parallel_rates, root_position_at_rest
from lstm_music.music.harmony.find import NO_CHORD, QUALITIES, chord_rows

_PHRASE_BARS = 4
_TRIADS = {
    frozenset((root + tone) % 12 for tone in triad)
    for root in range(12)
    for triad in ((0, 4, 7), (0, 3, 7))
}
"""The pitch classes of the major and minor triads."""

_SEVENTHS = [QUALITIES.index(name) for name in ("7", "maj7", "m7", "m7b5")]
_MINOR = [QUALITIES.index(name) for name in ("min", "m7")]
_UNSTABLE = [QUALITIES.index(name) for name in ("dim", "aug", "m7b5")]


def key_features(view: View) -> Features:
    """How firmly the pitched notes keep to one scale."""
    classes = Counter(pitch % 12 for pitch in view.pitched.pitches)
    phrases = [share_in_scale(counts) for counts in _classes_between(view, _phrases(view))]
    return {
        "pitch classes, entropy": entropy(classes),
        "pitch classes, commonest": commonest(classes),
        "scale consistency": share_in_scale([classes[i] for i in range(12)]),
        "scale consistency of four bars": mean([x for x in phrases if x is not None]),
        "first and last third use the same pitch classes": _likeness_of_thirds(view),
    }


def _phrases(view: View) -> list[int]:
    """Where each four bars begin, and where the last end."""
    starts = [view.piece.pickup_steps]
    while starts[-1] < view.end_steps:
        end = starts[-1]
        for _ in range(_PHRASE_BARS):
            end = view.lines.bar_end(end)
        starts.append(end)
    return starts


def _classes_between(view: View, bounds: Sequence[float]) -> list[list[int]]:
    """How many pitched notes of each pitch class begin from each bound to the next."""
    places = [bisect_left(view.pitched.onsets, bound) for bound in bounds]
    classes = bytes([pitch % 12 for pitch in view.pitched.pitches])  # it counts fast
    return [[classes.count(i, a, b) for i in range(12)] for a, b in pairwise(places)]


def _likeness_of_thirds(view: View) -> float | None:
    """Cosine of the counts of pitch classes, 0..1."""
    third = view.end_steps / 3
    first, _, last = _classes_between(view, [0, third, 2 * third, view.end_steps])
    size = sqrt(sum(n * n for n in first)) * sqrt(sum(n * n for n in last))
    return sum(a * b for a, b in zip(first, last, strict=True)) / size if size else None


def chord_features(view: View) -> Features:
    """The chords that are found in the notes, beat by beat, and how they follow one another."""
    rows = zip(*(column.tolist() for column in chord_rows(view.piece)), strict=True)
    chords = [(onset, root, quality) for onset, root, quality in rows if root != NO_CHORD]
    counts = Counter((root, quality) for _, root, quality in chords)
    qualities = Counter(quality for _, _, quality in chords)
    turns = ((after - before) % 12 for (_, before, _), (_, after, _) in pairwise(chords))
    moves = Counter(turn for turn in turns if turn)
    n_bars = view.lines.bar_at(max(view.end_steps - 1, 0)) + 1
    return {
        "chords a bar": len(chords) / n_bars if chords else None,
        "chords, distinct": distinct(counts),
        "chords, entropy": entropy(counts),
        "chords that begin on a bar line": mean(
            [view.lines.is_bar_line(onset) for onset, _, _ in chords]
        ),
        "minor chords": share(qualities, *_MINOR),
        "seventh chords": share(qualities, *_SEVENTHS),
        "diminished and augmented chords": share(qualities, *_UNSTABLE),
        "roots that fall a fifth": share(moves, 5),
        "roots that rise a fifth": share(moves, 7),
        "roots that move by step": share(moves, 1, 2, 10, 11),
        "roots that move by a third": share(moves, 3, 4, 8, 9),
    }


def sonority_features(view: View) -> Features:
    """What sounds together at each onset, and on what chords the parts rest."""
    chords = [sorted(pitches) for pitches in _sounding(view.pitched)]
    over_bass = Counter((pitch - bass) % 12 for bass, *upper in chords for pitch in upper)
    classes = [frozenset(pitch % 12 for pitch in chord) for chord in chords]
    return {
        "over the bass: octaves": share(over_bass, 0),
        "over the bass: thirds and sixths": share(over_bass, 3, 4, 8, 9),
        "over the bass: fifths": share(over_bass, 7),
        "over the bass: fourths": share(over_bass, 5),
        "over the bass: dissonances": share(over_bass, 1, 2, 6, 10, 11),
        "triads among three notes or more": mean([c in _TRIADS for c in classes if len(c) >= 3]),
        "chords at rest on their root": root_position_at_rest(view.piece),
    }


def _sounding(notes: Columns) -> Iterator[set[int]]:
    """The pitches that sound at each onset, those that begin there included."""
    sounding: list[tuple[int, int]] = []
    for onset, group in groupby(
        zip(notes.onsets, notes.ends, notes.pitches, strict=True), key=itemgetter(0)
    ):
        sounding = [(end, pitch) for end, pitch in sounding if end > onset]
        sounding += [(end, pitch) for _, end, pitch in group]
        yield {pitch for _, pitch in sounding}


def parallel_features(view: View) -> Features:
    """Parallel perfect intervals between parts."""
    rates = parallel_rates(view.piece)
    return {f"parallel {kind} per 100 notes": rate for kind, rate in rates.items()}
