"""One update of a language model, ours against torch's."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from lstm_music.backends.isa import resolve_level
from lstm_music.bench.cases import TrainCase
from lstm_music.bench.memory import our_update_mb, torch_update_mb
from lstm_music.bench.rows import Row, make_row, torch_is_installed
from lstm_music.bench.timing import Clock, Contender, by_kind, race
from lstm_music.bench.update import create_model, our_update, random_tokens


def train_rows(
    cases: Iterable[TrainCase],
    threads: Iterable[int],
    seconds: float,
    *,
    memory: bool = True,
    clock: Clock = time.perf_counter,
) -> Iterator[Row]:
    """Measure each case with each number of threads.

    Parameters
    ----------
    cases : what to train.
    threads : of ours and of torch.
    seconds : to spend on the times of a row, about; more if a single round takes longer.
    memory : measure also the memory of an update.
    clock : that of the wall, or of this process, which stands while others have the machine.
    """
    counts = tuple(threads)
    for case in cases:
        for n in counts:
            for row in _rows(case, n, seconds, clock):
                yield _with_memory(row, case) if memory else row


def _rows(case: TrainCase, threads: int, seconds: float, clock: Clock) -> Iterator[Row]:
    """A row against torch in each precision that it is measured in, all in one race."""
    model, tokens, rivals = create_model(case, threads), random_tokens(case), {}
    if torch_is_installed():
        from lstm_music.bench.torch_rival import train_contenders

        rivals = train_contenders(case, tokens, model.params, threads)
    times = race(Contender(our_update(model, tokens)), rivals, seconds, clock)
    level = resolve_level(precision=case.precision)
    for names in by_kind(rivals).values() or [[]]:
        chosen = {name: times[name] for name in ("ours", *names)}
        yield make_row(case.name, case.flops, threads, level, chosen, clock)


def _with_memory(row: Row, case: TrainCase) -> Row:
    """The row with the memory of an update, torch's in the setting that was fastest."""
    theirs = None
    if row.torch_setting:
        theirs = torch_update_mb(case, row.threads, row.torch_setting)
    return replace(row, ours_mb=our_update_mb(case, row.threads), torch_mb=theirs)
