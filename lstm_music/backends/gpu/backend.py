"""The backend itself: every method of the protocol, over arrays on one GPU."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy.typing as npt

from lstm_music.backends.base import Tape
from lstm_music.backends.checks import (
    Checked,
    check_backward,
    check_cell,
    check_mask_key,
    check_matmul,
    check_out,
    check_start,
    check_token_cell,
)
from lstm_music.backends.gpu.device import Array, Device
from lstm_music.backends.gpu.graphs import Graphs
from lstm_music.backends.gpu.guard import on_device
from lstm_music.backends.gpu.layers import GpuLayers, gather
from lstm_music.backends.gpu.maps import DenseMaps
from lstm_music.backends.gpu.sequence import SequencePass
from lstm_music.backends.gpu.ways import DEFAULT, Rule
from lstm_music.backends.workspace import Workspace
from lstm_music.cells.spec import CellSpec
from lstm_music.types import FloatArray, IntArray, MaskKey, Params


class GpuBackend(GpuLayers):
    """See :class:`lstm_music.backends.base.Backend`.

    Arrays of numbers lie on the device (:meth:`to_device`); what indexes them, tokens, rows,
    targets and lengths, comes from the host, where it is checked. Results are bitwise the same
    from run to run on one kind of device.

    Parameters
    ----------
    number : which GPU, from 0.
    precision : of the products of float32 matrices: ``float32``, ``tf32`` or ``bfloat16``.
    way : how the steps of a sequence run where they can: :mod:`lstm_music.backends.gpu.ways`.

    Attributes
    ----------
    device : the GPU.
    xp : CuPy, for what is not worth a kernel.
    rule : which way is taken, and why not the one that was asked for.

    Raises
    ------
    BackendError : CuPy, the driver or the device is missing.
    """

    name = "gpu"

    def __init__(
        self, number: int = 0, precision: str = "float32", way: str = DEFAULT
    ) -> None:  # fmt: skip
        self._given = number, precision, way
        self.n_threads = 1
        self.device = Device(number, precision)
        self.xp = self.device.xp
        self._space = self.workspace()
        self.rule, self._graphs = Rule(self.device, way), Graphs(self.device)

    def __reduce__(self) -> tuple[type[GpuBackend], tuple[int, str, str]]:
        """For pickle and copy: memory and kernels are of the process that has them."""
        return type(self), self._given

    @on_device
    def to_device(self, array: npt.NDArray[Any]) -> Any:
        """A copy on the device; see the protocol."""
        return self.device.put(array)

    @on_device
    def to_host(self, array: Any) -> npt.NDArray[Any]:
        """A copy as a NumPy array; see the protocol."""
        return self.device.get(array)

    def current(self) -> AbstractContextManager[None]:
        """A stretch on this device; see the protocol."""
        return self.device.current()

    def workspace(self) -> Workspace:
        """New scratch memory on the device; see the protocol."""
        return Workspace(self.device.empty)

    @on_device
    def sequence_forward(
        self,
        spec: CellSpec,
        X: FloatArray,
        W: FloatArray,
        U: FloatArray,
        b: FloatArray,
        p: FloatArray | None,
        s0: FloatArray,
        lengths: IntArray | None = None,
        *,
        out: Tape | None = None,
        mask_key: MaskKey | None = None,
    ) -> Tape:
        """Run a cell over a batch of sequences; see the protocol."""
        sizes = check_cell(spec, X, W, U, p, lengths)
        tape = self._started(spec, sizes, b, s0, out, mask_key)
        if spec.maps:
            dense = DenseMaps(self.device, spec)
            spec, W, U, b = dense.spec, dense.matrix(W), dense.matrix(U), dense.biases(b)
        run = self._pass(spec, sizes, U, tape)
        flat, sums = X.reshape(-1, X.shape[2]), run.sums
        self.device.product(flat, W, sums.reshape(len(flat), -1), transpose_b=True)
        run.forward(b)
        return tape

    @on_device
    def sequence_backward(
        self,
        spec: CellSpec,
        dY: FloatArray,
        dS_last: FloatArray | None,
        tape: Tape,
        X: FloatArray,
        W: FloatArray,
        U: FloatArray,
        p: FloatArray | None,
        grads: Params,
        lengths: IntArray | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        """Gradients through :meth:`sequence_forward`; see the protocol."""
        sizes = check_cell(spec, X, W, U, p, lengths)
        ds_last, full = check_backward(spec, sizes, dY, dS_last, tape, grads)
        dense = DenseMaps(self.device, spec) if spec.maps else None
        if dense:
            spec, W, U = dense.spec, dense.matrix(W), dense.matrix(U)
            own, full = full, dense.room(full)
        run = self._pass(spec, sizes, U, tape)
        dwx, ds = run.backward(dY, ds_last, full)
        flat = X.reshape(-1, X.shape[2])
        dX = self.device.empty(X.shape, X.dtype)
        self.device.product(dwx, flat, full["W"], accumulate=True, transpose_a=True)
        self.device.product(dwx, W, dX.reshape(flat.shape))
        if dense:
            dense.gather(full, own)
        return dX, ds

    @on_device
    def token_forward(
        self,
        spec: CellSpec,
        E: FloatArray,
        tokens: IntArray,
        W: FloatArray,
        U: FloatArray,
        b: FloatArray,
        p: FloatArray | None,
        s0: FloatArray,
        lengths: IntArray | None = None,
        *,
        out: Tape | None = None,
        mask_key: MaskKey | None = None,
    ) -> Tape:
        """Run a cell over sequences of tokens; see the protocol."""
        sizes = check_token_cell(spec, E, tokens, W, U, p, lengths)
        rows = self.device.put(tokens.reshape(-1, tokens.shape[2]))
        if spec.maps:
            X = self._looked_up(E, rows, sizes)
            return self.sequence_forward(
                spec, X, W, U, b, p, s0, lengths, out=out, mask_key=mask_key
            )
        tape = self._started(spec, sizes, b, s0, out, mask_key)
        run = self._pass(spec, sizes, U, tape)
        table, sums = self._space.take("table", (len(E), len(W)), E.dtype), run.sums
        self.device.product(E, W, table, transpose_b=True)
        gather(self.device, table, rows, sums.reshape(-1, len(W)))
        run.forward(b)
        return tape

    @on_device
    def token_backward(
        self,
        spec: CellSpec,
        dY: FloatArray,
        dS_last: FloatArray | None,
        tape: Tape,
        E: FloatArray,
        tokens: IntArray,
        W: FloatArray,
        U: FloatArray,
        p: FloatArray | None,
        grads: Params,
        lengths: IntArray | None = None,
    ) -> FloatArray:
        """Gradients through :meth:`token_forward`; see the protocol."""
        sizes = check_token_cell(spec, E, tokens, W, U, p, lengths)
        ds_last, full = check_backward(spec, sizes, dY, dS_last, tape, grads, E=E)
        rows = self.device.put(tokens.reshape(-1, tokens.shape[2]))
        if spec.maps:
            X = self._looked_up(E, rows, sizes)
            dX, ds0 = self.sequence_backward(spec, dY, dS_last, tape, X, W, U, p, grads, lengths)
            self._scatter(dX, rows, grads["E"])
            return ds0
        run = self._pass(spec, sizes, U, tape)
        dwx, ds = run.backward(dY, ds_last, full)
        dtable = self._space.take("table", (len(E), len(W)), E.dtype)
        dtable[...] = 0
        self._scatter(dwx, rows, dtable)
        self.device.product(dtable, W, full["E"], accumulate=True)
        self.device.product(dtable, E, full["W"], accumulate=True, transpose_a=True)
        return ds

    @on_device
    def matmul(
        self,
        A: FloatArray,
        B: FloatArray,
        out: FloatArray,
        *,
        accumulate: bool = False,
        transpose_a: bool = False,
        transpose_b: bool = False,
    ) -> None:
        """``out`` (=, or +=) op(A) op(B); see the protocol."""
        check_matmul(A, B, out, transpose_a, transpose_b)
        self.device.product(
            A, B, out, accumulate=accumulate, transpose_a=transpose_a, transpose_b=transpose_b
        )

    def _pass(self, spec: CellSpec, sizes: Checked, U: Array, tape: Tape) -> SequencePass:
        way = self.rule.choose(spec, sizes.B, sizes.H, U.dtype)
        lengths = self.device.put(sizes.lengths)
        return SequencePass(
            self.device, self._space, spec, sizes, U, tape, lengths, way, self._graphs
        )

    def _looked_up(self, E: Array, rows: Array, sizes: Checked) -> Array:
        """X (T, B, D), good until the next call."""
        X = self._space.take("looked up", (sizes.T, sizes.B, sizes.D), E.dtype)
        gather(self.device, E, rows, X.reshape(-1, sizes.D))
        return X

    def _started(
        self,
        spec: CellSpec,
        sizes: Checked,
        b: FloatArray,
        s0: FloatArray,
        out: Tape | None,
        mask_key: MaskKey | None,
    ) -> Tape:
        """``out`` or a new tape, with s0 and the mask key in their places."""
        check_start(spec, sizes, b, s0)
        check_mask_key(mask_key)
        if out is None:
            T, B, H = sizes.T, sizes.B, sizes.H
            new: Any = self.device.empty
            S = new((T + 1, spec.states, B, H), b.dtype)
            raw = new((T, spec.states, B, H), b.dtype) if spec.zoneout else None
            out = Tape(S, new((T, B, spec.cached * H), b.dtype), raw)
        else:
            check_out(spec, sizes, out)
        out.S[0], out.mask_key = s0, mask_key
        return out
