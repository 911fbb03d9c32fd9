"""Whole sequences scored in batches: the negative log-likelihood of every target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_music.nn.model import LanguageModel
from lstm_music.types import FloatArray, IntArray

Sequences = Sequence[tuple[IntArray, IntArray]]
"""Each (rows (N, S) int32, targets (N,) int32), N >= 1."""

_CHUNK_STEPS = 128


def sequence_nll(
    model: LanguageModel, sequences: Sequences, batch_size: int = 32
) -> list[FloatArray]:
    """Nats of every target of every sequence, each read from the initial state.

    Parameters
    ----------
    model : any language model; left as it is.
    sequences : what to score.
    batch_size : sequences side by side; changes speed and memory, not the result's meaning.

    Returns
    -------
    list of (N,) arrays in the order given.
    """
    scores: list[FloatArray] = [np.empty(0, model.dtype)] * len(sequences)
    # Sequences of like length share a batch, so that little is padding.
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i][1]))
    with model.backend.current():
        for start in range(0, len(order), batch_size):
            members = order[start : start + batch_size]
            batch = _batch_nll(model, [sequences[i] for i in members])
            for b, i in enumerate(members):
                scores[i] = batch[: len(sequences[i][1]), b].copy()
    return scores


def _batch_nll(model: LanguageModel, batch: Sequences) -> FloatArray:
    """(longest, B) nats; what stands past a sequence's end has no meaning."""
    lengths = np.array([len(targets) for _, targets in batch], np.int32)
    longest, B = int(lengths.max()), len(batch)
    rows = np.zeros((longest, B, batch[0][0].shape[1]), np.int32)
    targets = np.zeros((longest, B), np.int32)
    for b, (member_rows, member_targets) in enumerate(batch):
        rows[: lengths[b], b] = member_rows
        targets[: lengths[b], b] = member_targets
    state = model.initial_state(B)
    parts = []
    for start in range(0, longest, _CHUNK_STEPS):
        stop = min(start + _CHUNK_STEPS, longest)
        left = np.clip(lengths - start, 0, stop - start).astype(np.int32)
        nll, state = model.score_chunk(rows[start:stop], targets[start:stop], state, left)
        parts.append(nll)
    return np.concatenate(parts)
