"""How many nats a frame costs, and what the simplest models pay.

The mean is over frames, not over pieces. Boulanger-Lewandowski et al. (2012) score all frames of a
piece; Bai et al. (2018) leave out the first, before which there is nothing to predict from. Both
are given everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_music.reproduce.polyphony.rolls import KEYS, Roll
from lstm_music.types import FloatArray

UNIFORM_NATS = KEYS * float(np.log(2))
"""60.997: what a frame costs at p = 0.5 for every key; "Random" in the paper's table 1."""


@dataclass(frozen=True, slots=True)
class Score:
    """Mean nats a frame.

    Attributes
    ----------
    all_frames : over every frame.
    later_frames : over frames 2..T of every piece; NaN if none has two.
    frames : how many frames there are.
    """

    all_frames: float
    later_frames: float
    frames: int


def score(nats: Sequence[FloatArray]) -> Score:
    """The means over pieces' frames.

    Parameters
    ----------
    nats : (T,) of each piece.
    """
    every = np.concatenate([np.asarray(piece, np.float64) for piece in nats])
    later = np.concatenate([np.asarray(piece[1:], np.float64) for piece in nats])
    mean_later = float(later.mean()) if len(later) else float("nan")
    return Score(float(every.mean()), mean_later, len(every))


def bernoulli_nats(p: FloatArray, roll: Roll) -> FloatArray:
    """(T,) nats of frames whose keys sound with probability p, each by itself.

    Parameters
    ----------
    p : (88,) or (T, 88), within 0..1, the ends excluded.
    roll : (T, 88)
    """
    nats: FloatArray = -np.where(roll, np.log(p), np.log1p(-p)).sum(axis=1)
    return nats


def static_model(train: Sequence[Roll]) -> FloatArray:
    """(88,) share of the frames in which each key sounds, one frame added of each kind.

    "Note 1-gram" of the paper's table 1.
    """
    frames = np.concatenate(train)
    share: FloatArray = (frames.sum(axis=0, dtype=np.float64) + 1) / (len(frames) + 2)
    return share


def markov_model(train: Sequence[Roll]) -> FloatArray:
    """(2, 88) how often a key sounds after a frame without it, and after one with it."""
    before = np.concatenate([piece[:-1] for piece in train])
    after = np.concatenate([piece[1:] for piece in train])
    share = np.empty((2, KEYS))
    for was in (0, 1):
        at = before == was
        share[was] = ((at & (after == 1)).sum(axis=0) + 1) / (at.sum(axis=0) + 2)
    return share


def score_static(train: Sequence[Roll], held_out: Sequence[Roll]) -> Score:
    """What the static model pays for other pieces."""
    p = static_model(train)
    return score([bernoulli_nats(p, piece) for piece in held_out])


def score_markov(train: Sequence[Roll], held_out: Sequence[Roll]) -> Score:
    """What the first-order model of each key pays; its first frames are the static model's."""
    p, static = markov_model(train), static_model(train)
    return score(
        [
            bernoulli_nats(np.vstack([static, np.where(piece[:-1], p[1], p[0])]), piece)
            for piece in held_out
        ]
    )


def seeds_note(values: Sequence[float]) -> str:
    """How many seeds a mean is of, and how far apart they are.

    Examples
    --------
    >>> seeds_note([8.25]), seeds_note([8.25, 8.2])
    ('1 seed', '2 seeds, from 8.200 to 8.250')
    """
    if len(values) == 1:
        return "1 seed"
    return f"{len(values)} seeds, from {min(values):.3f} to {max(values):.3f}"
