"""The driver in NumPy: any cell over a whole sequence, forward and backward.

Slow and short. The compiled driver ``kernels/sequence.pyx`` does the same, step for step.
"""

from __future__ import annotations

import numpy as np

from lstm_music.cells.spec import CellSpec
from lstm_music.reference.products import Product, plain_product
from lstm_music.reference.rows import ROWS
from lstm_music.reference.zoneout import kept_share
from lstm_music.types import FloatArray, IntArray, MaskKey, Params


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
    """Run ``spec`` over X (T,B,D) from state s0 (states,B,H); return (S, K, raw).

    S (T+1, states, B, H) holds the states, index 0 = s0. K (T, B, cached·H) is what the
    backward pass needs. raw (T, states, B, H) holds the states before zoneout, for a cell that has
    it. A row past its length keeps its last state.
    """
    T, B, _ = X.shape
    H = s0.shape[2]
    wx = (product(X, W.T, 0.0) + b).reshape(T, B, spec.gates_w, H)
    S = np.empty((T + 1, *s0.shape), X.dtype)
    K = np.zeros((T, B, spec.cached, H), X.dtype)
    raw = np.zeros((T, *s0.shape), X.dtype) if spec.zoneout else None
    S[0] = s0
    for t in range(T):
        uh = np.empty((B, spec.gates_u * H), X.dtype)
        for s, u0, u1 in spec.feeds:
            uh[:, u0 * H : u1 * H] = product(S[t, s], U[u0 * H : u1 * H].T, 0.0)
        uh = uh.reshape(B, spec.gates_u, H)
        s_next, K[t] = ROWS[spec.rows].forward(wx[t], uh, S[t], p)
        if raw is not None:
            raw[t] = s_next
            share = kept_share(spec.zoneout, mask_key, t, s0.shape, X.dtype)
            s_next = share * S[t] + (1 - share) * s_next
        S[t + 1] = np.where((t < lengths)[:, None], s_next, S[t])
    return S, K.reshape(T, B, spec.cached * H), raw


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
    """Mirror of :func:`sequence_forward`: return (dX, ds0); grads W, U, b, p accumulate (+=)."""
    T, B, D = X.shape
    H = S.shape[3]
    dwx = np.zeros((T, B, spec.gates_w, H), X.dtype)
    duh = np.zeros((T, B, spec.gates_u, H), X.dtype)
    ds = dS_last.copy()
    for t in reversed(range(T)):
        ds[0] += dY[t]
        on = np.flatnonzero(t < lengths)
        if not on.size:
            continue
        k = K[t, on].reshape(on.size, spec.cached, H)
        d_next, s_next, held = ds[:, on], S[t + 1][:, on], None
        if raw is not None:
            share = kept_share(spec.zoneout, mask_key, t, ds.shape, X.dtype)[:, on]
            d_next, s_next, held = (1 - share) * d_next, raw[t][:, on], share * d_next
        dwx[t, on], duh[t, on], ds_prev = ROWS[spec.rows].backward(
            d_next, S[t][:, on], s_next, k, p, grads["p"]
        )
        ds[:, on] = ds_prev if held is None else ds_prev + held
        for s, u0, u1 in spec.feeds:
            d_fed = duh[t, on, u0:u1].reshape(on.size, -1)
            ds[s, on] = product(d_fed, U[u0 * H : u1 * H], ds[s, on])
    flat_w, flat_u = dwx.reshape(T * B, -1), duh.reshape(T * B, -1)
    grads["W"][...] = product(flat_w.T, X.reshape(T * B, D), grads["W"])
    for s, u0, u1 in spec.feeds:
        rows = slice(u0 * H, u1 * H)
        s_prev = S[:T, s].reshape(T * B, H)
        grads["U"][rows] = product(flat_u[:, rows].T, s_prev, grads["U"][rows])
    grads["b"] += flat_w.sum(axis=0)
    return product(flat_w, W, 0.0).reshape(T, B, D), ds
