"""The recurrent product alone, and one LSTM layer, ours and torch's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.products import Products
from lstm_music.backends.workspace import Workspace
from lstm_music.bench.cases import LayerCase, ProductCase
from lstm_music.bench.rows import Row, make_row, torch_is_installed
from lstm_music.bench.timing import Contender, race
from lstm_music.cells.registry import cell_spec
from lstm_music.kernels import gemm
from lstm_music.kernels.isa import level_names, level_ready
from lstm_music.kernels.pool import ThreadPool
from lstm_music.nn.cell import init_params

_REPEATS = 10  # products a call: a clock that is read after each would show


def step_rows(
    cases: Iterable[ProductCase | LayerCase], threads: Iterable[int], seconds: float
) -> Iterator[Row]:
    """Measure each product at each instruction-set level that runs here, on one thread; each
    layer with each number of threads.

    Parameters
    ----------
    cases : what to measure.
    threads : for layers.
    seconds : to spend on a row, about.
    """
    threads = tuple(threads)
    for case in cases:
        if isinstance(case, ProductCase):
            for level in range(len(level_names())):
                if level_ready(level):
                    yield _product_row(case, level, seconds)
        else:
            for n in threads:
                yield _layer_row(case, n, seconds)


def _product_row(case: ProductCase, level: int, seconds: float) -> Row:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(case.M, case.K)).astype(np.float32)
    b = rng.normal(size=(case.N, case.K)).astype(np.float32)
    out = np.empty((case.M, case.N), np.float32)
    pool = ThreadPool(1)
    products = Products(level, pool, Workspace())
    packed, scratch = products.pack("b", b, transpose=True), products.scratch(a.dtype)

    def ours() -> None:
        for _ in range(_REPEATS):
            gemm.run(level, pool, a, False, packed, out, None, False, 0, case.M, scratch)

    rivals = {}
    if torch_is_installed():
        from lstm_music.bench.torch_step import product_contenders

        rivals = product_contenders(case, a, b, 1, _REPEATS)
    times = race(Contender(ours, repeats=_REPEATS), rivals, seconds)
    return make_row(case.name, case.flops, 1, level, times)


def _layer_row(case: LayerCase, threads: int, seconds: float) -> Row:
    engine, spec = CpuBackend(threads), cell_spec("lstm")
    rng = np.random.default_rng(0)
    shape = (case.T, case.B, case.H)
    X, dY = (rng.normal(size=shape).astype(np.float32) for _ in range(2))
    params = init_params(spec, case.H, case.H, X.dtype, rng)
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    W, U, b = (params[name] for name in ("W", "U", "b"))
    s0 = np.zeros((spec.states, case.B, case.H), np.float32)
    tape = engine.sequence_forward(spec, X, W, U, b, None, s0)

    def ours() -> None:
        for grad in grads.values():
            grad[...] = 0
        engine.sequence_forward(spec, X, W, U, b, None, s0, out=tape)
        engine.sequence_backward(spec, dY, None, tape, X, W, U, None, grads)

    rivals = {}
    if torch_is_installed():
        from lstm_music.bench.torch_step import layer_contenders

        rivals = layer_contenders(case, threads)
    times = race(Contender(ours), rivals, seconds)
    return make_row(case.name, case.flops, threads, engine.level, times)
