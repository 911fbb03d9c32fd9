"""What the inputs of a sequence add to the gates, and where their gradient goes: two kinds.

Dense inputs are multiplied with W step by step. Token inputs are rows of an embedding table E:
E W^T is one product for the whole vocabulary, and a step gathers rows of it. Backwards the gate
gradients of each row are summed first, and dE and dW are one product each.
"""

from __future__ import annotations

import numpy as np

from lstm_music.backends.products import Products
from lstm_music.backends.workspace import Workspace
from lstm_music.kernels import embedding
from lstm_music.kernels.pool import ThreadPool
from lstm_music.types import FloatArray, IntArray, Params


class DenseInputs:
    """Inputs X (T, B, D) and their weights W (gates_w·H, D).

    Attributes
    ----------
    X, tokens : what ``kernels.sequence`` takes.
    packed_X : where the backward kernel packs a chunk of X; None before :meth:`start`.
    dX : (T, B, D) — the gradient, complete once every chunk was gathered.
    """

    tokens: IntArray | None = None

    def __init__(self, products: Products, X: FloatArray, W: FloatArray) -> None:
        self._products, self.X, self._W = products, X, W
        self.packed_X: FloatArray | None = None

    def weights(self) -> tuple[FloatArray | None, FloatArray | None]:
        """W^T packed, and no table."""
        return self._products.pack("W", self._W, transpose=True), None

    def start(self, rows: int, grads: Params) -> None:
        """Make ready for gradients, in chunks of up to ``rows`` places."""
        self._grads = grads
        self._flipped_W = self._products.pack("W", self._W)
        self.packed_X = self._products.room("X", rows, self.X.shape[2], self.X.dtype)
        self.dX = np.empty(self.X.shape, self.X.dtype)

    def gather(self, t0: int, t1: int, dwx: FloatArray) -> None:
        """A chunk's dX and dW, given its gate gradients."""
        assert self.packed_X is not None  # start() was called
        run, dW = self._products.run, self._grads["W"]
        run(dwx, self._flipped_W, self.dX[t0:t1].reshape(len(dwx), -1))
        run(dwx, self.packed_X, dW, accumulate=True, transpose=True)

    def finish(self) -> None:
        """Nothing is left to do after the last chunk."""


class TokenInputs:
    """Rows of E (R, D), named by tokens (T, B, S), and their weights W (gates_w·H, D).

    Attributes
    ----------
    X, tokens, packed_X : as in :class:`DenseInputs`.
    """

    X: FloatArray | None = None

    def __init__(
        self, level: int, pool: ThreadPool, space: Workspace, products: Products,
        E: FloatArray, tokens: IntArray, W: FloatArray,
    ) -> None:  # fmt: skip
        self._level, self._pool, self._products = level, pool, products
        self._E, self._W, self.tokens = E, W, tokens
        self.packed_X: FloatArray | None = None
        self._room = space.take("table", (len(E), len(W)), E.dtype)

    def weights(self) -> tuple[FloatArray | None, FloatArray | None]:
        """No packed W, but the table E W^T (R, gates_w·H)."""
        packed_W = self._products.pack("W", self._W, transpose=True)
        self._products.run(self._E, packed_W, self._room)
        return None, self._room

    def start(self, rows: int, grads: Params) -> None:
        """Make ready for gradients; those of the table take its place."""
        self._grads, self._dtable = grads, self._room
        self._dtable[...] = 0

    def gather(self, t0: int, t1: int, dwx: FloatArray) -> None:
        """A chunk's gate gradients, added to the rows that they came from."""
        tokens = self.tokens[t0:t1].reshape(len(dwx), -1)
        embedding.embed_backward(self._level, self._pool, dwx, tokens, self._dtable)

    def finish(self) -> None:
        """Carry the table's gradient on to E and W."""
        products, grads = self._products, self._grads
        products.run(self._dtable, products.pack("W", self._W), grads["E"], accumulate=True)
        packed_E = products.pack("E", self._E)
        products.run(self._dtable, packed_E, grads["W"], accumulate=True, transpose=True)
