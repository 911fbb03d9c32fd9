"""What tuning has brought: rewards, divergence, likelihood and metrics, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from lstm_music.corpus.cache import TokenCache
from lstm_music.evaluate.form import form_of
from lstm_music.evaluate.statistics import piece_statistics
from lstm_music.music.piece import Piece
from lstm_music.nn.model import LanguageModel
from lstm_music.reinforcement.source import Source
from lstm_music.reinforcement.taste import Taste
from lstm_music.reinforcement.tuner import kl_nats_per_note
from lstm_music.training.held_out import nats_a_note

MEASURED = 1 << 48
"""Number of the first random stream that is measured: no update comes so far."""

_FAR = 1.0
"""Standard deviations between pieces by which a mean must move to be remarked."""

Measure = dict[str, Any]
"""``rewards``, ``total``, ``kl_nats_per_note``, ``held_out`` (nats a note, or None), ``metrics``
and their ``spread`` between pieces: means, by name."""


def measure(
    model: LanguageModel,
    source: Source,
    taste: Taste,
    n: int,
    held_out: TokenCache | None = None,
) -> Measure:
    """Judge ``n`` pieces of a network, always under the same random numbers and headers.

    Parameters
    ----------
    model : the network.
    source : of pieces; also of the model that the divergence is from.
    taste : what they are judged by.
    n : how many.
    held_out : music whose validation side the network is scored on; None: it is not.
    """
    episodes = source.draw(model, MEASURED, n)
    pieces = [episode.piece for episode in episodes]
    scores = [taste.scores(piece) for piece in pieces]
    columns = _columns([_metrics(piece) for piece in pieces])
    return {
        "rewards": {name: float(np.mean([s[name] for s in scores])) for name in scores[0]},
        "total": float(np.mean([taste.total(one) for one in scores])),
        "kl_nats_per_note": kl_nats_per_note(episodes),
        "held_out": None if held_out is None else nats_a_note(model, held_out),
        "metrics": {name: float(np.mean(values)) for name, values in columns.items()},
        "spread": {name: float(np.std(values)) for name, values in columns.items()},
    }


def _metrics(piece: Piece) -> dict[str, float | None]:
    """What a listener would notice first, as numbers."""
    found: dict[str, float | None] = dict(asdict(piece_statistics(piece)))
    form = form_of(piece)
    return found | {"returning_bars": form.returning}


def _columns(rows: Sequence[Mapping[str, float | None]]) -> dict[str, list[float]]:
    """The values of each metric that it has for some piece."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    known = {n: [float(x) for x in xs if x is not None] for n, xs in columns.items()}
    return {name: values for name, values in known.items() if values}


def compared(before: Measure, after: Measure) -> dict[str, Any]:
    """Two measures side by side, and what else to look at.

    Returns
    -------
    report : ``rewards``, ``metrics``: name -> {"before", "after"}; ``total``, ``held_out``:
        {"before", "after"}, the latter None where nothing was scored; ``kl_nats_per_note``;
        ``remarks``: metrics whose mean has moved by more than they differ between pieces.
    """
    held_out = None if before["held_out"] is None else _pair(before, after, "held_out")
    metrics = {
        name: {"before": value, "after": after["metrics"][name]}
        for name, value in before["metrics"].items()
        if name in after["metrics"]
    }
    return {
        "rewards": {
            name: {"before": value, "after": after["rewards"][name]}
            for name, value in before["rewards"].items()
        },
        "total": _pair(before, after, "total"),
        "kl_nats_per_note": after["kl_nats_per_note"],
        "held_out": held_out,
        "metrics": metrics,
        "remarks": [
            f"{name.replace('_', ' ')}: {pair['before']:.2f} before, {pair['after']:.2f} now"
            for name, pair in metrics.items()
            if abs(pair["after"] - pair["before"]) > _FAR * before["spread"][name] + 1e-9
        ],
    }


def _pair(before: Measure, after: Measure, name: str) -> dict[str, float]:
    return {"before": before[name], "after": after[name]}
