"""Which meter, and where its bar lines stand: every candidate scored, the most probable first.

A candidate is a meter and a pickup. Its features say how the accents of the music
(``accents.py``) fall on music21's beat hierarchy (``beats.py``), how like itself the music is
one, two and four bars later, and how it begins and ends. The score is a weighted sum of the
features; a softmax over all candidates makes it a probability. The weights of each meter are in
``meter_weights.py``, fitted by ``benchmarks/fit_meter.py`` (conditional logit: McFadden 1974).
Accents and autocorrelation as evidence of meter: Palmer and Krumhansl 1990, Brown 1993.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.beats import OFF_BEAT_LEVEL, beat_strengths, divisions
from lstm_music.music.listening.accents import (
    ACCENTS,
    SLOT_STEPS,
    Accents,
    FloatArray,
    find_accents,
)
from lstm_music.music.listening.meter_weights import WEIGHTS
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece

CANDIDATES = ((2, 4), (3, 4), (4, 4), (5, 4), (6, 8), (7, 8), (9, 8), (12, 8))
"""Numerator and denominator of every meter that can be inferred."""

PICKUP_UNIT_SLOTS = 2
"""Pickups are sought in eighths."""

_LAGS = ("bar", "2 bars", "4 bars", "beat")
_FORM = (
    "ends on a bar line",
    "ends a pickup short of one",
    "last onset on level 0",
    "last onset on level 1",
    "last onset on level 2",
    "no pickup",
    "no pickup of a short piece",
    "pickup up to a quarter bar",
    "pickup up to half a bar",
    "pickup off the quarters",
    "triplets in a simple meter",
    "any",
)
_PLAIN = (
    *(f"{accent} on level {level}" for accent in ACCENTS for level in range(OFF_BEAT_LEVEL)),
    *(f"{kind} like itself after a {lag}" for kind in ("rhythm", "pitch") for lag in _LAGS),
    *_FORM,
)
FEATURES = (*_PLAIN, *(f"{name}, in chords" for name in _PLAIN))
"""Names of the features, in order; the second half is the first times how chordal the music is."""

_SHRINK_BARS = 2.0  # accents of a few bars count less
_CLIP = 4.0
_SHORT_SLOTS = 64  # four bars of 4/4


class Guess(NamedTuple):
    """A meter, its pickup and their log probability among all candidates."""

    numerator: int
    denominator: int
    pickup_steps: int
    log_prob: float


class _Candidates(NamedTuple):
    """Every meter with every pickup, times in slots; a row each."""

    meter: npt.NDArray[np.int64]  # (C,) index into CANDIDATES
    bar: npt.NDArray[np.int64]  # (C,)
    pickup: npt.NDArray[np.int64]  # (C,)
    levels: npt.NDArray[np.uint8]  # (C, longest bar): level of each slot of the first bar on
    means: npt.NDArray[np.float32]  # (C, levels, longest bar): takes the mean over a level
    has_level: npt.NDArray[np.bool_]  # (C, levels)


@cache
def _candidates() -> _Candidates:
    rows = []
    longest = max(_bar_slots(meter) for meter in CANDIDATES)
    for index, meter in enumerate(CANDIDATES):
        strengths = beat_strengths(Meter(0, *meter))[::SLOT_STEPS]
        bar = len(strengths)
        for pickup in range(0, bar, PICKUP_UNIT_SLOTS):
            levels = np.full(longest, OFF_BEAT_LEVEL, np.uint8)
            levels[:bar] = strengths[(np.arange(bar) - pickup) % bar]
            rows.append((index, bar, pickup, levels))
    table = np.stack([row[3] for row in rows])
    is_level = table[:, None, :] == np.arange(OFF_BEAT_LEVEL)[:, None]
    counts = is_level.sum(axis=2, keepdims=True)
    means = (is_level / np.maximum(counts, 1)).astype(np.float32)
    numbers = np.array([row[:3] for row in rows])
    return _Candidates(
        numbers[:, 0], numbers[:, 1], numbers[:, 2], table, means, counts[:, :, 0] > 0
    )


def _bar_slots(meter: tuple[int, int]) -> int:
    return Meter(0, *meter).bar_steps // SLOT_STEPS


def _beat_slots(meter: tuple[int, int]) -> int:
    return _bar_slots(meter) // divisions(meter[0])[0]


def features(piece: Piece) -> npt.NDArray[np.float32]:
    """(C, len(FEATURES)) float32: what speaks for each meter of `CANDIDATES` with each pickup.

    Row by row: the meters in order, each with its pickups of 0, 1, 2, ... eighths.
    """
    accents = find_accents(piece)
    ends = (piece.end_steps + SLOT_STEPS // 2) // SLOT_STEPS
    last = (int(piece.notes["onset_steps"][-1]) + SLOT_STEPS // 2) // SLOT_STEPS
    plain = np.hstack([_by_level(accents.rows), _likeness(accents), _form(accents, ends, last)])
    return np.hstack([plain, plain * _chordal_share(piece)])


def _chordal_share(piece: Piece) -> np.float32:
    """Share of the notes that begin together with another, 0 (a tune) to near 1 (thick chords)."""
    onsets = 1 + int(np.count_nonzero(np.diff(piece.notes["onset_steps"])))
    return np.float32(1 - onsets / len(piece.notes))


def _by_level(rows: FloatArray) -> npt.NDArray[np.float32]:
    """(C, accents * levels): mean accent on each level, relative to the mean of the piece."""
    table = _candidates()
    kinds, length = rows.shape
    by_slot = np.ascontiguousarray(rows.T)  # so that bars add up as long rows
    profiles = np.zeros((len(CANDIDATES), table.levels.shape[1], kinds), np.float32)
    for index, meter in enumerate(CANDIDATES):
        bar = _bar_slots(meter)
        whole = length - length % bar
        profile = profiles[index, :bar]
        profile += by_slot[:whole].reshape(-1, bar * kinds).sum(axis=0).reshape(bar, kinds)
        profile[: length - whole] += by_slot[whole:]
    total = rows.sum(axis=1)
    bars = table.bar / np.float32(length)
    per_mean = np.where(total > 0, 1 / np.maximum(total, 1e-9), 0) * table.bar[:, None]
    relative = table.means @ profiles[table.meter] * per_mean[:, None, :] - (total > 0)
    relative *= table.has_level[:, :, None] / (1 + _SHRINK_BARS * bars)[:, None, None]
    flat = np.clip(relative, -1, _CLIP).transpose(0, 2, 1).reshape(len(bars), -1)
    return np.asarray(flat, np.float32)


def _likeness(accents: Accents) -> npt.NDArray[np.float32]:
    """(C, 8): how like itself the music is at the four lags, rhythm then pitch.

    The cosine at a lag less its mean over all bars and beats; 0 where the music is shorter.
    """
    lags, index, is_bar = _lags()
    length = len(accents.chroma)
    parts = (np.ascontiguousarray(accents.rows[0])[:, None], accents.chroma)
    at = np.zeros((2, len(lags)))
    for row, part in zip(at, parts, strict=True):
        energy = float(np.vdot(part, part))
        for i, lag in enumerate(lags.tolist()):
            if lag < length and energy:
                share = length / (length - lag)
                row[i] = share * float(np.vdot(part[:-lag], part[lag:])) / energy
    known = lags < length
    measured = is_bar & known
    if measured.any():
        at -= known * at[:, measured].mean(axis=1, keepdims=True)
    by_meter = at[:, index].transpose(1, 0, 2).reshape(len(CANDIDATES), -1)
    return np.asarray(by_meter, np.float32)[_candidates().meter]


@cache
def _lags() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Every lag once; (meters, 4) which of them each meter asks for; which are a bar or beat."""
    bars = [_bar_slots(meter) for meter in CANDIDATES]
    rows = [(b, 2 * b, 4 * b, _beat_slots(m)) for b, m in zip(bars, CANDIDATES, strict=True)]
    lags, index = np.unique(rows, return_inverse=True)
    return lags, index.reshape(len(rows), -1), np.isin(lags, [4, 6, *bars])


