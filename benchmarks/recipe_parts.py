"""Where an update of the bundled recipe spends its time.

    python benchmarks/recipe_parts.py SOURCES... [--precision bfloat16] [--threads 2] [--updates 40]

Prints the milliseconds that each call into the backend takes in the mean, and of a whole update the
best and the median, with the tokens a second that follow. The clock of one thread is its own: it
stands while others have the machine, and while the next music is made in a thread beside. The clock
of several is the one on the wall.
"""

import argparse
import statistics
import time
from collections import Counter
from functools import wraps

from lstm_music.bench.timing import Clock
from lstm_music.training.api import read_corpus
from lstm_music.training.job import Job, training_chunks
from lstm_music.training.loop import Trainer

RECIPE = {
    "cell": "layernorm-lstm",
    "hidden_size": 256,
    "layers": 2,
    "embedding_size": 128,
    "residual": False,
    "dropout": 0.1,
    "batch_size": 8,
    "chunk_steps": 128,
    "learning_rate": 0.0025,
    "max_tokens": 36_000_000,
    "evaluate_every": 36_000_000,
}
PARTS = (
    "sequence_backward", "sequence_forward", "matmul", "embed_forward", "embed_backward",
    "cross_entropy", "dropout", "add_rows", "update", "norm",
)  # fmt: skip


def timed(owner: object, name: str, spent: Counter[str], clock: Clock) -> None:
    """Make a method of an object add what it takes to ``spent``."""
    method = getattr(owner, name)

    @wraps(method)
    def wrapper(*arguments: object, **options: object) -> object:
        start = clock()
        try:
            return method(*arguments, **options)
        finally:
            spent[name] += clock() - start

    setattr(owner, name, wrapper)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--precision", choices=("float32", "bfloat16", "amx"), default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--updates", type=int, default=40)
    given = parser.parse_args()
    clock = time.thread_time if given.threads == 1 else time.perf_counter
    corpus = read_corpus(given.sources, None, None, print)
    chosen = {"precision": given.precision, "threads": given.threads}
    job = Job.of(corpus, None, RECIPE | chosen, print)
    model, spent = job.new_model(), Counter[str]()
    for part in PARTS:
        timed(model.backend, part, spent, clock)
    chunks = training_chunks(job.corpus, job.config)
    trainer = Trainer(model, chunks, [], job.config, lambda _, __: None)
    seconds, tokens = [], []
    for _ in range(3 + given.updates):
        if len(seconds) == 3:  # the first ones fetch memory
            spent.clear()
        chunk = next(chunks)
        start = clock()
        trainer.update([chunk])
        seconds.append(clock() - start)
        tokens.append(chunk.n_tokens)
    for part, total in spent.most_common():
        print(f"{part:18s} {total / given.updates * 1e3:8.2f} ms")
    mean_tokens = statistics.mean(tokens[3:])
    for name, value in (("best", min(seconds[3:])), ("median", statistics.median(seconds[3:]))):
        print(f"update, {name:10s} {value * 1e3:8.2f} ms, {mean_tokens / value:,.0f} tokens/s")


if __name__ == "__main__":
    main()
