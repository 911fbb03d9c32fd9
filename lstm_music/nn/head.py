"""The softmax head: logits of the top layer's outputs, and the way back.

T time, B batch, H hidden, V tokens. Logits are made a part of the T·B places at a time, so that
they take little memory however large the vocabulary is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lstm_music.backends.base import Backend
from lstm_music.backends.workspace import Workspace
from lstm_music.nn.parameters import Parameters
from lstm_music.types import FloatArray, Params

HeadLoss = Callable[[slice, FloatArray], float]
"""Of a slice of the T·B places and their logits (n, V): returns the loss, summed over the places,
and leaves its gradient in the place of the logits."""

_PLACES = 4096  # logits held at once: 14 MB for 860 tokens in float32


class Head:
    """``head.W`` and ``head.b`` of a model.

    Parameters
    ----------
    parameters : the model's; read, never changed.
    backend : what computes.
    space : memory of the passes.
    """

    def __init__(self, parameters: Parameters, backend: Backend, space: Workspace) -> None:
        self._parameters = parameters
        self._backend = backend
        self._space = space

    def logits(self, top: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
        """Logits (n, V) without bias of ``top`` (T, B, H), a slice of the T·B places at a time.

        The next slice writes over them.
        """
        W = self._parameters.views["head.W"]
        flat = top.reshape(-1, top.shape[2])
        for start in range(0, len(flat), _PLACES):
            part = slice(start, min(start + _PLACES, len(flat)))
            logits = self._space.take("logits", (part.stop - start, len(W)), W.dtype)
            self._backend.matmul(flat[part], W, logits, transpose_b=True)
            yield part, logits

    def backward(self, top: FloatArray, loss: HeadLoss, grads: Params) -> tuple[float, FloatArray]:
        """The loss of the logits without bias, and dLoss/dtop (T, B, H); adds to ``grads``."""
        W, backend = self._parameters.views["head.W"], self._backend
        d_top = self._space.take("d_top", top.shape, W.dtype)
        flat, d_flat = (array.reshape(-1, top.shape[2]) for array in (top, d_top))
        total = 0.0
        for part, logits in self.logits(top):
            total += loss(part, logits)
            backend.matmul(logits, flat[part], grads["head.W"], accumulate=True, transpose_a=True)
            backend.add_rows(logits, grads["head.b"])
            backend.matmul(logits, W, d_flat[part])
        return total, d_top
