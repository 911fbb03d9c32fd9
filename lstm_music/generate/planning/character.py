"""The character of a track: what keeps a fill, or a new track, from turning into something else.

Music that a network does not know makes it leave a track's register, its kit or its density. The
bounds are wide: a third more at either end of what the track itself does, or what its instrument
can do (docs/composing.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lstm_music.music.bars import onsets_in_bars
from lstm_music.music.distinct import distinct
from lstm_music.music.instruments.general_midi import FAMILY_NAMES, SOUNDING_RANGES, family_of
from lstm_music.music.instruments.playable import KEYBOARD_PROGRAMS
from lstm_music.music.piece import Piece, Track
from lstm_music.music.polyphony import most_together
from lstm_music.types import BoolArray, NoteArray

_LEAST_NOTES = 8
"""Fewer notes than these have no character."""

_SEMITONES = 5
_DENSER = 2.5
_OFTEN = 0.7  # of the bars: a track that sounds in fewer may rest
_RECENT_BARS = 8  # and one that has rested so long before music that goes on

_ONE_VOICE = frozenset({"Bass", "Reed", "Pipe", "Brass", "Synth Lead"})
_SOLO_STRINGS = frozenset({40, 41, 42, 43, 110})
_SECTIONS = frozenset({61, 62, 63})  # brass in chords
_KIT = range(35, 60)  # General MIDI keys of a drum kit
_MOST_TOGETHER = 8
_ANY_NUMBER = 999
_WHOLE = 96  # steps of a whole note
_LEGATO = 3  # steps that a note may ring into the next of its voice, as fingers do
_GRIDS = (6, 8)  # 16ths, triplet eighths
_ON_GRID = 0.95


class Character(NamedTuple):
    """Bounds of a track.

    Parameters
    ----------
    pitches : (128,) bool, those it may have.
    fewest, most : onsets a bar.
    polyphony : most notes at once.
    longest : longest note in steps; 0: any.
    is_played : whether hands or a drummer must be able to play it.
    grid : steps that onsets stand on multiples of, from the bar line; 0: any.
    """

    pitches: BoolArray
    fewest: int
    most: int
    polyphony: int
    longest: int = 0
    is_played: bool = False
    grid: int = 0


def character_of(piece: Piece, track: int, until_steps: int | None = None) -> Character | None:
    """What a track is like by its own notes; None if there are too few to tell.

    ``until_steps`` : the bar line from which the piece is to go on; None: it is whole. A track that
    has rested for the 8 bars before may go on resting.
    """
    notes = piece.notes[piece.notes["track"] == track]
    if len(notes) < _LEAST_NOTES:
        return None
    pitches = np.zeros(128, bool)
    if piece.tracks[track].is_drum:
        pitches[distinct(notes["pitch_midi"])] = True
    else:
        low, high = int(notes["pitch_midi"].min()), int(notes["pitch_midi"].max())
        pitches[max(low - _SEMITONES, 0) : high + _SEMITONES + 1] = True
    bars = piece.bar_lines.bars_at(notes["onset_steps"])
    onsets = distinct(bars << 32 | notes["onset_steps"].astype(np.int64)) >> 32
    counts = np.unique(onsets, return_counts=True)[1]
    usual = float(np.median(counts))
    is_busy = len(counts) >= _OFTEN * (bars.max() - bars.min() + 1)
    if until_steps is not None:
        behind = piece.bar_lines.bar_at(until_steps - 1) - bars
        is_busy &= bool(((behind >= 0) & (behind < _RECENT_BARS)).any())
    return Character(
        pitches,
        int(usual / _DENSER) if is_busy else 0,
        int(np.ceil(usual * _DENSER)),
        most_together(notes) if piece.tracks[track].is_drum else _voices(notes),
        0 if piece.tracks[track].is_drum else int(notes["duration_steps"].max()),
    )


def _voices(notes: NoteArray) -> int:
    """The most notes at once, those not counted that have all but ended."""
    held = notes.copy()
    held["duration_steps"] = np.maximum(notes["duration_steps"] - _LEGATO, 1)
    return most_together(held)


def grid_of(piece: Piece) -> int:
    """Steps of the grid that nearly all notes of a piece are on: 16ths, triplets; 0 for neither.

    Of played music it is the one that more of the notes are on, as a score has them.
    """
    if not len(piece.notes):
        return 0
    onsets = onsets_in_bars(piece)
    places, _ = piece.bar_lines.places(onsets)
    shares = [float(np.mean(places % grid == 0)) for grid in _GRIDS]
    is_played = not np.array_equal(onsets, piece.notes["onset_steps"])
    best = int(np.argmax(shares))
    return _GRIDS[best] if is_played or shares[best] >= _ON_GRID else 0


def character_of_new(track: Track, grid: int = 0) -> Character:
    """What a new track is like by its instrument, beside music on a grid (`grid_of`)."""
    pitches = np.zeros(128, bool)
    if track.is_drum:
        pitches[_KIT] = True
        return Character(
            pitches, fewest=4, most=32, polyphony=_MOST_TOGETHER, is_played=True, grid=grid
        )
    low, high = SOUNDING_RANGES[track.program]
    pitches[low : high + 1] = True
    family = FAMILY_NAMES[family_of(track.program)]
    is_alone = family in _ONE_VOICE or track.program in _SOLO_STRINGS
    polyphony = 1 if is_alone and track.program not in _SECTIONS else _MOST_TOGETHER
    is_keyboard = track.program in KEYBOARD_PROGRAMS
    return Character(
        pitches,
        fewest=1,
        most=32,
        polyphony=polyphony,
        longest=_WHOLE,
        is_played=is_keyboard,
        grid=grid,
    )


def character_in_range(low: int, high: int) -> Character:
    """What keeps to a range of pitches, and to nothing else."""
    pitches = np.zeros(128, bool)
    pitches[low : high + 1] = True
    return Character(pitches, fewest=0, most=_ANY_NUMBER, polyphony=_ANY_NUMBER)
