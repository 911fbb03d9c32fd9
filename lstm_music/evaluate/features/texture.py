"""How many sound at once, how loud, and what the drums do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.bars import SIXTEENTH_STEPS
from lstm_music.evaluate.features.numbers import Features, deviation, entropy, mean
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import Piece, pitched_notes

# General MIDI drum keys.
_KICKS, _SNARES, _TOMS = (35, 36), (37, 38, 39, 40), (41, 43, 45, 47, 48, 50)
_HATS, _CYMBALS = (42, 44, 46), (49, 51, 52, 53, 55, 57, 59)

_Ints = npt.NDArray[np.int64]


def polyphony_features(piece: Piece) -> Features:
    """Pitched notes that sound and begin together."""
    notes = pitched_notes(piece)
    together = _sounding(notes, piece.end_steps)
    heard = together[together > 0]
    _, at_once = np.unique(notes["onset_steps"], return_counts=True)
    bars = piece.bar_lines.bars_at(piece.notes["onset_steps"])
    tracks = np.unique(np.stack([bars, piece.notes["track"].astype(np.int64)]), axis=1)[0]
    return {
        "notes that sound together": mean(heard),
        "notes that sound together, deviation": deviation(heard),
        "time with one note alone": mean(heard == 1),
        "time in silence": mean(together == 0) if len(notes) else None,
        "notes an onset": mean(at_once),
        "onsets of one note alone": mean(at_once == 1),
        "tracks that play in a bar": mean(np.unique(tracks, return_counts=True)[1]),
        "tracks that play in a bar, deviation": deviation(np.unique(tracks, return_counts=True)[1]),
    }


def _sounding(notes: npt.NDArray[np.void], end: int) -> _Ints:
    """How many of the notes sound at each step."""
    onsets = notes["onset_steps"].astype(np.int64)
    changes = np.zeros(end + 1, np.int64)
    np.add.at(changes, onsets, 1)
    np.add.at(changes, np.minimum(onsets + notes["duration_steps"], end), -1)
    return np.cumsum(changes)[:end]


def loudness_features(piece: Piece) -> Features:
    """Velocities, and how far notes are played off their onsets."""
    notes = piece.notes
    velocity = notes["velocity"].astype(float)
    places, _ = piece.bar_lines.places(notes["onset_steps"])
    on_quarter = places % STEPS_PER_QUARTER == 0
    by_track = [velocity[notes["track"] == track] for track in np.unique(notes["track"])]
    off = np.abs(notes["timing_96ths"].astype(float))
    accent = bool(on_quarter.any()) and not bool(on_quarter.all())
    return {
        "velocity, mean": mean(velocity),
        "velocity, deviation": deviation(velocity),
        "velocity, entropy": entropy(velocity),
        "velocity, change from note to note": mean(
            np.concatenate([np.empty(0), *(np.abs(np.diff(track)) for track in by_track)])
        ),
        "accent on quarters": (
            float(velocity[on_quarter].mean() - velocity[~on_quarter].mean()) if accent else None
        ),
        "timing off the grid": mean(off),
        "timing off the grid, deviation": deviation(off),
    }


def drum_features(piece: Piece) -> Features:
    """Which drums play where; None without drums."""
    is_drum = np.array([track.is_drum for track in piece.tracks] or [False], bool)
    strokes = piece.notes[is_drum[piece.notes["track"].astype(np.int64)]]
    keys = strokes["pitch_midi"]
    onsets = strokes["onset_steps"].astype(np.int64)
    places, _ = piece.bar_lines.places(onsets)
    nearest = (places + SIXTEENTH_STEPS // 2) // SIXTEENTH_STEPS
    bars = piece.bar_lines.bars_at(onsets)
    played = np.unique(bars)
    snare_at = {beat: bars[np.isin(keys, _SNARES) & (nearest == 4 * (beat - 1))] for beat in (2, 4)}
    both = np.isin(played, snare_at[2]) & np.isin(played, snare_at[4])
    return {
        "drums, distinct": float(len(np.unique(keys))) if len(keys) else None,
        "drums, entropy": entropy(keys),
        "strokes on the bass drum": mean(np.isin(keys, _KICKS)),
        "strokes on the snare": mean(np.isin(keys, _SNARES)),
        "strokes on the hi-hat": mean(np.isin(keys, _HATS)),
        "strokes on cymbals": mean(np.isin(keys, _CYMBALS)),
        "bars with toms": mean(np.isin(played, bars[np.isin(keys, _TOMS)])),
        "bars with the bass drum on 1": mean(
            np.isin(played, bars[np.isin(keys, _KICKS) & (nearest == 0)])
        ),
        "bars with the snare on 2 and 4": mean(both),
    }
