"""How soon, how punctual, how long: what a player feels of a session, in figures."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from lstm_music.bench.memory import resident_kb
from lstm_music.composer import Composer
from lstm_music.live.composing import Ask, AtOnce, Stream, Threaded
from lstm_music.live.dials import Dials
from lstm_music.live.events import Timed, note_off, note_on
from lstm_music.live.ports.sender import TimedSender
from lstm_music.live.run import be_punctual
from lstm_music.live.session import HORIZON_SECONDS, Session
from lstm_music.live.settings import Settings
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import Piece, Track, make_notes

_TUNE = (60, 64, 67, 64, 65, 69, 67, 64, 62, 65, 69, 65, 67, 71, 74, 71)
_BAR_STEPS = 4 * STEPS_PER_QUARTER
_EVERY_SECONDS = 0.01
_STEP_SECONDS = 0.05


@dataclass(frozen=True)
class LiveRow:
    """One figure.

    Parameters
    ----------
    case : what was measured.
    median, p99 : of all times; the whole, where there is but one.
    unit : of both.
    n : how many times.
    cpu : median of the processor's time for the same; None where it was not measured. On a busy
        machine the times that a clock shows are mostly those of waiting for others.
    """

    case: str
    median: float
    p99: float
    unit: str
    n: int
    cpu: float | None = None


def live_rows(composer: Composer, seconds: float, virtual_minutes: float) -> Iterator[LiveRow]:
    """Every row, as soon as it is measured.

    Parameters
    ----------
    composer : what composes.
    seconds : to spend on each, about.
    virtual_minutes : length of the session whose memory is watched; it is played faster than it
        sounds.
    """
    be_punctual()
    for bars in (1, 4, 16):
        yield _first_note(composer, bars, seconds)
    yield _a_note(composer, seconds)
    yield _jitter("events sent late, idle", seconds)
    with _Load(composer):
        yield _jitter("events sent late, two threads composing", seconds)
        yield _first_note(composer, 4, seconds, under=", two threads composing")
    yield from _memory(composer, virtual_minutes)


def _row(case: str, values: list[float], unit: str, cpu: list[float] | None = None) -> LiveRow:
    found = np.array(values)
    middle, late = float(np.median(found)), float(np.quantile(found, 0.99))
    used = None if cpu is None else float(np.median(cpu))
    return LiveRow(case, middle, late, unit, len(values), used)


def _phrase(bars: int) -> Piece:
    rows = [(12 * i, 11, _TUNE[i % len(_TUNE)], 80, 0) for i in range(8 * bars)]
    return Piece(notes=make_notes(rows), tracks=(Track(),), length_steps=bars * _BAR_STEPS)


def _first_note(composer: Composer, bars: int, seconds: float, under: str = "") -> LiveRow:
    """From the end of a phrase, when its answer is asked for, to the first note of that."""
    piece, until = _phrase(bars), time.monotonic() + seconds
    found: list[float] = []
    cpu: list[float] = []
    while time.monotonic() < until or len(found) < 3:
        ask = Ask(piece, 0, 1, frozenset({0}), controls={"rng_seed": len(found)})
        begin = time.perf_counter()
        writing = Threaded(partial(Stream, composer, ask), _fail)
        while not writing.until(float("inf")):
            time.sleep(0.0002)
        found.append(1e3 * (time.perf_counter() - begin))
        writing.cancel()
        writing.join(5)
        begin = time.thread_time()
        next(iter(Stream(composer, ask)))
        cpu.append(1e3 * (time.thread_time() - begin))
    return _row(f"first note after a phrase of {bars} bars{under}", found, "ms", cpu)


def _fail(message: str) -> None:
    raise RuntimeError(message)


def _a_note(composer: Composer, seconds: float) -> LiveRow:
    """One note after another of sixteen bars."""
    found: list[float] = []
    cpu: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(cpu) < 3:
        stream = composer.stream(_phrase(4), bars=16, rng_seed=len(cpu))
        used, times = time.thread_time(), [time.perf_counter()]
        times += [time.perf_counter() for _ in stream]
        cpu.append(1e3 * (time.thread_time() - used) / (len(times) - 1))
        found += [1e3 * (b - a) for a, b in pairwise(times)]
    return _row("a note", found, "ms", cpu)


def _jitter(case: str, seconds: float) -> LiveRow:
    """How late a message leaves the thread that sends it, having come `HORIZON_SECONDS` before."""
    late: list[float] = []
    due: dict[bytes, float] = {}
    sender = TimedSender(lambda message: late.append(1e3 * (time.monotonic() - due[message])))
    for i in range(max(int(seconds / _EVERY_SECONDS), 20)):
        message, at = i.to_bytes(4), time.monotonic() + HORIZON_SECONDS
        due[message] = at
        sender.send([Timed(at, message)])
        time.sleep(_EVERY_SECONDS)
    sender.close()
    return _row(case, late[:-10], "ms")  # the last ones leave when it closes


class _Load:
    """Two threads that write without end."""

    def __init__(self, composer: Composer) -> None:
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(composer,)) for _ in range(2)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self, composer: Composer) -> None:
        while not self._ended.is_set():
            for _ in composer.stream(_phrase(4), bars=64):
                if self._ended.is_set():
                    return


def _memory(composer: Composer, minutes: float) -> Iterator[LiveRow]:
    """Resident memory of a long session: a player and the answers, at the speed of the machine."""
    session = Session(
        Settings(tempo_bpm=120, turns="bar", bars=2),
        lambda ask: AtOnce(Stream(composer, ask)),
        Dials({"rng_seed": 1}),
        lambda _: None,
    )
    end, now, next_note, n = minutes * 60, 0.0, 0.0, 0
    sizes: list[float] = []
    while now < end:
        if now >= next_note and now % 8 < 4:  # two bars of the player, two of ours
            session.take(now, note_on(0, _TUNE[n % len(_TUNE)], 80))
            session.take(now + 0.01, note_off(0, _TUNE[n % len(_TUNE)]))
            next_note, n = now + 0.25, n + 1
        session.advance(now)
        now += _STEP_SECONDS
        if int(now / end * 20) >= len(sizes):
            sizes.append(_resident_mb())
    session.close(now)
    half = len(sizes) // 2
    yield LiveRow(f"memory after {minutes / 2:g} minutes", sizes[half], max(sizes), "MB", 1)
    growth = sizes[-1] - sizes[half]
    yield LiveRow(f"memory that the next {minutes / 2:g} minutes add", growth, growth, "MB", 1)


def _resident_mb() -> float:
    return resident_kb("VmRSS") / 1e3
