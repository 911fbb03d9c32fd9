"""How likely each token is to be drawn, after temperatures, repetition and filters: NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Probs = npt.NDArray[np.float64]

_OTHER, _RHYTHM, _PITCH = 0, 1, 2


def probabilities(
    logits: npt.NDArray[np.float32],
    allowed: npt.NDArray[np.uint8],
    group_of: npt.NDArray[np.uint8],
    history: Sequence[int] = (),
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    min_p: float = 0.0,
    temperature_rhythm: float | None = None,
    temperature_pitch: float | None = None,
    typical_p: float = 1.0,
    surprise: float = 0.0,
    repetition_penalty: float = 1.0,
    repetition_window: int = 16,
    no_repeat_ngram: int = 0,
) -> Probs:
    """What a sampler with these settings draws from.

    Parameters
    ----------
    logits : (V,) — NaN and -infinity are never drawn.
    allowed : (V,) — not 0 where a token may be drawn; at least one that has a logit.
    group_of : (V,) — 1: a token of rhythm, 2: of pitch, 0: another.
    history : tokens before this one, the oldest first; those of group 0 do not count.

    Returns
    -------
    probabilities : (V,), their sum is 1.

    References
    ----------
    Holtzman et al. (2020), "The curious case of neural text degeneration", section 3.1 (top-p).
    Meister et al. (2023), "Locally typical sampling", equation 11.
    Keskar et al. (2019), "CTRL", section 4.1.
    """
    heard = np.array([token for token in history if group_of[token]], int)[-4096:]
    open_ = (allowed != 0) & (logits > -np.inf)
    fresh = open_ & ~repeats(heard, no_repeat_ngram, len(logits))
    if fresh.any():
        open_ = fresh

    x: Probs = logits.astype(np.float64)
    recent = heard[group_of[heard] == _PITCH][-repetition_window:]
    counts = np.bincount(recent, minlength=len(logits))
    penalised: Probs = x - np.log(repetition_penalty) * counts
    temperatures = {
        _OTHER: temperature,
        _RHYTHM: temperature if temperature_rhythm is None else temperature_rhythm,
        _PITCH: temperature if temperature_pitch is None else temperature_pitch,
    }
    model = softmax(x / temperature, open_)
    p = np.zeros(len(logits))
    for group, own in temperatures.items():
        members = open_ & (group_of == group)
        if members.any():
            p += model[members].sum() * softmax(penalised / own, members)

    p = kept(p, p >= max(min_p, 1e-9) * p.max())
    if top_k:
        p = kept(p, first(np.argsort(-p, kind="stable")[:top_k], len(p)))
    p = top_share(p, -p, top_p)
    p = typical(p, typical_p)
    return surprising(p, surprise)


def softmax(x: Probs, where: npt.NDArray[np.bool_]) -> Probs:
    """(V,) softmax over a part of x (V,), 0 elsewhere."""
    exps: Probs = np.zeros(len(x))
    exps[where] = np.exp(x[where] - x[where].max())
    exps /= exps.sum()
    return exps


def kept(p: Probs, which: npt.NDArray[np.bool_]) -> Probs:
    """The distribution p (V,) over a part of its tokens."""
    part: Probs = np.where(which, p, 0.0)
    part /= part.sum()
    return part


def first(tokens: npt.NDArray[np.int_], n: int) -> npt.NDArray[np.bool_]:
    """(n,) True for these tokens."""
    which = np.zeros(n, bool)
    which[tokens] = True
    return which


def top_share(p: Probs, rank: Probs, share: float) -> Probs:
    """Keep the tokens of lowest rank (V,) until they hold a share of p (V,); 1: all."""
    if share == 1:
        return p
    order = np.argsort(rank, kind="stable")
    before = np.cumsum(p[order]) - p[order]
    return kept(p, first(order[before < share], len(p)))


def typical(p: Probs, share: float) -> Probs:
    """Keep the tokens whose information is nearest to the entropy until they hold a share."""
    information = np.full(len(p), np.inf)
    np.log(p, out=information, where=p > 0)
    information[p > 0] *= -1
    entropy = (p[p > 0] * information[p > 0]).sum()
    return top_share(p, np.abs(information - entropy), share)


def surprising(p: Probs, share: float) -> Probs:
    """Drop the likeliest tokens that together hold at most a share, never all."""
    order = np.argsort(-p, kind="stable")
    dropped = order[np.cumsum(p[order]) <= share]
    left = (p > 0) & ~first(dropped, len(p))
    return kept(p, left if left.any() else first(order[p[order] > 0][-1:], len(p)))


def repeats(heard: npt.NDArray[np.int_], n: int, V: int) -> npt.NDArray[np.bool_]:
    """(V,) True for each token that would complete n tokens that stand in ``heard``."""
    which = np.zeros(V, bool)
    if n == 0 or len(heard) < n:
        return which
    tail = tuple(heard[len(heard) - n + 1 :])
    for at in range(len(heard) - n + 1):
        *start, last = heard[at : at + n]
        if tuple(start) == tail:
            which[last] = True
    return which
