"""Settings of one training run."""

from __future__ import annotations

from dataclasses import dataclass, fields

from lstm_music.backends.registry import check_backend
from lstm_music.corpus.batching.augment import STRAIGHT_DRUMS
from lstm_music.errors import ConfigError
from lstm_music.nn.config import ModelConfig
from lstm_music.nn.optim import make_optimiser, optimiser_type
from lstm_music.training.schedule import SCHEDULES

METHODS = ("bptt", "evolino", "es", "cma", "ga")

FREE = ("threads", "executor", "jobs")
"""Settings that never change the result."""


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Everything a run depends on besides the music itself.

    Parameters
    ----------
    cell : name in ``lm.cells.names()``, with or without options: ``lstm:forget_bias=2``.
    hidden_size, layers, embedding_size : sizes of the network.
    dropout : share of units dropped between layers and before the head; [0, 1).
    dropout_kind, residual, tied_embedding, learned_state : options of the stack, see
        :class:`lstm_music.nn.config.ModelConfig`.
    batch_size : pieces read side by side (B).
    chunk_steps : tokens between two updates (T of truncated BPTT), the state carried on; 0: whole
        pieces, the gradient through all of each.
    style : train on the pieces of this style alone; None: on all.
    balance : how far the styles are evened out, 0..1: 0 as many tokens of each as the corpus has,
        1 the same number of each.
    straight_drums : chance that a piece of drums alone is put on its musical grid, 0..1: the less,
        the more a model composes as the drummers played; the more, the better it goes on from
        programmed drums.
    infill : share of the pieces of which parts are given, so that the network learns to write the
        rest, 0..1; a model of 0 can only continue.
    optimiser : ``adam``, ``sgd``, ``rmsprop`` or ``rprop`` (:mod:`lstm_music.nn.optim`).
    learning_rate : peak of the schedule; None = the optimiser's own.
    schedule : after the warm-up, ``cosine`` (down to a twentieth at the end), ``plateau`` (halved
        after every two validations without a new best) or ``constant``.
    warmup : share of the run spent rising from 0 to the peak, [0, 1).
    stop_after : end the run after so many validations without a new best; 0: never.
    momentum : of ``sgd`` and ``rmsprop``; None = the optimiser's own.
    l2 : weight of the penalty l2/2 |w|^2 on all weights, biases apart.
    label_smoothing : share of the probability that every target gives to all tokens alike,
        [0, 1); Szegedy et al. (2016), section 7. Losses are reported without it.
    clip_norm : largest global gradient norm.
    accumulate : chunks whose gradients make one update.
    max_tokens : tokens to train on before the run ends.
    evaluate_every : tokens between two validations.
    rng_seed : weights, order, transposition and dropout all follow from it.
    precision : of matrix products: ``float32``, or ``bfloat16``, faster on a processor with
        AVX512-BF16: what is multiplied keeps 8 bits of significand; weights, states and sums are
        float32 all the same, and so is the model file. ``amx`` is bfloat16 by Intel's AMX, which
        sums up in another order.
        On a GPU both need no more than that, and there is ``tf32``, 11 bits.
    backend : ``cpu``; ``gpu`` or ``gpu:N``, an NVIDIA GPU (docs/gpu.md), for ``bptt`` alone; or
        ``auto``, a GPU where there is one.
    threads : None = one a core; never changes the result.
    method : how the network learns: ``bptt``, or without gradients (docs/evolution.md) ``evolino``,
        ``es``, ``cma`` or ``ga``.
    population : networks that each generation compares; None = the method's own. Tokens are counted
        for each of them.
    sigma : size of a mutation; None = the method's own.
    covariance : of ``cma``: ``diagonal``, or ``full`` for networks of 1,000 parameters at most.
    readout : of ``evolino``: ``ridge`` or ``svm`` (needs scikit-learn).
    executor : where the networks of a population are scored: ``local``, ``dask://HOST:PORT`` or
        ``ray``; never changes the result.
    jobs : processes that score them here; never changes the result.
    """

    cell: str = "lstm"
    hidden_size: int = 256
    layers: int = 2
    embedding_size: int = 128
    dropout: float = 0.2
    dropout_kind: str = "step"
    residual: bool = True
    tied_embedding: bool = False
    learned_state: bool = False
    batch_size: int = 16
    chunk_steps: int = 128
    style: str | None = None
    balance: float = 0.0
    straight_drums: float = STRAIGHT_DRUMS
    infill: float = 0.5
    optimiser: str = "adam"
    learning_rate: float | None = None
    schedule: str = "cosine"
    warmup: float = 0.02
    stop_after: int = 0
    momentum: float | None = None
    l2: float = 0.0
    label_smoothing: float = 0.0
    clip_norm: float = 1.0
    accumulate: int = 1
    max_tokens: int = 20_000_000
    evaluate_every: int = 1_000_000
    rng_seed: int = 0
    precision: str = "float32"
    backend: str = "cpu"
    threads: int | None = None
    method: str = "bptt"
    population: int | None = None
    sigma: float | None = None
    covariance: str = "diagonal"
    readout: str = "ridge"
    executor: str = "local"
    jobs: int = 1

    def __post_init__(self) -> None:
        for name in ("batch_size", "accumulate", "max_tokens", "evaluate_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more, got {getattr(self, name)}")
        self.model_config(1, 1, 1)
        for name in ("chunk_steps", "stop_after"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be 0 or more, got {getattr(self, name)}")
        for name in ("warmup", "label_smoothing"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ConfigError(f"{name} must be 0 or more, below 1, got {getattr(self, name)}")
        for name in ("balance", "straight_drums", "infill"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"{name} must be 0..1, got {getattr(self, name)}")
        if self.schedule not in SCHEDULES:
            raise ConfigError(
                f"schedule must be one of {', '.join(SCHEDULES)}, got {self.schedule}"
            )
        for name in ("learning_rate", "clip_norm"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value < float("inf"):
                raise ConfigError(f"{name} must be above 0, got {value}")
        make_optimiser(self.optimiser, 0, momentum=self.momentum, l2=self.l2)
        check_backend(self.backend, self.precision)
        if self.threads is not None and self.threads < 1:
            raise ConfigError(f"threads must be 1 or more, got {self.threads}")
        self._check_method()

    def _check_method(self) -> None:
        for name, known in (
            ("method", METHODS),
            ("covariance", ("diagonal", "full")),
            ("readout", ("ridge", "svm")),
        ):
            if getattr(self, name) not in known:
                raise ConfigError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                )
        if self.method != "bptt" and self.backend.startswith("gpu"):
            raise ConfigError(
                f"method {self.method} runs on the CPU; leave backend {self.backend} out"
            )
        if self.population is not None and self.population < 2:
            raise ConfigError(f"population must be 2 or more, got {self.population}")
        if self.sigma is not None and not 0.0 < self.sigma < float("inf"):
            raise ConfigError(f"sigma must be above 0, got {self.sigma}")
        if self.jobs < 1:
            raise ConfigError(f"jobs must be 1 or more, got {self.jobs}")

    def model_config(self, n_rows: int, n_tokens: int, n_streams: int) -> ModelConfig:
        """The network of these settings, for a vocabulary.

        Raises
        ------
        ConfigError : there is no such network.
        """
        shared = {field.name for field in fields(ModelConfig)} & {f.name for f in fields(self)}
        return ModelConfig(
            n_rows, n_tokens, n_streams, **{name: getattr(self, name) for name in shared}
        )

    @property
    def peak_learning_rate(self) -> float:
        """``learning_rate``, or the optimiser's own."""
        if self.learning_rate is None:
            return optimiser_type(self.optimiser).default_rate
        return self.learning_rate
