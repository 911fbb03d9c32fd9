"""One training of a polyphonic network with changed settings; what came of it, as a line of a file.

    python benchmarks/polyphony_trials.py jsb.npz trials.jsonl hidden_sizes=[500] epochs=80
    python benchmarks/polyphony_trials.py jsb.npz trials.jsonl --head nade recurrent_dropout=0.5
    python benchmarks/polyphony_trials.py piano_midi.npz trials.jsonl --shift 6

A change is a setting of `lstm_music.reproduce.polyphony.learner.Settings` and its value as JSON.
All else is the recipe of the task. With `--shift`, half of the pieces, drawn anew in every epoch,
move up or down by at most so many keys. The line has the settings, the nats a frame on valid after
each epoch, and those of every eighth training piece with the best weights: much lower, if the
network overfits.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from lstm_music.reproduce.polyphony.heads import BernoulliHead, Head, NadeHead
from lstm_music.reproduce.polyphony.learner import Learner, Pair
from lstm_music.reproduce.polyphony.rolls import KEYS, Roll, name_of, next_frame, read_rolls
from lstm_music.reproduce.polyphony.task import UNITS, models


def change(text: str) -> tuple[str, Any]:
    """Name and value of ``name=JSON``; a list becomes a tuple."""
    name, _, value = text.partition("=")
    found = json.loads(value)
    return name, tuple(found) if isinstance(found, list) else found


def moved(roll: Roll, most: int, rng: np.random.Generator) -> Roll:
    """Half of the time the piece itself, else up or down by keys that leave every note there."""
    sounding = np.flatnonzero(roll.any(axis=0))
    if not len(sounding) or rng.random() < 0.5:
        return roll
    keys = int(np.clip(rng.integers(-most, most + 1), -sounding[0], KEYS - 1 - sounding[-1]))
    return np.roll(roll, keys, axis=1)


def main() -> None:
    """Train and write the line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("trials", type=Path)
    parser.add_argument("changes", nargs="*", type=change, default=[])
    parser.add_argument("--head", choices=("independent", "nade"), default="independent")
    parser.add_argument("--shift", type=int, default=0)
    args = parser.parse_intermixed_args()
    splits, changes = read_rolls(args.data), dict(args.changes)
    known = name_of(splits["train"])
    model = next(m for m in models("lstm", quick=False) if m.nade == (args.head == "nade"))
    training = replace(model.training(known, quick=False), cell=model.cell, **changes)
    seed = training.rng_seed
    units = UNITS.get(known or "", 128)
    head: Head = NadeHead(KEYS, units, rng_seed=seed) if model.nade else BernoulliHead(KEYS)
    learner, rng = Learner(training, KEYS, head), np.random.default_rng([seed, 9])
    pairs = {name: [next_frame(roll) for roll in rolls] for name, rolls in splits.items()}

    def again(_epoch: int) -> list[Pair]:
        return [next_frame(moved(roll, args.shift, rng)) for roll in splits["train"]]

    start = time.process_time()
    outcome = learner.fit(
        pairs["train"],
        pairs["valid"],
        lambda epoch, nats: print(f"epoch {epoch}, {nats:.3f}", flush=True),
        again if args.shift else None,
    )
    line = {
        "set": known, "head": args.head, "settings": asdict(training), "shift": args.shift,
        "valid": outcome.valid.all_frames, "epoch": outcome.epoch,
        "train": learner.score(pairs["train"][::8]).all_frames,
        "curve": [round(nats, 3) for nats in outcome.curve],
        "parameters": outcome.parameters,
        "processor_seconds": round(time.process_time() - start, 1),
    }  # fmt: skip
    with args.trials.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    print(
        json.dumps(
            {name: value for name, value in line.items() if name not in ("settings", "curve")}
        )
    )


if __name__ == "__main__":
    main()
