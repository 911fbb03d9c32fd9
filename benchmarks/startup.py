"""Cold starts: import, --help, eight bars from a real file, and a gap in the middle of a long one.

Each is a fresh process. Prints the median wall-clock and the least processor time of several runs,
and the peak memory. On a machine that does other work, the processor time is the one to compare.
Run: python benchmarks/startup.py [--runs 7] [--json]
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEED = ROOT / "midi_data" / "chorale.mid"
BAND = ROOT / "midi_data" / "band.mid"
TIMES = 4


def write_long_band(path: Path) -> None:
    """64 bars of five tracks, 2384 notes: the band four times, and strings that hold its roots.

    For a process of its own: a child begins with the peak memory of its parent, so what measures
    others must stay small.
    """
    import numpy as np

    import lstm_music as lm

    band = lm.read(BAND)
    bar, length = band.meters[0].bar_steps, band.end_steps
    bass = band.notes[band.notes["track"] == 2]
    _, first = np.unique(bass["onset_steps"] // bar, return_index=True)
    roots = bass[first]
    roots["onset_steps"] -= roots["onset_steps"] % bar
    roots["duration_steps"] = bar
    roots["pitch_midi"] += 24
    roots["velocity"] = 60
    roots["track"] = len(band.tracks)
    notes = np.tile(np.concatenate([band.notes, roots]), TIMES)
    notes["onset_steps"] += np.repeat(np.arange(TIMES) * length, len(notes) // TIMES)
    strings = lm.Track(program=48, is_drum=False, name="Strings")
    band.replace(notes=notes, tracks=(*band.tracks, strings)).write(path)


def measure(command: list[str], runs: int) -> dict[str, float]:
    """Wall-clock, processor time (ms) and peak memory (MB) of a command, after one warm-up."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    seconds, busy, peaks = [], [], []
    for _ in range(runs + 1):
        started = time.perf_counter()
        child = subprocess.Popen(command, env=environment, **silent)
        _, status, usage = os.wait4(child.pid, 0)
        seconds.append(time.perf_counter() - started)
        busy.append(usage.ru_utime + usage.ru_stime)
        peaks.append(usage.ru_maxrss / 1024)
        if status:
            raise SystemExit(f"{command} failed with status {status}")
    return {
        "median_ms": 1e3 * statistics.median(seconds[1:]),
        "best_ms": 1e3 * min(seconds[1:]),
        "processor_ms": 1e3 * min(busy[1:]),
        "peak_mb": max(peaks),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    program = [sys.executable, "-m", "lstm_music"]
    with tempfile.TemporaryDirectory() as folder:
        out, band = str(Path(folder) / "out.mid"), Path(folder) / "band.mid"
        writer = multiprocessing.Process(target=write_long_band, args=(band,))
        writer.start()
        writer.join()
        options = ["--rng-seed", "1", "-f", "-o", out]
        generate = [*program, "generate", "--seed", str(SEED), "--bars", "8"]
        infill = [*program, "infill", str(band), "--bars", "30-33"]
        cases = {
            "python alone": [sys.executable, "-c", "pass"],
            "import lstm_music": [sys.executable, "-c", "import lstm_music"],
            "lstm-music --help": [*program, "--help"],
            "generate, 8 bars": [*generate, *options],
            "infill, 4 of 64 bars": [*infill, *options],
        }
        rows = {name: measure(command, args.runs) for name, command in cases.items()}
    if args.json:
        print(json.dumps(rows))
        return
    print(f"{'':22s}  median ms  best ms  processor ms  peak MB")
    for name, row in rows.items():
        print(
            f"{name:22s} {row['median_ms']:10.0f} {row['best_ms']:8.0f} "
            f"{row['processor_ms']:13.0f} {row['peak_mb']:8.0f}"
        )


if __name__ == "__main__":
    main()
