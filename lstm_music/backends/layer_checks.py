"""Argument checks of the layers; kernels below trust what passes here."""

from __future__ import annotations

import numpy as np

from lstm_music.backends.checks import check_array, check_float, check_indices, is_writable
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.types import FloatArray, IntArray


def check_out(name: str, array: FloatArray) -> None:
    """Raise ShapeError unless ``array`` can be written."""
    if not is_writable(array):
        raise ShapeError(f"{name} must be writable: the result goes there")


def check_embedding(table: FloatArray, rows: IntArray, X: FloatArray, out: FloatArray) -> None:
    """Check a table (R, D), its indices (n, S) and what stands for their sums (n, D)."""
    dtype = check_float("the embedding table", table, 2)
    check_array("the embedding table", table, table.shape, dtype)
    check_indices("rows", rows, 2, 0, table.shape[0])
    check_array("X", X, (rows.shape[0], table.shape[1]), dtype)
    check_out("the output", out)


def check_cross_entropy(logits: FloatArray, bias: FloatArray, targets: IntArray) -> None:
    """Check logits (n, V), their bias (V,) and the targets (n,)."""
    dtype = check_float("logits", logits, 2)
    check_array("logits", logits, logits.shape, dtype)
    check_out("logits", logits)
    check_array("bias", bias, (logits.shape[1],), dtype)
    check_indices("targets", targets, 1, np.iinfo(np.int32).min, logits.shape[1])
    if len(targets) != len(logits):
        raise ShapeError(f"targets must have shape ({len(logits)},), got {targets.shape}")


def check_add_rows(x: FloatArray, sums: FloatArray) -> None:
    """Check x (n, N) and sums (N,)."""
    dtype = check_float("x", x, 2)
    check_array("x", x, x.shape, dtype)
    check_array("sums", sums, (x.shape[1],), dtype)
    check_out("sums", sums)


def check_flat(x: FloatArray) -> None:
    """Raise ShapeError unless x is contiguous (n,)."""
    check_array("x", x, x.shape, check_float("x", x, 1))


def check_update(w: FloatArray, g: FloatArray, m: FloatArray, v: FloatArray) -> None:
    """Check parameters, gradient and memory, all (n,)."""
    dtype = check_float("the parameters", w, 1)
    for name, array in {"the parameters": w, "the gradient": g, "m": m, "v": v}.items():
        check_array(name, array, w.shape, dtype)
    for name, array in {"the parameters": w, "m": m, "v": v}.items():
        check_out(name, array)


def check_dropout(x: FloatArray, rate: float, key: int, stream: int) -> None:
    """Check an array of any shape and the numbers of its mask."""
    check_float("x", x, getattr(x, "ndim", 0))
    check_array("x", x, x.shape, x.dtype)
    check_out("x", x)
    if not (0 <= rate < 1 and 0 <= key < 2**64 and 0 <= stream < 2**32):
        raise ConfigError(
            "dropout needs 0 <= rate < 1, 0 <= key < 2**64, 0 <= stream < 2**32; "
            f"got {rate}, {key}, {stream}"
        )
