"""The equations that a spec prints are those that its reference rows compute."""

import re

import numpy as np
import pytest
from cell_cases import VARIANTS

from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_spec
from lstm_music.cells.slstm import START
from lstm_music.nn.composition import composition_of
from lstm_music.reference.rows import ROWS

# Its equations speak of means over units; tests/nn/test_torch_cells.py has them in torch.
OVER_UNITS = {"layernorm-lstm"}
FUNCTIONS = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "max": max,
    "relu": lambda x: max(x, 0),
    "B": lambda x: x,
}
REMARKS = ("B(a) = the H / size values of a, one a block, each for all cells of its block", START)


def in_python(line: str) -> tuple[str, str]:
    """``h = o tanh(c) + z h(t-1)`` as ``h`` and ``o*tanh(c) + z*h_prev``.

    A convolution is written with ``*``; of one place with one place it is a product.
    """
    left, right = line.replace("(t-1)", "_prev").split(" = ")
    return left.strip(), re.sub(r"(?<=[\w)]) (?=[\w(])", "*", right)


def row_number(spec, name: str) -> int:
    """Of p_7, or of p_f in the order of the gates; a single row is p."""
    _, _, end = name.partition("_")
    return int(end) if end.isdigit() else spec.gate_order.index(end) if end else 0


OF_ONE_UNIT = {"block": "size=1", "conv-lstm": "size=1,kernel=1"}


def one_unit(name: str) -> str:
    """The same cell as a block of one, or on a map of one place."""
    plain, _, options = name.partition(":")
    parts = [part for part in (OF_ONE_UNIT.get(plain), options) if part]
    return f"{plain}:{','.join(parts)}" if parts else plain


CELLS = [one_unit(name) for name in VARIANTS]


@pytest.mark.parametrize("name", [n for n in CELLS if n.partition(":")[0] not in OVER_UNITS])
def test_reference_computes_what_the_spec_says(name):
    """One step of one unit with one input: every letter of the equations is a number."""
    spec, rng = cell_spec(name), np.random.default_rng(1)
    composition = composition_of(spec)
    order = spec.state_order
    s_prev = dict(zip(order, rng.normal(size=spec.states)))
    if "n" in s_prev:  # a sum of what is above 0
        s_prev["n"] = abs(s_prev["n"])
    x = rng.normal()
    known = FUNCTIONS | {"x": x} | {f"{state}_prev": s for state, s in s_prev.items()}
    own = {key: rng.normal(size=shape) for key, shape in composition.shapes(1, 1).items()}
    kernel = composition.compose(own, ReferenceBackend())
    p = rng.normal(size=spec.row_params)
    if "M_in" in own:
        known["M_in"] = float(own["M_in"][0, 0])
    single = spec.gates_w == 1
    gates = [gate for gate, n in zip(spec.gate_order, composition.gate_rows(1)) if n]
    for row, gate in enumerate(gates):
        end = "" if single else f"_{gate}"
        known |= {"W" + end: own["W"][row, 0], "b" + end: own["b"][row]}
    # In U, what sees one state lies together, in the order of the gates; a name ends with its gate.
    fed = re.findall(r"\b(U(?:_\w+)?) (?:\* )?(\w)\(t-1\)", spec.equations)
    fed.sort(key=lambda u: (order.index(u[1]), 0 if single else spec.gate_order.index(u[0][-1])))
    assert [order.index(state) for _, state in fed] == list(spec.fed or (0,) * spec.gates_u)
    known |= {name: own["U"][row, 0] for row, (name, _) in enumerate(fed)}
    rows = re.findall(r"\bp(?:_\w+)?\b", spec.equations)
    rows.sort(key=lambda row: row_number(spec, row))
    assert len(rows) == spec.row_params
    known |= dict(zip(rows, p))
    lines = [line.strip() for line in spec.equations.strip().splitlines()]
    for line in lines:
        if line in REMARKS:
            continue
        left, right = in_python(line)
        known[left] = eval(right, {"__builtins__": {}}, known)  # our own text

    U, W, b = kernel["U"][:, 0], kernel["W"][:, 0], kernel["b"]
    uh = np.array([U[row] * s_prev[state] for row, (_, state) in enumerate(fed)]).reshape(1, -1, 1)
    s_rows = np.array(list(s_prev.values())).reshape(-1, 1, 1)
    s_next, _ = ROWS[spec.rows].forward((W * x + b).reshape(1, -1, 1), uh, s_rows, p.reshape(-1, 1))
    expected = [known[state] for state in s_prev]
    np.testing.assert_allclose(s_next.reshape(-1), expected, rtol=1e-13)
