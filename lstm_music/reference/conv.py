"""Convolutional cells in NumPy: a convolution is a matrix whose entries are tied.

So the driver of ``sequence.py`` runs it as the dense matrix that it is: every weight of the kernel
stands there once for each place. Slow, large and short.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_music.cells.maps import MapShape
from lstm_music.cells.spec import CellSpec
from lstm_music.reference import sequence
from lstm_music.reference.products import Product, plain_product
from lstm_music.types import FloatArray, IntArray, MaskKey, Params


def dense(W: FloatArray, maps: MapShape) -> FloatArray:
    """The matrix (n·P, m·P) of the convolution W (n, m·taps), m channels in and n out."""
    n, P = W.shape[0], maps.places
    kernel = W.reshape(n, -1, maps.taps)
    matrix = np.zeros((n, P, kernel.shape[1], P), W.dtype)
    for tap, (here, there) in enumerate(_pairs(maps)):
        matrix[:, here, :, there] += kernel[:, :, tap]
    return matrix.reshape(n * P, -1)


def add_tied(d_matrix: FloatArray, maps: MapShape, dW: FloatArray) -> None:
    """Add to dW (n, m·taps) the gradient (n·P, m·P) of its dense matrix, tap by tap."""
    n, P = dW.shape[0], maps.places
    d_kernel = dW.reshape(n, -1, maps.taps)
    d = d_matrix.reshape(n, P, d_kernel.shape[1], P)
    for tap, (here, there) in enumerate(_pairs(maps)):
        d_kernel[:, :, tap] += d[:, here, :, there].sum(axis=0)


def _pairs(maps: MapShape) -> Iterator[tuple[IntArray, IntArray]]:
    """For each tap: the places from which it sees one, and those that it sees."""
    for seen in np.array(maps.seen(), np.int32):
        here = np.flatnonzero(seen >= 0).astype(np.int32)
        yield here, seen[here]


def dense_params(spec: CellSpec, params: Params) -> Params:
    """Parameters W, U, b (p) as ``CellSpec.maps`` has them, as those of a cell without a map."""
    maps = spec.maps
    assert maps is not None
    matrices = {name: dense(params[name], maps) for name in ("W", "U")}
    return params | matrices | {"b": np.repeat(params["b"], maps.places)}


def sequence_forward(
    spec: CellSpec,
    X: FloatArray,
    W: FloatArray,
    U: FloatArray,
    b: FloatArray,
    p: FloatArray,
    s0: FloatArray,
    lengths: IntArray,
    mask_key: MaskKey | None,
    product: Product = plain_product,
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """``sequence.sequence_forward`` for a cell on a map."""
    full = dense_params(spec, {"W": W, "U": U, "b": b})
    W, U, b = full["W"], full["U"], full["b"]
    return sequence.sequence_forward(spec, X, W, U, b, p, s0, lengths, mask_key, product)


def sequence_backward(
    spec: CellSpec,
    dY: FloatArray,
    dS_last: FloatArray,
    S: FloatArray,
    K: FloatArray,
    raw: FloatArray | None,
    X: FloatArray,
    W: FloatArray,
    U: FloatArray,
    p: FloatArray,
    grads: Params,
    lengths: IntArray,
    mask_key: MaskKey | None,
    product: Product = plain_product,
) -> tuple[FloatArray, FloatArray]:
    """Mirror of :func:`sequence_forward`."""
    maps = spec.maps
    assert maps is not None
    full = dense_params(spec, {"W": W, "U": U, "b": grads["b"]})
    d_full = {name: np.zeros_like(array) for name, array in full.items()} | {"p": grads["p"]}
    dX, ds0 = sequence.sequence_backward(
        spec, dY, dS_last, S, K, raw, X, full["W"], full["U"], p, d_full, lengths, mask_key,
        product,
    )  # fmt: skip
    for name in ("W", "U"):
        add_tied(d_full[name], maps, grads[name])
    grads["b"] += d_full["b"].reshape(-1, maps.places).sum(axis=1)
    return dX, ds0
