"""Language models trained without gradients: `TrainConfig.method` es, cma, ga or evolino.

A generation scores a population on the same chunks and learns from the losses. All else is as in
backpropagation through time: validations, the best model, checkpoints, an exact resume
(:mod:`lstm_music.training.loop`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.batching.batches import Chunk
from lstm_music.errors import ConfigError
from lstm_music.evolution.covariance import CovarianceSearch
from lstm_music.evolution.genetic import GeneticAlgorithm
from lstm_music.evolution.language import (
    FeatureLosses,
    TokenLosses,
    features_of,
    hidden_groups,
    score_chunks,
)
from lstm_music.evolution.search import Search
from lstm_music.evolution.strategy import EvolutionStrategy
from lstm_music.evolution.subpopulations import SubPopulations
from lstm_music.evolution.token_readout import ridge_head, svm_head
from lstm_music.evolution.workers import scorer
from lstm_music.nn.model import LanguageModel
from lstm_music.training.loop import Tensor, Trainer
from lstm_music.types import Params

MOST_DIAGONAL = 50_000
"""Numbers that `cma` takes on with a diagonal covariance: a generation takes seconds there."""

_HEAD_TOKENS = 40_000
"""Tokens that a closed-form head is fitted to."""

_FITNESS_TOKENS = 4_000
"""Tokens on which Evolino's candidates are compared."""


class PopulationTrainer(Trainer):
    """Learns from the losses of a population; parameters as of `Trainer`.

    A run that begins with no model begins with a head in closed form over the random network
    (:mod:`lstm_music.evolution.token_readout`). That is a model already: it is scored first, and
    kept until the search has found a better one.

    Raises
    ------
    ConfigError : several processes are to train (mpiexec), or the network does not suit the method.
    """

    def __init__(self, model: LanguageModel, *arguments: Any, **options: Any) -> None:
        super().__init__(model, *arguments, **options)
        if self._team.size > 1:
            raise ConfigError(
                f"method {self._config.method} trains in one process: leave mpiexec out, and share "
                "the population out with --executor or --jobs"
            )
        if options.get("base") is None and not self._config.tied_embedding:
            self._fit_head(self._first_chunks())
            if self._valid:
                self._validated_at = -1
        self._search = self._make_search()
        self._open = ExitStack()
        self._score: Callable[..., npt.NDArray[np.float64]] | None = None

    def _first_chunks(self) -> list[Chunk]:
        """The first chunks of the stream, which stays where it is."""
        cursor, chunks, tokens = self._stream.cursor(), [], 0
        for chunk in self._stream:
            chunks.append(chunk)
            tokens += chunk.n_tokens
            if tokens >= _HEAD_TOKENS:
                break
        self._stream.restore(cursor)
        return chunks

    def _fit_head(self, chunks: list[Chunk]) -> None:
        features, tokens = features_of(self._model, chunks)
        fit = svm_head if self._config.readout == "svm" else ridge_head
        W, b = fit(features, tokens, self._model.config.n_tokens)
        self._model.params["head.W"][...], self._model.params["head.b"][...] = W, b

    _sigma = 0.01
    """Size of a mutation where none is asked for: weights of a model are small."""

    _searched = slice(None)
    """Which of the parameters are searched for."""

    def _make_search(self) -> Search:
        raise NotImplementedError

    @property
    def _options(self) -> dict[str, Any]:
        config = self._config
        return {
            "population": config.population,
            "sigma": self._sigma if config.sigma is None else config.sigma,
            "rng_seed": config.rng_seed,
        }

    def _scored(self, losses_of: TokenLosses | FeatureLosses) -> npt.NDArray[np.float64]:
        """Losses of this generation's candidates."""
        if self._score is None:
            self._score = self._open.enter_context(scorer(self._config.executor, self._config.jobs))
        return self._score(losses_of, self._search.ask())

    def update(self, chunks: list[Chunk]) -> None:
        """Score a generation on these chunks, and move to where it is best."""
        began = self._state
        losses = self._scored(TokenLosses(self._model, chunks, began, self._searched))
        n_tokens = sum(chunk.n_tokens for chunk in chunks) * (len(losses) + 1)
        with self._changing():
            self._tell(losses)
            self._model.flat_params[self._searched] = self._search.center
            loss, state = score_chunks(self._model, chunks, began)
            self._settle(loss, float("nan"), n_tokens, state)

    def _tell(self, losses: npt.NDArray[np.float64]) -> None:
        self._search.tell(losses)

    def _memory(self) -> tuple[Params, dict[str, Any]]:
        arrays, facts = self._search.state()
        return {f"search.{name}": array for name, array in arrays.items()}, {"search": facts}

    def _restore_memory(self, arrays: Tensor, facts: Mapping[str, Any]) -> None:
        self._search.restore(lambda name, shape: arrays(f"search.{name}", shape), facts["search"])


