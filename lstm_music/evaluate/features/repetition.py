"""What comes back: bars, their shapes, and runs of notes."""

from __future__ import annotations

from itertools import pairwise

from lstm_music.evaluate.bars import DRUMS, contents_by_bar, mean_likeness, places_by_bar
from lstm_music.evaluate.features.numbers import Features, mean
from lstm_music.evaluate.form import form_of_bars
from lstm_music.evaluate.statistics import longest_repeat, longest_same_pitch_run, note_rows
from lstm_music.evaluate.view import View

_LAGS = (1, 2, 4, 8)

_Shape = tuple[tuple[int, ...], tuple[int, ...]]


def repetition_features(view: View) -> Features:
    """How alike bars are, and which return."""
    # Tracks count in place of instruments, which are not composed.
    tracks = [DRUMS if track.is_drum else i % DRUMS for i, track in enumerate(view.piece.tracks)]
    places, shapes = places_by_bar(view, tracks), _shapes(view)
    form = form_of_bars(contents_by_bar(view, tracks))
    features: Features = {}
    for lag in _LAGS:
        features[f"likeness to the bar {lag} before"] = mean_likeness(places, lag)
        features[f"bars equal to the one {lag} before"] = form.equal[lag]
        features[f"variations of the bar {lag} before"] = form.varied[lag]
    for lag in _LAGS[:3]:
        pairs = zip(shapes[lag:], shapes, strict=False)
        features[f"shape of the bar {lag} before, in any key"] = mean(
            [shape == before for shape, before in pairs if shape]
        )
    return features | {"bars equal to any earlier one": form.returning}


def run_features(view: View) -> Features:
    """How long runs of notes come again."""
    n_notes = max(len(view.piece.notes), 1)
    return {
        "longest repeat, share of the notes": longest_repeat(note_rows(view.piece)) / n_notes,
        "longest run of one pitch, share of the notes": (
            longest_same_pitch_run(view.piece) / n_notes
        ),
    }


def _shapes(view: View) -> list[_Shape | None]:
    """Places and intervals of the highest part of each bar; None for fewer than two notes."""
    if not view.parts:
        return []
    top = max(view.parts, key=lambda part: sum(part.pitches) / len(part.pitches))
    bars: list[list[tuple[int, int]]] = [[] for _ in range(view.bar_at[top.onsets[-1]] + 1)]
    for onset, pitch in zip(top.onsets, top.pitches, strict=True):
        bars[view.bar_at[onset]].append((view.place_at[onset], pitch))
    return [_shape(bar) if len(bar) > 1 else None for bar in bars]


def _shape(notes: list[tuple[int, int]]) -> _Shape:
    return (
        tuple(place for place, _ in notes),
        tuple(after - before for (_, before), (_, after) in pairwise(notes)),
    )
