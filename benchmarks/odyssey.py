"""The trials of ``lstm-music reproduce odyssey``, one after the other into a file.

    python benchmarks/odyssey.py jsb.npz trials.jsonl              # 30 trials of each variant
    python benchmarks/odyssey.py jsb.npz trials.jsonl --minutes 10 # stops; run again to go on
    python benchmarks/odyssey.py jsb.npz trials.jsonl --table odyssey.json

Each line of the file is a trial: variant, number, settings, nats a frame on each held-out split.
What is there is not run again. All nine variants have trial k before any has trial k + 1.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from lstm_music.reproduce.polyphony.odyssey import TRIALS, VARIANTS, draw, run_trial, table
from lstm_music.reproduce.polyphony.rolls import read_rolls
from lstm_music.reproduce.polyphony.scores import score_markov
from lstm_music.reproduce.results import as_bytes, result
from lstm_music.reproduce.task import Settings
from lstm_music.reproduce.tasks import get_task


def trials_of(path: Path) -> dict[tuple[str, int], dict[str, object]]:
    """The trials of a file by variant and number."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {(one["variant"], one["trial"]): one for one in map(json.loads, lines)}


def main() -> None:
    """Run what is missing, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("trials", type=Path)
    parser.add_argument("--count", type=int, default=TRIALS)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--table", type=Path, help="write the rows of what is there; run nothing")
    args = parser.parse_args()
    splits, done = read_rolls(args.data), trials_of(args.trials)
    if args.table:
        args.table.write_bytes(rows_of(args.data, done, splits))
        return
    end = time.monotonic() + 60 * args.minutes
    for trial in range(args.count):
        for variant in VARIANTS:
            if (variant, trial) in done or time.monotonic() > end:
                continue
            training, start = draw(trial), time.perf_counter()
            line = {
                "variant": variant,
                "trial": trial,
                "H": training.hidden_sizes[0],
                "learning_rate": training.learning_rate,
                "input_noise": training.input_noise,
                "nats": run_trial(variant, training, splits),
                "seconds": round(time.perf_counter() - start, 1),
            }
            with args.trials.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def rows_of(data: Path, done: dict, splits: dict) -> bytes:
    """The table, over the trials that all nine variants have, as a result file."""
    numbers = [k for k in range(TRIALS) if all((name, k) in done for name in VARIANTS)]
    rows = []
    for split in (name for name in splits if name != "train"):
        values = {
            name: np.array([done[name, k]["nats"][split] for k in numbers]) for name in VARIANTS
        }
        floor = score_markov(splits["train"], splits[split]).all_frames
        rows += table(values, split, floor)
    seconds = sum(done[name, k]["seconds"] for name in VARIANTS for k in numbers)
    command = f"lstm-music reproduce odyssey --data {data.name} --runs {len(numbers)}"
    settings = Settings(data=data, runs=len(numbers))
    return as_bytes(result(get_task("odyssey"), settings, rows, seconds=seconds, command=command))


if __name__ == "__main__":
    main()
