"""Transposition: the one augmentation, since it changes no rhythm and no drum."""

from __future__ import annotations

import numpy as np

from lstm_music.errors import ConfigError
from lstm_music.music.piece import Piece
from lstm_music.tokens.vocabulary import DEFAULT, index_key, key_index
from lstm_music.types import BoolArray, IntArray

LOWEST_MIDI, HIGHEST_MIDI = 24, 103
"""Transposition leads no note out of here (C1 to G7) that was not out already."""


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
    """The same as `transpose`, without leaving the tokens: much faster.

    Parameters
    ----------
    tokens : (N,) int32.
    semitones : one of `token_transpositions`.
    """
    if not semitones:
        return tokens
    moved = tokens.copy()
    moved[_is_kind(tokens, "pitch")] += semitones
    for place in np.flatnonzero(_is_kind(tokens, "key")):
        key = index_key(int(tokens[place]) - DEFAULT["key"].start)
        if key is not None:
            moved[place] = DEFAULT["key"][key_index(key.transposed(semitones))]
    return moved


def token_transpositions(tokens: IntArray, lowest: int = -5, highest: int = 6) -> range:
    """The same as `transpositions`, for tokens (N,) int32."""
    return _room(tokens[_is_kind(tokens, "pitch")] - DEFAULT["pitch"].start, lowest, highest)


def _is_kind(tokens: IntArray, kind: str) -> BoolArray:
    return np.asarray((tokens >= DEFAULT[kind].start) & (tokens < DEFAULT[kind].stop))


def _room(pitches: IntArray, lowest: int, highest: int) -> range:
    if not len(pitches):
        return range(1)
    down = min(int(pitches.min()) - LOWEST_MIDI, -lowest)
    up = min(HIGHEST_MIDI - int(pitches.max()), highest)
    return range(-max(down, 0), max(up, 0) + 1)
