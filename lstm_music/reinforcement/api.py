"""`lm.reinforcement.tune`: from a trained model and a taste to a tuned model."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lstm_music.backends.registry import get_backend
from lstm_music.composer import Composer, load
from lstm_music.corpus.cache import TokenCache
from lstm_music.corpus.ends import hold_out
from lstm_music.errors import ModelFileError
from lstm_music.files import atomic_write, check_writable
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import save_model
from lstm_music.nn.sealed import Sealed
from lstm_music.pretrained import known_beside, known_bytes
from lstm_music.reinforcement.config import MOST_UPDATES, TuneConfig, TuneProgress
from lstm_music.reinforcement.report import compared, measure
from lstm_music.reinforcement.source import Source
from lstm_music.reinforcement.taste import RewardFunction, Taste
from lstm_music.reinforcement.tuner import Tuner
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.api import Sources, read_corpus
from lstm_music.training.interrupt import Interrupt
from lstm_music.training.progress import without_nan
from lstm_music.training.runs.checkpoint import write_checkpoint
from lstm_music.training.runs.folder import RunFolder, check_same_settings


@dataclass(frozen=True)
class Tuned:
    """What a run has brought.

    Parameters
    ----------
    composer : the tuned model.
    report : see `lstm_music.reinforcement.report.compared`.
    """

    composer: Composer
    report: dict[str, Any]


def tune(
    model: str | os.PathLike[str] | Composer,
    output: str | os.PathLike[str] | None = None,
    *,
    rewards: Mapping[str | RewardFunction, float],
    held_out: Sources | None = None,
    cache: str | os.PathLike[str] | None = None,
    on_progress: Callable[[TuneProgress], None] = lambda _: None,
    on_note: Callable[[str], None] = lambda _: None,
    force: bool = False,
    resume: bool = False,
    for_seconds: float | None = None,
    checkpoint_seconds: float = 10.0,
    interrupt: Interrupt | None = None,
    **settings: Any,
) -> Tuned:
    """Move a trained model towards a taste by policy gradient, held close to what it was.

    Each update draws pieces from the model, judges them, and makes what led to the better ones
    likelier: REINFORCE with a baseline, and a price for every nat by which the model moves away
    from the one it began as (`lstm_music.reinforcement.policy`).

    Parameters
    ----------
    model : a bundled name, a file, or a Composer; it is left as it is.
    output : the ``.safetensors`` file to write; None: none. Beside it, in a folder ending in
        ``.run``, the run keeps ``metrics.jsonl`` and its state, to go on with the same result to
        the byte.
    rewards : ``{"in_key": 1.0, "density:8": 0.5, "my_file.py:my_function": 1.0}``, or functions of
        a piece in place of names. `REWARDS` is the table; a weight below 0 is a penalty.
    held_out : music whose validation side the model is scored on before and after, as of
        `lstm_music.train`; None: it is not scored.
    cache : folder that keeps the tokens of that for the next run.
    on_progress : called after every update.
    on_note : called with a line now and then.
    force : begin anew and overwrite ``output``, whatever is there.
    resume : go on with the run that is there, if there is one.
    for_seconds : time that the whole run is to take, measuring included; None: ``updates`` decides.
    checkpoint_seconds : time between two saved states.
    interrupt : holds signals back (`lstm_music.training.interrupt`); None: none are handled.
    settings : fields of `lstm_music.reinforcement.config.TuneConfig`.

    Raises
    ------
    ConfigError : a setting or a reward is wrong, or a function of the user's fails.
    ModelFileError : there is no such model.
    OutputExistsError : ``output`` or its run exists, and neither ``force`` nor ``resume`` is given.
    RunLockedError : another process trains there.
    LstmMusicError : it has diverged.

    Examples
    --------
    >>> import lstm_music as lm
    >>> tuned = lm.reinforcement.tune("folk", rewards={"in_key": 1}, updates=1, batch_size=2,
    ...                               bars=1, measured_pieces=2)
    >>> sorted(tuned.report["rewards"]["in_key"])
    ['after', 'before']
    """
    started = time.monotonic()
    taste = Taste.of(rewards)
    if for_seconds is not None:
        settings = {"updates": MOST_UPDATES} | settings
    config = TuneConfig.of(settings)
    composer = model if isinstance(model, Composer) else load(model)
    folder = None
    if output is not None:
        check_writable(output, overwrite=True)
        folder = RunFolder(output)
        folder.check(resume=resume, force=force)
    with ExitStack() as stack:
        if folder is not None:
            stack.enter_context(folder.locked())
        job = _Job(composer, taste, config, interrupt or Interrupt(), folder)
        corpus = _held_out(held_out, cache, config, on_note)
        facts = _facts(job, corpus)
        checkpoint = None
        if folder is not None:
            checkpoint = folder.begin(resume=resume, on_note=on_note)
        if checkpoint is not None:
            check_same_settings(checkpoint, facts)
        before = job.before(checkpoint, corpus, on_note)
        if folder is not None:
            folder.forget_metrics_after(job.tuner.progress.step)
        measuring = time.monotonic() - started
        deadline = None if for_seconds is None else started + for_seconds - 1.2 * measuring
        for progress in job.steps(facts, before, deadline, checkpoint_seconds):
            on_progress(progress)
        report = compared(before, job.measured(corpus))
    progress = job.tuner.progress
    report |= {"updates": progress.step, "tokens": progress.tokens}
    report |= {"pieces": config.measured_pieces}
    tuned = job.tuned(report)
    if output is not None:
        _write(output, tuned, composer)
        tuned = load(output)
    return Tuned(tuned, report)


def _held_out(
    sources: Sources | None,
    cache: str | os.PathLike[str] | None,
    config: TuneConfig,
    on_note: Callable[[str], None],
) -> TokenCache | None:
    """The music that a model is scored on."""
    if sources is None:
        return None
    corpus, line = hold_out(read_corpus(sources, cache, config.style, on_note))
    on_note(line)
    return corpus


class _Job:
    """A model, its tuner, and the folder where the run keeps its state."""

    def __init__(
        self,
        composer: Composer,
        taste: Taste,
        config: TuneConfig,
        interrupt: Interrupt,
        folder: RunFolder | None,
    ) -> None:
        self.composer, self.taste, self.config = composer, taste, config
        self._folder = folder
        backend = get_backend("cpu", n_threads=config.threads)
        self.model = LanguageModel.create(composer.model.config, 0, backend=backend)
        self.model.flat_params[:] = composer.model.flat_params
        self._source = Source(composer, config)
        self.tuner = Tuner(self.model, self._source, taste, config, interrupt)

    def before(
        self, checkpoint: Sealed | None, corpus: TokenCache | None, on_note: Callable[[str], None]
    ) -> dict[str, Any]:
        """The measure of the model as it was; of a run that goes on, as it was noted."""
        if checkpoint is None:
            return self.measured(corpus)
        found = checkpoint.facts.get("before")
        if not isinstance(found, dict):
            raise ModelFileError("damaged: the run's state does not tell what it began with")
        self.tuner.restore(checkpoint.tensor, checkpoint.facts)
        on_note(f"going on at update {self.tuner.progress.step}")
        return found

    def measured(self, corpus: TokenCache | None) -> dict[str, Any]:
        """The measure of the model as it is."""
        n = self.config.measured_pieces
        return measure(self.model, self._source, self.taste, n, corpus)

    def steps(
        self,
        facts: Mapping[str, Any],
        before: Mapping[str, Any],
        deadline: float | None,
        checkpoint_seconds: float,
    ) -> Iterator[TuneProgress]:
        """Update after update, metrics and states kept on the way."""

        def save() -> None:
            if self._folder is not None and self.tuner.is_whole:
                arrays, state = self.tuner.state()
                kept = {"settings": facts, "before": before, **state}
                self._folder.check_ours()
                write_checkpoint(self._folder.path, arrays, kept)

        save()
        saved = last = time.monotonic()
        try:
            for progress in self.tuner.run():
                if self._folder is not None:
                    self._folder.log(without_nan(asdict(progress)))
                now = time.monotonic()
                if now - saved >= checkpoint_seconds:
                    save()
                    saved = now
                yield progress
                took, last = now - last, now
                if deadline is not None and now + took > deadline:
                    break
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            save()
            raise
        save()

    def tuned(self, report: dict[str, Any]) -> Composer:
        """The tuned model, its data card saying what for."""
        facts = self.composer.metadata
        settings = {n: x for n, x in asdict(self.config).items() if n != "threads"}
        how = {"begun_with": self.composer.name, "sha256": facts.get("sha256")}
        how |= {"rewards": dict(self.taste.weights), "settings": settings, "report": report}
        card = facts["data_card"] | {"tuned_for": str(self.taste), "begun_with": self.composer.name}
        training = facts["training"] | {"tuned": how}
        return Composer(
            self.model,
            facts | {"data_card": card, "training": training, "vocabulary": DEFAULT.to_json()},
            name=self.composer.name,
            source=self.composer.source,
        )


def _facts(job: _Job, corpus: TokenCache | None) -> dict[str, Any]:
    """What a run that goes on must have in common with its beginning."""
    settings = asdict(job.config)
    del settings["threads"], settings["updates"]  # more of them: the same, further on
    return settings | {
        "rewards": dict(job.taste.weights),
        "model": job.composer.metadata.get("sha256"),
        "held_out": None if corpus is None else corpus.digest,
    }


def _write(output: str | os.PathLike[str], tuned: Composer, base: Composer) -> None:
    """The model file, and the fingerprints of what the base was trained on beside it."""
    facts = tuned.metadata
    save_model(
        output,
        tuned.model,
        facts["vocabulary"],
        facts["training"],
        facts["data_card"],
        storage=facts.get("storage", "float32"),
    )
    try:
        known = known_bytes(base.source)
    except ModelFileError:  # the base has none
        return
    if Path(base.source) != Path(output):
        atomic_write(known_beside(output), known)
