"""Can a classifier tell samples of a model from real music, and by what?

Logistic regression and boosted trees learn to tell them apart by `lstm_music.evaluate.features`;
beside their success stands how well they tell one half of the real pieces from the other, which
nobody can. Of samples as good as real music both figures are near 0.5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.cache import OnReject, TokenCache
from lstm_music.errors import ConfigError
from lstm_music.evaluate.features.table import feature_table
from lstm_music.evaluate.form import form_figures, form_of, kolmogorov, returning_shares
from lstm_music.evaluate.material import Material, Music, comparable, read_real, read_samples
from lstm_music.evaluate.tell_apart import (
    check_scikit_learn,
    single_auc,
    tell_apart,
    tell_halves_apart,
)
from lstm_music.music.piece import Piece

BEYOND_CHANCE = 3.5
"""Standard errors between two means that one in about 2,000 features shows by chance."""

_HALVINGS = 20

_Table = npt.NDArray[np.float64]


def judge(
    samples: Music,
    against: TokenCache | Music,
    *,
    style: str | None = None,
    side: str | None = None,
    bars: int | None = None,
    rng_seed: int = 0,
    on_reject: OnReject | None = None,
) -> dict[str, Any]:
    """Tell samples from real music by about a hundred features, cross-validated.

    Both are cut to the same number of full bars from the first on, a pickup left out, and real
    pieces are taken in the samples' meters, in the samples' shares: so neither length nor meter
    gives the samples away. Tempo, key and instruments are not looked at.

    Parameters
    ----------
    samples : folders, files or pieces; 10 pieces or more.
    against : real music: a token cache or its folder, or folders, files or pieces; 20 or more.
    style : compare with real pieces of this style alone.
    side : "held-out" (valid and test), "train", "valid", "test" or "all" pieces of a cache; None:
        those held out, which no model was trained on. What is no cache has no sides.
    bars : how many full bars of each piece; None: as many as nine in ten of the samples have.
    rng_seed : of the folds and the halves; the same one gives the same report.
    on_reject : called with (id, reason) of each file that cannot be used.

    Returns
    -------
    report : a dict that JSON can hold.
        ``bars``, ``meters`` (meter -> samples) and, for ``samples`` and ``real``, ``pieces`` and
        ``left_out``.
        ``judges``: classifier -> ``samples`` (samples against real) and ``real`` (real against
        real), each with ``auc`` 0..1 (0.5: they cannot be told apart) and the ends ``low`` and
        ``high`` of its 95 % interval.
        ``features``, the farthest apart first: ``name``; ``samples`` and ``real``, the means;
        ``apart_sd``, how many standard deviations of the real pieces lie between them, null where
        these do not differ at all; ``auc`` of this feature alone; ``beyond_chance``, whether the
        means are over 3.5 standard errors apart.
        ``form``: `lstm_music.evaluate.form.form_figures` of ``samples`` and ``real``, and
        ``returning_distance`` (Kolmogorov, 0..1) between the distributions of the pieces' shares
        of returning bars: ``samples``, and ``real`` for two halves of the real pieces.

    Raises
    ------
    ConfigError : scikit-learn is not installed, a source or style does not exist, or there are too
        few pieces, or pieces with too few bars, or they are all alike.
    """
    check_scikit_learn()
    real = read_real(against, style, side, on_reject)
    whole = read_samples(samples, against, on_reject)
    rng = np.random.default_rng(rng_seed)
    material = comparable(whole, real, bars, rng)
    names, ours, theirs = _features(material)
    samples_apart, halves_apart = tell_apart(ours, theirs, rng), tell_halves_apart(theirs, rng)
    return {
        "bars": material.bars,
        "meters": dict(Counter(str(piece.meters[0]) for piece in material.samples).most_common()),
        "samples": {"pieces": len(ours), "left_out": material.samples_left_out},
        "real": {"pieces": len(theirs), "left_out": material.real_left_out},
        "judges": {
            name: {"samples": asdict(found), "real": asdict(halves_apart[name])}
            for name, found in samples_apart.items()
        },
        "features": _feature_rows(names, ours, theirs),
        "form": _form(material.samples, material.real, rng),
    }


def _features(material: Material) -> tuple[list[str], _Table, _Table]:
    """The features that some piece has and not all have alike, of samples and of real pieces."""
    names, ours = feature_table(material.samples)
    _, theirs = feature_table(material.real)
    both = np.concatenate([ours, theirs])
    differ = np.array([len(np.unique(column[~np.isnan(column)])) > 1 for column in both.T])
    if not differ.any():
        raise ConfigError(
            "no feature differs between any two of these pieces, so nothing can tell them apart: "
            "give samples and real music that are not copies of one piece"
        )
    kept = [name for name, keep in zip(names, differ, strict=True) if keep]
    return kept, ours[:, differ], theirs[:, differ]


def _feature_rows(names: Sequence[str], ours: _Table, theirs: _Table) -> list[dict[str, Any]]:
    """What is told of each feature, the farthest apart first."""
    rows = [_feature(*column) for column in zip(names, ours.T, theirs.T, strict=True)]
    return sorted(rows, key=_distance, reverse=True)


def _feature(name: str, ours: _Table, theirs: _Table) -> dict[str, Any]:
    a, b = ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]
    row: dict[str, Any] = {"name": name, "samples": None, "real": None, "apart_sd": None}
    if len(a):
        row["samples"] = float(a.mean())
    if len(b):
        row["real"] = float(b.mean())
    beyond_chance = False
    if len(a) and len(b):
        distance, spread = float(a.mean() - b.mean()), float(b.std())
        error = float(np.sqrt(a.var() / len(a) + b.var() / len(b)))
        beyond_chance = abs(distance) > BEYOND_CHANCE * error
        row["apart_sd"] = distance / spread if spread > 0 else None
    return row | {"auc": single_auc(ours, theirs), "beyond_chance": beyond_chance}


def _distance(row: dict[str, Any]) -> tuple[bool, float]:
    """What features are sorted by: those beyond chance first; real pieces all alike: infinite."""
    apart = row["apart_sd"]
    return row["beyond_chance"], float("inf") if apart is None else abs(apart)


def _form(
    samples: Sequence[Piece], real: Sequence[Piece], rng: np.random.Generator
) -> dict[str, Any]:
    ours, theirs = list(map(form_of, samples)), list(map(form_of, real))
    returning = returning_shares(theirs)
    return {
        "samples": form_figures(ours),
        "real": form_figures(theirs),
        "returning_distance": {
            "samples": kolmogorov(returning_shares(ours), returning),
            "real": _distance_of_halves(returning, rng),
        },
    }


def _distance_of_halves(values: _Table, rng: np.random.Generator) -> float | None:
    """Mean Kolmogorov distance of two random halves."""
    halvings = [rng.permutation(values) for _ in range(_HALVINGS)]
    found = [kolmogorov(order[::2], order[1::2]) for order in halvings]
    known = [distance for distance in found if distance is not None]
    return float(np.mean(known)) if known else None
