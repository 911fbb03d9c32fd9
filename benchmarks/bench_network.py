"""Training and stepping speed of the whole network, and where the time goes; PyTorch beside it.

Training: one update (forward, backward, clip, Adam) on a chunk of 128 steps of 32 sequences.
Stepping: one token at a time from a packed model, called from Python.
Run: python benchmarks/bench_network.py [--threads 2] [--hidden 256] [--updates 10]
"""

import argparse
import cProfile
import pstats
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lstm_music.backends.cpu import CpuBackend
from lstm_music.kernels.step import Stepper, StepWeights
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.nn.optim import Adam

T, B, S, R, V, D = 128, 32, 29, 2700, 860, 128
DROPOUT = 0.2
PARTS = {
    "products and the loop over time": ("products.py", "cpu.py", "cpu_backward.py"),
    "embedding, softmax, dropout, Adam": ("cpu_layers.py",),
}


def data() -> tuple[np.ndarray, np.ndarray]:
    """Rows of one chunk, each stream in its own range, and targets."""
    rng = np.random.default_rng(0)
    rows = np.arange(S) * (R // S) + rng.integers(0, R // S, (T, B, S))
    return rows.astype(np.int32), rng.integers(0, V, (T, B)).astype(np.int32)


def median_seconds(work: Callable[[], None], runs: int) -> float:
    """After one warm-up."""
    seconds = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def our_update(model: LanguageModel) -> Callable[[], None]:
    rows, targets = data()
    adam = Adam(model.flat_params.size, backend=model.backend)
    state = model.zero_state(B)

    def update() -> None:
        nonlocal state
        model.flat_grads[:] = 0
        _, _, state = model.train_chunk(rows, targets, state)
        adam.step(model.flat_params, model.flat_grads, 1e-3, 1.0)

    return update


def their_update(hidden: int, threads: int) -> Callable[[], None] | None:
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(threads)
    embedding, head = torch.nn.Embedding(R, D), torch.nn.Linear(hidden, V)
    stack = torch.nn.LSTM(D, hidden, 2, dropout=DROPOUT)
    params = [p for module in (embedding, stack, head) for p in module.parameters()]
    adam = torch.optim.Adam(params)
    rows, targets = (torch.from_numpy(array).long() for array in data())
    state = None

    def update() -> None:
        nonlocal state
        adam.zero_grad()
        y, state = stack(embedding(rows).sum(dim=2), state)
        state = tuple(part.detach() for part in state)
        logits = head(y).flatten(0, 1)
        torch.nn.functional.cross_entropy(logits, targets.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        adam.step()

    return update


def shares(update: Callable[[], None], runs: int) -> dict[str, float]:
    """Share of the processor's time by kernel family; the rest is NumPy copies and Python."""
    profile = cProfile.Profile(time.process_time)
    profile.enable()
    for _ in range(runs):
        update()
    profile.disable()
    rows = pstats.Stats(profile).stats.items()  # type: ignore[attr-defined]
    total = sum(row[2] for _, row in rows)
    return {
        part: sum(row[2] for (file, _, _), row in rows if Path(file).name in names) / total
        for part, names in PARTS.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--updates", type=int, default=10)
    args = parser.parse_args()
    config = ModelConfig(R, V, S, embedding_size=D, hidden_size=args.hidden, dropout=DROPOUT)
    ours = our_update(LanguageModel.create(config, 0, backend=CpuBackend(args.threads)))
    seconds = median_seconds(ours, args.updates)
    print(f"training, {args.threads} threads  {T * B / seconds:10.0f} tokens/s")
    theirs = their_update(args.hidden, args.threads)
    if theirs is not None:
        print(f"the same in PyTorch  {T * B / median_seconds(theirs, args.updates):10.0f} tokens/s")
    alone = our_update(LanguageModel.create(config, 0, backend=CpuBackend(1)))
    for part, share in shares(alone, 3).items():
        print(f"  {part:35s} {100 * share:5.1f} % of one thread")
    stepper = Stepper(StepWeights(LanguageModel.create(config, 0)))
    row = data()[0][0, 0]
    each = median_seconds(lambda: [stepper.step_py(row) for _ in range(1000)] and None, 9) / 1000
    print(f"stepping             {1e6 * each:10.1f} us/token")


if __name__ == "__main__":
    main()
