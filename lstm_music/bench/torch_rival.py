"""torch at the same work: the same model with the same weights, every setting worth a try.

torch is imported inside the functions of the files ``torch_*.py`` here, nowhere else in the
package (docs/adr/0005-torch-in-bench.md). Call them only where torch is installed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, TypeAlias

from lstm_music.bench import torch_cells
from lstm_music.bench.cases import LEARNING_RATE, MAX_NORM, TrainCase
from lstm_music.bench.timing import Contender
from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ConfigError
from lstm_music.types import FloatArray, IntArray, Params

Tensor: TypeAlias = Any
Setting: TypeAlias = Callable[[], AbstractContextManager[object]]

_MODULES = ("lstm", "gru", "rnn")
ONEDNN = {"oneDNN": True, "no oneDNN": False}


@contextmanager
def setting(onednn: bool, threads: int) -> Iterator[None]:
    """Torch with oneDNN on or off, on so many threads."""
    import torch

    before = torch.get_num_threads()
    with warnings.catch_warnings():
        # Setting the flags back warns of Intel's GPUs.
        warnings.simplefilter("ignore", UserWarning)
        torch.set_num_threads(threads)
        try:
            with torch.backends.mkldnn.flags(enabled=onednn):
                yield
        finally:
            torch.set_num_threads(before)


def contenders(
    make: Callable[[], Callable[[], object]], threads: int, repeats: int = 1
) -> dict[str, Contender]:
    """The same work with oneDNN on and off."""
    return {
        name: Contender(make(), partial(setting, onednn, threads), repeats)
        for name, onednn in ONEDNN.items()
    }


def train_settings(case: TrainCase, threads: int) -> dict[str, tuple[str, Setting]]:
    """Precision and setting by name; where ours is in bfloat16 or amx, torch's autocast, too.

    That needs oneDNN, which takes AMX where there is one: torch's own products in bfloat16 are many
    times slower than in float32.
    """
    found: dict[str, tuple[str, Setting]] = {
        name: ("float32", partial(setting, onednn, threads)) for name, onednn in ONEDNN.items()
    }
    if case.precision != "float32":
        found["oneDNN, bfloat16"] = ("bfloat16", partial(setting, True, threads))
    return found


def train_contenders(
    case: TrainCase, tokens: IntArray, params: Params, threads: int
) -> dict[str, Contender]:
    """An update of the model with our weights ``params``, a kind of rival for each precision."""
    return {
        name: Contender(
            TorchModel(case, params, precision).updates(tokens), setting, kind=precision
        )
        for name, (precision, setting) in train_settings(case, threads).items()
    }


class TorchModel:
    """The same language model in torch.

    Parameters
    ----------
    case : its sizes, and whether torch runs its own module or a loop of operations.
    params : our weights; copied.
    precision : ``bfloat16``: what torch's autocast makes of the forward pass, and so of the way
        back; weights and their gradients stay float32.

    Raises
    ------
    ConfigError : torch has no such module, or the cell no program.
    """

    def __init__(self, case: TrainCase, params: Params, precision: str = "float32") -> None:
        self._is_brief = precision == "bfloat16"
        weights = {name: _leaf(array) for name, array in params.items()}
        self._stack, parameters = _stack(case, weights)
        self._embedding, *self._head = (weights[n] for n in ("embedding", "head.W", "head.b"))
        self._parameters = [self._embedding, *self._head, *parameters]

    def updates(self, tokens: IntArray) -> Callable[[], float]:
        """An update that carries its state on; it returns the mean loss in nats before it.

        Parameters
        ----------
        tokens : (T + 1, B): inputs, and one step later targets.
        """
        import torch
        from torch.nn.functional import cross_entropy, embedding, linear

        every = self._parameters
        adam = torch.optim.Adam(every, LEARNING_RATE, fused=True)
        rows, targets = (torch.from_numpy(part).long() for part in (tokens[:-1], tokens[1:]))
        state: Any = None

        def update() -> float:
            nonlocal state
            adam.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=self._is_brief):
                y, last = self._stack(embedding(rows, self._embedding), state)
                logits = linear(y.flatten(0, 1), *self._head)
            loss = cross_entropy(logits.float(), targets.flatten())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(every, MAX_NORM)
            adam.step()
            state = _detached(last)
            return float(loss.detach())

        return update


def _leaf(array: FloatArray) -> Tensor:
    import torch

    return torch.from_numpy(array.copy()).requires_grad_()


def _detached(state: Any) -> Any:
    """The state without its history; as deep as it is nested."""
    if isinstance(state, (tuple, list)):
        return tuple(_detached(part) for part in state)
    return state.detach()


def _stack(case: TrainCase, weights: dict[str, Tensor]) -> tuple[Callable[..., Any], list[Tensor]]:
    """The recurrent layers as a function (X, state or None) -> (Y, state); their parameters."""
    if case.against == "ops" and torch_cells.has_program(case.cell):
        return _loop(case, weights)
    if case.against == "nn" and case.cell in _MODULES:
        module = make_module(case.cell, case.H, case.L, weights)
        return module, list(module.parameters())
    raise ConfigError(
        f"torch cannot run {case.cell!r} against={case.against}: nn has {', '.join(_MODULES)}; "
        f"ops has {', '.join(torch_cells.PROGRAMS)}, conv-lstm with any map"
    )


def _loop(case: TrainCase, weights: dict[str, Tensor]) -> tuple[Callable[..., Any], list[Tensor]]:
    import torch

    states = cell_spec(case.cell).states
    layers = [
        {
            name.removeprefix(f"layers.{n}."): t
            for name, t in weights.items()
            if f"layers.{n}." in name
        }
        for n in range(case.L)
    ]

    def stack(x: Tensor, state: Any) -> tuple[Tensor, Any]:
        last = []
        for n, layer in enumerate(layers):
            start = state[n] if state else (torch.zeros(case.B, case.H),) * states
            x, end = torch_cells.run(case.cell, x, start, **layer)
            last.append(end)
        return x, last

    return stack, [t for layer in layers for t in layer.values()]


def make_module(cell: str, H: int, L: int, weights: dict[str, Tensor]) -> Any:
    """torch.nn's own; its second bias is zero, or the GRU's behind r."""
    import torch

    module = getattr(torch.nn, cell.upper())(H, H, L, dtype=weights["embedding"].dtype)
    with torch.no_grad():
        for n in range(L):
            for theirs, own in (("weight_ih", "W"), ("weight_hh", "U"), ("bias_ih", "b")):
                getattr(module, f"{theirs}_l{n}").copy_(weights[f"layers.{n}.{own}"])
            second = getattr(module, f"bias_hh_l{n}").zero_()
            if cell == "gru":
                second[2 * H :] = weights[f"layers.{n}.p"][0]
    return module
