"""What fine-tuning on a few songs brings: nats a note of what is held out, before and after.

    python benchmarks/few_songs.py FOLDER [--trials 4] [--files 8] [--set training.batch_size=4]

Each trial draws files of FOLDER, trains on them as `lstm-music train --from default` does, and
prints nats a note of their last bars with the model that it began with and with the best of the
run, the seconds that it took, and those of the processor. The last line has the share of the trials
that are better, and medians.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import lstm_music as lm
from lstm_music.corpus.building.options import CorpusOptions
from lstm_music.corpus.cache import token_cache
from lstm_music.corpus.ends import hold_out
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model
from lstm_music.training.base import load_base
from lstm_music.training.held_out import nats_a_note
from lstm_music.training.job import new_model
from lstm_music.training.settings import make_config, override

SUFFIXES = {".mid", ".midi"}


class Trial(NamedTuple):
    """What one run has brought."""

    n_tokens: int  # of training music
    before: float
    after: float
    trained: int
    best_at: int
    base_share: float  # of the weights of the base in what was kept
    seconds: float
    processor: float

    @property
    def gain(self) -> float:
        """By how many percent nats a note have fallen."""
        return 100.0 * (1.0 - self.after / self.before)


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
    trials = []
    print(
        "| trial | tokens | before | after | trained on | best at | of the base | seconds "
        "| processor |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for trial in range(args.first, args.first + args.trials):
        with tempfile.TemporaryDirectory() as folder:
            songs = Path(folder) / "songs"
            songs.mkdir()
            for i, path in enumerate(random.Random(trial).sample(files, args.files)):
                shutil.copy(path, songs / f"{i}{path.suffix}")
            one = _trial(songs, args.base, settings)
            trials.append(one)
            print(
                f"| {trial} | {one.n_tokens:,} | {one.before:.2f} | {one.after:.2f} "
                f"| {one.trained:,} | {one.best_at:,} | {one.base_share:.0%} | {one.seconds:.0f} "
                f"| {one.processor:.0f} |",
                flush=True,
            )
    print(
        f"better in {sum(one.gain > 0 for one in trials)} of {len(trials)}; medians: "
        f"gain {median(one.gain for one in trials):.1f} %, "
        f"{median(one.seconds for one in trials):.0f} s, "
        f"{median(one.processor for one in trials):.0f} s of the processor"
    )


def _trial(songs: Path, base: str, settings: dict[str, object]) -> Trial:
    output = songs.parent / "mine.safetensors"
    steps = []
    started, worked = time.perf_counter(), time.process_time()
    lm.train(songs, output, base=base, on_progress=steps.append, **settings)
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    options = CorpusOptions(manners=load_base(base).manners)
    corpus, _ = hold_out(token_cache([songs], options=options))
    before = nats_a_note(_begun(base), corpus)
    model, facts = load_model(output)
    after = nats_a_note(model, corpus)
    best = min((one for one in steps if one.validated), key=lambda one: one.valid_loss)
    return Trial(
        corpus.n_targets("train"),
        before,
        after,
        steps[-1].tokens,
        best.tokens,
        facts["training"].get("base_share", 0.0),
        seconds,
        processor,
    )


def _begun(base: str) -> LanguageModel:
    """The model before its first update, as a run begins with it."""
    loaded = load_base(base)
    return new_model(make_config(loaded.merged({})), loaded)


if __name__ == "__main__":
    main()
