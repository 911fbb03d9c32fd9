"""One line of a benchmark's result."""

from __future__ import annotations

import importlib.util
import time
from dataclasses import dataclass

from lstm_music.bench.timing import Clock, Times, peak_gflops
from lstm_music.kernels.isa import level_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A case, ours and torch's; None where torch is not installed or nothing was measured.

    Attributes
    ----------
    case : its sizes.
    threads : of ours and of torch.
    isa : instruction-set level of ours.
    ours_ms, torch_ms : best time of one piece of work on the clock, milliseconds.
    ratio : torch_ms / ours_ms.
    gflops : multiply-adds the work needs, twice, over ours_ms.
    peak_fraction : gflops / peak_gflops.
    peak_gflops : what the same level and threads reach in registers alone, measured beside it.
    ours_median_ms, torch_median_ms : the medians.
    torch_setting : the setting of torch that was best.
    ours_mb, torch_mb : memory that the work takes at most above what stands before it, 1e6 bytes.
    """

    case: str
    threads: int
    isa: str
    ours_ms: float
    torch_ms: float | None
    ratio: float | None
    gflops: float
    peak_fraction: float
    peak_gflops: float
    ours_median_ms: float
    torch_median_ms: float | None
    torch_setting: str | None
    ours_mb: float | None = None
    torch_mb: float | None = None


def torch_is_installed() -> bool:
    """Whether there is a rival; nothing is imported."""
    return importlib.util.find_spec("torch") is not None


def make_row(
    case: str,
    flops: int,
    threads: int,
    level: int,
    times: dict[str, Times],
    clock: Clock = time.perf_counter,
) -> Row:
    """A row from what :func:`lstm_music.bench.timing.race` gave."""
    ours = times["ours"]
    rivals = {name: t for name, t in times.items() if name != "ours"}
    setting = min(rivals, key=lambda name: rivals[name].best, default=None)
    rival = rivals[setting] if setting else None
    gflops, peak = flops / ours.best * 1e-9, peak_gflops(level, threads, clock=clock)
    return Row(
        case=case,
        threads=threads,
        isa=level_name(level),
        ours_ms=ours.best * 1e3,
        torch_ms=rival.best * 1e3 if rival else None,
        ratio=rival.best / ours.best if rival else None,
        gflops=gflops,
        peak_fraction=gflops / peak,
        peak_gflops=peak,
        ours_median_ms=ours.median * 1e3,
        torch_median_ms=rival.median * 1e3 if rival else None,
        torch_setting=setting,
    )
