"""Our products and our LSTM beside torch, both measured in this run.

    python benchmarks/bench_kernels.py [--threads 1] [--seconds 2]

Each figure is the best of many rounds, ours and torch in turns. ``peak`` is the share of the
multiply-add rate of the same level and threads, measured here too. torch runs with oneDNN on
and off and the better one counts. With one thread the clock is the processor time of this
process, which other programs on the machine blur less than they blur the time on the wall.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from lstm_music.backends.cpu import CpuBackend
from lstm_music.cells.registry import cell_spec
from lstm_music.kernels import gemm
from lstm_music.kernels.isa import level_names, level_ready

try:
    import torch
except ImportError:
    torch = None

LSTM_SHAPES = ((64, 16, 128), (128, 32, 256), (128, 64, 512))  # T, B, D = H
PRODUCT_ROWS = (8, 16, 32, 64)
PRODUCT_H = (256, 512)


def best_of(functions: list[Callable[[], object]], seconds: float, threads: int) -> list[float]:
    """Shortest time of each function in seconds, called in turns for about ``seconds``."""
    clock = time.process_time if threads == 1 else time.perf_counter
    best = [float("inf")] * len(functions)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or float("inf") in best:
        for i, function in enumerate(functions):
            start = clock()
            function()
            best[i] = min(best[i], clock() - start)
    return best


def peak_rate(level: int, threads: int) -> float:
    """Multiply-add rate of all threads together, GFLOP/s in float32."""
    rounds = 200_000
    with ThreadPoolExecutor(threads) as pool:

        def race() -> None:
            list(pool.map(lambda _: gemm.peak_flops(level, rounds, 4), range(threads)))

        race()
        (seconds,) = best_of([race], 0.5, threads)
    return threads * gemm.peak_flops(level, rounds, 4) / seconds * 1e-9


def report(case: str, ours: float, rival: float | None, flops: float, peak: float) -> None:
    """One row of the table; times in seconds."""
    torch_ms, ratio = ("-", "-") if rival is None else (f"{rival * 1e3:.3f}", f"{rival / ours:.2f}")
    rate = flops / ours * 1e-9
    print(
        f"{case:34} {ours * 1e3:10.3f} {torch_ms:>10} {ratio:>6} {rate:8.1f} {rate / peak:6.2f}",
        flush=True,
    )


def bench_product(engine: CpuBackend, M: int, H: int, peak: float, seconds: float) -> None:
    """The recurrent product h (M, H) times U^T (H, 4H), packed before, as in a sequence."""
    rng = np.random.default_rng(0)
    h = rng.normal(size=(M, H)).astype(np.float32)
    U = rng.normal(size=(4 * H, H)).astype(np.float32)
    out = np.empty((M, 4 * H), np.float32)
    products = engine._products
    packed = products.pack("U", U, transpose=True)
    scratch = products.scratch(h.dtype)[0]
    repeats = range(10)
    work: list[Callable[[], object]] = [
        lambda: [
            gemm.run(engine.level, h, False, packed, out, None, False, 0, M, scratch)
            for _ in repeats
        ]
    ]
    if torch:
        th, tU, tout = (torch.from_numpy(array) for array in (h, U, out.copy()))
        work.append(lambda: [torch.mm(th, tU.T, out=tout) for _ in repeats])
    ours, *rival = (value / len(repeats) for value in best_of(work, seconds, 1))
    name = f"product M={M} K={H} N={4 * H} {level_names()[engine.level]}"
    report(name, ours, min(rival, default=None), 2 * M * H * 4 * H, peak)


def bench_lstm(
    engine: CpuBackend, shape: tuple[int, int, int], peak: float, seconds: float
) -> None:
    """Forward and backward of one LSTM layer, as in training."""
    T, B, H = shape
    rng = np.random.default_rng(0)
    X, dY = (rng.normal(size=(T, B, H)).astype(np.float32) for _ in range(2))
    params = {
        name: rng.uniform(-(H**-0.5), H**-0.5, size).astype(np.float32)
        for name, size in {"W": (4 * H, H), "U": (4 * H, H), "b": 4 * H}.items()
    }
    s0 = np.zeros((2, B, H), np.float32)
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    spec, W, U = cell_spec("lstm"), params["W"], params["U"]

    tape = engine.sequence_forward(spec, X, W, U, params["b"], None, s0)

    def ours() -> None:
        engine.sequence_forward(spec, X, W, U, params["b"], None, s0, out=tape)
        engine.sequence_backward(spec, dY, None, tape, X, W, U, None, grads)

    work: list[Callable[[], object]] = [ours]
    if torch:
        model = torch.nn.LSTM(H, H)
        tX, tdY = torch.tensor(X, requires_grad=True), torch.from_numpy(dY)

        def theirs(onednn: bool) -> None:
            with torch.backends.mkldnn.flags(enabled=onednn, allow_tf32=False):
                model(tX)[0].backward(tdY)

        work += [lambda: theirs(True), lambda: theirs(False)]
    mine, *rivals = best_of(work, seconds * 3, engine.n_threads)
    flops = 3 * 2 * T * B * 4 * H * (H + H)
    name = f"lstm fwd+bwd H={H} B={B} T={T} {level_names()[engine.level]}"
    report(name, mine, min(rivals, default=None), flops, peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0, help="per product case")
    options = parser.parse_args()
    rival = "not installed"
    if torch:
        torch.set_num_threads(options.threads)
        rival = torch.__version__
    print(f"threads {options.threads}, torch {rival}")
    print(f"{'case':34} {'ours_ms':>10} {'torch_ms':>10} {'ratio':>6} {'GFLOP/s':>8} {'peak':>6}")
    for level, name in enumerate(level_names()):
        if not level_ready(level):
            continue
        engine, peak = CpuBackend(options.threads, name), peak_rate(level, options.threads)
        print(f"-- {name}: peak {peak:.0f} GFLOP/s")
        for H in PRODUCT_H if options.threads == 1 else ():
            for M in PRODUCT_ROWS:
                bench_product(engine, M, H, peak, options.seconds)
        for shape in LSTM_SHAPES:
            bench_lstm(engine, shape, peak, options.seconds)


if __name__ == "__main__":
    main()
