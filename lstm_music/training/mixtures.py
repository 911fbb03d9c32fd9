"""Between two models: mixtures of the weights that a run began with and those that it ends with.

A few songs are soon learnt by heart, and a mixture may predict others of their kind better than
both models (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

from collections.abc import Iterator

from lstm_music.nn.model import LanguageModel
from lstm_music.types import FloatArray

BASE_SHARES = (0.25, 0.5, 0.75)
"""What the weights of the base count for in a mixture."""


def mixtures(model: LanguageModel, base: FloatArray) -> Iterator[tuple[float, LanguageModel]]:
    """The share of the base, and a model with the mixed weights, which is the same each time.

    Parameters
    ----------
    model : at the end of a run; it stays as it is.
    base : weights that the run began with, flat.
    """
    mixed = LanguageModel.create(model.config, 0, backend=model.backend)
    last, first = model.flat_params, model.backend.to_device(base)
    for share in BASE_SHARES:
        mixed.flat_params[:] = last + share * (first - last)
        yield share, mixed
