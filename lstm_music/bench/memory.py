"""Memory that an update takes, measured in a process of its own.

The process trains a tiny model first, so that libraries have loaded what they load at first use.
Then it builds the model, notes what it holds, makes two updates and asks the kernel for the most
that it ever held in between. So the weights are not counted; gradients, the optimiser's moments,
everything kept for the way back, and scratch are.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeAlias

from lstm_music.bench.cases import TrainCase
from lstm_music.bench.update import create_model, our_update, random_tokens

_UPDATES = 2  # the second one has a state to carry

Prepared: TypeAlias = Callable[[], Callable[[], object]]
"""A model that is there; called, it gives the function that updates it."""


def our_update_mb(case: TrainCase, threads: int) -> float | None:
    """Most memory of an update of ours above what the model holds, 1e6 bytes; None off Linux."""
    return _in_a_new_process(_our_update_mb, case, threads)


def torch_update_mb(case: TrainCase, threads: int, name: str) -> float | None:
    """The same of torch's in the setting of that name."""
    return _in_a_new_process(_torch_update_mb, case, threads, name)


def _in_a_new_process(work: Callable[..., float | None], *arguments: object) -> float | None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _our_update_mb(case: TrainCase, threads: int) -> float | None:
    def prepare(case: TrainCase) -> Prepared:
        return partial(our_update, create_model(case, threads), random_tokens(case))

    return _peak_mb(prepare, case)


def _torch_update_mb(case: TrainCase, threads: int, name: str) -> float | None:
    from lstm_music.bench.torch_rival import TorchModel, train_settings

    precision, setting = train_settings(case, threads)[name]

    def prepare(case: TrainCase) -> Prepared:
        model = TorchModel(case, create_model(case, 1).params, precision)
        return partial(model.updates, random_tokens(case))

    with setting():
        return _peak_mb(prepare, case)


def _peak_mb(prepare: Callable[[TrainCase], Prepared], case: TrainCase) -> float | None:
    """Most resident memory while updates are made, above what the model holds."""
    _update(prepare(replace(case, H=8, B=2, T=2, V=8)))
    start = prepare(case)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak so far
    except OSError:
        return None
    before = resident_kb("VmRSS")
    _update(start)
    return (resident_kb("VmHWM") - before) * 1024e-6


def _update(start: Prepared) -> None:
    update = start()
    for _ in range(_UPDATES):
        update()


def resident_kb(name: str) -> int:
    """A line of the kernel's account of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
