"""What comes back: bars, their shapes, and runs of notes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lstm_music.evaluate.bars import bar_places, mean_likeness
from lstm_music.evaluate.features.numbers import Features, mean
from lstm_music.evaluate.form import form_of
from lstm_music.evaluate.statistics import longest_repeat, longest_same_pitch_run, note_rows
from lstm_music.evaluate.upper_lines import parts_of
from lstm_music.music.piece import Piece

_LAGS = (1, 2, 4, 8)


def repetition_features(piece: Piece) -> Features:
    """How alike bars are, and which return."""
    piece = _with_a_program_a_track(piece)
    places, form, shapes = bar_places(piece), form_of(piece), _shapes(piece)
    features: Features = {}
    for lag in _LAGS:
        features[f"likeness to the bar {lag} before"] = mean_likeness(places, lag)
        features[f"bars equal to the one {lag} before"] = form.equal[lag]
        features[f"variations of the bar {lag} before"] = form.varied[lag]
    for lag in _LAGS[:3]:
        pairs = [(a, b) for a, b in zip(shapes[lag:], shapes, strict=False) if a]
        features[f"shape of the bar {lag} before, in any key"] = mean([a == b for a, b in pairs])
    return features | {"bars equal to any earlier one": form.returning}


def run_features(piece: Piece) -> Features:
    """How long runs of notes come again."""
    n_notes = max(len(piece.notes), 1)
    return {
        "longest repeat, share of the notes": longest_repeat(note_rows(piece)) / n_notes,
        "longest run of one pitch, share of the notes": longest_same_pitch_run(piece) / n_notes,
    }


def _with_a_program_a_track(piece: Piece) -> Piece:
    """So that tracks count in place of instruments, which are not composed."""
    tracks = (replace(track, program=i % 128) for i, track in enumerate(piece.tracks))
    return piece.replace(tracks=tuple(tracks))


def _shapes(piece: Piece) -> list[bytes]:
    """Places and intervals of the highest part of each bar; b"" for fewer than two notes."""
    parts = parts_of(piece)
    if not parts:
        return []
    top = max(parts, key=lambda part: float(part.pitch_midi.mean()))
    bars = piece.bar_lines.bars_at(top.onset_steps)
    places, _ = piece.bar_lines.places(top.onset_steps)
    found = []
    for bar in range(int(bars.max()) + 1):
        mine = bars == bar
        steps = np.diff(top.pitch_midi[mine])
        found.append(places[mine].tobytes() + steps.tobytes() if len(steps) else b"")
    return found
