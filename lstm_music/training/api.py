"""`lm.train`: from folders of music to a model file."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lstm_music.corpus.building.build import is_cache
from lstm_music.corpus.building.options import CorpusOptions
from lstm_music.corpus.cache import TokenCache, cache_options, token_cache
from lstm_music.corpus.split import SPLITS
from lstm_music.errors import ConfigError
from lstm_music.files import check_writable
from lstm_music.music.performance import Manner
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.sampling import recommended_from_nothing
from lstm_music.nn.sealed import Sealed
from lstm_music.pretrained import known_beside
from lstm_music.training.base import load_base
from lstm_music.training.best import BestModel
from lstm_music.training.config import FREE, TrainConfig
from lstm_music.training.forecast.plan import Deadline, refuse_tokens
from lstm_music.training.interrupt import Interrupt
from lstm_music.training.job import Job, backend_of, training_chunks
from lstm_music.training.methods import trainer_type
from lstm_music.training.output import counts, model_writer
from lstm_music.training.progress import Progress
from lstm_music.training.runs.checkpoint import read_checkpoint
from lstm_music.training.runs.curve import draw_losses
from lstm_music.training.runs.folder import METRICS, RunFolder, check_same_settings
from lstm_music.training.runs.run import Run
from lstm_music.training.settings import make_config
from lstm_music.training.team import Team

Sources = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def train(
    sources: Sources,
    output: str | os.PathLike[str],
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_note: Callable[[str], None] = lambda _: None,
    cache: str | os.PathLike[str] | None = None,
    storage: str = "float32",
    data_card: str | os.PathLike[str] | None = None,
    base: str | os.PathLike[str] | None = None,
    force: bool = False,
    resume: bool = False,
    time_limit: float | None = None,
    for_seconds: float | None = None,
    checkpoint_seconds: float = 10.0,
    interrupt: Interrupt | None = None,
    team: Team | None = None,
    **settings: Any,
) -> None:
    """Train a model on music and write it to one file.

    The pieces are split into training, validation and test before anything else. ``output`` holds
    the best model so far from the first validation on. Beside it, in a folder ending in ``.run``,
    the run keeps its state, so that it can go on after anything, with the same result to the byte.
    A file ending in ``.known`` has the fingerprints of the training side
    (`lstm_music.corpus.copies.fingerprints`).

    Parameters
    ----------
    sources : folders or files, "music21:chorales", "music21:tunes"; or one folder that
        ``lstm-music corpus build`` made.
    output : the ``.safetensors`` file.
    on_progress : called after every update.
    on_note : called with one line for each rejected file and on the corpus.
    cache : folder that keeps the tokens for the next run; None = nowhere.
    storage : "float32" or "float16" weights in the file.
    data_card : TOML file on the data and its licences, stored in the model file.
    base : model to begin with, by name ("default") or file: its network, its weights; None:
        random weights.
    force : begin anew and overwrite ``output``, whatever is there.
    resume : go on with the run that is there, if there is one.
    time_limit : seconds after which to stop, to be resumed; None: no limit.
    for_seconds : time that the whole run, reading included, is to take: tokens and validations
        are planned by measuring the speed (`lstm_music.training.forecast.plan`); a resumed run
        keeps its plan. None: ``max_tokens`` decides.
    checkpoint_seconds : time between two checkpoints.
    interrupt : holds signals back (`lstm_music.training.interrupt`); None: none are handled, a
        Ctrl-C in the middle of an update costs the time since the last checkpoint.
    team : the processes that train together (`lstm_music.training.team`); None: this one alone.
    settings : fields of ``lstm_music.training.config.TrainConfig``.

    Raises
    ------
    ConfigError : a setting is unknown or out of range, or there is too little music.
    OutputExistsError : ``output`` or its run exists, and neither ``force`` nor ``resume`` is given.
    RunLockedError : another process trains there.
    UnsavedError : it has ended, but the disk did not take its last state.
    LstmMusicError : it has diverged.
    """
    deadline = None if for_seconds is None else Deadline(for_seconds)
    check_writable(output, overwrite=True)
    begin_with = None if base is None else load_base(base)
    config = make_config(settings if begin_with is None else begin_with.merged(settings))
    if deadline is not None:
        refuse_tokens(settings)
    card = read_card(data_card)
    folder = RunFolder(output)
    folder.check(resume=resume, force=force)
    check_writable(known_beside(output), overwrite=force or resume)
    team = team or Team()
    if not team.leads:
        on_note, on_progress = (lambda _: None), (lambda _: None)
    interrupt = interrupt or Interrupt()
    with (
        ExitStack() as parted,
        team.together(),
        folder.locked() if team.leads else nullcontext(),
    ):
        # Reading may take hours: a device that is missing is to be told before.
        backend_of(replace(config, backend=team.backend(config.backend)))
        manners = None if begin_with is None else begin_with.manners
        corpus = _read_by_turns(team, sources, cache, config.style, on_note, manners)
        checkpoint = _begin_together(team, folder, resume, on_note)
        job = Job.of(corpus, begin_with, settings, on_note)
        forecast = None
        if deadline is not None:
            job, forecast, time_limit = job.fitted(deadline, checkpoint, team, time_limit, on_note)
        config = job.config
        model = job.new_model(team)
        parted.enter_context(model.backend.current())
        if config.backend != "cpu":
            on_note(f"computing on {model.backend.name}, in {config.precision}")
        best = BestModel(model_writer(job.corpus, output, card, storage), on_note)
        keep = best.keep if team.leads else _leave_to_the_leader
        trainer = trainer_type(config.method)(
            model,
            training_chunks(job.corpus, config),
            job.valid,
            config,
            keep,
            interrupt,
            team,
            base=None if begin_with is None else begin_with.weights,
        )
        facts = _resumable(config) | {"corpus": corpus.digest, "storage": storage}
        facts |= {"base": begin_with and begin_with.sha256, "for_seconds": for_seconds}
        if checkpoint is not None:
            # A version that did not tell whether its network was residual had none that was.
            check_same_settings(checkpoint, facts, _resumable(TrainConfig(residual=False)))
            trainer.restore(checkpoint.tensor, checkpoint.facts)
            done = "the run is complete" if trainer.is_done else "going on"
            on_note(f"{done} at update {trainer.progress.step}")
        if team.leads:
            folder.forget_metrics_after(trainer.progress.step)
        run = Run(
            trainer,
            best,
            folder,
            facts,
            checkpoint_seconds=checkpoint_seconds,
            time_limit=time_limit,
            forecast=forecast,
            on_note=on_note,
            interrupt=interrupt,
            team=team,
        )
        if team.size > 1:  # a signal to one raises when all have stopped after the same update
            parted.enter_context(interrupt.held())
        with closing(iter(run)) as steps:
            for progress in steps:
                on_progress(progress)
        if team.leads and not interrupt.pending:
            # A signal while Python loads matplotlib's modules would abort the process.
            with interrupt.held():
                _draw(folder, on_note)
            if base is not None:
                on_note(job.gain(output, base))


def _draw(folder: RunFolder, on_note: Callable[[str], None]) -> None:
    """The losses as a picture, if the disk takes it."""
    picture = folder.path / "losses.png"
    try:
        draw_losses(folder.path / METRICS, picture)
    except OSError as error:
        on_note(f"{picture}: cannot write it ({error.strerror or error})")


def _leave_to_the_leader(_: LanguageModel, __: dict[str, Any]) -> None:
    """Keep nothing."""


def _read_by_turns(
    team: Team,
    sources: Sources,
    cache: str | os.PathLike[str] | None,
    style: str | None,
    on_note: Callable[[str], None],
    manners: Mapping[str, Manner] | None,
) -> TokenCache:
    """The corpus; one reads after the other, so that those after the first find its cache."""
    for _ in range(team.rank):
        team.wait()
    corpus = read_corpus(sources, cache, style, on_note, manners)
    for _ in range(team.rank, team.size):
        team.wait()
    return corpus


def _begin_together(
    team: Team, folder: RunFolder, resume: bool, on_note: Callable[[str], None]
) -> Sealed | None:
    """The checkpoint to go on from, in every process."""
    checkpoint = folder.begin(resume=resume, on_note=on_note) if team.leads else None
    if team.agree(checkpoint is not None) and checkpoint is None:
        return read_checkpoint(folder.path, on_note)
    return checkpoint


def _resumable(config: TrainConfig) -> dict[str, Any]:
    """The settings that the result hangs on."""
    return {name: value for name, value in asdict(config).items() if name not in FREE}


def read_corpus(
    sources: Sources,
    cache: str | os.PathLike[str] | None,
    style: str | None,
    on_note: Callable[[str], None],
    manners: Mapping[str, Manner] | None = None,
) -> TokenCache:
    """The tokens of the sources, or those of one style; parameters as of `train`.

    ``manners`` : of the model that the run begins with, as of `CorpusOptions`: it is told of
    performances as it is told of seeds. A cache that is there stays as it was read.
    """
    listed = [sources] if isinstance(sources, str | os.PathLike) else list(sources)
    corpus = token_cache(
        [os.fspath(source) for source in listed],
        cache,
        options=CorpusOptions(manners=_manners(cache, manners)),
        on_reject=lambda id_, why: on_note(f"left out {id_}: {why}"),
    )
    if style is not None:
        corpus = corpus.of_style(style)
    on_note(_corpus_line(corpus))
    return corpus


def _manners(
    cache: str | os.PathLike[str] | None, manners: Mapping[str, Manner] | None
) -> Mapping[str, Manner] | None:
    """Those of the cache, if there is one that can be used."""
    if cache is not None and is_cache(cache):
        with suppress(ConfigError):
            return cache_options(cache).manners
    return manners


def read_card(path: str | os.PathLike[str] | None) -> dict[str, Any]:
    """A data card, checked; empty where there is none.

    Raises
    ------
    ConfigError : it cannot be read, or gives advice that cannot be used.
    """
    if path is None:
        return {}
    try:
        card = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        json.dumps(card, allow_nan=False)  # as it will be stored
        recommended_from_nothing(card)
    except (OSError, ValueError, TypeError, RecursionError, ConfigError) as error:
        raise ConfigError(f"data card {os.fspath(path)} cannot be used: {error}") from None
    return card


def _corpus_line(corpus: TokenCache) -> str:
    found = counts(corpus)
    sides = ", ".join(f"{found[side]} {side}" for side in SPLITS)
    noun = "piece" if len(corpus) == 1 else "pieces"
    return f"{len(corpus)} {noun} ({sides}), {found['tokens']:,} tokens"
