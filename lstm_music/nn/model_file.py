"""The model file: one ``.safetensors`` that needs nothing retyped.

::

    8 bytes   length of the header, little-endian
    header    JSON: name -> dtype, shape, place of each tensor, and one metadata entry,
              "lstm_music", which is JSON again: sha256, format version, sizes, vocabulary,
              training summary, data card
    data      the tensors, one behind the other

Any reader of safetensors can read the tensors. ``sha256`` is over the whole file with the digest's
own 64 places zeroed; it is the first thing in the header, so its place is known before anything
is parsed, and no byte of the file escapes it. (One entry, because the library that writes the
header does not keep several in a fixed order, and the same model should be the same bytes.)
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import numpy as safetensors_numpy

import lstm_music
from lstm_music.backends.base import Backend
from lstm_music.errors import ConfigError, ModelFileError
from lstm_music.files import atomic_write
from lstm_music.nn.config import ModelConfig, Shape, parameter_shapes
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.parameters import zero_parameters
from lstm_music.types import FloatArray, Params

FORMAT_VERSION = 1

_STORAGE = {"float32": "F32", "float16": "F16"}
_DTYPES: dict[str, np.dtype[np.floating[Any]]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}
_PREFIX = b'{"__metadata__":{"lstm_music":"{\\"sha256\\":\\"'
_NO_DIGEST = b"0" * 64
_MOST_HEADER_BYTES = 1 << 24
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
        "sha256": _NO_DIGEST.decode(),
        "format_version": FORMAT_VERSION,
        "sizes": asdict(model.config),
        "vocabulary": vocabulary,
        "training": dict(training),
        "data_card": dict(data_card),
        "written_by": f"lstm_music {lstm_music.__version__}",
    }
    try:
        text = json.dumps(facts, separators=(",", ":"), default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"a model file holds JSON only: {error}") from None
    blob = safetensors_numpy.save(_tensors(model, storage), metadata={"lstm_music": text})
    start = 8 + len(_PREFIX)
    if blob[8:start] != _PREFIX:
        raise ModelFileError("this version of safetensors lays its header out in another way")
    atomic_write(path, blob[:start] + _digest(blob, start) + blob[start + 64 :])


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
        header, data = _verified(blob)
        facts = _facts(header)
        config = ModelConfig.from_dict(facts["sizes"])
        model = _model(config, header, data, backend)
    except (ModelFileError, ConfigError) as error:
        raise ModelFileError(f"{os.fspath(path)}: {error}") from None
    return model, facts


def _plain(value: Any) -> Any:
    """NumPy scalars as Python numbers."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _tensors(model: LanguageModel, storage: str) -> Params:
    """Parameters by name in the dtype of the file."""
    tensors = {}
    for name in parameter_shapes(model.config):
        with np.errstate(over="ignore"):
            stored = model.params[name].astype(_DTYPES[_STORAGE[storage]])
        if not np.isfinite(stored).all():
            raise ModelFileError(
                f"{name} holds NaN, infinity or more than {storage} can; nothing was written"
            )
        tensors[name] = stored
    return tensors


def _digest(blob: bytes, start: int) -> bytes:
    """Hexadecimal SHA-256 of a file whose digest stands at ``start``, seen without it."""
    seen = hashlib.sha256(memoryview(blob)[:start])
    seen.update(_NO_DIGEST)
    seen.update(memoryview(blob)[start + 64 :])
    return seen.hexdigest().encode()


def _verified(blob: bytes) -> tuple[dict[str, Any], memoryview]:
    """Header and data of a file in which no byte has changed since it was written."""
    start = 8 + len(_PREFIX)
    if blob[8:start] != _PREFIX:
        raise ModelFileError(
            "not a model file of lstm_music (or its first bytes are damaged); "
            "give a .safetensors file that lstm-music train has written"
        )
    if blob[start : start + 64] != _digest(blob, start):
        raise ModelFileError("damaged: its checksum is wrong; copy or download it again")
    length = int.from_bytes(blob[:8], "little")
    if length > min(len(blob) - 8, _MOST_HEADER_BYTES):
        raise ModelFileError(f"damaged: a header of {length} bytes in a file of {len(blob)}")
    header = _json_object(blob[8 : 8 + length], "header")
    return header, memoryview(blob)[8 + length :]


def _json_object(text: bytes | str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"damaged: the {what} is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise ModelFileError(f"damaged: the {what} is no JSON object")
    return value


def _facts(header: dict[str, Any]) -> dict[str, Any]:
    """The metadata, checked as far as this module knows what stands there."""
    words = header.get("__metadata__")
    text = words.get("lstm_music") if isinstance(words, dict) else words
    facts = _json_object(str(text), "metadata")
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
    first = header.get("head.b")
    stored = first.get("dtype") if isinstance(first, dict) else None
    return facts | {"sizes": facts.get("sizes"), "storage": names.get(str(stored), str(stored))}


def _model(
    config: ModelConfig, header: dict[str, Any], data: memoryview, backend: Backend | None
) -> LanguageModel:
    """The model, once every tensor is known to be there, of its shape, inside the data."""
    shapes = parameter_shapes(config)
    if header.keys() - {"__metadata__"} != shapes.keys():
        missing = sorted(shapes.keys() ^ (header.keys() - {"__metadata__"}))
        raise ModelFileError(f"damaged: tensors missing or unknown: {', '.join(missing)}")
    stored = {name: _tensor(name, header[name], shape, data) for name, shape in shapes.items()}
    parameters = zero_parameters(config, np.dtype(np.float32))
    for name, value in stored.items():
        parameters.views[name][...] = value.reshape(shapes[name])
    if not np.isfinite(parameters.flat).all():
        raise ModelFileError("damaged: a weight is NaN or infinite")
    return LanguageModel(config, parameters, backend)


def _tensor(name: str, entry: Any, shape: Shape, data: memoryview) -> FloatArray:
    """One tensor, flat, as a view of the file."""
    if not isinstance(entry, dict) or str(entry.get("dtype")) not in _DTYPES:
        raise ModelFileError(f"damaged: tensor {name} must be one of {', '.join(_DTYPES)}")
    dtype, offsets = _DTYPES[entry["dtype"]], entry.get("data_offsets")
    size = math.prod(shape) * dtype.itemsize
    if entry.get("shape") != list(shape):
        raise ModelFileError(
            f"damaged: tensor {name} must have shape {list(shape)}, got {entry.get('shape')}"
        )
    if not isinstance(offsets, list) or [type(o) for o in offsets] != [int, int]:
        raise ModelFileError(f"damaged: tensor {name} has no place")
    start, stop = offsets
    if start < 0 or stop - start != size or stop > len(data):
        raise ModelFileError(f"damaged: tensor {name} does not lie within the file")
    return np.frombuffer(data[start:stop], dtype)
