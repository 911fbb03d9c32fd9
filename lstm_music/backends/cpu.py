"""The compiled backend: packed products over the batch, and the loop over time in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
from lstm_music.backends.cpu_inputs import DenseInputs, TokenInputs
from lstm_music.backends.cpu_layers import CpuLayers
from lstm_music.backends.host import HostMemory
from lstm_music.backends.isa import resolve_level
from lstm_music.backends.products import Products
from lstm_music.backends.workspace import Workspace, usable_cores
from lstm_music.cells.maps import MapShape
from lstm_music.cells.spec import CellSpec
from lstm_music.errors import ConfigError
from lstm_music.kernels import sequence
from lstm_music.kernels.pool import ThreadPool
from lstm_music.kernels.zoneout import Zoneout
from lstm_music.types import FloatArray, IntArray, MaskKey, Params

if TYPE_CHECKING:  # composing needs neither, and starts sooner without
    from lstm_music.backends.cpu_conv import ConvPass


class CpuBackend(HostMemory, CpuLayers):
    """See :class:`lstm_music.backends.base.Backend`.

    Several Python threads may share one: scratch memory is per calling thread.
    Results are bitwise equal for any ``n_threads``; between instruction-set levels they agree to
    rounding (``v3`` and ``v4`` bit for bit).

    Parameters
    ----------
    n_threads : threads to use; None: as many as this process may run on.
    isa : instruction-set level ``base``, ``v3`` or ``v4``; None: ``LSTM_MUSIC_ISA`` or the best.
    precision : of the products of float32 arrays: ``float32``, ``bfloat16`` or ``amx``.

    Attributes
    ----------
    level : number of the instruction-set level, for ``lstm_music.kernels``.

    Raises
    ------
    ConfigError : n_threads is below 1, or there is no such precision.
    BackendError : the level is unknown or cannot run here, or does not have that precision.
    """

    name = "cpu"

    def __init__(
        self,
        n_threads: int | None = None,
        isa: str | None = None,
        precision: str = "float32",
    ) -> None:
        self._given = n_threads, isa, precision
        if n_threads is None:
            n_threads = usable_cores()
        if n_threads < 1:
            raise ConfigError(f"n_threads must be at least 1, got {n_threads}")
        self.n_threads = n_threads
        self.level = resolve_level(isa, precision)
        self._pool = ThreadPool(n_threads)
        self._space = Workspace()
        self._products = Products(self.level, self._pool, self._space)

    def __reduce__(self) -> tuple[type[CpuBackend], tuple[int | None, str | None, str]]:
        """For pickle and copy: threads and memory are of the process that has them."""
        return type(self), self._given

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
            self._conv(spec, spec.maps, sizes, W, U).forward(X, b, tape)
        else:
            self._forward(spec, sizes, DenseInputs(self._products, X, W), U, b, tape)
        return tape

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
        if spec.maps:
            X = self._looked_up(E, tokens)
            return self.sequence_forward(
                spec, X, W, U, b, p, s0, lengths, out=out, mask_key=mask_key
            )
        tape = self._started(spec, sizes, b, s0, out, mask_key)
        self._forward(spec, sizes, self._token_inputs(E, tokens, W), U, b, tape)
        return tape

    def _token_inputs(self, E: FloatArray, tokens: IntArray, W: FloatArray) -> TokenInputs:
        return TokenInputs(self.level, self._pool, self._space, self._products, E, tokens, W)

    def _looked_up(self, E: FloatArray, tokens: IntArray) -> FloatArray:
        """X (T, B, D), good until the next call: a convolution has no table of E."""
        flat = tokens.reshape(-1, tokens.shape[2])
        X = self._space.take("looked up", (len(flat), E.shape[1]), E.dtype)
        self.embed_forward(E, flat, X)
        return X.reshape(*tokens.shape[:2], -1)

    def _conv(
        self, spec: CellSpec, maps: MapShape, sizes: Checked, W: FloatArray, U: FloatArray
    ) -> ConvPass:
        from lstm_music.backends.cpu_conv import ConvPass

        return ConvPass(self.level, self._pool, self._space, spec, maps, sizes, W, U)

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
            S = np.empty((T + 1, spec.states, B, H), b.dtype)
            raw = np.empty((T, spec.states, B, H), b.dtype) if spec.zoneout else None
            out = Tape(S, np.empty((T, B, spec.cached * H), b.dtype), raw)
        else:
            check_out(spec, sizes, out)
        out.S[0], out.mask_key = s0, mask_key
        return out

    def _forward(
        self,
        spec: CellSpec,
        sizes: Checked,
        inputs: DenseInputs | TokenInputs,
        U: FloatArray,
        b: FloatArray,
        tape: Tape,
    ) -> None:
        B, dtype, take = sizes.B, U.dtype, self._space.take
        packed_W, table = inputs.weights()
        packed_U = self._products.pack_feeds(spec, U, transpose=True)
        feeds = np.array(spec.feeds, np.int32).reshape(-1, 3)
        # A cell that caches as much as W x + b gives makes its sums where the cache goes.
        rows = max(B, sequence.WIDE_ROWS)
        in_place = spec.cached == spec.gates_w
        wx = None if in_place else take("wx", (rows, len(b)), dtype)
        uh = None if spec.sums_early else take("uh", (B, U.shape[0]), dtype)
        zone = Zoneout(self.level, spec.zoneout, tape.mask_key) if spec.zoneout else None
        sequence.forward_rows(
            self.level, self._pool, spec.rows.encode(), b, inputs.X, packed_W, table,
            inputs.tokens, packed_U, feeds, sizes.p, tape.S, tape.K, zone, tape.raw, wx, uh,
            sizes.lengths, self._products.scratch(dtype),
        )  # fmt: skip

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
        if spec.maps:
            conv = self._conv(spec, spec.maps, sizes, W, U)
            return conv.backward(dY, ds_last.copy(), tape, X, full)
        inputs = DenseInputs(self._products, X, W)
        ds0 = self._backward(spec, sizes, dY, ds_last, tape, inputs, U, full)
        return inputs.dX, ds0

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
        if spec.maps:
            X = self._looked_up(E, tokens)
            dX, ds0 = self.sequence_backward(spec, dY, dS_last, tape, X, W, U, p, grads, lengths)
            flat = tokens.reshape(-1, tokens.shape[2])
            self.embed_backward(dX.reshape(len(flat), -1), flat, grads["E"])
            return ds0
        inputs = self._token_inputs(E, tokens, W)
        return self._backward(spec, sizes, dY, ds_last, tape, inputs, U, full)

    def _backward(
        self,
        spec: CellSpec,
        sizes: Checked,
        dY: FloatArray,
        ds_last: FloatArray,
        tape: Tape,
        inputs: DenseInputs | TokenInputs,
        U: FloatArray,
        grads: Params,
    ) -> FloatArray:
        from lstm_music.backends.cpu_backward import BackwardPass

        return BackwardPass(
            self.level, self._pool, self._space, spec, sizes, dY, ds_last.copy(), tape, inputs,
            U, grads,
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
