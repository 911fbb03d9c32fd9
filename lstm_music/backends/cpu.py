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
from lstm_music.backends.cpu_backward import BackwardPass
from lstm_music.backends.cpu_layers import CpuLayers
from lstm_music.backends.isa import resolve_level
from lstm_music.backends.products import Products
from lstm_music.backends.workspace import Crew, Workspace
from lstm_music.cells.spec import CellSpec
from lstm_music.errors import ConfigError
from lstm_music.kernels import sequence
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
        T, B, H = sizes.T, sizes.B, sizes.H
        check_array("b", b, (spec.gates_w * H,), X.dtype)
        check_array("s0", s0, (spec.states, B, H), X.dtype)
        if out is None:
            S = np.empty((T + 1, spec.states, B, H), X.dtype)
            out = Tape(S, np.empty((T, B, spec.cached * H), X.dtype))
        else:
            check_out(spec, sizes, out)
        out.S[0] = s0
        tape, product, take = out, self._products, self._space.take
        packed_W = product.pack("W", W, transpose=True)
        packed_U = product.pack_feeds(spec, U, transpose=True)
        feeds = np.array(spec.feeds, np.int32)
        # A cell that caches as much as W x + b gives makes its sums where the cache goes.
        rows = max(B, sequence.WIDE_ROWS)
        in_place = spec.cached == spec.gates_w
        wx = None if in_place else take("wx", (rows, W.shape[0]), X.dtype)
        uh = None if spec.sums_early else take("uh", (B, U.shape[0]), X.dtype)
        scratch = product.scratch(X.dtype)

        def work(i: int) -> None:
            b0, b1 = self._crew.share(i, B)
            sequence.forward_rows(
                self.level, spec.rows.encode(), X, packed_W, packed_U, feeds, b, sizes.p,
                tape.S, tape.K, wx, uh, sizes.lengths, b0, b1, scratch[i],
            )  # fmt: skip

        self._crew.run(work)
        return tape

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
        return BackwardPass(
            self.level, self._crew, self._space, spec, sizes, dY, ds_last.copy(), tape,
            X, W, U, full,
        ).run()  # fmt: skip

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
