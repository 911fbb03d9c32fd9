"""The language model: embedding sum, recurrent stack, softmax head; forward and backward.

T time, B batch, S streams, R rows of the embedding table, D embedding, H hidden, V tokens.
It sees integers only; what they mean in music is no business of this module.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lstm_music.backends.base import Backend, Tape
from lstm_music.backends.checks import check_array, check_is_array, check_lengths
from lstm_music.backends.registry import get_backend
from lstm_music.backends.workspace import Workspace
from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ShapeError
from lstm_music.nn.composition import composition_of
from lstm_music.nn.config import ModelConfig, float_type
from lstm_music.nn.parameters import Parameters, initial_parameters, zero_parameters
from lstm_music.types import FloatArray, IntArray, Params

__all__ = ["LanguageModel", "ModelConfig", "State"]

State = list[FloatArray]
"""(states, B, H) for each layer, h first."""

_HEAD_ROWS = 4096  # logits held at once: 14 MB for 860 tokens in float32


class LanguageModel:
    """Predicts the next token from the rows of each input, and learns to.

    Several threads may score with one model; only one may train it, with nobody scoring.

    Attributes
    ----------
    config : its sizes.
    spec : its cell.
    backend : what computes.
    params : name -> parameter, see :class:`lstm_music.nn.parameters.Parameters`.
    flat_params : (n,) — all of them; ``params`` are views on it.
    grads, flat_grads : the same for the gradients, made at first use.
    """

    def __init__(
        self, config: ModelConfig, parameters: Parameters, backend: Backend | None = None
    ) -> None:
        self.config = config
        self.spec = cell_spec(config.cell)
        self._composition = composition_of(self.spec)
        self.backend = backend or get_backend()
        self._parameters = parameters
        self._gradients: Parameters | None = None
        self._space = Workspace()

    @classmethod
    def create(
        cls,
        config: ModelConfig,
        rng_seed: int,
        *,
        dtype: npt.DTypeLike = "float32",
        backend: Backend | None = None,
    ) -> LanguageModel:
        """A model with random weights.

        Parameters
        ----------
        config : its sizes.
        rng_seed : seed of the weights.
        dtype : float32 or float64.
        backend : what computes; None: the compiled one, on every core.

        Raises
        ------
        ConfigError : another dtype.
        """
        return cls(config, initial_parameters(config, float_type(dtype), rng_seed), backend)

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """float32 or float64: of parameters, states and gradients."""
        return self._parameters.flat.dtype

    @property
    def params(self) -> Params:
        """Parameters by name."""
        return self._parameters.views

    @property
    def flat_params(self) -> FloatArray:
        """All parameters as (n,)."""
        return self._parameters.flat

    @property
    def grads(self) -> Params:
        """Gradients by name; :meth:`train_chunk` adds to them, nothing clears them."""
        return self._grads().views

    @property
    def flat_grads(self) -> FloatArray:
        """All gradients as (n,)."""
        return self._grads().flat

    def _grads(self) -> Parameters:
        if self._gradients is None:
            self._gradients = zero_parameters(self.config, self.dtype)
        return self._gradients

    def kernel_layers(self) -> list[Params]:
        """W, U, b (p) of each layer as the kernels take them: for most cells the parameters."""
        return [self._composition.compose(p, self.backend) for p in self._parameters.layers]

    def zero_state(self, B: int) -> State:
        """The state before the first token of B sequences."""
        shape = (self.spec.states, B, self.config.hidden_size)
        return [np.zeros(shape, self.dtype) for _ in range(self.config.layers)]

    def score_chunk(
        self,
        rows: IntArray,
        targets: IntArray,
        state: State,
        lengths: IntArray | None = None,
    ) -> tuple[npt.NDArray[np.float64], State]:
        """Negative log-likelihood of each target.

        Parameters
        ----------
        rows : (T, B, S) int32, 0..R-1 — also past a row's length, where any row will do.
        targets : (T, B) int32, below V; negative: no target here.
        state : as returned for the chunk before, or :meth:`zero_state`; it is left as it is.
        lengths : (B,) integers in 0..T — valid steps; None: all T.

        Returns
        -------
        nll : (T, B) float64 nats; 0 where there is no target and past a row's length.
        state : for the next chunk.

        Raises
        ------
        ShapeError : an array has the wrong shape or dtype, or a value is out of range.
        """
        wanted, steps = self._check(rows, targets, state, lengths)
        embedded, layers = self._embedded(rows), self.kernel_layers()
        outputs, tapes = self._forward(layers, rows, embedded, state, steps, None)
        nll = np.zeros(wanted.size)
        for part, logits in self._logits(outputs[-1]):
            nll[part] = self.backend.cross_entropy(logits, self.params["head.b"], wanted[part], 0.0)
        return nll.reshape(targets.shape), [tape.last.copy() for tape in tapes]

    def train_chunk(
        self,
        rows: IntArray,
        targets: IntArray,
        state: State,
        lengths: IntArray | None = None,
        *,
        dropout_key: tuple[int, int] = (0, 0),
    ) -> tuple[float, int, State]:
        """Add the gradient of the mean loss over all targets of a chunk to ``grads``.

        The gradient stops at the chunk's first step: truncated BPTT with a carried state.

        Parameters
        ----------
        rows, targets, state, lengths : as for :meth:`score_chunk`.
        dropout_key : names the masks, say (seed, update); their low 32 bits count. The same key
            gives the same masks, on any number of threads.

        Returns
        -------
        sum_nll : nats of all targets together.
        n_targets : how many there were; with none, the gradient is zero.
        state : for the next chunk.

        Raises
        ------
        ShapeError : as :meth:`score_chunk`.
        """
        wanted, steps = self._check(rows, targets, state, lengths)
        n_targets = int(np.count_nonzero(wanted >= 0))
        key = (dropout_key[0] & 0xFFFFFFFF) << 32 | dropout_key[1] & 0xFFFFFFFF
        embedded, layers = self._embedded(rows), self.kernel_layers()
        outputs, tapes = self._forward(layers, rows, embedded, state, steps, key)
        sum_nll, d_top = self._head_backward(outputs[-1], wanted, 1 / max(n_targets, 1))
        self._backward(layers, rows, embedded, d_top, outputs, tapes, steps, key)
        return sum_nll, n_targets, [tape.last.copy() for tape in tapes]

    def _check(
        self, rows: IntArray, targets: IntArray, state: State, lengths: IntArray | None
    ) -> tuple[IntArray, IntArray]:
        """Targets (T·B,) with -1 where there is none, and lengths (B,)."""
        config = self.config
        check_is_array("rows", rows)
        if rows.ndim != 3 or rows.shape[2] != config.n_streams or 0 in rows.shape:
            raise ShapeError(
                f"rows must have shape (T, B, {config.n_streams}), none empty; got {rows.shape}"
            )
        T, B, _ = rows.shape
        check_is_array("targets", targets)
        if targets.shape != (T, B) or targets.dtype != np.int32:
            raise ShapeError(
                f"targets must be int32 of shape {(T, B)}, got {targets.dtype} of {targets.shape}"
            )
        if len(state) != config.layers:
            raise ShapeError(f"state must have {config.layers} layers, got {len(state)}")
        for layer, array in enumerate(state):
            shape = (self.spec.states, B, config.hidden_size)
            check_array(f"state[{layer}]", array, shape, self.dtype)
        steps = check_lengths(lengths, T, B)
        wanted = np.where(np.arange(T)[:, None] < steps, targets, np.int32(-1))
        return wanted.reshape(-1), steps

    def _forward(
        self,
        layers: list[Params],
        rows: IntArray,
        embedded: FloatArray | None,
        state: State,
        lengths: IntArray,
        dropout_key: int | None,
    ) -> tuple[list[FloatArray], list[Tape]]:
        """The output of each layer (T, B, H), and its tape."""
        T, B, _ = rows.shape
        config, rate = self.config, self.config.dropout
        outputs: list[FloatArray] = []
        tapes: list[Tape] = []
        X = embedded
        for layer, p in enumerate(layers):
            weights = (p["W"], p["U"], p["b"], p.get("p"), state[layer], lengths)
            out = self._tape(layer, T, B)
            if X is None:
                tokens, E = np.ascontiguousarray(rows), self.params["embedding"]
                tape = self.backend.token_forward(self.spec, E, tokens, *weights, out=out)
            else:
                tape = self.backend.sequence_forward(self.spec, X, *weights, out=out)
            y = self._space.take(f"input {layer + 1}", (T, B, config.hidden_size), self.dtype)
            y[...] = tape.y
            if dropout_key is not None and rate:
                self.backend.dropout(y, rate, dropout_key, layer)
            outputs.append(y)
            tapes.append(tape)
            X = y
        return outputs, tapes

    def _embedded(self, rows: IntArray) -> FloatArray | None:
        """X (T, B, D) for the first layer, or None: it reads the tokens themselves.

        W then meets every row of the table instead of every place, and a place costs S rows of
        gates: that pays with few rows and few streams. It hangs on the sizes alone.
        """
        T, B, S = rows.shape
        R, D = self.params["embedding"].shape
        if 2 * R <= T * B and 8 * S <= D:
            return None
        X = self._space.take("input 0", (T, B, D), self.dtype)
        flat_rows = np.ascontiguousarray(rows).reshape(T * B, S)
        self.backend.embed_forward(self.params["embedding"], flat_rows, X.reshape(T * B, D))
        return X

    def _tape(self, layer: int, T: int, B: int) -> Tape:
        """Memory of a layer's tape, the same step after step; good until the next forward."""
        H, spec, take = self.config.hidden_size, self.spec, self._space.take
        S = take(f"S {layer}", (T + 1, spec.states, B, H), self.dtype)
        return Tape(S, take(f"K {layer}", (T, B, spec.cached * H), self.dtype))

    def _logits(self, top: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
        """Logits (n, V) without bias, a slice of the T·B places at a time."""
        flat = top.reshape(-1, top.shape[2])
        for start in range(0, len(flat), _HEAD_ROWS):
            part = slice(start, min(start + _HEAD_ROWS, len(flat)))
            shape = (part.stop - start, self.config.n_tokens)
            logits = self._space.take("logits", shape, self.dtype)
            self.backend.matmul(flat[part], self.params["head.W"], logits, transpose_b=True)
            yield part, logits

    def _head_backward(
        self, top: FloatArray, targets: IntArray, scale: float
    ) -> tuple[float, FloatArray]:
        """Sum of the losses, and dLoss/dtop (T, B, H) for ``scale`` times that sum."""
        params, grads, backend = self.params, self.grads, self.backend
        d_top = self._space.take("d_top", top.shape, self.dtype)
        flat, d_flat = (array.reshape(-1, top.shape[2]) for array in (top, d_top))
        sum_nll = 0.0
        for part, logits in self._logits(top):
            nll = backend.cross_entropy(logits, params["head.b"], targets[part], scale)
            sum_nll += float(nll.sum())
            backend.matmul(logits, flat[part], grads["head.W"], accumulate=True, transpose_a=True)
            backend.add_rows(logits, grads["head.b"])
            backend.matmul(logits, params["head.W"], d_flat[part])
        return sum_nll, d_top

    def _backward(
        self,
        layers: list[Params],
        rows: IntArray,
        embedded: FloatArray | None,
        d_top: FloatArray,
        outputs: list[FloatArray],
        tapes: list[Tape],
        lengths: IntArray,
        dropout_key: int,
    ) -> None:
        """From dLoss/dtop down to the embedding; parameter gradients accumulate."""
        grads, rate = self._grads(), self.config.dropout
        dY, E, dE = d_top, self.params["embedding"], grads.views["embedding"]
        tokens = np.ascontiguousarray(rows)
        for layer in reversed(range(self.config.layers)):
            p, d = layers[layer], self._composition.room(grads.layers[layer])
            X = outputs[layer - 1] if layer else embedded
            if rate:
                self.backend.dropout(dY, rate, dropout_key, layer)
            weights = (p["W"], p["U"], p.get("p"))
            if X is None:
                self.backend.token_backward(
                    self.spec, dY, None, tapes[layer], E, tokens, *weights, d | {"E": dE}, lengths
                )
                self._gather(layer, d)
                return
            dY, _ = self.backend.sequence_backward(
                self.spec, dY, None, tapes[layer], X, *weights, d, lengths
            )
            self._gather(layer, d)
        flat_rows = tokens.reshape(-1, rows.shape[2])
        self.backend.embed_backward(dY.reshape(len(flat_rows), -1), flat_rows, dE)

    def _gather(self, layer: int, d_kernel: Params) -> None:
        """Gradients of what the kernels took, on to the layer's own parameters."""
        own, grads = self._parameters.layers[layer], self._grads().layers[layer]
        self._composition.gather(own, d_kernel, grads, self.backend)
