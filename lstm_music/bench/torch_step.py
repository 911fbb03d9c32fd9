"""torch at single products, layers and tokens; ``torch_rival`` has whole updates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from lstm_music.bench.cases import GenerateCase, LayerCase, ProductCase
from lstm_music.bench.timing import Contender
from lstm_music.bench.torch_rival import ONEDNN, Tensor, contenders, make_module, setting
from lstm_music.types import FloatArray, Params

_MakeStep: TypeAlias = Callable[[int, int, dict[str, Tensor]], Callable[[Tensor], Tensor]]


def product_contenders(
    case: ProductCase, a: FloatArray, b: FloatArray, threads: int, repeats: int
) -> dict[str, Contender]:
    """A (M, K) times b (N, K) transposed."""
    import torch

    left, right, out = torch.from_numpy(a), torch.from_numpy(b).t(), torch.empty(case.M, case.N)

    def work() -> None:
        for _ in range(repeats):
            torch.mm(left, right, out=out)

    return contenders(lambda: work, threads, repeats)


def layer_contenders(case: LayerCase, threads: int) -> dict[str, Contender]:
    """Forward and backward of one LSTM layer."""
    import torch

    module = torch.nn.LSTM(case.H, case.H)
    rng = np.random.default_rng(0)
    shape = (case.T, case.B, case.H)
    x, dy = (torch.from_numpy(rng.normal(size=shape).astype(np.float32)) for _ in range(2))
    x.requires_grad_()

    def work() -> None:
        module.zero_grad()
        x.grad = None
        module(x)[0].backward(dy)

    return contenders(lambda: work, threads)


def generate_contenders(
    case: GenerateCase, params: Params, threads: Iterable[int], steps: int
) -> dict[str, Contender]:
    """Tokens one after another, all candidates in one batch, in every way there is."""
    import torch

    found = {}
    for dtype in ("float32", "bfloat16"):
        kind = getattr(torch, dtype)
        weights = {name: torch.from_numpy(array).to(kind) for name, array in params.items()}
        for way, onednn, n in itertools.product(_STEPS, ONEDNN, threads):
            found[f"{way} {dtype}, {onednn}, {n} thread{'s' * (n > 1)}"] = Contender(
                _generation(case, weights, _STEPS[way], steps),
                partial(setting, ONEDNN[onednn], n),
                steps * case.candidates,
            )
    return found


def _generation(
    case: GenerateCase, weights: dict[str, Tensor], make_step: _MakeStep, steps: int
) -> Callable[[], object]:
    """Go on by ``steps`` tokens in each candidate; the state is carried from call to call."""
    import torch
    from torch.nn.functional import embedding, linear

    E, W, b = (weights[name] for name in ("embedding", "head.W", "head.b"))
    step, tokens = make_step(case.H, case.L, weights), torch.zeros(case.candidates).long()

    def work() -> None:
        nonlocal tokens
        with torch.inference_mode():
            for _ in range(steps):
                logits = linear(step(embedding(tokens, E)), W, b)
                tokens = torch.multinomial(torch.softmax(logits.float(), 1), 1)[:, 0]

    return work


def _module_step(H: int, L: int, weights: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
    """A step of nn.LSTM: x (B, H) -> h of the last layer; it keeps its state."""
    module, state = make_module("lstm", H, L, weights), None

    def step(x: Tensor) -> Tensor:
        nonlocal state
        y, state = module(x[None], state)
        return y[0]

    return step


def _cell_step(H: int, L: int, weights: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
    """The same with an nn.LSTMCell a layer: less work around the same arithmetic."""
    import torch

    module = make_module("lstm", H, L, weights)
    cells = [torch.nn.LSTMCell(H, H, dtype=weights["embedding"].dtype) for _ in range(L)]
    for n, cell in enumerate(cells):
        cell.load_state_dict({k: module.state_dict()[f"{k}_l{n}"] for k in cell.state_dict()})
    states: list[Any] = [None] * L

    def step(x: Tensor) -> Tensor:
        for n, cell in enumerate(cells):
            states[n] = cell(x, states[n])
            x = states[n][0]
        return x

    return step


_STEPS: dict[str, _MakeStep] = {"nn.LSTM": _module_step, "nn.LSTMCell": _cell_step}
