"""The compiled backend: packed products over the batch, and the loop over time in between."""

from __future__ import annotations

import os

import numpy as np

from lstm_music.backends.base import Tape
from lstm_music.backends.checks import (
    check_array,
    check_backward,
    check_cell,
    check_matmul,
    check_out,
)
from lstm_music.backends.cpu_layers import CpuLayers
from lstm_music.backends.isa import resolve_level
from lstm_music.backends.products import Products
from lstm_music.backends.workspace import Crew, Workspace
from lstm_music.cells.spec import CellSpec
from lstm_music.errors import ConfigError
from lstm_music.kernels import maps, sequence
from lstm_music.types import FloatArray, IntArray, Params


class CpuBackend(CpuLayers):
    """See :class:`lstm_music.backends.base.Backend`.

    Several Python threads may share one: scratch memory is per calling thread.
    Results are bitwise equal for any ``n_threads``; between instruction-set levels they agree to
    rounding (``v3`` and ``v4`` bit for bit).

    Parameters
    ----------
    n_threads : threads to use; None: as many as this process may run on.
    isa : instruction-set level ``base``, ``v3`` or ``v4``; None: ``LSTM_MUSIC_ISA`` or the best.

    Attributes
    ----------
    level : number of the instruction-set level, for ``lstm_music.kernels``.

    Raises
    ------
    ConfigError : n_threads is below 1.
    BackendError : the level is unknown or cannot run here.
    """

    name = "cpu"

    def __init__(self, n_threads: int | None = None, isa: str | None = None) -> None:
        if n_threads is None:
            n_threads = len(os.sched_getaffinity(0))
        if n_threads < 1:
            raise ConfigError(f"n_threads must be at least 1, got {n_threads}")
        self.n_threads = n_threads
        self.level = resolve_level(isa)
        self._crew = Crew(n_threads)
        self._space = Workspace()
        self._products = Products(self.level, self._crew, self._space)

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
    ) -> Tape:
        """Run a cell over a batch of sequences; see the protocol."""
        sizes = check_cell(spec, X, W, U, p, lengths)
        T, B, D, H = sizes.T, sizes.B, sizes.D, sizes.H
        check_array("b", b, (spec.gates_w * H,), X.dtype)
        check_array("s0", s0, (spec.states, B, H), X.dtype)
        if out is None:
            S = np.empty((T + 1, spec.states, B, H), X.dtype)
            out = Tape(S, np.empty((T, B, spec.cached * H), X.dtype))
        else:
            check_out(spec, sizes, out)
        out.S[0] = s0
        # A cell that caches as much as W x + b gives writes its cache over it.
        in_place = spec.cached == spec.gates_w
        wx = out.K if in_place else self._space.take("wx", (T, B, spec.gates_w * H), X.dtype)
        packed_W = self._products.pack("B", W, transpose=True)
        self._products.run(X.reshape(T * B, D), packed_W, wx.reshape(T * B, -1), bias=b)
        self._recur(spec, wx, U, sizes.p, out, sizes.lengths)
        return out

    def _recur(
        self,
        spec: CellSpec,
        wx: FloatArray,
        U: FloatArray,
        p: FloatArray,
        tape: Tape,
        lengths: IntArray,
    ) -> None:
        """The loop over time: fill the tape from its S[0] and wx (T,B,gates_w·H), overwritten."""
        B = wx.shape[1]
        packed_U = self._products.pack("U", U, transpose=True)
        uh = None if spec.sums_early else self._space.take("uh", (B, U.shape[0]), wx.dtype)
        scratch = self._products.scratch(wx.dtype)

        def work(i: int) -> None:
            sequence.forward_rows(
                self.level, spec.name.encode(), wx, uh, packed_U, p, tape.S, tape.K, lengths,
                *self._crew.share(i, B), scratch[i],
            )  # fmt: skip

        self._crew.run(work)

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
        T, B, D = sizes.T, sizes.B, sizes.D
        dwx, duh, ds0 = self._recur_back(
            spec, dY, ds_last, tape, U, sizes.p, full["p"], sizes.lengths
        )
        flat_w, flat_u = dwx.reshape(T * B, -1), duh.reshape(T * B, -1)
        dX = np.empty((T, B, D), X.dtype)
        pack, run = self._products.pack, self._products.run
        run(flat_w, pack("B", W), dX.reshape(T * B, D))
        run(flat_w, pack("B", X.reshape(T * B, D)), full["W"], transpose=True, accumulate=True)
        h_prev = self._products.pack_steps("B", tape.S[:T, 0])
        run(flat_u, h_prev, full["U"], transpose=True, accumulate=True)
        self._crew.run(
            lambda i: maps.add_rows(
                self.level, flat_w, full["b"], *self._crew.share(i, flat_w.shape[1])
            )
        )
        return dX, ds0

    def _recur_back(
        self,
        spec: CellSpec,
        dY: FloatArray,
        ds_last: FloatArray,
        tape: Tape,
        U: FloatArray,
        p: FloatArray,
        dp: FloatArray,
        lengths: IntArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The loop over time backwards: dwx (T,B,gates_w·H), duh, ds0; dp accumulates."""
        T, B, H = dY.shape
        take = self._space.take
        dwx = take("dwx", (T, B, spec.gates_w * H), dY.dtype)
        duh = None if spec.sums_early else take("duh", (T, B, spec.gates_u * H), dY.dtype)
        # One dp a batch row, added up in the order of the rows: the same for any split.
        dp_rows = np.zeros((B, spec.row_params, H), dY.dtype)
        ds = ds_last.copy()
        packed_U = self._products.pack("U", U)
        scratch = self._products.scratch(dY.dtype)

        def work(i: int) -> None:
            sequence.backward_rows(
                self.level, spec.name.encode(), dY, ds, tape.S, tape.K, packed_U, p, dwx, duh,
                dp_rows, lengths, *self._crew.share(i, B), scratch[i],
            )  # fmt: skip

        self._crew.run(work)
        dp += dp_rows.sum(axis=0)
        return dwx, dwx if duh is None else duh, ds

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
        self._products.run(
            A,
            self._products.pack("B", B, transpose=transpose_b),
            out,
            accumulate=accumulate,
            transpose=transpose_a,
        )
