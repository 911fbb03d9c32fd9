"""Parameters that are not W, U, b themselves but what these are made of.

The kernels know W, U, b, p (:meth:`CellSpec.shapes`). A cell with ``made_of`` has fewer or other
parameters of its own, of which W, U and b are a function, linear in each. It is applied before a
call (:meth:`Composition.compose`); the gradients that come back go through its transpose
(:meth:`Composition.gather`). So every backend and the generation loop run such a cell as it is.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lstm_music.backends.base import Backend
from lstm_music.cells.spec import Blocks, CellSpec
from lstm_music.errors import ConfigError
from lstm_music.types import FloatArray, Params

Shapes = dict[str, tuple[int, ...]]


class Composition(Protocol):
    """How a cell's own parameters, by name, make those of the kernels."""

    def shapes(self, D: int, H: int) -> Shapes:
        """Own parameters of a cell of D inputs and H units.

        Raises
        ------
        ConfigError : no such cell has H units.
        """
        ...

    def gate_rows(self, H: int) -> tuple[int, ...]:
        """Rows that each gate of ``CellSpec.gate_order`` has in the own ``b``."""
        ...

    def compose(self, own: Params, backend: Backend) -> Params:
        """W, U, b (p) of own parameters; what is the same is the same array."""
        ...

    def room(self, own: Params) -> Params:
        """Where the gradients of W, U, b (p) go: the own ones where they are the same, or zeros."""
        ...

    def gather(self, params: Params, d_kernel: Params, own: Params, backend: Backend) -> None:
        """Own gradients += what follows from ``d_kernel``, that :meth:`room` gave."""
        ...


def composition_of(spec: CellSpec) -> Composition:
    """What stands between a cell's parameters and the kernels."""
    if spec.made_of is None:
        return _Same(spec)
    if isinstance(spec.made_of, Blocks):
        return _Blocks(spec, spec.made_of.size)
    return _MappedInput(spec)


class _Same:
    """The parameters are W, U, b, p."""

    def __init__(self, spec: CellSpec) -> None:
        self._spec = spec

    def shapes(self, D: int, H: int) -> Shapes:
        return self._spec.shapes(D, H)

    def gate_rows(self, H: int) -> tuple[int, ...]:
        return (self._spec.channels("hidden", H),) * self._spec.gates_w

    def compose(self, own: Params, backend: Backend) -> Params:
        return own

    def room(self, own: Params) -> Params:
        return own

    def gather(self, params: Params, d_kernel: Params, own: Params, backend: Backend) -> None:
        pass


class _Blocks:
    """W, U and b with the rows of the gates that a block shares: each comes ``size`` times."""

    def __init__(self, spec: CellSpec, size: int) -> None:
        self._spec, self._size = spec, size

    def shapes(self, D: int, H: int) -> Shapes:
        if H % self._size:
            raise ConfigError(
                f"{self._spec.name} has blocks of {self._size} cells, so hidden_size must be a "
                f"multiple of {self._size}, got {H}"
            )
        rows = sum(self.gate_rows(H))
        return {"W": (rows, D), "U": (rows, H), "b": (rows,)}

    def gate_rows(self, H: int) -> tuple[int, ...]:
        return tuple(H if gate == "g" else H // self._size for gate in self._spec.gate_order)

    def compose(self, own: Params, backend: Backend) -> Params:
        xp, H = backend.xp, own["U"].shape[1]
        return {
            name: xp.concatenate(
                [xp.repeat(part, H // len(part), axis=0) for part in self._gates(value, H)]
            )
            for name, value in own.items()
        }

    def room(self, own: Params) -> Params:
        n = self._spec.gates_w * own["U"].shape[1]
        return {
            name: np.zeros_like(value, shape=(n, *value.shape[1:])) for name, value in own.items()
        }

    def gather(self, params: Params, d_kernel: Params, own: Params, backend: Backend) -> None:
        H = own["U"].shape[1]
        for name, value in own.items():
            for gate, part in enumerate(self._gates(value, H)):
                copies = d_kernel[name][gate * H : gate * H + H]
                by_row = copies.reshape(len(part), H // len(part), *part.shape[1:])
                part[...] += by_row.sum(axis=1)

    def _gates(self, own: FloatArray, H: int) -> list[FloatArray]:
        """Views of the rows of each gate, each of which stands for H / (how many) units."""
        ends = np.cumsum(self.gate_rows(H)).tolist()
        return [own[end - n : end] for end, n in zip(ends, self.gate_rows(H))]


class _MappedInput:
    """``M_in`` (H,D), ``W`` (3H,H), ``U`` (3H,H), ``b`` (3H,), for gates r, f, o.

    The kernels' W is W M_in for the gates and M_in itself for the input u, which stands third.
    """

    def __init__(self, spec: CellSpec) -> None:
        self._spec = spec

    def shapes(self, D: int, H: int) -> Shapes:
        return {"M_in": (H, D), "W": (3 * H, H), "U": (3 * H, H), "b": (3 * H,)}

    def gate_rows(self, H: int) -> tuple[int, ...]:
        return tuple(0 if gate == "u" else H for gate in self._spec.gate_order)

    def compose(self, own: Params, backend: Backend) -> Params:
        M_in, W, b = own["M_in"], own["W"], own["b"]
        H, D = M_in.shape
        mapped = np.empty_like(W, shape=(3 * H, D))
        backend.matmul(W, M_in, mapped)
        return {
            "W": backend.xp.concatenate([mapped[: 2 * H], M_in, mapped[2 * H :]]),
            "U": own["U"],
            "b": backend.xp.concatenate([b[: 2 * H], np.zeros_like(b[:H]), b[2 * H :]]),
        }

    def room(self, own: Params) -> Params:
        H, D = own["M_in"].shape
        return {
            "W": np.zeros_like(own["W"], shape=(4 * H, D)),
            "U": own["U"],
            "b": np.zeros_like(own["b"], shape=(4 * H,)),
        }

    def gather(self, params: Params, d_kernel: Params, own: Params, backend: Backend) -> None:
        H = len(params["M_in"])
        dW, db = d_kernel["W"], d_kernel["b"]
        d_mapped = backend.xp.concatenate([dW[: 2 * H], dW[3 * H :]])
        backend.matmul(d_mapped, params["M_in"], own["W"], accumulate=True, transpose_b=True)
        backend.matmul(params["W"], d_mapped, own["M_in"], accumulate=True, transpose_a=True)
        own["M_in"] += dW[2 * H : 3 * H]
        own["b"][: 2 * H] += db[: 2 * H]
        own["b"][2 * H :] += db[3 * H :]
