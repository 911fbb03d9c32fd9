"""How good a population of language models is on some chunks of tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.batching.batches import Chunk
from lstm_music.evolution.subpopulations import unit_groups
from lstm_music.evolution.token_readout import ridge_head, softmax_nats
from lstm_music.nn.config import layer_name
from lstm_music.nn.model import LanguageModel, State
from lstm_music.types import BoolArray, FloatArray, IntArray, Params

_STRETCH, _OF = 8, 4
"""Of so many stretches of so many steps the last is for the score, the others for the fit."""


def score_chunks(
    model: LanguageModel, chunks: Sequence[Chunk], state: State
) -> tuple[float, State]:
    """Mean nats a target of a model over chunks one after the other, and the state after them."""
    nats, n_targets = 0.0, 0
    for chunk in chunks:
        begun = _begun(model, state, chunk.starts)
        nll, state = model.score_chunk(chunk.rows, chunk.targets, begun, chunk.lengths)
        nats += float(nll.sum())
        n_targets += chunk.n_targets
    return nats / max(n_targets, 1), state


def _begun(model: LanguageModel, state: State, starts: BoolArray) -> State:
    """The state with the rows that begin a piece at its beginning."""
    fresh = model.initial_state(len(starts))
    return [np.where(starts[:, None], new, old) for new, old in zip(fresh, state)]


class TokenLosses:
    """Nats a token of candidates for parameters of a model, the lower the better.

    Parameters
    ----------
    model : whose sizes they have; copied.
    chunks : what all of them read.
    state : of the rows before the first chunk.
    searched : which of the parameters they are; the others are the model's.
    """

    def __init__(
        self, model: LanguageModel, chunks: Sequence[Chunk], state: State, searched: slice
    ) -> None:
        self._model, self._searched = _copied(model), searched
        self._chunks, self._state = list(chunks), state

    def __call__(self, candidates: FloatArray) -> npt.NDArray[np.float64]:
        """Losses (P,) of candidates (P, n)."""
        losses = np.empty(len(candidates))
        for member, candidate in enumerate(candidates):
            self._model.flat_params[self._searched] = candidate
            losses[member], _ = score_chunks(self._model, self._chunks, self._state)
        return losses


class FeatureLosses:
    """Nats a token of candidates for the recurrent weights, each with a head of its own.

    Parameters
    ----------
    model : whose sizes they have, and whose embedding; copied.
    chunks : the head is fitted to three of four stretches of each, and scored on the fourth.
    hidden : where the recurrent weights lie in the model's parameters.

    Attributes
    ----------
    n_tokens : that a candidate reads.
    """

    def __init__(self, model: LanguageModel, chunks: Sequence[Chunk], hidden: slice) -> None:
        self._model, self._hidden = _copied(model), hidden
        self._chunks = list(chunks)
        self.n_tokens = sum(chunk.n_tokens for chunk in chunks)

    def __call__(self, candidates: FloatArray) -> npt.NDArray[np.float64]:
        """Losses (P,) of candidates (P, n)."""
        losses, V = np.empty(len(candidates)), self._model.config.n_tokens
        for member, candidate in enumerate(candidates):
            self._model.flat_params[self._hidden] = candidate
            fit, scored = shared_out(self._model, self._chunks)
            W, b = ridge_head(*fit, V)
            losses[member] = softmax_nats(scored[0] @ W.T + b, scored[1])
        return losses


Places = tuple[FloatArray, IntArray]
"""Features (N, H), and the tokens (N,) that follow."""


def shared_out(model: LanguageModel, chunks: Sequence[Chunk]) -> tuple[Places, Places]:
    """The places that a head is fitted to, and those that it is scored on.

    Stretches of the same pieces, not other pieces: of so few pieces each has tokens that no other
    has, and how badly those are foreseen says nothing of a network.
    """
    both = _features(model, chunks)
    parts = []
    for scored in (False, True):
        chosen = [(asked >= 0) & (_is_scored(len(asked)) == scored)[:, None] for _, asked in both]
        features = [top[here] for (top, _), here in zip(both, chosen)]
        tokens = [asked[here] for (_, asked), here in zip(both, chosen)]
        parts.append((np.concatenate(features), np.concatenate(tokens)))
    return parts[0], parts[1]


def _is_scored(T: int) -> BoolArray:
    stretch: IntArray = np.arange(T, dtype=np.int32) // _STRETCH
    return np.equal(stretch % _OF, _OF - 1)


def features_of(model: LanguageModel, chunks: Sequence[Chunk]) -> Places:
    """All places of some chunks."""
    both = _features(model, chunks)
    features = [top[asked >= 0] for top, asked in both]
    return np.concatenate(features), np.concatenate([a[a >= 0] for _, a in both])


def _features(model: LanguageModel, chunks: Sequence[Chunk]) -> list[tuple[FloatArray, IntArray]]:
    """Features (T, B, H) and targets (T, B) of each chunk; the rows go on from chunk to chunk."""
    state, found = model.initial_state(len(chunks[0].starts)), []
    for chunk in chunks:
        begun = _begun(model, state, chunk.starts)
        top, state = model.feature_chunk(chunk.rows, begun, chunk.lengths)
        found.append((top, chunk.targets))
    return found


def hidden_groups(model: LanguageModel) -> tuple[slice, list[npt.NDArray[np.int64]]]:
    """Where the recurrent weights lie in a model's parameters, and those of each unit in there."""
    layers: list[Params] = [{} for _ in range(model.config.layers)]
    start = stop = None
    place = 0
    for name, array in model.params.items():
        for number, layer in enumerate(layers):
            prefix = layer_name(number, "")
            if name.startswith(prefix):
                layer[name.removeprefix(prefix)] = array
                start = place if start is None else start
                stop = place + array.size
        place += 0 if name == "head.W" and model.config.tied_embedding else array.size
    return slice(start, stop), unit_groups(layers)


def _copied(model: LanguageModel) -> LanguageModel:
    copied = LanguageModel.create(model.config, 0, dtype=model.dtype, backend=model.backend)
    copied.flat_params[:] = model.flat_params
    return copied
