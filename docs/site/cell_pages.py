"""A page of maths for each registered cell, made of its spec."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from mathml import equations_html

import lstm_music as lm
from lstm_music.cells.registry import cell_names, cell_options, cell_spec
from lstm_music.cells.spec import CellSpec
from lstm_music.reference.gates import gate_roles

_SIZE = 128, 256
"""D and H of the parameters that are counted in numbers: the first layer of a bundled model."""


def cell_pages() -> dict[str, str]:
    """Name -> Markdown of every cell, in the order of the registry."""
    return {name: cell_page(name) for name in cell_names()}


def cell_page(name: str) -> str:
    """Equations, gates, states, parameters, options and source of one cell."""
    spec = cell_spec(name)
    parts = [
        f"# {name}",
        equations_html(spec.equations),
        "x is the input (D numbers), h the output (H numbers), t the step. σ is the logistic "
        "sigmoid. A product with W, U or M is one with a matrix; every other product is unit by "
        "unit." + (" ∗ is a convolution over the map." if spec.maps else ""),
        "## Gates\n\n" + _gates(spec),
        "## States\n\n" + _states(spec),
        "## Parameters\n\n" + _parameters(spec),
        "## Options\n\n" + _options(name),
        f"## Source\n\n{spec.cite}",
        f"## Use it\n\n```\nlstm-music train my.cache -o mine.safetensors --cell {name}\n```\n\n"
        f'```python\nimport lstm_music as lm\n\ncell = lm.cells.make("{name}", input_size='
        f"{_SIZE[0]}, hidden_size={_SIZE[1]}, rng_seed=0)\n```\n\n"
        "[All cells](../cells.md) have a NumPy reference, C rows for every instruction set, and "
        "gradients checked against finite differences.",
    ]
    return "\n\n".join(parts) + "\n"


def _gates(spec: CellSpec) -> str:
    roles = gate_roles(spec)
    if not roles:
        return "None."
    return "\n".join(f"- {gate}: {role}" for gate, role in roles.items())


def _states(spec: CellSpec) -> str:
    names = ", ".join(f"`{state}`" for state in spec.state_order)
    fed = ", ".join(f"`{spec.state_order[state]}`" for state, _, _ in spec.feeds)
    back = f"U sees {fed} of the step before." if fed else "There is no recurrent matrix U."
    kept = "is handed" if spec.states == 1 else "are handed"
    return f"{names} {kept} from step to step; `h` is the output. {back}"


def _parameters(spec: CellSpec) -> str:
    D, H = _SIZE
    shapes = {name: value.shape for name, value in _params(spec, D, H).items()}
    rows = [f"| `{name}` | {' × '.join(map(str, shape))} |" for name, shape in shapes.items()]
    order = ", ".join(f"`{gate}`" for gate in spec.gate_order)
    stands = f" The rows of W stand in the order {order}." if len(spec.gate_order) > 1 else ""
    return (
        f"{_formula(spec)} numbers: {count(spec, D, H):,} for D = {D} and H = {H}.{stands}\n\n"
        "| array | shape |\n|---|---|\n" + "\n".join(rows)
    )


def count(spec: CellSpec, D: int, H: int) -> int:
    """How many numbers a cell of D inputs and H units learns."""
    return sum(prod(value.shape) for value in _params(spec, D, H).values())


def _params(spec: CellSpec, D: int, H: int) -> dict[str, object]:
    return lm.cells.make(spec.name, input_size=D, hidden_size=H, rng_seed=0).params


def _formula(spec: CellSpec) -> str:
    """The count as a D H + b H² + c H, from three sizes; every cell's is of this form."""
    D, H = _SIZE
    at, wider, taller = count(spec, D, H), count(spec, 2 * D, H), count(spec, D, 2 * H)
    a = Fraction(wider - at, D * H)
    b = Fraction(taller - 2 * at, 2 * H * H)
    c = Fraction(at, H) - a * D - b * H
    terms = [(a, "D H"), (b, "H²"), (c, "H")]
    return " + ".join(f"{_factor(k)}{what}" for k, what in terms if k)


def _factor(number: Fraction) -> str:
    return "" if number == 1 else f"{number} "


def _options(name: str) -> str:
    rows = [f"- `{option.text()}`" for option in cell_options(name)]
    return "With their defaults ([what they mean](../cells.md)):\n\n" + "\n".join(rows)
