"""`lm.train`: from folders of music to a model file."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import asdict, replace
from functools import cache as once
from pathlib import Path
from typing import Any

import numpy as np

from lstm_music.backends.registry import get_backend
from lstm_music.corpus.batches import ChunkStream
from lstm_music.corpus.cache import TokenCache, token_cache
from lstm_music.corpus.fingerprints import corpus_fingerprints
from lstm_music.corpus.forms import forms_in_training
from lstm_music.corpus.masks import MaskChances, draw_mask
from lstm_music.corpus.met import met_in_training
from lstm_music.corpus.split import SPLITS
from lstm_music.errors import ConfigError
from lstm_music.files import atomic_write, check_writable
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import save_model
from lstm_music.nn.sampling import recommended
from lstm_music.nn.scoring import sequence_nll
from lstm_music.nn.sealed import Sealed
from lstm_music.pretrained import known_beside
from lstm_music.tokens.annotate import annotate, annotate_choices
from lstm_music.tokens.decode import decode
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.base import Base, load_base
from lstm_music.training.best import BestModel, Write
from lstm_music.training.checkpoint import read_checkpoint
from lstm_music.training.config import TrainConfig
from lstm_music.training.curve import draw_losses
from lstm_music.training.interrupt import Interrupt
from lstm_music.training.loop import Progress, Trainer
from lstm_music.training.run import METRICS, Run, RunFolder, check_same_settings
from lstm_music.training.settings import make_config
from lstm_music.training.team import Team
from lstm_music.types import IntArray

Sources = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

_KNOWN_PIECES = 50  # of each style


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
    (`lstm_music.corpus.fingerprints`).

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
    check_writable(output, overwrite=True)
    begin_with = None if base is None else load_base(base)
    config = make_config(settings if begin_with is None else begin_with.merged(settings))
    card = _read_card(data_card)
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
        corpus = _read_by_turns(team, sources, cache, config.style, on_note)
        check_sides(corpus)
        checkpoint = _begin_together(team, folder, resume, on_note)
        model = new_model(replace(config, threads=team.threads(config.threads)), begin_with)
        best = BestModel(model, _writer(corpus, output, card, storage), on_note)
        keep = best.keep if team.leads else _leave_to_the_leader
        chunks, valid = training_chunks(corpus, config), _sequences(corpus, "valid", config)
        trainer = Trainer(model, chunks, valid, config, keep, interrupt, team)
        facts = _resumable(config) | {"corpus": corpus.digest, "storage": storage}
        facts["base"] = begin_with and begin_with.sha256
        if checkpoint is not None:
            check_same_settings(checkpoint, facts)
            trainer.restore(checkpoint.tensor, checkpoint.facts)
            on_note(f"going on at update {trainer.progress.step}")
        if team.leads:
            folder.forget_metrics_after(trainer.progress.step)
        run = Run(
            trainer,
            best,
            folder,
            facts,
            checkpoint_seconds=checkpoint_seconds,
            time_limit=time_limit,
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


def _draw(folder: RunFolder, on_note: Callable[[str], None]) -> None:
    """The losses as a picture, if the disk takes it."""
    picture = folder.path / "losses.png"
    try:
        draw_losses(folder.path / METRICS, picture)
    except OSError as error:
        on_note(f"{picture}: cannot write it ({error.strerror or error})")


def _leave_to_the_leader(_: dict[str, Any]) -> None:
    """Keep nothing."""


def _read_by_turns(
    team: Team,
    sources: Sources,
    cache: str | os.PathLike[str] | None,
    style: str | None,
    on_note: Callable[[str], None],
) -> TokenCache:
    """The corpus; one reads after the other, so that those after the first find its cache."""
    for _ in range(team.rank):
        team.wait()
    corpus = read_corpus(sources, cache, style, on_note)
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
    settings = asdict(config)
    del settings["threads"]
    return settings


def read_corpus(
    sources: Sources,
    cache: str | os.PathLike[str] | None,
    style: str | None,
    on_note: Callable[[str], None],
) -> TokenCache:
    """The tokens of the sources, or those of one style; parameters as of `train`."""
    listed = [sources] if isinstance(sources, str | os.PathLike) else list(sources)
    corpus = token_cache(
        [os.fspath(source) for source in listed],
        cache,
        on_reject=lambda id_, why: on_note(f"left out {id_}: {why}"),
    )
    if style is not None:
        corpus = corpus.of_style(style)
    on_note(_corpus_line(corpus))
    return corpus


def _read_card(path: str | os.PathLike[str] | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        card = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        json.dumps(card, allow_nan=False)  # as it will be stored
        recommended(card)
    except (OSError, ValueError, TypeError, RecursionError, ConfigError) as error:
        raise ConfigError(f"data card {os.fspath(path)} cannot be used: {error}") from None
    return card


def _counts(corpus: TokenCache) -> dict[str, int]:
    """Pieces a side, and tokens in all."""
    counts = {side: len(corpus.indices(side)) for side in SPLITS}
    return counts | {"tokens": corpus.n_tokens, "rejected": len(corpus.rejected)}


def _corpus_line(corpus: TokenCache) -> str:
    counts = _counts(corpus)
    sides = ", ".join(f"{counts[side]} {side}" for side in SPLITS)
    return f"{len(corpus)} pieces ({sides}), {counts['tokens']:,} tokens"


def new_model(config: TrainConfig, base: Base | None = None) -> LanguageModel:
    """The network of a configuration, its weights random or those of ``base``."""
    sizes = config.model_config(DEFAULT.n_rows, DEFAULT.n_tokens, DEFAULT.n_streams)
    backend = get_backend("cpu", n_threads=config.threads)
    model = LanguageModel.create(sizes, config.rng_seed, backend=backend)
    if base is not None:
        model.flat_params[:] = base.weights
    return model


def check_sides(corpus: TokenCache) -> None:
    """Refuse a corpus that cannot be trained on.

    Raises
    ------
    ConfigError : nothing to train on, or nothing to validate with.
    """
    for side in ("train", "valid"):
        if not len(corpus.indices(side)):
            raise ConfigError(
                f"of {len(corpus)} pieces none is on the {side} side (chance puts 90 % on the "
                "train side, 5 % on the valid side): give more music"
            )


def training_chunks(corpus: TokenCache, config: TrainConfig) -> ChunkStream:
    """What a configuration has of a corpus to train on, endlessly."""
    return ChunkStream(
        corpus,
        batch_size=config.batch_size,
        chunk_length=config.chunk_steps or None,
        rng_seed=config.rng_seed,
        balance=config.balance,
        straight_drums=config.straight_drums,
        masks=_mask_chances(config),
    )


def _mask_chances(config: TrainConfig) -> MaskChances | None:
    """How often parts of a piece are given; None: never, and nothing is wished."""
    return MaskChances.of(config.infill) if config.infill else None


def _writer(
    corpus: TokenCache, output: str | os.PathLike[str], card: dict[str, Any], storage: str
) -> Write:
    """What writes the model file, and the fingerprints beside it."""
    met, forms = asdict(met_in_training(corpus)), forms_in_training(corpus).to_json()
    known = once(lambda: corpus_fingerprints(corpus).to_bytes())

    def write(model: LanguageModel, summary: dict[str, Any]) -> None:
        facts = summary | {"corpus": _counts(corpus), "met": met, "forms": forms}
        facts |= {"knows": knows(model, corpus)}
        save_model(output, model, DEFAULT.to_json(), facts, card, storage=storage)
        atomic_write(known_beside(output), known())

    return write


def knows(model: LanguageModel, corpus: TokenCache) -> dict[str, list[float]]:
    """Nats a note of held-out pieces of each style: the median and the 95th percentile.

    Music that a model finds much less likely is strange to it, and composing says so.
    """
    by_style: dict[str, list[int]] = {}
    for i in corpus.indices("valid"):
        some = by_style.setdefault(corpus.styles[int(i)], [])
        if len(some) < _KNOWN_PIECES:
            some.append(int(i))
    found = {}
    for style, pieces in sorted(by_style.items()):
        tokens = [corpus.piece_tokens(i) for i in pieces]
        scores = sequence_nll(model, [(annotate(one)[:-1], one[1:]) for one in tokens])
        starts = [int(np.argmax(one == DEFAULT["body"].start)) for one in tokens]
        kinds = [DEFAULT.is_kind(one, "pitch") | DEFAULT.is_kind(one, "drum") for one in tokens]
        nats = [
            float(score[start:].sum()) / max(int(notes.sum()), 1)
            for score, start, notes in zip(scores, starts, kinds, strict=True)
        ]
        found[style] = [round(x, 3) for x in np.percentile(nats, [50, 95]).tolist()]
    return found


def _sequences(
    corpus: TokenCache, side: str, config: TrainConfig
) -> list[tuple[IntArray, IntArray]]:
    """(rows, targets) of every piece of a side, as it stands, the bars left untold.

    Where parts of pieces are given, each piece comes once more, masked at random but always alike.
    """
    chances = _mask_chances(config)
    sequences = []
    for i in corpus.indices(side):
        tokens = corpus.piece_tokens(int(i))
        sequences.append((annotate(tokens)[:-1], tokens[1:]))
        if chances is not None:
            mask = draw_mask(decode(tokens), np.random.default_rng(int(i)), chances)
            rows, free = annotate_choices(tokens, conditioning=mask)
            sequences.append((rows[:-1], np.where(free, tokens, -1).astype(np.int32)[1:]))
    return sequences
