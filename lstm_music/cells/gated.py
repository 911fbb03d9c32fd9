"""The gated family: the LSTM with forget gates, what came before it, and its ablations.

All are one cell with parts left out, so each is a line of :data:`GATED` and nothing else here.
The part that is left out is the whole difference; ``reference/gated.py`` and
``src/c/rows_gated.inc`` take it from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from lstm_music.cells.options import ZONEOUT_C, ZONEOUT_H, Option, canonical, choice, number
from lstm_music.cells.spec import CellKind, CellSpec

Source = Literal["gate", "one", "rest"]
Squash = Literal["tanh", "identity"]


@dataclass(frozen=True, slots=True)
class Gating:
    """What sets one member of the family apart.

    Attributes
    ----------
    i, f : where the factor comes from: a ``gate`` of its own, always ``one``, or the ``rest``
        that the other of the two leaves of 1.
    o : a ``gate``, or always ``one``.
    g : squashing of the cell's input.
    s_h : squashing of the cell's state on its way out.
    peepholes : each gate sees its own unit's cell state: i and f the old one, o the new one.
    """

    i: Source = "gate"
    f: Source = "gate"
    o: Source = "gate"
    g: Squash = "tanh"
    s_h: Squash = "tanh"
    peepholes: bool = False

    @property
    def gate_order(self) -> tuple[str, ...]:
        """The rows of W, U, b and of the cache."""
        return tuple(n for n in ("i", "f", "g", "o") if n == "g" or getattr(self, n) == "gate")

    @property
    def peep_order(self) -> tuple[str, ...]:
        """The rows of p: the gates that have a peephole."""
        return tuple(n for n in self.gate_order if n != "g") if self.peepholes else ()


_HOCHREITER = (
    "Hochreiter & Schmidhuber (1997), Neural Computation 9(8), section 4: the constant error "
    "carousel behind an input and an output gate. Theirs squashes to [-2, 2] going in (equation "
    "A.3) and to [-1, 1] going out (A.2); here both are tanh. Theirs cuts the gradient off where "
    "it leaves a cell; here it is whole."
)
_GERS_2000 = (
    "Hochreiter & Schmidhuber (1997), Neural Computation 9(8), section 4; the forget gate: "
    "Gers, Schmidhuber & Cummins (2000), Neural Computation 12(10), section 3.1. "
    "tanh squashes g and c, as in the vanilla LSTM of Greff et al. (2015)."
)
_GERS_2002 = (
    "Gers, Schraudolph & Schmidhuber (2002), JMLR 3, 115-143: peepholes. With h fed back and tanh "
    "going out: the vanilla LSTM of Greff et al. (2015)."
)
_GREFF = (
    "Greff, Srivastava, Koutnik, Steunebrink & Schmidhuber (2015), arXiv:1503.04069: "
    "the vanilla LSTM with peepholes of section II, changed as the list of variants says: "
)

GATED: dict[str, tuple[Gating, str]] = {
    "lstm": (Gating(), _GERS_2000),
    "lstm-1997": (Gating(f="one"), _HOCHREITER),
    "peephole": (Gating(peepholes=True), _GERS_2002),
    "coupled": (
        Gating(i="rest"),
        "The coupling of Greff et al. (2015), arXiv:1503.04069, CIFG, on the forget gate's side "
        "and without peepholes; what is forgotten makes room for what is written.",
    ),
    "nig": (Gating(i="one", peepholes=True), _GREFF + "no input gate."),
    "nog": (Gating(o="one", peepholes=True), _GREFF + "no output gate."),
    "nfg": (Gating(f="one", peepholes=True), _GREFF + "no forget gate."),
    "niaf": (Gating(g="identity", peepholes=True), _GREFF + "no input activation function."),
    "noaf": (Gating(s_h="identity", peepholes=True), _GREFF + "no output activation function."),
    "np": (Gating(), _GREFF + "no peepholes. The same function as lstm."),
    "cifg": (Gating(f="rest", peepholes=True), _GREFF + "coupled input and forget gate."),
}
"""Every member of the family with its source."""

S_H = choice("s_h", "tanh", "identity")
"""Squashing of the cell's state on its way out."""

SQUASHES: tuple[Squash, ...] = ("tanh", "identity")

FORGET_BIAS = number("forget_bias", 1.0, -100, 100)
"""What the biases of the forget gate start at: a cell that starts out remembering learns long lags
sooner (Gers et al. 2000; Jozefowicz, Zaremba & Sutskever 2015)."""


def options_of(gating: Gating) -> tuple[Option, ...]:
    """What a member of the family accepts: s_h unless that is what sets it apart."""
    squash = (S_H,) if gating.s_h == "tanh" else ()
    forget = (FORGET_BIAS,) if gating.f == "gate" else ()
    return (*squash, *forget, ZONEOUT_C, ZONEOUT_H)


def bias_start(gate_order: tuple[str, ...], values: Mapping[str, Any]) -> tuple[float, ...]:
    """What the biases of each gate start at: 0, but for the forget gate."""
    return tuple(values["forget_bias"] if gate == "f" else 0.0 for gate in gate_order)


def _row_names() -> dict[Gating, str]:
    """Every gating there is, by the name of the first cell that has it."""
    found: dict[Gating, str] = {}
    for name, (gating, _) in GATED.items():
        for s_h in SQUASHES if gating.s_h == "tanh" else ():
            found.setdefault(replace(gating, s_h=s_h), canonical(name, (S_H,), {"s_h": s_h}))
    return found


ROW_NAMES = _row_names()
"""The key of the rows of each gating: ``np`` has those of ``lstm``, ``noaf`` those of
``peephole:s_h=identity``."""


def _squashed(squash: Squash, text: str) -> str:
    return f"tanh({text})" if squash == "tanh" else text


def _equations(gating: Gating) -> str:
    """One line a gate, the state before what may see it, the output last."""
    lines = []
    for name in ("f", "i", "g", "o") if gating.i == "rest" else ("i", "f", "g", "o"):
        peep = f" + p_{name} c{'' if name == 'o' else '(t-1)'}" * (name in gating.peep_order)
        sums = f"W_{name} x + U_{name} h(t-1){peep} + b_{name}"
        if name == "g":
            lines.append("g = " + _squashed(gating.g, sums))
        elif name in gating.gate_order:
            lines.append(f"{name} = sigmoid({sums})")
        elif getattr(gating, name) == "rest":
            lines.append(f"{name} = 1 - {'f' if name == 'i' else 'i'}")
        else:
            lines.append(f"{name} = 1")
    lines.insert(3, "c = f c(t-1) + i g")
    lines.append("h = o " + _squashed(gating.s_h, "c"))
    return "\n".join(f"        {line}" for line in lines)


def gated_spec(base: Gating, cite: str, name: str, values: Mapping[str, Any]) -> CellSpec:
    """The spec of a member of the family with the options of a name."""
    gating = replace(base, s_h=values.get("s_h", base.s_h))
    n_gates = len(gating.gate_order)
    return CellSpec(
        name=name,
        rows=ROW_NAMES[gating],
        gates_w=n_gates,
        gates_u=n_gates,
        state_order=("h", "c"),
        cached=n_gates,
        row_params=len(gating.peep_order),
        sums_early=True,
        gate_order=gating.gate_order,
        equations=f"\n{_equations(gating)}\n    ",
        cite=cite,
        bias_start=bias_start(gating.gate_order, values),
    )


KINDS: tuple[CellKind, ...] = tuple(
    CellKind(name, options_of(gating), partial(gated_spec, gating, cite))
    for name, (gating, cite) in GATED.items()
)
"""The family for the registry."""
