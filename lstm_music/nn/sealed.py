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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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
_MOST_HEADER_BYTES = 1 << 22
"""As JSON it may take thirty times that in memory."""
_MOST_AXES = 8


@dataclass(frozen=True)
class Sealed:
    """The content of a file in which no byte has changed since it was written.

    Parameters
    ----------
    facts : what the writer had to say; ``sha256`` is among it.
    entries : name -> dtype, shape and place of each tensor.
    data : all tensors, a view of the file: one behind the other, no gap, none twice.
    """

    facts: dict[str, Any]
    entries: dict[str, Any]
    data: memoryview

    def dtype(self, name: str) -> str:
        """How a tensor is stored, such as ``F32``; "" if there is no such tensor."""
        entry = self.entries.get(name)
        return "" if entry is None else str(entry["dtype"])

    def tensor(self, name: str, shape: Shape) -> FloatArray:
        """One tensor as a read-only view of the file.

        Raises
        ------
        ModelFileError : it is not there, or not of that shape.
        """
        entry = self.entries.get(name)
        if entry is None or entry["shape"] != list(shape):
            got = "nothing" if entry is None else entry["shape"]
            raise ModelFileError(f"damaged: tensor {name} must have shape {list(shape)}, got {got}")
        start, stop = entry["data_offsets"]
        return np.frombuffer(self.data[start:stop], DTYPES[entry["dtype"]]).reshape(shape)


def seal(tensors: Params, facts: Mapping[str, Any]) -> bytes:
    """A whole file; the same content is the same bytes.

    Raises
    ------
    ConfigError : a fact is not JSON, or they are too many.
    """
    from safetensors import numpy as safetensors_numpy  # reading needs NumPy alone

    try:
        text = json.dumps(
            {"sha256": _NO_DIGEST.decode(), **facts},
            separators=(",", ":"),
            default=_plain,
            allow_nan=False,
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"the file holds JSON only: {error}") from None
    blob = safetensors_numpy.save(tensors, metadata={"lstm_music": text})
    if blob[8:_START] != _PREFIX:
        raise ModelFileError("this version of safetensors lays its header out in another way")
    length = int.from_bytes(blob[:8], "little")
    if length > _MOST_HEADER_BYTES:
        raise ConfigError(f"{length} bytes of facts; a file holds {_MOST_HEADER_BYTES} at most")
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
    data = memoryview(blob)[8 + length :]
    _check_places({name: _place(name, entry) for name, entry in header.items()}, len(data))
    return Sealed(facts, header, data)


def _place(name: str, entry: Any) -> tuple[int, int]:
    """Where a tensor begins and ends in the data."""
    if not isinstance(entry, dict) or str(entry.get("dtype")) not in DTYPES:
        raise ModelFileError(f"damaged: tensor {name} must be one of {', '.join(DTYPES)}")
    shape = _counts(name, entry.get("shape"), range(_MOST_AXES + 1))
    start, stop = _counts(name, entry.get("data_offsets"), (2,))
    if stop - start != math.prod(shape) * DTYPES[entry["dtype"]].itemsize:
        raise ModelFileError(f"damaged: tensor {name} does not fill its place")
    return start, stop


def _counts(name: str, value: Any, lengths: Sequence[int]) -> list[int]:
    """The value, a list of so many whole numbers from 0 on."""
    is_list = isinstance(value, list) and len(value) in lengths
    if not is_list or not all(type(x) is int and x >= 0 for x in value):
        raise ModelFileError(f"damaged: tensor {name} has no shape or no place")
    numbers: list[int] = value
    return numbers


def _check_places(places: Mapping[str, tuple[int, int]], size: int) -> None:
    """Refuse tensors that overlap, leave a gap, or end elsewhere than the data."""
    end = 0
    for name, (start, stop) in sorted(places.items(), key=lambda item: item[1]):
        if start != end:
            raise ModelFileError(f"damaged: tensor {name} begins at {start}, not at {end}")
        end = stop
    if end != size:
        raise ModelFileError(f"damaged: the tensors end at {end}, the data at {size}")


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
    """Strict JSON: no name twice, every number finite."""
    try:
        value = json.loads(
            text, object_pairs_hook=_once_each, parse_float=_finite, parse_constant=_finite
        )
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"damaged: the {what} is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise ModelFileError(f"damaged: the {what} is no JSON object")
    return value


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number
