"""Augmentation: another key, tempo, instrument or loudness, the same music.

Transposition teaches the network every key. The others are there because the free corpora are
nearly all piano at 120 bpm and one loudness: without them the embeddings of every other program,
tempo and velocity would never be trained, and a seed that has them would be strange to the model.
The free drums, on the other hand, are all played by hand: half of the time they are straightened.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lstm_music.errors import ConfigError
from lstm_music.music.piece import Piece, on_their_onsets
from lstm_music.tokens.vocabulary import (
    DEFAULT,
    TEMPO_BINS_PER_OCTAVE,
    index_key,
    key_index,
)
from lstm_music.types import BoolArray, IntArray

LOWEST_MIDI, HIGHEST_MIDI = 24, 103
"""Transposition leads no note out of here (C1 to G7) that was not out already."""

_CHANCES = {
    "tempo": 0.5,
    "programs": 0.3,
    "one_program": 0.5,  # of these, how many have one program for all tracks
    "velocity": 0.3,
    "hide_style": 0.1,
    "hide_key": 0.1,
    "straighten": 0.5,  # of the pieces that are drums alone
}
_STRAIGHT_GRIDS = (6, 8)  # 16ths, triplet eighths
_MAX_TEMPO_BINS = 9
_MAX_VELOCITY_CHANGE = 40


def pitched_notes(piece: Piece) -> BoolArray:
    """Which notes have a pitch, (N,) bool; drum hits have none."""
    pitched = np.array([not track.is_drum for track in piece.tracks], bool)
    return np.asarray(pitched[piece.notes["track"]] if len(piece.notes) else np.empty(0, bool))


def transpose(piece: Piece, semitones: int) -> Piece:
    """The piece ``semitones`` higher, its key with it; drums stay.

    Raises
    ------
    ConfigError : a note would leave 0..127.
    """
    if not semitones:
        return piece
    notes = piece.notes.copy()
    pitches = notes["pitch_midi"].astype(np.int64) + semitones * pitched_notes(piece)
    if len(pitches) and not 0 <= pitches.min() <= pitches.max() <= 127:
        raise ConfigError(f"{semitones} semitones lead out of the MIDI pitches 0..127")
    notes["pitch_midi"] = pitches
    return piece.replace(notes=notes, key=piece.key and piece.key.transposed(semitones))


def transpositions(piece: Piece, lowest: int = -5, highest: int = 6) -> range:
    """The semitones that keep the piece in a sane range, 0 always among them."""
    pitches = piece.notes["pitch_midi"][pitched_notes(piece)]
    return _room(pitches.astype(np.int32), lowest, highest)


def transpose_tokens(tokens: IntArray, semitones: int) -> IntArray:
    """The same as `transpose` for a whole piece's tokens (N,) int32, and thirty times faster."""
    if not semitones:
        return tokens
    moved = tokens.copy()
    moved[DEFAULT.is_kind(tokens, "pitch")] += semitones
    for place in np.flatnonzero(DEFAULT.is_kind(tokens, "key")):
        key = index_key(int(tokens[place]) - DEFAULT["key"].start)
        if key is not None:
            moved[place] = DEFAULT["key"][key_index(key.transposed(semitones))]
    return moved


def token_transpositions(tokens: IntArray, lowest: int = -5, highest: int = 6) -> range:
    """The same as `transpositions`, for tokens (N,) int32."""
    return _room(tokens[DEFAULT.is_kind(tokens, "pitch")] - DEFAULT["pitch"].start, lowest, highest)


def _room(pitches: IntArray, lowest: int, highest: int) -> range:
    if not len(pitches):
        return range(1)
    down = min(int(pitches.min()) - LOWEST_MIDI, -lowest)
    up = min(HIGHEST_MIDI - int(pitches.max()), highest)
    return range(-max(down, 0), max(up, 0) + 1)


def vary(piece: Piece, rng: np.random.Generator) -> Piece:
    """Another reading of the piece, drawn from ``rng``.

    Transposed by any of `transpositions`; now and then in another tempo, on other instruments,
    louder or softer as a whole, and without its style or key; drums alone straightened.
    """
    # Every draw is made for every piece, so that one setting cannot shift another's draws.
    chance = dict(zip(_CHANCES, rng.random(len(_CHANCES)), strict=True))
    choices = transpositions(piece)
    piece = transpose(piece, choices[int(rng.integers(len(choices)))])
    tempo_bins = int(rng.integers(-_MAX_TEMPO_BINS, _MAX_TEMPO_BINS + 1))
    velocity = int(rng.integers(-_MAX_VELOCITY_CHANGE, _MAX_VELOCITY_CHANGE + 1))
    programs = rng.integers(0, 128, max(len(piece.tracks), 1))
    changes: dict[str, Any] = {}
    if chance["tempo"] < _CHANCES["tempo"]:
        factor = 2.0 ** (tempo_bins / TEMPO_BINS_PER_OCTAVE)
        changes["tempos"] = tuple(
            replace(t, usec_per_quarter=round(t.usec_per_quarter * factor)) for t in piece.tempos
        )
    if chance["programs"] < _CHANCES["programs"]:
        if chance["one_program"] < _CHANCES["one_program"]:
            programs[:] = programs[0]
        changes["tracks"] = tuple(
            track if track.is_drum else replace(track, program=int(program))
            for track, program in zip(piece.tracks, programs)
        )
    if chance["velocity"] < _CHANCES["velocity"]:
        notes = piece.notes.copy()
        notes["velocity"] = np.clip(notes["velocity"].astype(np.int64) + velocity, 1, 127)
        changes["notes"] = notes
    if chance["hide_style"] < _CHANCES["hide_style"]:
        changes["style"] = ""
    if chance["hide_key"] < _CHANCES["hide_key"]:
        changes["key"] = None
    piece = piece.replace(**changes)
    if chance["straighten"] < _CHANCES["straighten"] and not pitched_notes(piece).any():
        piece = straighten(piece)
    return piece


def straighten(piece: Piece) -> Piece:
    """Every onset on the nearest 16th, or triplet eighth if these fit better as a whole."""
    onsets = piece.notes["onset_steps"].astype(np.int64)
    snapped = [(onsets + grid // 2) // grid * grid for grid in _STRAIGHT_GRIDS]
    # The coarser grid is always farther off: compare relative to its spacing.
    errors = [np.abs(onsets - s).sum() / g for s, g in zip(snapped, _STRAIGHT_GRIDS, strict=True)]
    notes = on_their_onsets(piece.notes)
    notes["onset_steps"] = snapped[int(np.argmin(errors))]
    return piece.replace(notes=notes)
