"""Cold starts: import, --help, and eight bars from a real file, each in a fresh process.

Prints the median wall-clock of several runs, and the peak memory of the last command.
Run: python benchmarks/startup.py [--runs 7] [--json]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEED = ROOT / "midi_data" / "chorale.mid"


def measure(command: list[str], runs: int) -> dict[str, float]:
    """Median seconds and peak memory (MB) of a command, after one warm-up."""
    seconds, peaks = [], []
    for _ in range(runs + 1):
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        seconds.append(time.perf_counter() - started)
        peaks.append(usage.ru_maxrss / 1024)
        if status:
            raise SystemExit(f"{command} failed with status {status}")
    return {"median_ms": 1e3 * statistics.median(seconds[1:]), "peak_mb": max(peaks)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    program = [sys.executable, "-m", "lstm_music"]
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out.mid")
        generate = ["generate", "--seed", str(SEED), "--bars", "8", "--rng-seed", "1", "-f"]
        cases = {
            "python alone": [sys.executable, "-c", "pass"],
            "import lstm_music": [sys.executable, "-c", "import lstm_music"],
            "lstm-music --help": [*program, "--help"],
            "lstm-music generate, 8 bars": [*program, *generate, "-o", out],
        }
        rows = {name: measure(command, args.runs) for name, command in cases.items()}
    if args.json:
        print(json.dumps(rows))
        return
    for name, row in rows.items():
        print(f"{name:30s} {row['median_ms']:8.0f} ms {row['peak_mb']:8.0f} MB")


if __name__ == "__main__":
    main()
