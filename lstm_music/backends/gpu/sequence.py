"""A whole sequence on the device: the loop over time launches kernels and never waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_music.backends.base import Tape
from lstm_music.backends.checks import Checked
from lstm_music.backends.gpu.device import NULL, Array, Device
from lstm_music.backends.gpu.rows import StepKernels, step_kernels
from lstm_music.backends.workspace import Workspace
from lstm_music.cells.spec import CellSpec
from lstm_music.types import Params


@dataclass(frozen=True)
class SequencePass:
    """One call over a sequence; the arguments are checked, and named as in the protocol.

    Attributes
    ----------
    spec : without a map; convolutions come as the dense matrices that they are.
    sizes : p is on the device, lengths are not.
    """

    device: Device
    space: Workspace
    spec: CellSpec
    sizes: Checked
    U: Array
    tape: Tape

    @property
    def sums(self) -> Array:
        """(T, B, gates_w·H) where W X goes before :meth:`forward`; a cell that caches as much as
        that has its sums where the cache goes.
        """
        spec, tape = self.spec, self.tape
        if spec.cached == spec.gates_w:
            return tape.K
        T, B, H = self.sizes.T, self.sizes.B, self.sizes.H
        return self.space.take("wx", (T, B, spec.gates_w * H), tape.K.dtype)

    def forward(self, b: Array) -> None:
        """From the sums W X and S[0] to the rest of S and to K."""
        spec, tape, B, H = self.spec, self.tape, self.sizes.B, self.sizes.H
        wx, width, plane = self.sums, spec.gates_w * H, B * H
        uh: Any = NULL
        products, prepare = [], self.device.prepared_product
        if spec.sums_early:
            for s, _, _ in spec.feeds:
                h = tape.S[0, s]
                products.append(prepare(h, self.U, wx[0], accumulate=True, transpose_b=True))
        else:
            uh = self.space.take("uh", (B, spec.gates_u * H), wx.dtype)
            for s, first, last in spec.feeds:
                rows, into = self.U[first * H : last * H], uh[:, first * H : last * H]
                h = tape.S[0, s]
                products.append(prepare(h, rows, into, transpose_b=True))
        kernels = self._kernels()
        grid, block = kernels.shape(B, H)
        raw = NULL if tape.raw is None else tape.raw
        lengths, zones = self.device.put(self.sizes.lengths), self._zones()
        out_step = B * width if spec.sums_early else 0
        for t in range(self.sizes.T):
            for product in products:
                product(t * spec.states * plane, t * out_step)
            kernels.forward(
                grid,
                block,
                (np.int64(B), np.int64(H), np.int64(t), wx, b, uh, self.sizes.p, lengths,
                 tape.S, tape.K, raw, *zones),
            )  # fmt: skip

    def backward(self, dY: Array, ds: Array, grads: Params) -> Array:
        """DWx (T·B, gates_w·H); ds in: dLoss/d the last state, out: dLoss/d the first one.

        Adds to the gradients of U, b and p.
        """
        spec, tape, T, B, H = self.spec, self.tape, self.sizes.T, self.sizes.B, self.sizes.H
        take, dtype = self.space.take, tape.S.dtype
        dwx = take("dwx", (T, B, spec.gates_w * H), dtype)
        width = (spec.gates_w if spec.sums_early else spec.gates_u) * H
        duh = dwx if spec.sums_early else take("duh", (T, B, width), dtype)
        dp = take("dp", (B, max(spec.row_params, 1) * H), dtype)
        dp[...] = 0
        products = [
            self.device.prepared_product(
                duh[0][:, first * H : last * H],
                self.U[first * H : last * H],
                ds[s],
                accumulate=True,
            )
            for s, first, last in spec.feeds
        ]
        kernels = self._kernels()
        grid, block = kernels.shape(B, H)
        raw = NULL if tape.raw is None else tape.raw
        lengths, zones = self.device.put(self.sizes.lengths), self._zones()
        for t in reversed(range(T)):
            kernels.backward(
                grid,
                block,
                (np.int64(B), np.int64(H), np.int64(t), dY, ds, tape.S, tape.K, raw,
                 self.sizes.p, lengths, dwx, duh, dp, *zones),
            )  # fmt: skip
            for product in products:
                product(t * B * width, 0)
        self._add_gradients(dwx, duh, dp, grads)
        return dwx.reshape(T * B, -1)

    def _add_gradients(self, dwx: Array, duh: Array, dp: Array, grads: Params) -> None:
        """What all steps together give dU, db and dp."""
        spec, T, B, H = self.spec, self.sizes.T, self.sizes.B, self.sizes.H
        flat = duh.reshape(T * B, -1)
        for s, first, last in spec.feeds:
            fed = self.space.take("fed", (T, B, H), dwx.dtype)
            fed[...] = self.tape.S[:T, s]
            self.device.product(
                flat[:, first * H : last * H],
                fed.reshape(T * B, H),
                grads["U"][first * H : last * H],
                accumulate=True,
                transpose_a=True,
            )
        add_rows(self.device, dwx.reshape(T * B, -1), grads["b"])
        if spec.row_params:
            add_rows(self.device, dp, grads["p"].reshape(-1))

    def _kernels(self) -> StepKernels:
        return step_kernels(self.device, self.spec, self.tape.S.dtype)

    def _zones(self) -> tuple[Any, ...]:
        """Rates, key, stream and whether there are masks, as the kernels take them."""
        spec, mask_key = self.spec, self.tape.mask_key
        if not spec.zoneout:
            return NULL, np.uint64(0), np.uint32(0), np.int32(0)
        rates = self.device.put(np.array(spec.zoneout, np.float64))
        key, stream = mask_key or (0, 0)
        return rates, np.uint64(key), np.uint32(stream), np.int32(mask_key is not None)


def add_rows(device: Device, x: Array, sums: Array) -> None:
    """Sums (N,) += the rows of x (n, N)."""
    n, N = x.shape
    kernel = device.kernel("layers", "add_rows", x.dtype)
    kernel((-(-N // 32),), (32, 8), (np.int64(n), np.int64(N), x, sums))
