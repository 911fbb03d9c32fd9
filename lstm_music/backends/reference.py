"""The readable backend: NumPy, one thread, the yardstick for the others."""

from __future__ import annotations

from lstm_music.backends.base import Tape
from lstm_music.backends.checks import (
    check_array,
    check_backward,
    check_cell,
    check_matmul,
    check_out,
)
from lstm_music.backends.reference_layers import ReferenceLayers
from lstm_music.cells.spec import CellSpec
from lstm_music.reference import sequence
from lstm_music.types import FloatArray, IntArray, Params


class ReferenceBackend(ReferenceLayers):
    """See :class:`lstm_music.backends.base.Backend`; runs on one thread whatever is asked."""

    name = "reference"

    def __init__(self) -> None:
        self.n_threads = 1

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
        check_array("b", b, (spec.gates_w * sizes.H,), X.dtype)
        check_array("s0", s0, (spec.states, sizes.B, sizes.H), X.dtype)
        S, K = sequence.sequence_forward(spec, X, W, U, b, sizes.p, s0, sizes.lengths)
        if out is None:
            return Tape(S, K)
        check_out(spec, sizes, out)
        out.S[...], out.K[...] = S, K
        return out

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
        ds, full = check_backward(spec, sizes, dY, dS_last, tape, grads)
        return sequence.sequence_backward(
            spec, dY, ds, tape.S, tape.K, X, W, U, sizes.p, full, sizes.lengths
        )

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
        product = (A.T if transpose_a else A) @ (B.T if transpose_b else B)
        out[...] = out + product if accumulate else product
