"""Sequences of one model on a GPU, a slot each, for the loop that composes on this machine.

>>> from lstm_music.nn.device_streams import DeviceStreams
>>> DeviceStreams.predict.__name__
'predict'
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_music.errors import ConfigError
from lstm_music.nn.batch_generation import stack_steps, stack_weights
from lstm_music.nn.model import LanguageModel
from lstm_music.types import FloatArray, IntArray

if TYPE_CHECKING:
    from lstm_music.backends.gpu.backend import GpuBackend
    from lstm_music.backends.gpu.stepping import StackSteps, StackWeights

_FIRST_SLOTS = 16


class DeviceStreams:
    """Slots for sequences, twice as many whenever there are too few.

    A sequence has the same bits whatever is in the other slots. Threads may share one.

    Parameters
    ----------
    model : on a GPU, in float32.
    precision : of the matrices, ``float32`` or ``bfloat16``, to which they are rounded as
        ``StepWeights`` rounds them.

    Raises
    ------
    ConfigError : another precision.
    """

    def __init__(self, model: LanguageModel, precision: str) -> None:
        if precision not in ("float32", "bfloat16"):
            raise ConfigError(f"on a GPU, weights are float32 or bfloat16, not {precision}")
        self._model, self._precision = model, precision
        self._backend: GpuBackend | Any = model.backend
        self._lock = threading.Lock()
        with self._backend.current():
            self._weights = stack_weights(model)
            if precision == "bfloat16":
                self._weights = _rounded(self._weights, self._backend)
        self._bias = model.backend.to_host(model.params["head.b"])
        self._open(_FIRST_SLOTS)
        self._free = list(range(_FIRST_SLOTS))

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle: slots are of the process that has them."""
        return DeviceStreams, (self._model, self._precision)

    def _open(self, n: int) -> None:
        with self._backend.current():
            self._steps: StackSteps = stack_steps(self._model, self._weights, n)
            self._fresh = [array[:, :1].copy() for array in self._steps.kept()]

    def take(self) -> int:
        """A slot, at the state before the first input."""
        with self._lock, self._backend.current():
            if not self._free:
                self._grow()
            slot = self._free.pop()
            for array, fresh in zip(self._steps.kept(), self._fresh):
                array[:, slot : slot + 1] = fresh
            return slot

    def give_back(self, slot: int) -> None:
        """The slot is free for others. Takes no lock: it is called whenever memory is cleared."""
        self._free.append(slot)

    def _grow(self) -> None:
        old, n = self._steps.kept(), len(self._steps.rows)
        self._open(2 * n)
        for before, after in zip(old, self._steps.kept()):
            after[:, :n] = before
        self._free += range(n, 2 * n)

    def copy(self, source: int, target: int) -> None:
        """Let one sequence stand where another stands."""
        with self._lock, self._backend.current():
            self._steps.copy(source, target)

    def advance(self, slots: Sequence[int], rows: IntArray) -> None:
        """Move these on by one input each: rows (n, S) of the embedding."""
        with self._lock, self._backend.current():
            steps = self._steps
            n, S = steps.rows.shape
            inputs = np.zeros((n, S + 1), np.int32)
            inputs[slots, :S], inputs[slots, S] = rows, 1
            sent = self._backend.to_device(inputs)
            steps.rows[...], steps.moves[...] = sent[:, :S], sent[:, S]
            steps.advance()

    def predict(self, slots: Sequence[int]) -> FloatArray:
        """Logits (n, V) float32 of what comes next."""
        with self._lock, self._backend.current():
            self._steps.predict()
            last = max(slots) + 1
            logits: FloatArray = self._backend.to_host(self._steps.logits[:last])
        return np.ascontiguousarray(logits[slots] + self._bias)


def _rounded(weights: StackWeights, backend: GpuBackend | Any) -> StackWeights:
    """The weights with their matrices in bfloat16; what they hold is of float32."""
    from lstm_music.reference.products import rounded  # composing on the CPU does without

    def there(W: FloatArray) -> FloatArray:
        placed: FloatArray = backend.to_device(rounded(backend.to_host(W)))
        return placed

    layers = [p | {"W": there(p["W"]), "U": there(p["U"])} for p in weights.layers]
    return replace(weights, layers=layers, head=there(weights.head))
