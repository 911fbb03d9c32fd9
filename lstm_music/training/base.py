"""Fine-tuning: a run that begins with the weights of another model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lstm_music.corpus.coverage import Coverage
from lstm_music.errors import ConfigError, ModelFileError, ShapeError, TokenError
from lstm_music.music.performance import Manner
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model
from lstm_music.nn.widen import widened
from lstm_music.pretrained import model_path
from lstm_music.tokens.vocabulary import DEFAULT, Vocabulary
from lstm_music.training.settings import SECTIONS
from lstm_music.types import FloatArray

_FREE = frozenset({"dropout", "dropout_kind"})
"""Settings of the network that its weights do not hang on."""

_LEAD_SHARE = 0.5


@dataclass(frozen=True)
class Base:
    """The model that a run begins with.

    Parameters
    ----------
    settings : of the network, as `TrainConfig` names them.
    weights : all of them, flat.
    sha256 : of the file.
    manners : how freely the music that it knows is played, by style; None: it does not tell.
    """

    settings: dict[str, Any]
    weights: FloatArray
    sha256: str
    manners: Mapping[str, Manner] | None = None

    def merged(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a run with this base.

        Raises
        ------
        ConfigError : one asks for another network.
        """
        for name, value in self.settings.items():
            if name not in _FREE and settings.get(name, value) != value:
                raise ConfigError(
                    f"{name} must be left out: the model to begin with has {value!r}, and a model "
                    "keeps its network"
                )
        return self.settings | dict(settings)


def load_base(model: str | os.PathLike[str]) -> Base:
    """Read the model to begin with.

    Parameters
    ----------
    model : name of a bundled model, or a file.

    Raises
    ------
    ModelFileError : no such model, or its vocabulary is another one.
    """
    with model_path(model) as path:
        found, facts = load_model(path)
    try:
        known = Vocabulary.from_json(facts["vocabulary"])
    except TokenError as error:
        raise ModelFileError(f"{os.fspath(model)}: {error}") from None
    sizes = {name: getattr(found.config, name) for name in SECTIONS["model"]}
    try:
        weights = _brought_up(found, known)
    except ShapeError as error:
        raise ModelFileError(f"{os.fspath(model)}: damaged: {error}") from None
    met = facts["training"].get("met")
    manners = Coverage.from_dict(met).manners if met else None
    return Base(sizes, weights, facts["sha256"], manners or None)


def _brought_up(model: LanguageModel, vocabulary: Vocabulary) -> FloatArray:
    """The weights with rows for the streams that the model has not learnt.

    They are zeros, so that it says the same as before until it learns what they mean. But the same
    place some bars ahead begins with half of what the same place as many bars before means: of
    held-out fiddle tunes the middle is then 3.7 % likelier before any training
    (benchmarks/infilling.py).
    """
    rare = float(model.params["head.b"].min()) - 4  # and yet not so rare that it is never learnt
    wide = widened(model, vocabulary.stream_sizes, DEFAULT.stream_sizes, new_bias=rare)
    rows, sizes = wide.params["embedding"], dict(DEFAULT.streams)
    first = dict(zip(sizes, DEFAULT.stream_offsets, strict=True))
    new = list(sizes)[model.config.n_streams :]
    for lead in (name for name in new if name.startswith("lead_")):
        lag = lead.replace("lead_", "lag_")
        learnt = rows[first[lag] : first[lag] + sizes[lag]]
        rows[first[lead] : first[lead] + sizes[lead]] = _LEAD_SHARE * (learnt - learnt[0])
    return wide.flat_params