class StrategyTrainer(PopulationTrainer):
    """`--method es`; the rate of the optimiser follows the schedule of the run."""

    def _make_search(self) -> Search:
        config, model = self._config, self._model
        self._strategy = EvolutionStrategy(
            model.flat_params,
            optimiser=config.optimiser,
            l2=config.l2,
            backend=model.backend,
            **self._options,
        )
        return self._strategy

    def _tell(self, losses: npt.NDArray[np.float64]) -> None:
        self._strategy.learning_rate = self._learning_rate()
        super()._tell(losses)


class CovarianceTrainer(PopulationTrainer):
    """`--method cma`; the embedding stays as it was."""

    def _make_search(self) -> Search:
        covariance = self._config.covariance
        hidden, _ = hidden_groups(self._model)
        self._searched = slice(hidden.start, None)
        start = self._model.flat_params[self._searched]
        if covariance == "diagonal" and start.size > MOST_DIAGONAL:
            raise ConfigError(
                f"method cma is for {MOST_DIAGONAL:,} parameters behind the embedding at most, got "
                f"{start.size:,}: take a smaller network (--hidden-size, --layers), or --method es"
            )
        return CovarianceSearch(start, covariance=covariance, **self._options)


class GeneticTrainer(PopulationTrainer):
    """`--method ga`."""

    def _make_search(self) -> Search:
        return GeneticAlgorithm(self._model.flat_params, **self._options)


class EvolinoTrainer(PopulationTrainer):
    """`--method evolino`: the recurrent weights evolve, the head follows in closed form.

    The embedding stays as it was drawn. Candidates are compared on the first chunks of the
    training stream, always the same: the head is fitted to three quarters of the rows, and scored
    on the others. Before a validation the head of the best network is fitted to more tokens.
    """

    def _make_search(self) -> Search:
        model, config = self._model, self._config
        if config.tied_embedding:
            raise ConfigError("method evolino fits the head alone: leave out tied_embedding")
        if 0 < config.chunk_steps < 32:
            raise ConfigError(
                f"method evolino needs 32 chunk_steps or more, or 0, got {config.chunk_steps}: a "
                "head is fitted to some steps of a chunk and scored on the others"
            )
        self._searched, groups = hidden_groups(model)
        self._chunks = self._first_chunks()
        tokens = np.cumsum([chunk.n_tokens for chunk in self._chunks])
        enough = int(np.searchsorted(tokens, _FITNESS_TOKENS)) + 1
        self._losses_of = FeatureLosses(model, self._chunks[:enough], self._searched)
        options = self._options | {"population": config.population or 16}
        return SubPopulations(model.flat_params[self._searched], groups=groups, **options)

    def _next_chunks(self) -> list[Chunk]:
        return []

    def update(self, chunks: list[Chunk]) -> None:
        """Score a generation on all music; ``chunks`` is empty."""
        losses = self._scored(self._losses_of)
        n_tokens = self._losses_of.n_tokens * len(losses)
        with self._changing():
            self._search.tell(losses)
            self._model.flat_params[self._searched] = self._search.center
            self._settle(float(np.min(losses)), float("nan"), n_tokens, self._state)

    def validate(self) -> None:
        """Fit the head; score the held-out music; keep the model if it is the best so far."""
        self._fit_head(self._chunks)
        super().validate()


TRAINERS: dict[str, type[Trainer]] = {
    "evolino": EvolinoTrainer,
    "es": StrategyTrainer,
    "cma": CovarianceTrainer,
    "ga": GeneticTrainer,
}
