"""Fine-tuning: a run that begins with the weights of another model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lstm_music.errors import ConfigError, ModelFileError, TokenError
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model
from lstm_music.nn.parameters import zero_parameters
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
    """

    settings: dict[str, Any]
    weights: FloatArray
    sha256: str

    def merged(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a run with this base.

        Raises
        ------
        ConfigError : one asks for another network.
        """
        for name, value in self.settings.items():
            if name not in _FREE and settings.get(name, value) != value:
                raise ConfigError(
                    f"{name} of the model to begin with is {value!r}, not {settings[name]!r}: "
                    "leave it out"
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
    network = found.config
    if (network.n_rows, network.n_streams) != (known.n_rows, known.n_streams):
        raise ModelFileError(
            f"{os.fspath(model)}: damaged: the network has {network.n_streams} streams of "
            f"{network.n_rows} rows, its vocabulary {known.n_streams} of {known.n_rows}"
        )
    sizes = {name: getattr(found.config, name) for name in SECTIONS["model"]}
    return Base(sizes, _widened(found), facts["sha256"])


def _widened(model: LanguageModel) -> FloatArray:
    """The weights with rows for the streams that the model has not learnt.

    They are zeros, so that it says the same as before until it learns what they mean. But the same
    place some bars ahead begins with half of what the same place as many bars before means: of
    held-out fiddle tunes the middle is then 3.7 % likelier before any training
    (benchmarks/infilling.py).
    """
    config = replace(model.config, n_rows=DEFAULT.n_rows, n_streams=DEFAULT.n_streams)
    wide = zero_parameters(config, model.dtype)
    for name, values in model.params.items():
        wide.views[name][: len(values)] = values
    rows, sizes = wide.views["embedding"], dict(DEFAULT.streams)
    first = dict(zip(sizes, DEFAULT.stream_offsets, strict=True))
    new = list(sizes)[model.config.n_streams :]
    for lead in (name for name in new if name.startswith("lead_")):
        lag = lead.replace("lead_", "lag_")
        learnt = rows[first[lag] : first[lag] + sizes[lag]]
        rows[first[lead] : first[lead] + sizes[lead]] = _LEAD_SHARE * (learnt - learnt[0])
    return wide.flat
