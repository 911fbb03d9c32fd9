"""What training on a corpus would need, measured by training on it for a moment."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lstm_music.corpus.cache import TokenCache
from lstm_music.training.api import Sources, read_corpus
from lstm_music.training.base import load_base
from lstm_music.training.config import TrainConfig
from lstm_music.training.forecast.plan import Deadline, refuse_tokens
from lstm_music.training.forecast.speed import Speed, measure_speed
from lstm_music.training.job import Job, new_model, training_chunks
from lstm_music.training.methods import trainer_type
from lstm_music.training.output import model_writer
from lstm_music.training.runs.checkpoint import write_checkpoint
from lstm_music.training.runs.curve import draw_losses
from lstm_music.training.runs.folder import METRICS, RunFolder
from lstm_music.training.settings import make_config
from lstm_music.training.team import Team

_LINE = '{"tokens": 1, "train_loss": 1.0, "valid_loss": 1.0}\n'


def training_needs(
    corpus: TokenCache, config: TrainConfig | None = None, seconds: float = 2.0
) -> dict[str, Any]:
    """Time and memory of a training on this machine.

    Parameters
    ----------
    corpus : with at least one piece on the training side.
    config : settings; None: the defaults.
    seconds : how long to train for the measurement, the first update apart.

    Returns
    -------
    needs : JSON values: parameters, tokens a second, seconds and epochs of the whole run, and the
        most memory that this process has held, in bytes (0 where the system does not tell).

    Raises
    ------
    ConfigError : no piece on the training side.
    """
    config = config or TrainConfig()
    model = new_model(config)
    speed = measure_speed(model, training_chunks(corpus, config), [], config, seconds)
    return _needs(corpus, config, speed, model.flat_params.size)


def dry_run(
    sources: Sources,
    *,
    cache: str | os.PathLike[str] | None = None,
    base: str | os.PathLike[str] | None = None,
    for_seconds: float | None = None,
    on_note: Callable[[str], None] = lambda _: None,
    **settings: Any,
) -> dict[str, Any]:
    """What `lstm_music.training.api.train` with these arguments would need; nothing is kept.

    All that a run does is done once, so that the memory is what the run will take.

    Returns
    -------
    needs : as from `training_needs`.
    """
    deadline = None if for_seconds is None else Deadline(for_seconds)
    if deadline is not None:
        refuse_tokens(settings)
    begin_with = None if base is None else load_base(base)
    style = make_config(settings if begin_with is None else begin_with.merged(settings)).style
    manners = None if begin_with is None else begin_with.manners
    corpus = read_corpus(sources, cache, style, on_note, manners)
    job = Job.of(corpus, begin_with, settings, on_note)
    if deadline is not None:
        job, _, _ = job.fitted(deadline, None, Team(), None, on_note)
    speed = job.speed(2.0)
    _rehearse(job)
    return _needs(job.corpus, job.config, speed, job.new_model().flat_params.size)


def _needs(
    corpus: TokenCache, config: TrainConfig, speed: Speed, n_parameters: int
) -> dict[str, Any]:
    n_validations = config.max_tokens / config.evaluate_every
    n_scored = corpus.n_targets("valid") * (2 if config.infill else 1)  # plain, and masked
    per_second = max(speed.trained_per_second, 1.0)
    seconds = config.max_tokens / per_second + n_validations * n_scored / speed.scored_per_second
    return {
        "parameters": int(n_parameters),
        "tokens_per_second": round(per_second),
        "tokens": config.max_tokens,
        "epochs": round(config.max_tokens / max(corpus.n_targets("train"), 1), 2),
        "seconds": round(seconds),
        "seconds_per_epoch": round(corpus.n_targets("train") / per_second),
        "memory_bytes": _most_memory(),
    }


def _rehearse(job: Job) -> None:
    """Update, validate and save once, in a folder that is then removed; of what is held out the
    longest alone is scored, which takes as much memory as all, and less time.
    """
    config, model = job.config, job.new_model()
    longest = np.argsort([len(targets) for _, targets in job.valid])[-config.batch_size :]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "model.safetensors"
        run = RunFolder(output)
        run.path.mkdir()
        chunks = training_chunks(job.corpus, config)
        trainer = trainer_type(config.method)(
            model,
            chunks,
            [job.valid[int(i)] for i in longest],
            config,
            lambda _, __: None,
            base=model.backend.to_host(model.flat_params),
        )
        steps = trainer.run()
        next(steps)
        next(steps, None)
        if job.base is not None:
            trainer.try_mixtures()
        model_writer(job.corpus, output, {}, "float32")(model, trainer.summary())
        write_checkpoint(run.path, *trainer.state())
        (run.path / METRICS).write_text(_LINE, encoding="ascii")
        draw_losses(run.path / METRICS, run.path / "losses.png")
        if job.base is not None:
            job.gain(output, "")


def _most_memory() -> int:
    """The most memory that this process has held so far, in bytes."""
    try:
        # Not ru_maxrss: after exec it still counts what the parent held.
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
