"""How the parts move, and where they lie."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.features.numbers import (
    Features,
    commonest,
    deviation,
    entropy,
    mean,
    next_entropy,
)
from lstm_music.evaluate.upper_lines import parts_of
from lstm_music.music.piece import Piece, pitched_notes

_LEAP = 5
"""Semitones; smaller intervals are steps and thirds."""

_Ints = npt.NDArray[np.int64]


def interval_features(piece: Piece) -> Features:
    """From note to note in each part."""
    moves = [np.diff(part.pitch_midi) for part in parts_of(piece)]
    steps = np.concatenate([np.empty(0, np.int64), *moves])
    sizes, turning = np.abs(steps), [_turns(move) for move in moves]
    turns = np.concatenate([np.empty(0, bool), *(turn for turn, _ in turning)])
    leaps = np.concatenate([np.empty(0, bool), *(leap for _, leap in turning)])
    return {
        "repeated pitches": mean(sizes == 0),
        "semitones": mean(sizes == 1),
        "whole tones": mean(sizes == 2),
        "thirds": mean((sizes == 3) | (sizes == 4)),
        "fourths and fifths": mean((sizes == 5) | (sizes == 7)),
        "tritones": mean(sizes == 6),
        "sixths and sevenths": mean((sizes > 7) & (sizes < 12)),
        "octaves": mean(sizes == 12),
        "leaps over an octave": mean(sizes > 12),
        "interval, mean size": mean(sizes),
        "intervals upward": mean(steps[steps != 0] > 0),
        "intervals, entropy": entropy(steps),
        "intervals, entropy given the last": next_entropy(steps),
        "turns of the line": mean(turns),
        "leaps after which the line turns": mean(turns[leaps]),
    }


def _turns(steps: _Ints) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Of each movement after another, repeated pitches left out: does it turn; from a leap?"""
    moving = steps[steps != 0]
    return moving[1:] * moving[:-1] < 0, np.abs(moving[:-1]) >= _LEAP


def register_features(piece: Piece) -> Features:
    """Where the pitched notes lie."""
    notes = pitched_notes(piece)
    pitches = notes["pitch_midi"].astype(np.int64)
    parts = parts_of(piece)
    means = [float(part.pitch_midi.mean()) for part in parts]
    spans = [float(np.ptp(np.percentile(part.pitch_midi, [10, 90]))) for part in parts]
    late = notes["onset_steps"] >= piece.end_steps / 2
    drifts = bool(late.any()) and not bool(late.all())
    return {
        "pitch, mean": mean(pitches),
        "pitch, deviation": deviation(pitches),
        "pitches, entropy": entropy(pitches),
        "pitches, commonest": commonest(pitches),
        "pitches, distinct": float(len(np.unique(pitches))) if len(pitches) else None,
        "pitch of the highest part": max(means, default=None),
        "pitch of the lowest part": min(means, default=None),
        "span of a part": mean(spans),
        "rise from first to second half": (
            float(pitches[late].mean() - pitches[~late].mean()) if drifts else None
        ),
    }
