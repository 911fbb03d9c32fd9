"""The model file: one ``.safetensors`` that needs nothing retyped.

Weights, and beside them, as JSON: format version, sizes, vocabulary, training summary, data card.
:mod:`lstm_music.nn.sealed` has the layout.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import lstm_music
from lstm_music.backends.base import Backend
from lstm_music.errors import ConfigError, ModelFileError
from lstm_music.files import atomic_write
from lstm_music.nn.config import ModelConfig, parameter_shapes
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.parameters import zero_parameters
from lstm_music.nn.sealed import DTYPES, Sealed, seal, unseal
from lstm_music.types import Params

FORMAT_VERSION = 1

_STORAGE = {"float32": "F32", "float16": "F16"}
_FACTS = {"vocabulary": str, "training": dict, "data_card": dict, "written_by": str}


def save_model(
    path: str | os.PathLike[str],
    model: LanguageModel,
    vocabulary: str,
    training: Mapping[str, Any],
    data_card: Mapping[str, Any],
    *,
    storage: str = "float32",
) -> None:
    """Write a model to one file, all of it or nothing.

    Parameters
    ----------
    path : the file; an old one is replaced.
    model : its parameters are stored as ``storage``, whatever their dtype.
    vocabulary : JSON that says what the tokens and rows mean.
    training, data_card : how it came to be, from what, under which licences; JSON values.
    storage : ``float32``, or ``float16`` for half the size.

    Raises
    ------
    ConfigError : another storage, or a value that is not JSON.
    ModelFileError : a parameter is NaN, infinite, or beyond float16.
    OutputError : the file cannot be written.
    """
    if storage not in _STORAGE:
        raise ConfigError(f"storage must be one of {', '.join(_STORAGE)}, got {storage!r}")
    facts = {
        "format_version": FORMAT_VERSION,
        "sizes": asdict(model.config),
        "vocabulary": vocabulary,
        "training": dict(training),
        "data_card": dict(data_card),
        "written_by": f"lstm_music {lstm_music.__version__}",
    }
    atomic_write(path, seal(_tensors(model, storage), facts))


def load_model(
    path: str | os.PathLike[str], *, backend: Backend | None = None
) -> tuple[LanguageModel, dict[str, Any]]:
    """Read a model file.

    Parameters
    ----------
    path : the file.
    backend : what the model computes with; None: the compiled one, on every core.

    Returns
    -------
    model : float32.
    facts : ``format_version``, ``sizes``, ``storage``, ``vocabulary`` (JSON), ``training``,
        ``data_card``, ``written_by``, ``sha256``.

    Raises
    ------
    ModelFileError : the file cannot be read, is no model, is damaged in any byte, or comes from
        a newer version. Nothing larger than the file is allocated before that is known.
    """
    try:
        blob = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ModelFileError(f"{os.fspath(path)!r}: cannot be read: {reason}") from None
    try:
        content = unseal(blob)
        facts = _facts(content)
        config = ModelConfig.from_dict(facts["sizes"])
        model = _model(config, content, backend)
    except (ModelFileError, ConfigError) as error:
        raise ModelFileError(f"{os.fspath(path)}: {error}") from None
    return model, facts


def _tensors(model: LanguageModel, storage: str) -> Params:
    """Parameters by name in the dtype of the file."""
    tensors = {}
    for name in parameter_shapes(model.config):
        with np.errstate(over="ignore"):
            stored = model.backend.to_host(model.params[name]).astype(DTYPES[_STORAGE[storage]])
        if not np.isfinite(stored).all():
            raise ModelFileError(
                f"{name} holds NaN, infinity or more than {storage} can; nothing was written"
            )
        tensors[name] = stored
    return tensors


def _facts(content: Sealed) -> dict[str, Any]:
    """The metadata, checked as far as this module knows what stands there."""
    facts = content.facts
    version = facts.get("format_version")
    if version != FORMAT_VERSION:
        raise ModelFileError(
            f"format version {version}, but this lstm_music reads {FORMAT_VERSION}; "
            f"use the version that wrote it: {facts.get('written_by')}"
        )
    for name, kind in _FACTS.items():
        if not isinstance(facts.get(name), kind):
            raise ModelFileError(f"damaged: the metadata has no {name}")
    names = {dtype: storage for storage, dtype in _STORAGE.items()}
    stored = content.dtype("head.b")
    return facts | {"sizes": facts.get("sizes"), "storage": names.get(stored, stored)}


def _model(config: ModelConfig, content: Sealed, backend: Backend | None) -> LanguageModel:
    """The model, once every tensor is known to be there, of its shape, inside the data."""
    shapes = parameter_shapes(config)
    if content.entries.keys() != shapes.keys():
        missing = sorted(shapes.keys() ^ content.entries.keys())
        raise ModelFileError(f"damaged: tensors missing or unknown: {', '.join(missing)}")
    stored = {name: content.tensor(name, shape) for name, shape in shapes.items()}
    parameters = zero_parameters(config, np.dtype(np.float32))
    for name, value in stored.items():
        parameters.views[name][...] = value
    if not np.isfinite(parameters.flat).all():
        raise ModelFileError("damaged: a weight is NaN or infinite")
    return LanguageModel(config, parameters, backend)
