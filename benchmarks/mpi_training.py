"""What several processes gain on one machine: a training step alone and shared through MPI.

    python benchmarks/mpi_training.py [--processes 1,2] [--updates 20] [--hidden-size 256]

Each process has one thread. ``sums`` is the time to add up the gradients and to send them round;
``efficiency`` is tokens a second over those of one process, for each process.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lstm_music.corpus.cache import token_cache
from lstm_music.training.config import TrainConfig
from lstm_music.training.job import new_model, training_chunks
from lstm_music.training.loop import Trainer
from lstm_music.training.team import Team, make_team

MIDI_DATA = Path(__file__).resolve().parent.parent / "midi_data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", default="1,2")
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--hidden-size", type=int, default=256)
    parser.add_argument("--cache", help=argparse.SUPPRESS)  # given: this is one of the processes
    options = parser.parse_args()
    if options.cache:
        measure(options.cache, options.updates, options.hidden_size)
        return
    mpiexec = shutil.which("mpiexec", path=Path(sys.executable).parent) or shutil.which("mpiexec")
    if mpiexec is None:
        sys.exit("mpiexec is not installed: pip install mpi4py mpich")
    print("processes  update_ms  sums_ms  tokens_per_s  efficiency")
    with tempfile.TemporaryDirectory() as folder:
        cache = str(Path(folder) / "cache")
        token_cache([str(MIDI_DATA)], cache)
        one = 0.0
        for n in map(int, options.processes.split(",")):
            command = [mpiexec, "-n", str(n)] if n > 1 else []
            command += [sys.executable, __file__, "--cache", cache]
            command += ["--updates", str(options.updates)]
            command += ["--hidden-size", str(options.hidden_size)]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            row = json.loads(out)
            one = one or row["tokens_per_s"] / n
            share = row["tokens_per_s"] / n / one
            print(
                f"{n:9d}  {row['update_ms']:9.1f}  {row['sums_ms']:7.2f}"
                f"  {row['tokens_per_s']:12,.0f}  {share:10.2f}"
            )


def measure(cache: str, updates: int, hidden_size: int) -> None:
    """Print the medians of this team's updates as JSON."""
    team: Team = make_team()
    config = TrainConfig(hidden_size=hidden_size, threads=1, evaluate_every=10**9)
    corpus = token_cache([cache])
    model = new_model(config)
    trainer = Trainer(
        model, training_chunks(corpus, config), [], config, lambda _, __: None, team=team
    )
    run = trainer.run()
    next(run)
    seconds, tokens = [], []
    for _ in range(updates):
        before, started = trainer.progress.tokens, time.perf_counter()
        next(run)
        seconds.append(time.perf_counter() - started)
        tokens.append(trainer.progress.tokens - before)
    sums = []
    for _ in range(updates):
        started = time.perf_counter()
        team.add(np.zeros_like(model.flat_grads))
        sums.append(time.perf_counter() - started)
    if team.leads:
        facts = {
            "update_ms": 1e3 * statistics.median(seconds),
            "sums_ms": 1e3 * statistics.median(sums),
            "tokens_per_s": sum(tokens) / sum(seconds),
        }
        print(json.dumps(facts))


if __name__ == "__main__":
    main()
