"""What is measured: a case is its sizes, and is written ``H=512 L=2 B=64 T=128 V=512``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import TypeVar

from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.errors import ConfigError
from lstm_music.nn.composition import composition_of

LEARNING_RATE = 1e-3
MAX_NORM = 1.0
"""Of every update, ours and torch's."""


@dataclass(frozen=True, slots=True)
class Case:
    """Sizes under names; what all kinds of cases share."""

    @property
    def name(self) -> str:
        """``field=value`` for all fields, without those at their default."""
        values = ((f.name, getattr(self, f.name), f.default) for f in fields(self))
        return " ".join(f"{name}={value}" for name, value, usual in values if value != usual)

    @property
    def pairs(self) -> dict[str, str]:
        """Every field as text."""
        return {f.name: str(getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class TrainCase(Case):
    """One update of a language model: forward, backward, clip, Adam.

    Attributes
    ----------
    H, L, B, T, V : hidden and embedding size, layers, batch, steps, tokens.
    cell : its name in the registry.
    against : what torch runs: ``nn``, its own module, or ``ops``, a loop over time.
    precision : of our products: ``float32``, ``bfloat16`` or ``amx``.
    """

    H: int
    L: int
    B: int
    T: int
    V: int
    cell: str = "lstm"
    against: str = "nn"
    precision: str = "float32"

    @property
    def flops(self) -> int:
        """Operations of the products, a multiply-add as two; see ``docs/speed.md``."""
        spec = cell_spec(self.cell)
        shapes = composition_of(spec).shapes(self.H, self.H)
        weights = sum(math.prod(shapes[name]) for name in ("W", "U", "M_in") if name in shapes)
        stack = self.L * weights * (spec.maps.places if spec.maps else 1)
        return 3 * 2 * self.T * self.B * (stack + self.V * self.H)


@dataclass(frozen=True, slots=True)
class ProductCase(Case):
    """The recurrent product of one time step: (M, K) times a packed (K, N)."""

    M: int
    K: int
    N: int

    @property
    def flops(self) -> int:
        """Two for each multiply-add."""
        return 2 * self.M * self.K * self.N


@dataclass(frozen=True, slots=True)
class LayerCase(Case):
    """Forward and backward of one LSTM layer, D = H."""

    H: int
    B: int
    T: int

    @property
    def flops(self) -> int:
        """Forward, dX and dh, dW and dU: three times the products of the forward pass."""
        return 3 * 2 * self.T * self.B * 4 * self.H * 2 * self.H


@dataclass(frozen=True, slots=True)
class GenerateCase(Case):
    """One token after another, sampling included; ``candidates`` sequences at once.

    ``precision`` is that of our weights: ``bfloat16``, ``float32`` or ``int8``.
    """

    H: int
    L: int
    V: int = 512
    candidates: int = 1
    precision: str = "bfloat16"

    @property
    def flops(self) -> int:
        """Of one token: every weight but the embedding once."""
        return 2 * (self.L * 8 * self.H * self.H + self.V * self.H)


TRAIN = (
    TrainCase(512, 2, 64, 128, 512),
    TrainCase(256, 2, 32, 128, 256),
    TrainCase(128, 1, 16, 64, 128),
)
CELLS = tuple(
    TrainCase(H, 1, B, T, H, cell, against)
    for cell in cell_names()
    for against in (("ops", "nn") if cell in ("gru", "rnn") else ("ops",))
    for H, B, T in ((64, 8, 64), (256, 32, 64))
    if cell != "lstm"
)
STEP: tuple[ProductCase | LayerCase, ...] = (
    *(ProductCase(M, H, 4 * H) for H in (256, 512) for M in (8, 16, 32, 64)),
    LayerCase(128, 16, 64),
    LayerCase(256, 32, 128),
    LayerCase(512, 64, 128),
)
GENERATE = (
    GenerateCase(128, 1),
    GenerateCase(256, 2),
    GenerateCase(512, 2),
    GenerateCase(512, 2, candidates=8),
)

AnyCase = TypeVar("AnyCase", bound=Case)


def select(texts: Iterable[str], known: Sequence[AnyCase]) -> tuple[AnyCase, ...]:
    """The known cases that agree with each text, or a new case that the text spells out.

    Parameters
    ----------
    texts : such as ``H=512`` or ``H=8 L=1 B=2 T=4 V=16``; none: all known cases.
    known : cases of the kinds wanted.

    Raises
    ------
    ConfigError : a text is not made of ``name=value``, or no case comes of it.

    Examples
    --------
    >>> [case.name for case in select(["H=128"], TRAIN)]
    ['H=128 L=1 B=16 T=64 V=128']
    >>> select(["M=3 K=5 N=20"], STEP)
    (ProductCase(M=3, K=5, N=20),)
    """
    chosen = [case for text in texts for case in _selected(text, known)]
    return tuple(dict.fromkeys(chosen)) if chosen else tuple(known)


def _selected(text: str, known: Sequence[AnyCase]) -> list[AnyCase]:
    pairs = dict(item.partition("=")[::2] for item in text.split())
    found = [case for case in known if pairs and pairs.items() <= case.pairs.items()]
    kinds = () if found else dict.fromkeys(type(case) for case in known)
    made = [_made(kind, pairs) for kind in kinds]
    found += [case for case in made if case is not None]
    if not found:
        raise ConfigError(
            f"no case is {text!r}; name sizes of one of these, or every size of a new one: "
            + "; ".join(case.name for case in known)
        )
    return found


def _made(kind: type[AnyCase], pairs: dict[str, str]) -> AnyCase | None:
    """A case of this kind with these fields, if they fit it."""
    types = {f.name: (f.type, f.default is MISSING) for f in fields(kind)}
    needed = {name for name, (_, required) in types.items() if required}
    sizes = [value for name, value in pairs.items() if types.get(name, ("", 0))[0] == "int"]
    if not (needed <= pairs.keys() <= types.keys()) or not all(s.isdecimal() for s in sizes):
        return None
    return kind(**{n: int(v) if types[n][0] == "int" else v for n, v in pairs.items()})
