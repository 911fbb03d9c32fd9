"""When notes begin, and how long they are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.bars import SIXTEENTH_STEPS, bar_places
from lstm_music.evaluate.features.numbers import (
    Features,
    commonest,
    deviation,
    entropy,
    mean,
    next_entropy,
)
from lstm_music.evaluate.metrics import groove_consistency
from lstm_music.evaluate.upper_lines import parts_of
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import Piece, pitched_notes

_EIGHTH = STEPS_PER_QUARTER // 2
_PHRASE_BARS = 4

_Ints = npt.NDArray[np.int64]


def rhythm_features(piece: Piece) -> Features:
    """Density, places in the bar, distances between onsets, and rhythms of bars."""
    lines, notes = piece.bar_lines, piece.notes
    onsets, counts = np.unique(notes["onset_steps"].astype(np.int64), return_counts=True)
    bars = lines.bars_at(onsets)
    places, _ = lines.places(onsets)
    beats = np.array([lines.meter_at(onset).beat_steps for onset in onsets.tolist()], np.int64)
    n_bars = int(bars.max(initial=-1)) + 1
    notes_of_bar = np.bincount(bars, counts, n_bars)
    onsets_of_bar = np.bincount(bars, minlength=n_bars)
    gaps = np.diff(onsets)
    return {
        "notes a bar": mean(notes_of_bar),
        "notes a bar, deviation": deviation(notes_of_bar),
        "onsets a bar": mean(onsets_of_bar),
        "onsets a bar, deviation": deviation(onsets_of_bar),
        "bars in which nothing begins": mean(onsets_of_bar == 0),
        "bars with an onset on their line": mean(np.isin(np.arange(n_bars), bars[places == 0])),
        **_places(places, beats),
        "distances between onsets, entropy": entropy(gaps),
        "distances between onsets, entropy given the last": next_entropy(gaps),
        "distances between onsets, commonest": commonest(gaps),
        "distances between onsets, distinct": float(len(np.unique(gaps))) if len(gaps) else None,
        **_rhythms_of_bars(piece),
        "groove consistency": groove_consistency(piece),
    }


def _places(places: _Ints, beats: _Ints) -> Features:
    """How the onsets share out the places of a bar."""
    on_beat = places % beats == 0
    on_8th = places % _EIGHTH == 0
    on_16th = places % SIXTEENTH_STEPS == 0
    return {
        "onsets on bar lines": mean(places == 0),
        "onsets on other beats": mean(on_beat & (places > 0)),
        "onsets on 8ths between beats": mean(on_8th & ~on_beat),
        "onsets on 16ths between 8ths": mean(on_16th & ~on_8th & ~on_beat),
        "onsets off the 16ths": mean(~on_16th & ~on_beat),
    }


def _rhythms_of_bars(piece: Piece) -> Features:
    """How often a bar has onsets where another has them, on the nearest 16ths."""
    rhythms = [frozenset(place for place, *_ in bar) for bar in bar_places(piece)]
    return {
        "distinct rhythms of bars": len(set(rhythms)) / len(rhythms) if rhythms else None,
        **{
            f"rhythm of the bar {lag} before": mean(
                [a == b for a, b in zip(rhythms[lag:], rhythms, strict=False)]
            )
            for lag in (1, 2, 4)
        },
    }


def length_features(piece: Piece) -> Features:
    """How long the pitched notes are, and what is between them."""
    notes = pitched_notes(piece)
    lengths = notes["duration_steps"].astype(np.int64)
    onsets = notes["onset_steps"].astype(np.int64)
    logs = np.log2(lengths / STEPS_PER_QUARTER)
    return {
        "lengths, distinct": float(len(np.unique(lengths))) if len(lengths) else None,
        "lengths, entropy": entropy(lengths),
        "lengths, commonest": commonest(lengths),
        "lengths, mean log2 quarters": mean(logs),
        "lengths, deviation of log2": deviation(logs),
        "notes shorter than an 8th": mean(lengths < _EIGHTH),
        "8th notes": mean(lengths == _EIGHTH),
        "quarter notes": mean(lengths == STEPS_PER_QUARTER),
        "notes longer than a quarter": mean(lengths > STEPS_PER_QUARTER),
        "notes held over the next beat": _held_over_beat(piece, onsets, lengths),
        "notes that last until the next": _legato(piece),
        "longest notes of four bars in the fourth": _longest_in_fourth_bar(piece, onsets, lengths),
    }


def _held_over_beat(piece: Piece, onsets: _Ints, lengths: _Ints) -> float | None:
    """Share of the notes that begin off a beat and sound on through the next one."""
    lines = piece.bar_lines
    beats = np.array([lines.meter_at(onset).beat_steps for onset in onsets.tolist()], np.int64)
    places, _ = lines.places(onsets)
    return mean((places % beats > 0) & (lengths > beats - places % beats)) if len(onsets) else None


def _legato(piece: Piece) -> float | None:
    """Share of the notes of the parts that sound until the part's next one begins."""
    held = [
        end >= begin
        for part in parts_of(piece)
        for (end, _), (_, begin) in pairwise(
            zip(part.end_steps.tolist(), part.onset_steps.tolist(), strict=True)
        )
    ]
    return mean(held)


def _longest_in_fourth_bar(piece: Piece, onsets: _Ints, lengths: _Ints) -> float | None:
    """How many of the longest notes of each four bars begin in the fourth, 0..1; the mean."""
    bars = piece.bar_lines.bars_at(onsets) - (piece.pickup_steps > 0)
    shares = []
    for phrase in range(int(bars.max(initial=-1) + 1) // _PHRASE_BARS):
        mine = bars // _PHRASE_BARS == phrase
        is_longest = lengths[mine] == lengths[mine].max(initial=0)
        if is_longest.any():
            shares.append(np.mean(bars[mine][is_longest] % _PHRASE_BARS == _PHRASE_BARS - 1))
    return mean(shares)
