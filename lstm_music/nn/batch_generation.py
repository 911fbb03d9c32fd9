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

from lstm_music.backends.checks import check_indices
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.sampling import Sampling
from lstm_music.types import FloatArray, IntArray

if TYPE_CHECKING:
    from lstm_music.backends.gpu.backend import GpuBackend
    from lstm_music.backends.gpu.stepping import StackSteps, StackWeights

_ON_DEVICE = ("temperature", "top_k", "top_p", "min_p")
_STEPS_BETWEEN_LOOKS = 64
"""Steps after which the host looks whether all streams have stopped: a look waits."""


class BatchGenerator:
    """Draws tokens for N streams of one model, a step of all at a time.

    The tokens of a stream depend on the model, the settings, the random seed and the stream's own
    number. How many streams run beside it does not matter: they are multiplied by kernels whose
    sums have one order. A backend whose way is ``graph`` replays each step as one CUDA graph.

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
        from lstm_music.backends.gpu.graphs import Graphs

        backend: GpuBackend | Any = model.backend
        self._model, self._backend, self._N = model, backend, len(sequences)
        settings = DrawSettings(**{name: getattr(sampling, name) for name in _ON_DEVICE})
        V = model.config.n_tokens
        self._graphs = Graphs(backend.device)
        with backend.current():
            self._steps = stack_steps(model, stack_weights(model), self._N)
            self._drawing = Drawing(
                backend.device, V, settings, rng_seed, np.array(sequences, np.uint64),
                -1 if stop is None else stop,
            )  # fmt: skip
            self._allowed = backend.device.empty((self._N, V), np.uint8)

    def step(self, rows: Any, allowed: Any = None) -> None:
        """Read one input a stream, and draw what comes after it.

        Parameters
        ----------
        rows : (N, S) int32 on the device — rows of the embedding, below its size.
        allowed : (V,) or (N, V) uint8 on the device — not 0 where a token may be drawn; None:
            everywhere.
        """
        with self._backend.current():
            self._steps.rows[...] = rows
            self._allowed[...] = 1 if allowed is None else allowed
            self._run()

    def _run(self) -> None:
        """:meth:`step` with what lies ready."""
        if self._backend.rule.way == "graph":
            self._graphs.run("step", self._launch)
        else:
            self._launch()

    def _launch(self) -> None:
        self._steps.advance()
        self._steps.predict()
        bias = self._model.params["head.b"]
        self._drawing.draw(self._steps.logits, bias, self._allowed)

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
            found = self._backend.device.empty((n, self._N), np.int32)
            for i in range(n):
                if i == 0:
                    self.step(put(first), mask)
                else:
                    self._steps.rows[...] = self._drawing.rows.reshape(self._N, 1)
                    self._run()
                found[i] = self._drawing.tokens
                looks = (i + 1) % _STEPS_BETWEEN_LOOKS == 0
                if looks and self._backend.to_host(self._drawing.stopped).all():
                    break
            tokens: IntArray = self._backend.to_host(found[: i + 1])
        return np.ascontiguousarray(tokens.T)


def stack_weights(model: LanguageModel) -> StackWeights:
    """What a step of a model on a GPU reads."""
    from lstm_music.backends.gpu.stepping import StackWeights

    config, params = model.config, model.params
    residual = [config.is_residual(layer) for layer in range(config.layers)]
    layers = model.kernel_layers()
    return StackWeights(model.spec, params["embedding"], layers, residual, params["head.W"])


def stack_steps(model: LanguageModel, weights: StackWeights, N: int) -> StackSteps:
    """N streams of a model on a GPU, one step at a time, where the model begins."""
    from lstm_music.backends.gpu.stepping import StackSteps

    backend: GpuBackend | Any = model.backend
    return StackSteps(backend.device, weights, model.initial_state(N), model.config.n_streams)


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
