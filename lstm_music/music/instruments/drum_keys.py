"""Drum keys outside General MIDI, which no other drum kit sounds, and those it has for them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece

PAD_KEYS = {22: 42, 26: 46}
"""The edge of an electronic hi-hat, closed and open: the General MIDI key for it. Source: Gillick
et al. 2019 (arXiv:1905.06118), the mapping of the drum kit of the Groove MIDI Dataset."""

_GENERAL_MIDI = np.arange(128, dtype=np.uint8)
_GENERAL_MIDI[list(PAD_KEYS)] = list(PAD_KEYS.values())


def in_general_midi(piece: Piece) -> Piece:
    """The piece with every drum on a key that any kit sounds."""
    return piece.replace(notes=drums_in_general_midi(piece.notes, piece))


def drums_in_general_midi(notes: npt.NDArray[np.void], piece: Piece) -> npt.NDArray[np.void]:
    """A copy of ``notes`` (NOTE_DTYPE) with `PAD_KEYS` replaced on the drum tracks of ``piece``."""
    is_drum = np.array([track.is_drum for track in piece.tracks], bool)[notes["track"]]
    moved = notes.copy()
    moved["pitch_midi"][is_drum] = _GENERAL_MIDI[notes["pitch_midi"][is_drum]]
    return moved


def has_pad_keys(piece: Piece) -> bool:
    """Whether a drum track plays one of `PAD_KEYS`: whoever made it has a kit that sounds them."""
    return not np.array_equal(drums_in_general_midi(piece.notes, piece), piece.notes)