def _form(accents: Accents, ends: int, last: int) -> npt.NDArray[np.float32]:
    """(C, len(_FORM)): how the piece begins and ends."""
    table = _candidates()
    bar, pickup = table.bar, table.pickup
    last_level = table.levels[np.arange(len(bar)), last % bar]
    is_simple = np.array([denominator == 4 for _, denominator in CANDIDATES])[table.meter]
    columns = [
        ends % bar == 0,
        ends % bar == pickup,
        *(last_level == level for level in range(3)),
        pickup == 0,
        (pickup == 0) * (_SHORT_SLOTS / (_SHORT_SLOTS + ends)),
        (pickup > 0) & (4 * pickup <= bar),
        (4 * pickup > bar) & (2 * pickup <= bar),
        pickup % 4 != 0,
        accents.ternary_share * is_simple,
        np.ones(len(bar)),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


@cache
def _weights() -> npt.NDArray[np.float32]:
    """(C, len(FEATURES))."""
    by_feature = np.array([WEIGHTS[name] for name in FEATURES], np.float32)
    return np.ascontiguousarray(by_feature.T[_candidates().meter])


def guess_meters(piece: Piece, meters: Iterable[tuple[int, int]] = CANDIDATES) -> list[Guess]:
    """Every candidate meter and pickup, the most probable first.

    Parameters
    ----------
    piece : at least one note; its own meters and pickup are not looked at.
    meters : those to choose among, each one of `CANDIDATES`.
    """
    table = _candidates()
    wanted = np.isin(table.meter, [CANDIDATES.index(meter) for meter in meters])
    scores = np.einsum("cf,cf->c", features(piece), _weights()).astype(np.float64)
    scores -= np.logaddexp.reduce(scores[wanted])
    order = np.argsort(-scores, kind="stable")
    order = order[wanted[order]]
    meter, pickup = table.meter[order].tolist(), (table.pickup[order] * SLOT_STEPS).tolist()
    return [
        Guess(*CANDIDATES[m], p, score)
        for m, p, score in zip(meter, pickup, scores[order].tolist(), strict=True)
    ]
