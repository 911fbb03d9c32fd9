"""Progress on stderr through rich: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from lstm_music.training.progress import Progress

_SECONDS_BETWEEN_LINES = 30.0


class Pace:
    """Tokens a second since the display began, and the time left at that speed."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._tokens: int | None = None
        self.tokens_per_second = 0.0

    def update(self, progress: Progress) -> None:
        """Take note of where the run stands."""
        if self._tokens is None:  # what was trained before a resume is not counted
            self._began, self._tokens = time.monotonic(), progress.tokens
        elapsed = max(time.monotonic() - self._began, 1e-9)
        self.tokens_per_second = (progress.tokens - self._tokens) / elapsed

    def seconds_left(self, progress: Progress) -> float | None:
        """Time to the end; None before a second update, when the speed is not known."""
        if not self.tokens_per_second:
            return None
        return max(progress.max_tokens - progress.tokens, 0) / self.tokens_per_second


class Display(Protocol):
    """What a training run reports to."""

    def update(self, progress: Progress) -> None:
        """Show where the run stands."""

    def note(self, text: str) -> None:
        """Show one line about the data."""


class _Bar:
    """A live bar, for a terminal."""

    def __init__(self, bar: RichProgress) -> None:
        self._bar = bar
        self._task: TaskID | None = None
        self._pace = Pace()

    def update(self, progress: Progress) -> None:
        self._pace.update(progress)
        if self._task is None:
            self._task = self._bar.add_task("training", total=progress.max_tokens)
        self._bar.update(
            self._task, completed=progress.tokens, description=_text(progress, self._pace)
        )

    def note(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False)


class Lines:
    """A line now and then, for a log file; silent when there is no stderr."""

    def __init__(self) -> None:
        self._next = 0.0
        self._pace = Pace()

    def update(self, progress: Progress) -> None:
        """Show where the run stands, now and then."""
        self._pace.update(progress)
        now = time.monotonic()
        if now >= self._next or progress.validated or progress.tokens >= progress.max_tokens:
            self._next = now + _SECONDS_BETWEEN_LINES
            share = 100.0 * progress.tokens / progress.max_tokens
            left = self._pace.seconds_left(progress)
            ahead = "" if left is None else f", {left:.0f} s left"
            self.note(f"{share:5.1f} %  {_text(progress, self._pace)}{ahead}")

    def now_and_then(self, text: str) -> None:
        """Show a line unless there was one shortly before, or the run has just begun."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _SECONDS_BETWEEN_LINES
            self.note(text)

    def note(self, text: str) -> None:
        """Show one line."""
        if sys.stderr is not None:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


def _text(progress: Progress, pace: Pace) -> str:
    parts = []
    if not math.isnan(progress.train_loss):
        parts.append(f"loss {progress.train_loss:.4f}")
    if not math.isnan(progress.best_loss):  # there was a validation
        parts.append(f"held out {progress.valid_loss:.4f} (best {progress.best_loss:.4f})")
    speed = f", {pace.tokens_per_second:,.0f} tokens/s" if pace.tokens_per_second else ""
    return f"{', '.join(parts)} nats a token, rate {progress.learning_rate:.2g}{speed}"


@contextmanager
def training_display() -> Iterator[Display]:
    """A display fit for what stderr is (a DAW host may have none)."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:4.1f} %"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(bar)


@contextmanager
def counting_display(*names: str) -> Iterator[Callable[..., None]]:
    """A function that shows one count a name: live on a terminal, else a line now and then."""

    def text(counts: tuple[int, ...]) -> str:
        return ", ".join(f"{n:,} {name}" for name, n in zip(names, counts, strict=True))

    if sys.stderr is None or not sys.stderr.isatty():
        lines = Lines()
        last: list[str] = []

        def show(*counts: int) -> None:
            last[:] = [text(counts)]
            lines.now_and_then(*last)

        try:
            yield show
        finally:
            for line in last:
                lines.note(line)
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("reading") as status:
        yield lambda *counts: status.update(text(counts))
