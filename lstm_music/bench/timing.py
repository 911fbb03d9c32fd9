"""How it is measured: everybody in turns, by one clock; and what the machine could do."""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from lstm_music.kernels import gemm

_TURN_S = 0.03  # short work is repeated this long, so that no turn is all warming up
_TRIALS = 2  # rounds before a rival's setting drops out that takes, times the best one's,
_LAGS = 1.2
_HOPELESS = 3  # ... and that many times drop it after any round
_PEAK_ROUNDS = 200_000
_peaks: dict[tuple[int, int], float] = {}


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody's way to do the work.

    Attributes
    ----------
    work : one call does ``repeats`` pieces of it.
    setting : entered before a turn and left after it, untimed.
    repeats : pieces of work in a call.
    kind : rivals are compared with those of their kind alone when some drop out.
    """

    work: Callable[[], object]
    setting: Callable[[], AbstractContextManager[object]] = nullcontext
    repeats: int = 1
    kind: str = ""


@dataclass(slots=True)
class Times:
    """Seconds that each call took, for one piece of work."""

    seconds: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The shortest: what the machine does when nobody else has it."""
        return min(self.seconds, default=math.inf)

    @property
    def median(self) -> float:
        """What it usually did in this run."""
        return statistics.median(self.seconds)


Clock = Callable[[], float]


def race(
    ours: Contender,
    rivals: dict[str, Contender],
    seconds: float,
    clock: Clock = time.perf_counter,
) -> dict[str, Times]:
    """Times of ``ours``, under that name, and of the rivals' settings, taken in turns.

    Everybody runs once untimed and at least once timed, whatever ``seconds`` says. A rival's
    setting drops out when it takes three times as long as its best one; after a third of the
    time and two rounds, when it takes a fifth longer. What a turn takes is read from ``clock``,
    how much of ``seconds`` is left from the wall.
    """
    everybody = {"ours": ours} | rivals
    times = {name: Times() for name in everybody}
    for name in everybody:
        _turn(everybody[name], Times(), 0, clock)
    kinds = by_kind(rivals)
    start, rounds = time.perf_counter(), 0
    while rounds == 0 or time.perf_counter() < start + seconds:
        for name, contender in everybody.items():
            _turn(contender, times[name], _TURN_S, clock)
        rounds += 1
        tried = rounds >= _TRIALS and time.perf_counter() > start + seconds / 3
        lag = _LAGS if tried else _HOPELESS
        best = {kind: min(times[name].best for name in names) for kind, names in kinds.items()}
        everybody = {
            name: contender
            for name, contender in everybody.items()
            if name == "ours" or times[name].best <= lag * best[contender.kind]
        }
    return times


def by_kind(rivals: Mapping[str, Contender]) -> dict[str, list[str]]:
    """The names of the rivals of each kind."""
    kinds: dict[str, list[str]] = {}
    for name, rival in rivals.items():
        kinds.setdefault(rival.kind, []).append(name)
    return kinds


def _turn(contender: Contender, times: Times, seconds: float, clock: Clock) -> None:
    with contender.setting():
        end = clock() + seconds
        while True:
            start = clock()
            contender.work()
            now = clock()
            times.seconds.append((now - start) / contender.repeats)
            if now >= end:
                return


def peak_gflops(
    level: int, threads: int, seconds: float = 0.3, clock: Clock = time.perf_counter
) -> float:
    """Multiply-adds in float32 that the threads can do together, registers only, in GFLOP/s.

    The best of many short races, now or earlier in this process. A race lasts from the first
    thread's start to the last one's end.
    """
    barrier = threading.Barrier(threads)

    def run(_: int) -> tuple[float, float, int]:
        barrier.wait()
        start = clock()
        flops = gemm.peak_flops(level, _PEAK_ROUNDS, 4)
        return start, clock(), flops

    best = _peaks.get((level, threads), 0.0)
    end = time.perf_counter() + seconds
    with ThreadPoolExecutor(threads) as pool:
        while time.perf_counter() < end:
            starts, ends, flops = zip(*pool.map(run, range(threads)))
            best = max(best, sum(flops) / (max(ends) - min(starts)) * 1e-9)
    _peaks[level, threads] = best
    return best
