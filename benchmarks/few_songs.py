"""What fine-tuning on a few songs brings: nats a note of what is held out, before and after.

    python benchmarks/few_songs.py FOLDER [--trials 4] [--files 8] [--set training.batch_size=4]

Each trial draws files of FOLDER, trains on them as `lstm-music train --from default` does, and
prints nats a note of their last bars with the model that it began with and with the best of the
run, the seconds that it took, and those of the processor.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from pathlib import Path

import lstm_music as lm
from lstm_music.corpus.cache import token_cache
from lstm_music.corpus.ends import hold_out
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model
from lstm_music.training.base import load_base
from lstm_music.training.held_out import nats_a_note
from lstm_music.training.job import new_model
from lstm_music.training.settings import make_config, override

SUFFIXES = {".mid", ".midi"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--first", type=int, default=0, help="seed of the first trial")
    parser.add_argument("--files", type=int, default=8, help="of each trial")
    parser.add_argument("--base", default="default")
    parser.add_argument("--set", action="append", default=[], help="training.batch_size=4, ...")
    args = parser.parse_args()
    files = sorted(path for path in args.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    settings = dict(map(override, args.set))
    print("| trial | tokens | before | after | trained on | best at | seconds | processor |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for trial in range(args.first, args.first + args.trials):
        with tempfile.TemporaryDirectory() as folder:
            songs = Path(folder) / "songs"
            songs.mkdir()
            for i, path in enumerate(random.Random(trial).sample(files, args.files)):
                shutil.copy(path, songs / f"{i}{path.suffix}")
            print(f"| {trial} | {_trial(songs, args.base, settings)} |", flush=True)


def _trial(songs: Path, base: str, settings: dict[str, object]) -> str:
    output = songs.parent / "mine.safetensors"
    steps = []
    started, worked = time.perf_counter(), time.process_time()
    lm.train(songs, output, base=base, on_progress=steps.append, **settings)
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    corpus, _ = hold_out(token_cache([songs]))
    before = nats_a_note(_begun(base), corpus)
    after = nats_a_note(load_model(output)[0], corpus)
    best = min((one for one in steps if one.validated), key=lambda one: one.valid_loss)
    return (
        f"{corpus.n_targets('train'):,} | {before:.2f} | {after:.2f} | {steps[-1].tokens:,} | "
        f"{best.tokens:,} | {seconds:.0f} | {processor:.0f}"
    )


def _begun(base: str) -> LanguageModel:
    """The model before its first update, as a run begins with it."""
    loaded = load_base(base)
    return new_model(make_config(loaded.merged({})), loaded)


if __name__ == "__main__":
    main()
