"""Files that prove themselves whole: safetensors with a SHA-256 over every other byte.

::

    8 bytes   length of the header, little-endian
    header    JSON: name -> dtype, shape, place of each tensor, and one metadata entry,
              "lstm_music", which is JSON again: sha256, then what the writer has to say
    data      the tensors, one behind the other

Any reader of safetensors can read the tensors. ``sha256`` is over the whole file with the digest's
own 64 places zeroed; it is the first thing in the header, so its place is known before anything
is parsed, and no byte of the file escapes it. (One entry, because the library that writes the
header does not keep several in a fixed order, and the same content should be the same bytes.)
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors import numpy as safetensors_numpy

from lstm_music.errors import ConfigError, ModelFileError
from lstm_music.nn.config import Shape
from lstm_music.types import FloatArray, Params

DTYPES: dict[str, np.dtype[np.floating[Any]]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
}

_PREFIX = b'{"__metadata__":{"lstm_music":"{\\"sha256\\":\\"'
_START = 8 + len(_PREFIX)
_NO_DIGEST = b"0" * 64
_MOST_HEADER_BYTES = 1 << 24


@dataclass(frozen=True)
class Sealed:
    """The content of a file in which no byte has changed since it was written.

    Parameters
    ----------
    facts : what the writer had to say; ``sha256`` is among it.
    entries : name -> dtype, shape and place of each tensor, not yet checked.
    data : all tensors, a view of the file.
    """

    facts: dict[str, Any]
    entries: dict[str, Any]
    data: memoryview

    def dtype(self, name: str) -> str:
        """How a tensor is stored, such as ``F32``; "" if there is no such tensor."""
        entry = self.entries.get(name)
        return str(entry.get("dtype")) if isinstance(entry, dict) else ""

    def tensor(self, name: str, shape: Shape) -> FloatArray:
        """One tensor as a read-only view of the file.

        Raises
        ------
        ModelFileError : it is not there, or not of that shape.
        """
        entry = self.entries.get(name)
        if not isinstance(entry, dict) or str(entry.get("dtype")) not in DTYPES:
            raise ModelFileError(f"damaged: tensor {name} must be one of {', '.join(DTYPES)}")
        dtype, offsets = DTYPES[entry["dtype"]], entry.get("data_offsets")
        size = math.prod(shape) * dtype.itemsize
        if entry.get("shape") != list(shape):
            raise ModelFileError(
                f"damaged: tensor {name} must have shape {list(shape)}, got {entry.get('shape')}"
            )
        if not isinstance(offsets, list) or [type(o) for o in offsets] != [int, int]:
            raise ModelFileError(f"damaged: tensor {name} has no place")
        start, stop = offsets
        if start < 0 or stop - start != size or stop > len(self.data):
            raise ModelFileError(f"damaged: tensor {name} does not lie within the file")
        return np.frombuffer(self.data[start:stop], dtype).reshape(shape)


def seal(tensors: Params, facts: Mapping[str, Any]) -> bytes:
    """A whole file; the same content is the same bytes.

    Raises
    ------
    ConfigError : a fact is not JSON.
    """
    try:
        text = json.dumps(
            {"sha256": _NO_DIGEST.decode(), **facts}, separators=(",", ":"), default=_plain
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"the file holds JSON only: {error}") from None
    blob = safetensors_numpy.save(tensors, metadata={"lstm_music": text})
    if blob[8:_START] != _PREFIX:
        raise ModelFileError("this version of safetensors lays its header out in another way")
    return blob[:_START] + _digest(blob) + blob[_START + 64 :]


def unseal(blob: bytes) -> Sealed:
    """What `seal` put into a file.

    Raises
    ------
    ModelFileError : another kind of file, or damaged in any byte. Nothing larger than the file
        is allocated before that is known.
    """
    if blob[8:_START] != _PREFIX:
        raise ModelFileError(
            "not a model file or checkpoint of lstm_music (or its first bytes are damaged); "
            "give a .safetensors file that lstm-music train has written"
        )
    if blob[_START : _START + 64] != _digest(blob):
        raise ModelFileError("damaged: its checksum is wrong; copy or download it again")
    length = int.from_bytes(blob[:8], "little")
    if length > min(len(blob) - 8, _MOST_HEADER_BYTES):
        raise ModelFileError(f"damaged: a header of {length} bytes in a file of {len(blob)}")
    header = _json_object(blob[8 : 8 + length], "header")
    words = header.pop("__metadata__", None)
    text = words.get("lstm_music") if isinstance(words, dict) else words
    facts = _json_object(str(text), "metadata")
    return Sealed(facts, header, memoryview(blob)[8 + length :])


def _plain(value: Any) -> Any:
    """NumPy scalars as Python numbers."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _digest(blob: bytes) -> bytes:
    """Hexadecimal SHA-256 of a file, its own digest seen as zeros."""
    seen = hashlib.sha256(memoryview(blob)[:_START])
    seen.update(_NO_DIGEST)
    seen.update(memoryview(blob)[_START + 64 :])
    return seen.hexdigest().encode()


def _json_object(text: bytes | str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"damaged: the {what} is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise ModelFileError(f"damaged: the {what} is no JSON object")
    return value
