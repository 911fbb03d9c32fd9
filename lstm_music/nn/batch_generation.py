"""Many streams of tokens at once, wholly on a GPU: state, logits, mask, draw and stop.

>>> from lstm_music.nn.batch_generation import BatchGenerator
>>> BatchGenerator.continue_from.__name__
'continue_from'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_music.backends.base import Tape
from lstm_music.backends.checks import check_indices
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.sampling import Sampling
from lstm_music.types import FloatArray, IntArray

if TYPE_CHECKING:
    from lstm_music.backends.gpu.backend import GpuBackend

_ON_DEVICE = ("temperature", "top_k", "top_p", "min_p")
_STEPS_BETWEEN_LOOKS = 64
"""Steps after which the host looks whether all streams have stopped: a look waits."""


class BatchGenerator:
    """Draws tokens for N streams of one model, a step of all at a time.

    The tokens of a stream depend on the model, the settings, the random seed and the stream's own
    number, not on what runs beside it, but for the rounding of a product, which may differ between
    batches of other sizes in its last bit.

    Parameters
    ----------
    model : on a GPU.
    sampling : of its settings ``temperature``, ``top_k``, ``top_p`` and ``min_p``; those that need
        to know what a stream has drawn before are for the CPU.
    rng_seed : key of the random numbers.
    sequences : of each stream, which random numbers are its own, 0 <= number < 2**64.
    stop : the token after which a stream draws no more; None: none.

    Raises
    ------
    ConfigError : the model is not on a GPU, or a setting is for the CPU alone.
    """

    def __init__(
        self,
        model: LanguageModel,
        sampling: Sampling,
        *,
        rng_seed: int = 0,
        sequences: Sequence[int] = (0,),
        stop: int | None = None,
    ) -> None:
        if model.backend.name != "gpu":
            raise ConfigError(f"a model on a GPU is needed, got one on {model.backend.name}")
        _check_sampling(sampling)
        from lstm_music.backends.gpu.drawing import Drawing, DrawSettings

        backend: GpuBackend | Any = model.backend
        self._model, self._backend, self._N = model, backend, len(sequences)
        settings = DrawSettings(**{name: getattr(sampling, name) for name in _ON_DEVICE})
        V, H, real = model.config.n_tokens, model.config.hidden_size, model.dtype
        with backend.current():
            self._drawing = Drawing(
                backend.device, V, settings, rng_seed, np.array(sequences, np.uint64),
                -1 if stop is None else stop,
            )  # fmt: skip
            self._layers = model.kernel_layers()
            self._logits = backend.device.empty((self._N, V), real)
            self._X = backend.device.empty((self._N, model.config.embedding_size), real)
            self._y = [backend.device.empty((1, self._N, H), real) for _ in self._layers]
            self._tapes = [self._tape(state) for state in model.initial_state(self._N)]

    def _tape(self, state: FloatArray) -> Tape:
        """Room for one step, that ends in the state from which the first one begins."""
        spec, empty, real = self._model.spec, self._backend.device.empty, self._model.dtype
        S = empty((2, *state.shape), real)
        S[1] = state
        raw = empty((1, *state.shape), real) if spec.zoneout else None
        return Tape(S, empty((1, self._N, spec.cached * state.shape[2]), real), raw)

    def step(self, rows: Any, index: int, allowed: Any = None) -> None:
        """Read one input a stream, and draw what comes after it.

        Parameters
        ----------
        rows : (N, S) int32 on the device — rows of the embedding, below its size.
        index : of the choice: which random number of each stream decides.
        allowed : (V,) or (N, V) uint8 on the device — not 0 where a token may be drawn; None:
            everywhere.
        """
        model, backend, params = self._model, self._backend, self._model.params
        with backend.current():
            backend.gather(params["embedding"], rows, self._X)
            X = self._X[None]
            for layer, (p, tape, y) in enumerate(zip(self._layers, self._tapes, self._y)):
                backend.sequence_forward(
                    model.spec, X, p["W"], p["U"], p["b"], p.get("p"), tape.last, out=tape
                )
                y[...] = tape.y
                if model.config.is_residual(layer):
                    y[...] += X
                X = y
            backend.matmul(X[0], params["head.W"], self._logits, transpose_b=True)
            self._drawing.draw(self._logits, params["head.b"], index, allowed)

    @property
    def drawn(self) -> tuple[IntArray, FloatArray]:
        """(N,) tokens drawn last, -1 where none could be and -2 where a stream had stopped before;
        and (N,) their log probabilities in nats. Waits for the device.
        """
        get = self._backend.to_host
        return get(self._drawing.tokens), get(self._drawing.log_probs)

    def continue_from(
        self, token: int, n: int, allowed: np.ndarray[Any, np.dtype[np.uint8]] | None = None
    ) -> IntArray:
        """Draw up to n tokens a stream, each the next input, without waiting for any of them.

        Parameters
        ----------
        token : the first input of every stream.
        n : steps, at least 1.
        allowed : (V,) or (N, V) uint8 — not 0 where a token may be drawn, the same at each step.

        Returns
        -------
        tokens : (N, steps) int32, -2 after a stream's stop; fewer than n steps if all have stopped.

        Raises
        ------
        ShapeError : the inputs of the model are not its tokens, or there is no such token.
        """
        config = self._model.config
        if config.n_streams != 1 or config.n_rows != config.n_tokens:
            raise ShapeError(
                f"a model with one stream and {config.n_tokens} rows is needed, got "
                f"{config.n_streams} and {config.n_rows}"
            )
        first = np.full((self._N, 1), token, np.int32)
        check_indices("token", first, 2, 0, config.n_rows)
        put = self._backend.to_device
        mask = None if allowed is None else put(np.ascontiguousarray(allowed, np.uint8))
        with self._backend.current():
            rows, found = put(first), self._backend.device.empty((n, self._N), np.int32)
            for i in range(n):
                self.step(rows, i, mask)
                found[i] = self._drawing.tokens
                rows = self._drawing.rows.reshape(self._N, 1)
                looks = (i + 1) % _STEPS_BETWEEN_LOOKS == 0
                if looks and self._backend.to_host(self._drawing.stopped).all():
                    break
            tokens: IntArray = self._backend.to_host(found[: i + 1])
        return np.ascontiguousarray(tokens.T)


def _check_sampling(sampling: Sampling) -> None:
    """Refuse what the device does not do."""
    usual = Sampling(temperature=1.0)
    for field in fields(Sampling):
        value = getattr(sampling, field.name)
        free = field.name in (*_ON_DEVICE, "repetition_window")
        if not free and value != getattr(usual, field.name):
            raise ConfigError(
                f"{field.name} = {value} is for the CPU alone; on a GPU there are "
                f"{', '.join(_ON_DEVICE)}"
            )
