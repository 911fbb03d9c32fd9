"""Augmentation: another key, tempo, instrument or loudness, the same music.

Transposition teaches the network every key. The others are there because the free corpora are
nearly all piano at 120 bpm and one loudness: without them the embeddings of every other program,
tempo and velocity would never be trained, and a seed that has them would be strange to the model.
The free drums, on the other hand, are all played by hand: a share of them is straightened.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.music.instruments.general_midi import SOUNDING_RANGES
from lstm_music.music.piece import Piece, Track, on_their_onsets
from lstm_music.tokens.vocabulary import (
    DEFAULT,
    TEMPO_BINS_PER_OCTAVE,
    index_key,
    key_index,
)
from lstm_music.types import BoolArray, IntArray

_RANGES = np.array(SOUNDING_RANGES)

STRAIGHT_DRUMS = 0.5
"""Share of the pieces of drums alone that are straightened, unless told otherwise."""

_CHANCES = {
    "tempo": 0.5,
    "programs": 0.3,
    "one_program": 0.5,  # of these, how many have one program for all tracks
    "velocity": 0.3,
    "hide_style": 0.1,
    "hide_key": 0.1,
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
    keys = tuple(replace(c, key=c.key.transposed(semitones)) for c in piece.key_changes)
    key = piece.key and piece.key.transposed(semitones)
    return piece.replace(notes=notes, key=key, key_changes=keys)


def transpositions(piece: Piece, lowest: int = -5, highest: int = 6) -> range:
    """The semitones that keep every instrument within its range, 0 always among them.

    A track that is out of its range already is led no farther out, and not back in either: what
    it was written for is not the instrument that plays it.
    """
    pitched = pitched_notes(piece)
    programs = np.array([track.program for track in piece.tracks], np.int64)
    tracks = piece.notes["track"][pitched]
    pitches = piece.notes["pitch_midi"][pitched].astype(np.int64)
    return _room(programs[tracks] if len(tracks) else tracks, pitches, lowest, highest)


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
    programs = tokens[DEFAULT.is_kind(tokens, "program")] - DEFAULT["program"].start
    changes = DEFAULT.is_kind(tokens, "track")
    changes[:1] = True  # from the beginning on it is the first track
    numbers = np.where(DEFAULT.is_kind(tokens, "track"), tokens - DEFAULT["track"].start, 0)
    track = numbers[np.maximum.accumulate(np.where(changes, np.arange(len(tokens)), 0))]
    pitched = DEFAULT.is_kind(tokens, "pitch")
    pitches = tokens[pitched] - DEFAULT["pitch"].start
    return _room(programs[track[pitched]], pitches, lowest, highest)


def _room(
    programs: npt.NDArray[np.integer], pitches: npt.NDArray[np.integer], lowest: int, highest: int
) -> range:
    """How far notes, each with its program, may go down and up."""
    if not len(pitches):
        return range(1)
    ranges = _RANGES[programs]
    down = min(int((pitches - ranges[:, 0]).min()), -lowest)
    up = min(int((ranges[:, 1] - pitches).min()), highest)
    return range(-max(down, 0), max(up, 0) + 1)


def fitting_programs(lowest_pitch: int, highest_pitch: int) -> npt.NDArray[np.int64]:
    """The programs whose range holds both pitches; all 128 if none does."""
    fits = (_RANGES[:, 0] <= lowest_pitch) & (highest_pitch <= _RANGES[:, 1])
    return np.flatnonzero(fits) if fits.any() else np.arange(len(_RANGES))


def vary(
    piece: Piece, rng: np.random.Generator, *, straight_drums: float = STRAIGHT_DRUMS
) -> Piece:
    """Another reading of the piece, drawn from ``rng``.

    Transposed by any of `transpositions`; now and then in another tempo, on other instruments
    that can play it, louder or softer as a whole, and without its style or key; drums alone
    straightened with the chance ``straight_drums``.
    """
    # Every draw is made for every piece, so that one setting cannot shift another's draws.
    *draws, straightening = rng.random(len(_CHANCES) + 1)
    chance = dict(zip(_CHANCES, draws, strict=True))
    choices = transpositions(piece)
    piece = transpose(piece, choices[int(rng.integers(len(choices)))])
    tempo_bins = int(rng.integers(-_MAX_TEMPO_BINS, _MAX_TEMPO_BINS + 1))
    velocity = int(rng.integers(-_MAX_VELOCITY_CHANGE, _MAX_VELOCITY_CHANGE + 1))
    programs = rng.random(max(len(piece.tracks), 1))
    changes: dict[str, Any] = {}
    if chance["tempo"] < _CHANCES["tempo"]:
        factor = 2.0 ** (tempo_bins / TEMPO_BINS_PER_OCTAVE)
        changes["tempos"] = tuple(
            replace(t, usec_per_quarter=round(t.usec_per_quarter * factor)) for t in piece.tempos
        )
    if chance["programs"] < _CHANCES["programs"]:
        one = chance["one_program"] < _CHANCES["one_program"]
        changes["tracks"] = _on_other_instruments(piece, programs, one_program=one)
    if chance["velocity"] < _CHANCES["velocity"]:
        notes = piece.notes.copy()
        notes["velocity"] = np.clip(notes["velocity"].astype(np.int64) + velocity, 1, 127)
        changes["notes"] = notes
    if chance["hide_style"] < _CHANCES["hide_style"]:
        changes["style"] = ""
    if chance["hide_key"] < _CHANCES["hide_key"]:
        changes["key"] = None
    piece = piece.replace(**changes)
    if straightening < straight_drums and not pitched_notes(piece).any():
        piece = straighten(piece)
    return piece


def _on_other_instruments(
    piece: Piece, draws: npt.NDArray[np.float64], *, one_program: bool
) -> tuple[Track, ...]:
    """Tracks with programs that can play their notes, by a draw 0..1 each; or one for all."""
    pitched = pitched_notes(piece)
    pitches = piece.notes["pitch_midi"].astype(np.int64)
    tracks = []
    for number, (track, draw) in enumerate(zip(piece.tracks, draws)):
        own = pitches[pitched & (one_program | (piece.notes["track"] == number))]
        if not track.is_drum and len(own):
            programs = fitting_programs(int(own.min()), int(own.max()))
            chosen = programs[int((draws[0] if one_program else draw) * len(programs))]
            track = replace(track, program=int(chosen))  # noqa: PLW2901
        tracks.append(track)
    return tuple(tracks)


def straighten(piece: Piece) -> Piece:
    """Every onset on the nearest 16th, or triplet eighth if these fit better as a whole."""
    onsets = piece.notes["onset_steps"].astype(np.int64)
    snapped = [(onsets + grid // 2) // grid * grid for grid in _STRAIGHT_GRIDS]
    # The coarser grid is always farther off: compare relative to its spacing.
    errors = [np.abs(onsets - s).sum() / g for s, g in zip(snapped, _STRAIGHT_GRIDS, strict=True)]
    notes = on_their_onsets(piece.notes)
    notes["onset_steps"] = snapped[int(np.argmin(errors))]
    return piece.replace(notes=notes)
