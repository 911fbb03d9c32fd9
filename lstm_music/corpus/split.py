"""Train, valid, test: decided by what a piece is, before anything else is done with it.

The side hangs on a fingerprint that transposition, tempo, harmony and later variation leave
alone, so that two copies, or two settings of one melody, never stand on two sides.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from lstm_music.corpus.load import LoadedPiece
from lstm_music.music.piece import Piece

SPLITS = ("train", "valid", "test")
VALID_SHARE = TEST_SHARE = 0.05
_MELODY_NOTES = 12


def fingerprint(piece: Piece) -> str:
    """Hexadecimal digest of the opening intervals of the top line; of the drums without one."""
    notes = piece.notes
    pitched = np.array([not track.is_drum for track in piece.tracks], bool)
    melody = notes[pitched[notes["track"]]] if len(notes) else notes
    if not len(melody):
        onsets = notes["onset_steps"] - (notes["onset_steps"][:1] if len(notes) else 0)
        content = np.stack([onsets, notes["pitch_midi"]], axis=-1)
    else:
        onsets, first = np.unique(melody["onset_steps"], return_index=True)
        top = np.maximum.reduceat(melody["pitch_midi"].astype(np.int64), first)
        content = np.diff(top[: _MELODY_NOTES + 1])
    return hashlib.sha256(np.ascontiguousarray(content, "<i4").tobytes()).hexdigest()


def split_of(digest: str) -> str:
    """The side that a fingerprint belongs to: 90 % train, 5 % valid, 5 % test."""
    place = int(digest[:12], 16) / 16**12
    if place < VALID_SHARE:
        return "valid"
    return "test" if place < VALID_SHARE + TEST_SHARE else "train"


def split(pieces: Sequence[LoadedPiece]) -> list[str]:
    """The side of each piece.

    What a source holds out stays held out, and takes every piece of the same fingerprint along.
    """
    digests = [fingerprint(loaded.piece) for loaded in pieces]
    held_out: dict[str, str] = defaultdict(str)
    for loaded, digest in zip(pieces, digests, strict=True):
        held_out[digest] = max(held_out[digest], loaded.held_out)
    return [held_out[digest] or split_of(digest) for digest in digests]
