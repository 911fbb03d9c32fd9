"""Our model of a case, and what updates it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstm_music.backends.cpu import CpuBackend
from lstm_music.bench.cases import LEARNING_RATE, MAX_NORM, TrainCase
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.nn.optim import Adam
from lstm_music.types import IntArray


def create_model(case: TrainCase, threads: int) -> LanguageModel:
    """Our model of a case, weights random; the embedding is as wide as the layers."""
    config = ModelConfig(
        case.V, case.V, 1, case.H, cell=case.cell, hidden_size=case.H, layers=case.L
    )
    backend = CpuBackend(threads, precision=case.precision)
    return LanguageModel.create(config, 0, backend=backend)


def random_tokens(case: TrainCase) -> IntArray:
    """(T + 1, B): inputs, and one step later targets."""
    shape = (case.T + 1, case.B)
    return np.random.default_rng(0).integers(0, case.V, shape, dtype=np.int32)


def our_update(model: LanguageModel, tokens: IntArray) -> Callable[[], float]:
    """An update that carries its state on; it returns the mean loss in nats before it."""
    rows, targets = np.ascontiguousarray(tokens[:-1, :, None]), tokens[1:]
    adam = Adam(model.flat_params.size, backend=model.backend)
    state = model.initial_state(tokens.shape[1])

    def update() -> float:
        nonlocal state
        model.flat_grads[:] = 0
        nll, n_targets, state = model.train_chunk(rows, targets, state)
        adam.step(model.flat_params, model.flat_grads, LEARNING_RATE, MAX_NORM)
        return nll / n_targets

    return update
