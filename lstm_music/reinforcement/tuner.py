"""The loop of policy gradient: draw pieces, judge them, make the better ones likelier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import index
from typing import Any

import numpy as np

from lstm_music.errors import LstmMusicError, ModelFileError
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.optim import make_optimiser
from lstm_music.reinforcement.config import TuneConfig, TuneProgress
from lstm_music.reinforcement.episodes import Episode
from lstm_music.reinforcement.policy import Floats, PolicyLoss, advantages, next_kl_weight
from lstm_music.reinforcement.source import Source
from lstm_music.reinforcement.taste import Taste
from lstm_music.training.interrupt import Interrupt
from lstm_music.types import FloatArray, Params

_MOST_PLACES = 8192
"""Steps times pieces that the gradient flows through at once: some hundred megabytes."""


class Tuner:
    """REINFORCE with a baseline, and a KL term to the model that the run began with.

    Parameters
    ----------
    model : trained in place.
    source : of pieces.
    taste : what they are judged by.
    config : settings.
    interrupt : holds signals back while what belongs together changes.

    Attributes
    ----------
    progress : where the run stands.
    is_whole : whether `state` is that between two updates.
    """

    def __init__(
        self,
        model: LanguageModel,
        source: Source,
        taste: Taste,
        config: TuneConfig,
        interrupt: Interrupt | None = None,
    ) -> None:
        self._model, self._source, self._taste, self._config = model, source, taste, config
        self._interrupt = interrupt or Interrupt()
        self._optimiser = make_optimiser(
            "adam", model.flat_params.size, dtype=model.dtype, backend=model.backend
        )
        self._kl_weight = config.kl_weight
        self.progress = TuneProgress(updates=config.updates)
        self.is_whole = True

    @property
    def is_done(self) -> bool:
        """Whether all updates are made."""
        return self.progress.step >= self._config.updates

    def run(self) -> Iterator[TuneProgress]:
        """Tune to the end; yields after every update.

        Raises
        ------
        LstmMusicError : the gradient is not finite any more.
        ConfigError : a reward of the user's fails.
        """
        while not self.is_done:
            self._update()
            yield self.progress

    def _update(self) -> None:
        model, config, done = self._model, self._config, self.progress
        B = config.batch_size
        episodes = self._source.draw(model, done.step * B, B)
        scores = [self._taste.scores(episode.piece) for episode in episodes]
        totals = [self._taste.total(one) for one in scores]
        weight = self._kl_weight
        model.flat_grads[:] = 0
        add_gradient(model, episodes, totals, weight, config.temperature)
        kl = kl_nats_per_note(episodes)
        with self._interrupt.held():
            self.is_whole = False
            norm = self._optimiser.step(
                model.flat_params, model.flat_grads, config.learning_rate, config.clip_norm
            )
            if not np.isfinite(norm):
                raise LstmMusicError(
                    f"the gradient norm is {norm} at update {done.step + 1}: the run has diverged; "
                    f"begin anew with a learning rate below {config.learning_rate:g}"
                )
            self._kl_weight = next_kl_weight(weight, kl, config.kl_target)
            self.progress = TuneProgress(
                step=done.step + 1,
                updates=config.updates,
                tokens=done.tokens + sum(len(episode.choices) for episode in episodes),
                total=float(np.mean(totals)),
                rewards={name: float(np.mean([s[name] for s in scores])) for name in scores[0]},
                kl_nats_per_note=kl,
                kl_weight=weight,
                gradient_norm=float(norm),
                notes_per_piece=float(np.mean([len(e.piece.notes) for e in episodes])),
            )
            self.is_whole = True

    def state(self) -> tuple[Params, dict[str, Any]]:
        """All that a resume needs: arrays by name, and JSON values."""
        memory = self._optimiser.state()
        arrays: Params = {"params": self._model.flat_params}
        arrays |= {f"optimiser.{n}": a for n, a in memory.items() if n != "steps"}
        facts = {
            "optimiser_steps": int(memory["steps"]),
            "step": self.progress.step,
            "tokens": self.progress.tokens,
            "kl_weight": self._kl_weight,
        }
        return arrays, facts

    def restore(
        self, arrays: Callable[[str, tuple[int, ...]], FloatArray], facts: Mapping[str, Any]
    ) -> None:
        """Go on from where `state` was taken, bit for bit.

        Parameters
        ----------
        arrays : gives the array of a name and shape.
        facts : the JSON values.

        Raises
        ------
        ModelFileError : something is missing or does not fit.
        """
        wanted, _ = self.state()
        found = {name: arrays(name, array.shape) for name, array in wanted.items()}
        if not all(np.isfinite(array).all() for array in found.values()):
            raise ModelFileError("damaged: the run's state holds NaN or infinity")
        try:
            memory = {n.removeprefix("optimiser."): a for n, a in found.items() if "optimiser" in n}
            steps = np.array(index(facts["optimiser_steps"]), np.int64)
            self._optimiser.load_state({**memory, "steps": steps})
            self._kl_weight = float(facts["kl_weight"])
            self.progress = replace(
                self.progress, step=index(facts["step"]), tokens=index(facts["tokens"])
            )
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            raise ModelFileError(f"damaged: the run's state does not fit ({error!r})") from None
        self._model.flat_params[:] = found["params"]


def kl_nats_per_note(episodes: Sequence[Episode]) -> float:
    """The divergence of the policy over some pieces, for each note of them."""
    nats = sum(float(episode.divergences.sum(dtype=np.float64)) for episode in episodes)
    return nats / max(sum(len(episode.piece.notes) for episode in episodes), 1)


def add_gradient(
    model: LanguageModel,
    episodes: Sequence[Episode],
    totals: Sequence[float],
    kl_weight: float,
    temperature: float,
) -> float:
    """Add the gradient of minus the mean objective to ``model.grads``.

    Parameters
    ----------
    model : that the episodes were drawn from.
    episodes : at least 2.
    totals : reward of each.
    kl_weight : reward a nat.
    temperature : of the policy.

    Returns
    -------
    float : the loss whose gradient it is; its value means nothing by itself.
    """
    gains = advantages(totals, [episode.divergences for episode in episodes], kl_weight)
    loss = 0.0
    for some in _groups([len(episode.rows) for episode in episodes]):
        batch = _Batch.of([episodes[i] for i in some], [gains[i] for i in some])
        n_places = batch.rows.shape[0] * batch.rows.shape[1]
        head_loss = PolicyLoss(
            batch.choices.reshape(-1),
            batch.allowed.reshape(n_places, -1),
            batch.log_prior.reshape(n_places, -1),
            batch.gains.reshape(-1),
            kl_weight,
            temperature,
            1 / len(episodes),
        )
        state = model.initial_state(len(some))
        loss += model.loss_chunk(batch.rows, state, head_loss, batch.lengths)[0]
    return loss


def _groups(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Which sequences go side by side: those of like length, no more than fit in memory."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    while order:
        longest = lengths[order[-1]]
        n = max(_MOST_PLACES // longest, 1)
        yield order[-n:]
        order = order[:-n]


@dataclass(frozen=True)
class _Batch:
    """Some episodes side by side; a place without a choice has token 0 alone, and no gain.

    Parameters
    ----------
    rows : (T, B, S) int32.
    lengths : (B,) int32.
    choices : (T, B) int32.
    allowed : (T, B, V) bool.
    log_prior : (T, B, V).
    gains : (T, B) float64.
    """

    rows: np.ndarray[Any, np.dtype[np.int32]]
    lengths: np.ndarray[Any, np.dtype[np.int32]]
    choices: np.ndarray[Any, np.dtype[np.int32]]
    allowed: np.ndarray[Any, np.dtype[np.bool_]]
    log_prior: FloatArray
    gains: Floats

    @classmethod
    def of(cls, episodes: Sequence[Episode], gains: Sequence[Floats]) -> _Batch:
        lengths = np.array([len(episode.rows) for episode in episodes], np.int32)
        T, B = int(lengths.max()), len(episodes)
        V = episodes[0].allowed.shape[1]
        batch = cls(
            np.zeros((T, B, episodes[0].rows.shape[1]), np.int32),
            lengths,
            np.zeros((T, B), np.int32),
            np.zeros((T, B, V), bool),
            np.full((T, B, V), -np.inf, episodes[0].log_prior.dtype),
            np.zeros((T, B)),
        )
        batch.allowed[:, :, 0], batch.log_prior[:, :, 0] = True, 0.0
        for b, (episode, gain) in enumerate(zip(episodes, gains, strict=True)):
            chosen = slice(episode.n_given, len(episode.rows))
            batch.rows[: lengths[b], b] = episode.rows
            batch.choices[chosen, b] = episode.choices
            batch.allowed[chosen, b] = episode.allowed
            batch.log_prior[chosen, b] = episode.log_prior
            batch.gains[chosen, b] = gain
        return batch
