"""When notes begin, and how long they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from math import log2

from lstm_music.evaluate.bars import by_bar
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
from lstm_music.evaluate.metrics import groove_consistency
from lstm_music.evaluate.view import SIXTEENTH_STEPS, View
from lstm_music.music.grid import STEPS_PER_QUARTER

_EIGHTH = STEPS_PER_QUARTER // 2
_PHRASE_BARS = 4


def rhythm_features(view: View) -> Features:
    """Density, places in the bar, distances between onsets, and rhythms of bars."""
    notes_of_bar = Counter(view.bars)
    onsets_of_bar = Counter(view.bar_at.values())
    bars = range(max(onsets_of_bar, default=-1) + 1)
    notes_a_bar = Counter(notes_of_bar[bar] for bar in bars)
    onsets_a_bar = Counter(onsets_of_bar[bar] for bar in bars)
    gaps = [after - before for before, after in pairwise(view.onsets)]
    counts = Counter(gaps)
    return {
        "notes a bar": mean_of(notes_a_bar),
        "notes a bar, deviation": deviation_of(notes_a_bar),
        "onsets a bar": mean_of(onsets_a_bar),
        "onsets a bar, deviation": deviation_of(onsets_a_bar),
        "bars in which nothing begins": share(onsets_a_bar, 0),
        "bars with an onset on their line": (
            sum(place == 0 for place in view.place_at.values()) / len(bars) if bars else None
        ),
        **_places(view),
        "distances between onsets, entropy": entropy(counts),
        "distances between onsets, entropy given the last": next_entropy(gaps),
        "distances between onsets, commonest": commonest(counts),
        "distances between onsets, distinct": distinct(counts),
        **_rhythms_of_bars(view),
        "groove consistency": groove_consistency(view.piece),
    }


def _places(view: View) -> Features:
    """How the onsets share out the places of a bar."""
    kinds = Counter(_kind(place, view.beat_at[onset]) for onset, place in view.place_at.items())
    return {
        "onsets on bar lines": share(kinds, "line"),
        "onsets on other beats": share(kinds, "beat"),
        "onsets on 8ths between beats": share(kinds, "8th"),
        "onsets on 16ths between 8ths": share(kinds, "16th"),
        "onsets off the 16ths": share(kinds, "other"),
    }


def _kind(place: int, beat: int) -> str:
    """What falls on a place of a bar."""
    if place % beat == 0:
        return "beat" if place else "line"
    if place % _EIGHTH == 0:
        return "8th"
    return "other" if place % SIXTEENTH_STEPS else "16th"


def _rhythms_of_bars(view: View) -> Features:
    """How often a bar has onsets where another has them, on the nearest 16ths."""
    rhythms = by_bar(view.sixteenth_at.values())
    return {
        "distinct rhythms of bars": len(set(rhythms)) / len(rhythms) if rhythms else None,
        **{
            f"rhythm of the bar {lag} before": mean(
                [a == b for a, b in zip(rhythms[lag:], rhythms, strict=False)]
            )
            for lag in (1, 2, 4)
        },
    }


def length_features(view: View) -> Features:
    """How long the pitched notes are, and what is between them."""
    lengths = view.pitched.lengths
    counts = Counter(lengths)
    logs = Counter({log2(length / STEPS_PER_QUARTER): n for length, n in counts.items()})
    return {
        "lengths, distinct": distinct(counts),
        "lengths, entropy": entropy(counts),
        "lengths, commonest": commonest(counts),
        "lengths, mean log2 quarters": mean_of(logs),
        "lengths, deviation of log2": deviation_of(logs),
        "notes shorter than an 8th": mean([length < _EIGHTH for length in lengths]),
        "8th notes": share(counts, _EIGHTH),
        "quarter notes": share(counts, STEPS_PER_QUARTER),
        "notes longer than a quarter": mean([length > STEPS_PER_QUARTER for length in lengths]),
        "notes held over the next beat": _held_over_beat(view),
        "notes that last until the next": _legato(view),
        "longest notes of four bars in the fourth": _longest_in_fourth_bar(view),
    }


def _held_over_beat(view: View) -> float | None:
    """Share of the notes that begin off a beat and sound on through the next one."""
    to_next_beat = {
        onset: beat - view.place_at[onset] % beat for onset, beat in view.beat_at.items()
    }
    notes = zip(view.pitched.onsets, view.pitched.lengths, strict=True)
    return mean([view.beat_at[onset] > to_next_beat[onset] < length for onset, length in notes])


def _legato(view: View) -> float | None:
    """Share of the notes of the parts that sound until the part's next one begins."""
    held = [
        end >= after
        for part in view.parts
        for end, after in zip(part.ends, part.onsets[1:], strict=False)
    ]
    return mean(held)


def _longest_in_fourth_bar(view: View) -> float | None:
    """How many of the longest notes of each four bars begin in the fourth, 0..1; the mean."""
    notes = defaultdict[int, list[tuple[int, int]]](list)
    bar = -1
    for onset, length in zip(view.pitched.onsets, view.pitched.lengths, strict=True):
        bar = view.bar_at[onset] - (view.piece.pickup_steps > 0)
        notes[bar // _PHRASE_BARS].append((length, bar % _PHRASE_BARS))
    shares = []
    for phrase in range((bar + 1) // _PHRASE_BARS):
        longest = max((length for length, _ in notes[phrase]), default=0)
        which = [number for length, number in notes[phrase] if length == longest]
        if which:
            shares.append(which.count(_PHRASE_BARS - 1) / len(which))
    return mean(shares)
