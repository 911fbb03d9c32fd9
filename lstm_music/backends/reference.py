"""The readable backend: NumPy, one thread, the yardstick for the others."""

from __future__ import annotations

from lstm_music.backends.base import Tape
from lstm_music.backends.checks import (
    check_backward,
    check_cell,
    check_mask_key,
    check_matmul,
    check_out,
    check_precision,
    check_start,
    check_token_cell,
)
from lstm_music.backends.host import HostMemory
from lstm_music.backends.reference_layers import ReferenceLayers
from lstm_music.cells.spec import CellSpec
from lstm_music.reference import conv, embedding, sequence
from lstm_music.reference.products import PRODUCTS
from lstm_music.types import FloatArray, IntArray, MaskKey, Params


def _embed(E: FloatArray, tokens: IntArray) -> FloatArray:
    """X (T, B, D): the sum of each place's rows of E."""
    T, B, S = tokens.shape
    return embedding.embed_forward(E, tokens.reshape(T * B, S)).reshape(T, B, -1)


class ReferenceBackend(HostMemory, ReferenceLayers):
    """See :class:`lstm_music.backends.base.Backend`; runs on one thread whatever is asked.

    Parameters
    ----------
    precision : of the products; ``bfloat16`` and ``amx`` are emulated bit for bit.

    Raises
    ------
    ConfigError : another precision.
    """

    name = "reference"

    def __init__(self, precision: str = "float32") -> None:
        self.n_threads = 1
        self._product = PRODUCTS[check_precision(precision)]

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
        check_start(spec, sizes, b, s0)
        forward = conv.sequence_forward if spec.maps else sequence.sequence_forward
        check_mask_key(mask_key)
        S, K, raw = forward(spec, X, W, U, b, sizes.p, s0, sizes.lengths, mask_key, self._product)
        if out is None:
            return Tape(S, K, raw, mask_key)
        check_out(spec, sizes, out)
        out.S[...], out.K[...] = S, K
        if out.raw is not None:
            out.raw[...] = raw
        out.mask_key = mask_key
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
        backward = conv.sequence_backward if spec.maps else sequence.sequence_backward
        return backward(
            spec, dY, ds, tape.S, tape.K, tape.raw, X, W, U, sizes.p, full, sizes.lengths,
            tape.mask_key, self._product,
        )  # fmt: skip

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
        check_token_cell(spec, E, tokens, W, U, p, lengths)
        X = _embed(E, tokens)
        return self.sequence_forward(spec, X, W, U, b, p, s0, lengths, out=out, mask_key=mask_key)

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
        check_backward(spec, sizes, dY, dS_last, tape, grads, E=E)
        X = _embed(E, tokens)
        dX, ds0 = self.sequence_backward(spec, dY, dS_last, tape, X, W, U, p, grads, lengths)
        flat = tokens.reshape(-1, tokens.shape[2])
        embedding.embed_backward(dX.reshape(len(flat), -1), flat, grads["E"])
        return ds0

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
        start = out if accumulate else 0.0
        out[...] = self._product(A.T if transpose_a else A, B.T if transpose_b else B, start)
