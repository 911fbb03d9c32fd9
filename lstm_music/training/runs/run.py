"""One run: a trainer on its way, and what is kept of it in its folder."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict
from typing import Any

from lstm_music.errors import OutputError, UnsavedError
from lstm_music.training.best import BestModel
from lstm_music.training.forecast.pace import Pace
from lstm_music.training.forecast.plan import Forecast
from lstm_music.training.interrupt import Interrupt
from lstm_music.training.loop import Trainer
from lstm_music.training.progress import Progress, without_nan
from lstm_music.training.runs.checkpoint import write_checkpoint
from lstm_music.training.runs.folder import RunFolder
from lstm_music.training.team import Team

_REST_TIMES = 20
"""So many times what a checkpoint took passes before the next."""

_WORTH_TELLING = 0.05
"""A plan is told of again if it has changed by so much since."""


class Run:
    """A trainer on its way, checkpoints and metrics kept.

    Parameters
    ----------
    trainer, folder : already restored, if it is to go on.
    best : what the trainer keeps the best model with.
    settings : what a checkpoint must have been made with: `check_same_settings`.
    checkpoint_seconds : time between two checkpoints, or twenty times what one takes if that is
        longer; one is written at each validation, too.
    time_limit : seconds after which it stops, to be resumed; None: no limit.
    forecast : what was planned for that time; None: nothing was. Where the machine is slower than
        it was then, the run has fewer tokens, so that its schedule comes to an end. If time is up
        all the same, it is validated once more, so that what was learnt last counts.
    on_note : told of a disk that refuses to save, once.
    interrupt : what the trainer's signals are held back with.
    team : the processes that train together; its leader writes. A signal to one stops them all
        after the same update: the caller holds back the signals of a team, and `interrupt` has
        one pending in each process at the end.
    """

    def __init__(
        self,
        trainer: Trainer,
        best: BestModel,
        folder: RunFolder,
        settings: Mapping[str, Any],
        *,
        checkpoint_seconds: float,
        time_limit: float | None,
        forecast: Forecast | None = None,
        on_note: Callable[[str], None],
        interrupt: Interrupt,
        team: Team,
    ) -> None:
        self._interrupt, self._team = interrupt, team
        self._trainer, self._best = trainer, best
        self._folder, self._settings = folder, settings
        self._checkpoint_seconds, self._time_limit = checkpoint_seconds, time_limit
        self._forecast = forecast
        self._told_tokens = trainer.progress.max_tokens
        self._pace: Pace | None = None
        if forecast is not None and time_limit is not None:
            self._pace = Pace(time_limit, forecast.tokens, forecast.evaluate_every)
        self._on_note = on_note
        self._unsaved: OutputError | None = None
        self._told: set[str] = set()
        # Of a run that goes on after a validation the line is there.
        self._noted_step = trainer.progress.step if trainer.progress.validated else -1

    def __iter__(self) -> Generator[Progress]:
        """Train; yields after every update.

        Raises
        ------
        UnsavedError : at the end, if the last state could not be saved, or the model is gone.
        """
        started = time.monotonic()
        # Before the first update: whatever ends the run now, it can go on, and a disk that
        # refuses is known at once.
        self._save()
        now = saved = time.monotonic()
        took = saved - started
        try:
            for progress in self._trainer.run():
                self._note_metrics()
                before, now = now, time.monotonic()
                is_due = now - saved >= max(self._checkpoint_seconds, _REST_TIMES * took)
                is_over = self._time_limit is not None and now - started >= self._time_limit
                fitting = 0
                if self._pace is not None:
                    fitting = self._pace.fitting(now - started, now - before, progress)
                is_due, is_over, fitting, signal = self._agree(is_due, is_over, fitting)
                if fitting:
                    self._plan_again(fitting)
                if progress.validated or is_due:
                    self._save()
                    saved = time.monotonic()
                    took = saved - now
                yield progress
                if signal:  # never in a process alone: there it has raised
                    self._interrupt.pending = signal
                    break
                if is_over and not self._trainer.is_done:
                    if self._forecast is not None:
                        if not progress.validated:
                            self._trainer.validate()
                            yield self._trainer.progress
                        self._trainer.try_mixtures()
                    self._on_note("time is up: --resume auto goes on from here")
                    break
        except (KeyboardInterrupt, GeneratorExit):
            if self._is_savable:
                self._save()
                self._keep_something()
            raise
        except SystemExit:  # told to end: at once
            if self._is_savable:
                self._save()
            raise
        self._save()
        self._keep_something()
        if self._trainer.is_out_of_patience:
            self._on_note("ended early: no validation was better for long (--stop-after)")
        unsaved = self._best.error or self._unsaved
        if unsaved is not None:
            raise UnsavedError(f"the end of the run is not on disk: {unsaved}")
        output = self._folder.output
        if self._team.leads and not output.exists():
            raise UnsavedError(
                f"{output}: was removed since its model was found, and nothing else keeps that; "
                "begin anew (force=True)"
            )

    def _agree(self, is_due: bool, is_over: bool, fitting: int) -> tuple[bool, bool, int, int]:
        """What the leader's clock says, and a signal that any process has got."""
        mine = (is_due, is_over, fitting) if self._team.leads else (False, False, 0)
        due, over, tokens, signal = self._team.greatest([*mine, self._interrupt.pending])
        return bool(due), bool(over), tokens, signal

    def _plan_again(self, tokens: int) -> None:
        """Plan with so many tokens, here and where the run is resumed."""
        self._trainer.end_at(tokens)
        self._settings = {**self._settings, "max_tokens": tokens}
        if abs(tokens / self._told_tokens - 1) > _WORTH_TELLING:
            pace = "slower" if tokens < self._told_tokens else "faster"
            self._told_tokens = tokens
            self._on_note(f"{pace} than foreseen: {tokens:,} tokens fit into the time")

    @property
    def _is_savable(self) -> bool:
        """Whether this process may save alone: a team is not all between the same two updates."""
        return self._team.size == 1 and self._trainer.is_whole

    def _keep_something(self) -> None:
        """A model for the user, if no validation has come so far; a resume knows nothing of it."""
        progress = self._trainer.progress
        if progress.tokens and math.isnan(progress.best_loss):
            self._trainer.validate()

    def _note_metrics(self) -> None:
        """A line for the validation just made, once; before a checkpoint that is after it."""
        progress = self._trainer.progress
        if not self._team.leads or not progress.validated or progress.step == self._noted_step:
            return
        self._noted_step = progress.step
        numbers = asdict(progress)
        del numbers["validated"]
        try:
            self._folder.log(without_nan(numbers))
        except OutputError as error:
            self._tell(error)

    def _save(self) -> None:
        """Write a checkpoint; a full disk must not end the run."""
        arrays, facts = self._trainer.state()
        if not self._team.leads:
            return
        self._note_metrics()
        self._best.retry()
        try:
            self._folder.check_ours()
            if self._forecast is not None:
                facts["forecast"] = asdict(self._forecast)
            write_checkpoint(self._folder.path, arrays, {"settings": self._settings, **facts})
            self._unsaved = None
            self._told.clear()
        except OutputError as error:
            self._tell(error)
            self._unsaved = error

    def _tell(self, error: OutputError) -> None:
        """Say what could not be written, once as long as it lasts."""
        if str(error) not in self._told:
            self._on_note(f"{error}; training goes on")
        self._told.add(str(error))
