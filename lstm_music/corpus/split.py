"""Train, valid, test: decided by what a piece is, before anything else is done with it.

The side depends on a fingerprint that transposition, tempo, harmony and later variation leave
alone. Near duplicates (`corpus.copies.duplicates`) go together, so that two copies are never on two
sides. Pieces whose top lines begin alike on the beats are taken for settings of one tune: if one is
held out, all are. Paths do not matter.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.copies.duplicates import Groups
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import Piece

SPLITS = ("train", "valid", "test")
VALID_SHARE = TEST_SHARE = 0.05
_MELODY_NOTES = 12
_TUNE_BEATS = 9
"""Settings of one hymn tune agree in these; what passes between the beats is the setting's own."""


def fingerprint(piece: Piece) -> str:
    """Hexadecimal digest of the opening intervals of the top line; of the drums without one."""
    notes = piece.notes
    onsets, top = _top_line(piece)
    if len(top):
        content = np.diff(top[: _MELODY_NOTES + 1])
    else:
        onsets = notes["onset_steps"] - (notes["onset_steps"][:1] if len(notes) else 0)
        content = np.stack([onsets, notes["pitch_midi"]], axis=-1)
    return hashlib.sha256(np.ascontiguousarray(content, "<i4").tobytes()).hexdigest()


def tune(piece: Piece) -> str:
    """Hexadecimal digest of how the top line goes from beat to beat at the beginning.

    All zeros where it has fewer notes on beats than make a tune, or never moves.
    """
    onsets, top = _top_line(piece)
    on_beats = (onsets - piece.pickup_steps) % STEPS_PER_QUARTER == 0
    moves = np.diff(top[on_beats][:_TUNE_BEATS])
    if len(moves) < _TUNE_BEATS - 1 or not moves.any():
        return "0" * 64
    return hashlib.sha256(np.ascontiguousarray(moves, "<i4").tobytes()).hexdigest()


def _top_line(piece: Piece) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Onset and highest pitch of everything that sounds together; nothing of drums alone."""
    notes = piece.notes
    pitched = np.array([not track.is_drum for track in piece.tracks], bool)
    melody = notes[pitched[notes["track"]]] if len(notes) else notes
    onsets, first = np.unique(melody["onset_steps"], return_index=True)
    pitches = melody["pitch_midi"].astype(np.int64)
    return onsets.astype(np.int64), np.maximum.reduceat(pitches, first) if len(first) else pitches


def split_of(fingerprints: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """The side, as an index into `SPLITS`, that each fingerprint's first 64 bits belong to.

    90 % train, 5 % valid, 5 % test.
    """
    place = (fingerprints >> np.uint64(16)).astype(np.float64) / 16.0**12
    sides = np.full(len(fingerprints), SPLITS.index("train"), np.uint8)
    sides[place < VALID_SHARE + TEST_SHARE] = SPLITS.index("test")
    sides[place < VALID_SHARE] = SPLITS.index("valid")
    return sides


def split(
    fingerprints: npt.NDArray[np.uint64],
    held_out: npt.NDArray[np.uint8],
    groups: npt.NDArray[np.int64],
    tunes: npt.NDArray[np.uint64],
) -> npt.NDArray[np.uint8]:
    """The side of each piece.

    What a source holds out stays held out, and takes all its near duplicates along, and every
    piece of the same fingerprint. Then, whatever is on the test side takes along all other settings
    of its tune, and so does what is on the valid side.

    Parameters
    ----------
    fingerprints : (P,) first 64 bits of each `fingerprint`.
    held_out : (P,) index into `SPLITS` of the side that the source names; 0 when it names none.
    groups : (P,) first piece of each piece's near duplicates.
    tunes : (P,) first 64 bits of each `tune`; 0: not compared.

    Returns
    -------
    sides : (P,) index into `SPLITS`.
    """
    together = Groups(len(groups))
    everyone = np.arange(len(groups))
    copies = np.flatnonzero(groups != everyone)
    together.join(groups[copies], copies)
    together.join_equal(fingerprints, everyone)
    firsts = together.firsts()
    least = np.full(len(groups), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(least, firsts, fingerprints)
    named = _first_named(firsts, held_out)
    sides = np.where(named > 0, named, split_of(least[firsts])).astype(np.uint8)
    with_tune = np.flatnonzero(tunes)
    together.join_equal(tunes[with_tune], with_tune)
    firsts = together.firsts()
    held = {side: np.isin(firsts, firsts[sides == SPLITS.index(side)]) for side in SPLITS[1:]}
    sides[held["valid"]] = SPLITS.index("valid")
    sides[held["test"]] = SPLITS.index("test")
    return sides


def _first_named(
    firsts: npt.NDArray[np.int64], held_out: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """The side that a source names for anyone of the group; valid goes before test."""
    named = np.zeros(len(firsts), np.uint8)
    for side in (SPLITS.index("test"), SPLITS.index("valid")):
        named[firsts[held_out == side]] = side
    return named[firsts]
