"""A whole sequence on the device: the loop over time launches kernels and never waits for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lstm_music.backends.base import Tape
from lstm_music.backends.checks import Checked
from lstm_music.backends.gpu.device import NULL, Array, Device, Product
from lstm_music.backends.gpu.graphs import Graphs, addresses
from lstm_music.backends.gpu.persistent import PersistentKernels
from lstm_music.backends.gpu.products import own_product
from lstm_music.backends.gpu.rows import StepKernels, step_kernels
from lstm_music.backends.workspace import Workspace
from lstm_music.cells.spec import CellSpec
from lstm_music.types import FloatArray, Params


@dataclass(frozen=True)
class SequencePass:
    """One call over a sequence; the arguments are checked, and named as in the protocol.

    Attributes
    ----------
    spec : without a map; convolutions come as the dense matrices that they are.
    sizes : p is on the device, lengths are not.
    lengths : those on the device.
    way : one of lstm_music.backends.gpu.ways.WAYS that can be taken here; or ``own``, which is
        ``graph`` launched kernel by kernel, for a part of a larger graph.
    graphs : those recorded before.
    """

    device: Device
    space: Workspace
    spec: CellSpec
    sizes: Checked
    U: Array
    tape: Tape
    lengths: Array
    way: str
    graphs: Graphs | None = None

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
        spec, tape, T, B, H = self.spec, self.tape, self.sizes.T, self.sizes.B, self.sizes.H
        wx, width, plane = self.sums, spec.gates_w * H, B * H
        uh: Any = NULL
        if not spec.sums_early:
            uh = self.space.take("uh", (B, spec.gates_u * H), wx.dtype)
        sizes = np.int64(B), np.int64(H)
        arrays = (
            wx,
            b,
            uh,
            self.sizes.p,
            self._kept_for_graph("lengths", self.lengths),
            tape.S,
            tape.K,
            self._raw(),
        )
        arguments = *arrays, *self._zones()
        if self.way == "persistent":
            self._persistent().launch(
                "forward", T, B, H, self.U, (*sizes, np.int64(0), *arguments)
            )  # fmt: skip
            return
        products, kernels = self._forward_products(wx, uh), self._kernels
        grid, block = kernels.shape(B, H)
        out_step = B * width if spec.sums_early else 0

        def steps() -> None:
            for t in range(T):
                for product in products:
                    product(t * spec.states * plane, t * out_step)
                kernels.forward(grid, block, (*sizes, np.int64(t), *arguments))

        self._run("forward", (*sizes, *arguments), steps)

    def _forward_products(self, wx: Array, uh: Array) -> list[Product]:
        """U times what it is fed: added to wx, or into uh, of the first step."""
        fed = self.tape.S[0]
        if self.spec.sums_early:
            return [
                self._prepared(fed[s], self.U, wx[0], accumulate=True, transpose_b=True)
                for s, _, _ in self.spec.feeds
            ]
        H = self.sizes.H
        return [
            self._prepared(
                fed[s],
                self.U[first * H : last * H],
                uh[:, first * H : last * H],
                transpose_b=True,
            )
            for s, first, last in self.spec.feeds
        ]

    def backward(self, dY: Array, ds_last: Array, grads: Params) -> tuple[Array, FloatArray]:
        """DWx (T·B, gates_w·H), and dLoss/d the first state from that by the last one.

        Adds to the gradients of U, b and p.
        """
        spec, tape, T, B, H = self.spec, self.tape, self.sizes.T, self.sizes.B, self.sizes.H
        take, dtype = self.space.take, tape.S.dtype
        dwx = take("dwx", (T, B, spec.gates_w * H), dtype)
        width = (spec.gates_w if spec.sums_early else spec.gates_u) * H
        duh = dwx if spec.sums_early else take("duh", (T, B, width), dtype)
        dp = take("dp", (B, max(spec.row_params, 1) * H), dtype)
        ds, dY = self._kept("ds", ds_last), self._kept_for_graph("dY", dY)
        dp[...] = 0
        sizes = np.int64(B), np.int64(H)
        arrays = (
            dY,
            ds,
            tape.S,
            tape.K,
            self._raw(),
            self.sizes.p,
            self._kept_for_graph("lengths", self.lengths),
            dwx,
            duh,
            dp,
        )
        arguments = *arrays, *self._zones()
        if self.way == "persistent":
            self._persistent().launch(
                "backward", T, B, H, self.U, (*sizes, np.int64(T - 1), *arguments)
            )
        else:
            products = [
                self._prepared(
                    duh[0][:, first * H : last * H],
                    self.U[first * H : last * H],
                    ds[s],
                    accumulate=True,
                )
                for s, first, last in spec.feeds
            ]
            kernels = self._kernels
            grid, block = kernels.shape(B, H)

            def steps() -> None:
                for t in reversed(range(T)):
                    kernels.backward(grid, block, (*sizes, np.int64(t), *arguments))
                    for product in products:
                        product(t * B * width, 0)

            self._run("backward", (*sizes, *arguments), steps)
        self._add_gradients(dwx, duh, dp, grads)
        return dwx.reshape(T * B, -1), ds.copy()

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

    def _run(self, name: str, arguments: tuple[Any, ...], steps: Callable[[], None]) -> None:
        """All steps, as a graph if that is the way."""
        if self.way == "graph" and self.graphs is not None:
            key = (name, self.spec.name, self.sizes.T, *addresses((self.U, *arguments)))
            self.graphs.run(key, steps)
        else:
            steps()

    def _prepared(self, A: Array, B: Array, out: Array, **options: bool) -> Product:
        if self.way == "plain":
            return self.device.prepared_product(A, B, out, **options)
        return own_product(self.device, A, B, out, **options)

    def _kept(self, name: str, array: Array) -> Array:
        """A copy, where the one of the call before lay."""
        copy = self.space.take(name, array.shape, array.dtype)
        copy[...] = array
        return copy

    def _kept_for_graph(self, name: str, array: Array) -> Array:
        """The array, or such a copy: a graph is tied to its addresses."""
        return self._kept(name, array) if self.way == "graph" else array

    def _raw(self) -> Array:
        return NULL if self.tape.raw is None else self.tape.raw

    def _persistent(self) -> PersistentKernels:
        return PersistentKernels(self.device, self.spec, self.tape.S.dtype)

    @cached_property
    def _kernels(self) -> StepKernels:
        return step_kernels(self.device, self.spec, self.tape.S.dtype)

    def _zones(self) -> tuple[Any, ...]:
        """Rates, key, stream and whether there are masks, as the kernels take them."""
        mask_key = self.tape.mask_key
        if not self.spec.zoneout:
            return NULL, np.uint64(0), np.uint32(0), np.int32(0)
        key, stream = mask_key or (0, 0)
        return self._rates, np.uint64(key), np.uint32(stream), np.int32(mask_key is not None)

    @cached_property
    def _rates(self) -> Array:
        return self.device.put(np.array(self.spec.zoneout, np.float64))


def add_rows(device: Device, x: Array, sums: Array) -> None:
    """Sums (N,) += the rows of x (n, N)."""
    n, N = x.shape
    kernel = device.kernel("layers", "add_rows", x.dtype)
    kernel((-(-N // 32),), (32, 8), (np.int64(n), np.int64(N), x, sums))
