"""A model brought up to a vocabulary that has grown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lstm_music.errors import ShapeError
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.parameters import zero_parameters

NEVER = -1e4
"""Bias of an output that has probability 0, also in float32."""


def widened(
    model: LanguageModel, before: Sequence[int], now: Sequence[int], *, new_bias: float = NEVER
) -> LanguageModel:
    """A model that says the same as ``model``, with room for more.

    New rows of the embedding are zeros, so that they change nothing until they are learnt; new
    tokens have zeros for output weights.

    Parameters
    ----------
    model : with the streams of ``before``.
    before : number of values of each stream, the tokens first.
    now : the same after it; no stream of ``before`` is smaller.
    new_bias : of the outputs of new tokens.

    Returns
    -------
    LanguageModel : ``model`` itself if nothing is new.

    Raises
    ------
    ShapeError : the network is not of the sizes of ``before``, or one is smaller afterwards.
    """
    old = model.config
    if (old.n_rows, old.n_streams, old.n_tokens) != (sum(before), len(before), before[0]):
        raise ShapeError(
            f"the network has {old.n_streams} streams of {old.n_rows} rows and {old.n_tokens} "
            f"tokens, its vocabulary {len(before)} of {sum(before)} and {before[0]}"
        )
    if len(now) < len(before) or any(b > n for b, n in zip(before, now)):
        raise ShapeError(f"a vocabulary only grows; its sizes were {before}, now {now}")
    if tuple(before) == tuple(now):
        return model
    config = replace(old, n_rows=sum(now), n_streams=len(now), n_tokens=now[0])
    wide = zero_parameters(config, model.dtype)
    for name, values in model.params.items():
        if name != "embedding" and not (name == "head.W" and config.tied_embedding):
            wide.views[name][: len(values)] = values
    wide.views["head.b"][old.n_tokens :] = new_bias
    starts = zip(np.cumsum([0, *before]), np.cumsum([0, *now]), before)
    for first, new_first, size in starts:
        rows = model.params["embedding"][first : first + size]
        wide.views["embedding"][new_first : new_first + size] = rows
    return LanguageModel(config, wide, model.backend)
