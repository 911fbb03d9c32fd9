"""The language model: embedding sum, recurrent stack, softmax head; forward and backward.

T time, B batch, S streams, R rows of the embedding table, D embedding, H hidden, V tokens.
It sees integers only; what they mean in music is no business of this module.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.backends.base import Backend
from lstm_music.backends.checks import check_array, check_is_array, check_lengths
from lstm_music.backends.registry import get_backend
from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ShapeError
from lstm_music.nn.config import ModelConfig, float_type
from lstm_music.nn.head import Head, HeadLoss
from lstm_music.nn.parameters import (
    Parameters,
    initial_parameters,
    parameter_count,
    parameters_from,
    parameters_over,
)
from lstm_music.nn.stack import Pass, Stack, State
from lstm_music.types import BoolArray, FloatArray, IntArray, Params

__all__ = ["HeadLoss", "LanguageModel", "ModelConfig", "State"]


class LanguageModel:
    """Predicts the next token from the rows of each input, and learns to.

    Several threads may score with one model; only one may train it, with nobody scoring.

    Attributes
    ----------
    config : its sizes.
    spec : its cell.
    backend : what computes.
    params : name -> parameter, see :class:`lstm_music.nn.parameters.Parameters`. They, gradients
        and states lie where the backend computes: ``backend.to_host`` gives them as NumPy arrays.
    flat_params : (n,) — all of them; ``params`` are views on it.
    grads, flat_grads : the same for the gradients, made at first use.
    """

    def __init__(
        self, config: ModelConfig, parameters: Parameters, backend: Backend | None = None
    ) -> None:
        self.config = config
        self.spec = cell_spec(config.cell)
        self.backend = backend or get_backend()
        placed = self.backend.to_device(parameters.flat)
        if placed is not parameters.flat:
            parameters = parameters_over(config, placed)
        self._parameters = parameters
        self._gradients: Parameters | None = None
        self._space = self.backend.workspace()
        self._stack = Stack(config, parameters, self.backend, self._space)
        self._head = Head(parameters, self.backend, self._space)

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

    def on(self, backend: Backend) -> LanguageModel:
        """The same model on another backend, its parameters a copy; gradients stay here."""
        flat = self.backend.to_host(self._parameters.flat)
        return LanguageModel(self.config, parameters_from(self.config, flat), backend)

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle and copy: views on one buffer would become buffers of their own."""
        get = self.backend.to_host
        grads = None if self._gradients is None else get(self._gradients.flat)
        return _restored, (self.config, get(self._parameters.flat), grads, self.backend)

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
            zeros = self.backend.xp.zeros(parameter_count(self.config), self.dtype)
            self._gradients = parameters_over(self.config, zeros)
        return self._gradients

    def kernel_layers(self) -> list[Params]:
        """W, U, b (p) of each layer as the kernels take them: for most cells the parameters."""
        return self._stack.kernel_layers()

    def dense_layers(self) -> list[Params]:
        """:meth:`kernel_layers` with the full matrices that convolutions are.

        They take gates·H·(D + H) numbers a layer.
        """
        layers = self.kernel_layers()
        if not self.spec.maps:
            return layers
        from lstm_music.reference.conv import dense_params

        return [dense_params(self.spec, p) for p in layers]

    def initial_state(self, B: int) -> State:
        """The state before the first token of B sequences: zeros, unless it is learnt."""
        return self._stack.initial_state(B)

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
        state : as returned for the chunk before, or :meth:`initial_state`; it is left as it is.
        lengths : (B,) integers in 0..T — valid steps; None: all T.

        Returns
        -------
        nll : (T, B) float64 nats; 0 where there is no target and past a row's length.
        state : for the next chunk.

        Raises
        ------
        ShapeError : an array has the wrong shape or dtype, or a value is out of range.
        """
        nll, run = self.score_pass(rows, targets, state, lengths)
        return nll, run.last

    def score_pass(
        self, rows: IntArray, targets: IntArray, state: State, lengths: IntArray | None = None
    ) -> tuple[npt.NDArray[np.float64], Pass]:
        """:meth:`score_chunk` with all that went on in the layers; this thread's next call writes
        over it. `lstm_music.reference.gates.gate_values` reads its tapes.
        """
        wanted, steps = self._check(rows, targets, state, lengths)
        run = self._stack.forward(rows, state, steps, None)
        nll = np.zeros(wanted.size)
        for part, logits in self._head.logits(run.outputs[-1]):
            nll[part] = self.backend.cross_entropy(logits, self.params["head.b"], wanted[part], 0.0)
        return nll.reshape(targets.shape), run

    def feature_chunk(
        self, rows: IntArray, state: State, lengths: IntArray | None = None
    ) -> tuple[FloatArray, State]:
        """What the head sees, (T, B, H), without meaning past a row's length; and the state.

        Parameters and errors are those of :meth:`score_chunk`, less the targets.
        """
        steps = self._check_rows(rows, state, lengths)
        run = self._stack.forward(rows, state, steps, None)
        return self.backend.to_host(run.outputs[-1]).copy(), run.last

    def train_chunk(
        self,
        rows: IntArray,
        targets: IntArray,
        state: State,
        lengths: IntArray | None = None,
        *,
        starts: BoolArray | None = None,
        dropout_key: tuple[int, int] = (0, 0),
        mean_over: int | None = None,
        label_smoothing: float = 0.0,
        part: tuple[int, int] | None = None,
    ) -> tuple[float, int, State]:
        """Add the gradient of the mean loss over all targets of a chunk to ``grads``.

        The gradient stops at the chunk's first step: truncated BPTT with a carried state. A
        variational mask lasts as long as the gradient does: a chunk. (So did the masks of Merity
        et al. 2017, arXiv:1708.02182, section 4.2.)

        Parameters
        ----------
        rows, targets, state, lengths : as for :meth:`score_chunk`.
        starts : (B,) bool — rows that begin a sequence here: they start from the initial state,
            whatever ``state`` has there, and it learns from them; None: none does.
        dropout_key : names the masks of dropout and zoneout, say (seed, update); their low 32
            bits count. The same key gives the same masks, on any number of threads.
        mean_over : targets that the mean is over, when the gradients of several chunks are to add
            up to one; None: this chunk's.
        label_smoothing : share e of each target that goes to all V tokens alike: the gradient of
            the logits is p - (1 - e) onehot - e/V (Szegedy et al. 2016, section 7). The sum
            returned is without it.
        part : (first, of how many) rows, when these are a part of a larger batch whose masks of
            dropout they are to have; None: they are all. Zoneout's masks are those of the rows.

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
        run = self._stack.forward(rows, self._begun(state, starts), steps, key, part)
        scale = 1 / max(n_targets if mean_over is None else mean_over, 1)

        def cross_entropy(places: slice, logits: FloatArray) -> float:
            bias, hit = self.params["head.b"], wanted[places]
            nll = self.backend.cross_entropy(logits, bias, hit, scale)
            if label_smoothing:
                _smooth(self.backend, logits, hit, scale * label_smoothing)
            return float(nll.sum())

        sum_nll, d_top = self._head.backward(run.outputs[-1], cross_entropy, self.grads)
        self._stack.backward(run, d_top, starts, self._grads())
        return sum_nll, n_targets, run.last

    def logits_chunk(
        self, rows: IntArray, state: State, lengths: IntArray | None = None
    ) -> tuple[FloatArray, State]:
        """What the model says at each step, before the softmax.

        Parameters
        ----------
        rows, state, lengths : as for :meth:`score_chunk`.

        Returns
        -------
        logits : (T, B, V) of the model's dtype, bias included; past a row's length they mean
            nothing.
        state : for the next chunk.

        Raises
        ------
        ShapeError : as :meth:`score_chunk`.
        """
        steps = self._check_rows(rows, state, lengths)
        run = self._stack.forward(rows, state, steps, None)
        out = np.empty((rows.shape[0] * rows.shape[1], self.config.n_tokens), self.dtype)
        for part, logits in self._head.logits(run.outputs[-1]):
            out[part] = self.backend.to_host(logits + self.params["head.b"])
        return out.reshape(*rows.shape[:2], -1), run.last

    def loss_chunk(
        self,
        rows: IntArray,
        state: State,
        head_loss: HeadLoss,
        lengths: IntArray | None = None,
    ) -> tuple[float, State]:
        """Add the gradient of any loss of the logits to ``grads``; without dropout.

        Parameters
        ----------
        rows, state, lengths : as for :meth:`score_chunk`.
        head_loss : called with slices of the T·B places (time-major) and their logits (n, V),
            bias included, which it replaces by the gradient of its loss; what it leaves past a
            row's length counts as zero.

        Returns
        -------
        loss : the sum of what ``head_loss`` returned.
        state : for the next chunk.

        Raises
        ------
        ShapeError : as :meth:`score_chunk`.
        """
        steps = self._check_rows(rows, state, lengths)
        run = self._stack.forward(rows, state, steps, None)
        is_past = (np.arange(rows.shape[0])[:, None] >= steps).reshape(-1)

        def with_bias(places: slice, logits: FloatArray) -> float:
            logits += self.params["head.b"]
            loss = head_loss(places, logits)
            logits[is_past[places]] = 0
            return loss

        loss, d_top = self._head.backward(run.outputs[-1], with_bias, self.grads)
        self._stack.backward(run, d_top, None, self._grads())
        return loss, run.last

    def _begun(self, state: State, starts: BoolArray | None) -> State:
        """The state with the rows that begin a sequence at its beginning."""
        if starts is None:
            return state
        B = state[0].shape[1]
        if np.shape(starts) != (B,) or getattr(starts, "dtype", None) != np.bool_:
            raise ShapeError(
                f"starts must be bool of shape ({B},), got "
                f"{getattr(starts, 'dtype', type(starts).__name__)} of {np.shape(starts)}"
            )
        fresh = self.initial_state(B)
        begun = self.backend.to_device(starts)[:, None]
        return [self.backend.xp.where(begun, new, old) for new, old in zip(fresh, state)]

    def _check(
        self, rows: IntArray, targets: IntArray, state: State, lengths: IntArray | None
    ) -> tuple[IntArray, IntArray]:
        """Targets (T·B,) with -1 where there is none, and lengths (B,)."""
        steps = self._check_rows(rows, state, lengths)
        T, B, _ = rows.shape
        check_is_array("targets", targets)
        if targets.shape != (T, B) or targets.dtype != np.int32:
            raise ShapeError(
                f"targets must be int32 of shape {(T, B)}, got {targets.dtype} of {targets.shape}"
            )
        wanted = np.where(np.arange(T)[:, None] < steps, targets, np.int32(-1))
        return wanted.reshape(-1), steps

    def _check_rows(self, rows: IntArray, state: State, lengths: IntArray | None) -> IntArray:
        """The lengths (B,)."""
        config = self.config
        check_is_array("rows", rows)
        if rows.ndim != 3 or rows.shape[2] != config.n_streams or 0 in rows.shape:
            raise ShapeError(
                f"rows must have shape (T, B, {config.n_streams}), none empty; got {rows.shape}"
            )
        T, B, _ = rows.shape
        if len(state) != config.layers:
            raise ShapeError(f"state must have {config.layers} layers, got {len(state)}")
        for layer, array in enumerate(state):
            shape = (self.spec.states, B, config.hidden_size)
            check_array(f"state[{layer}]", array, shape, self.dtype)
        return check_lengths(lengths, T, B)


def _smooth(backend: Backend, d_logits: FloatArray, targets: IntArray, share: float) -> None:
    """Move ``share`` of the pull towards each target to all tokens alike, in place."""
    wanted = np.flatnonzero(targets >= 0)
    rows, columns = backend.to_device(wanted), backend.to_device(targets[wanted])
    d_logits[rows] -= share / d_logits.shape[1]
    d_logits[rows, columns] += share


def _restored(
    config: ModelConfig, flat: FloatArray, grads: FloatArray | None, backend: Backend
) -> LanguageModel:
    """What `LanguageModel.__reduce__` took apart."""
    model = LanguageModel(config, parameters_from(config, flat), backend)
    if grads is not None:
        model.flat_grads[...] = backend.to_device(grads)
    return model
