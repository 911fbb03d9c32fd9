"""Gates by name: for every cell they are the factors of its equations."""

import numpy as np
import pytest
from cell_cases import MAPS, VARIANTS, units

from lstm_music.backends.registry import get_backend
from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.nn.cell import make
from lstm_music.reference.gates import FORGET, INPUT, OUTPUT, RESET, gate_roles, gate_values

T, B, D = 7, 2, 3

WITHOUT = {"rnn", "indrnn"}
NEW = {"gru": "n", "mingru": "n", "memory-gated": "u"}
"""What is new, where it is not g."""


def values_of(name, backend, rng):
    """Gates and states of a cell with random weights, and its state before each step."""
    n_inputs, H = D, units(name, 8)
    spec = cell_spec(name)
    if spec.maps:
        n_inputs = 2 * spec.maps.places
    cell = make(name, input_size=n_inputs, hidden_size=H, dtype="float64", backend=backend)
    for param in cell.params.values():
        param[...] += rng.normal(0, 0.4, param.shape)
    state = rng.normal(0, 0.5, (spec.states, B, H))
    if "n" in spec.state_order:
        state[2] = abs(state[2])
    _, _, tape = cell.forward(rng.normal(size=(T, B, n_inputs)), state)
    values = gate_values(spec, tape.tape.S, tape.tape.K)
    memory = spec.state_order.index("c") if "c" in spec.state_order else 0
    return spec, values, tape.tape.S[:-1, memory]


@pytest.mark.parametrize("backend", ["cpu", "reference"])
@pytest.mark.parametrize("name", [*VARIANTS, *MAPS])
def test_what_is_kept_and_what_is_written_make_the_new_state(name, backend):
    spec, values, before = values_of(name, get_backend(backend), np.random.default_rng(3))
    roles = gate_roles(spec)
    plain = name.partition(":")[0]
    if plain in WITHOUT:
        assert roles == {}
        assert list(values) == ["h"]
        return
    by_role = {role: values[gate] for gate, role in roles.items()}
    keep = by_role.get(FORGET)
    write = by_role.get(INPUT)
    if keep is None:  # the carousel of 1997, or a cell whose one gate writes
        keep = 1 - write if plain == "mingru" else 1.0
    if write is None:
        write = 1.0 if plain == "nig" else 1 - keep
    new = values[NEW.get(plain, "g")]
    memory = values["c" if "c" in values else "h"]
    np.testing.assert_allclose(keep * before + write * new, memory, rtol=1e-12, atol=1e-12)
    if OUTPUT in by_role and spec.rows in ("lstm", "peephole", "peephole-cell", "fgr"):
        out = by_role[OUTPUT] * np.tanh(memory)
        np.testing.assert_allclose(out, values["h"], rtol=1e-12, atol=1e-12)
    for gate in by_role.values():
        assert gate.min() >= 0
        assert gate.max() <= 1 + 1e-12


def test_roles_of_the_cells():
    assert set(gate_roles(cell_spec("lstm-1997")).values()) == {INPUT, OUTPUT}
    assert gate_roles(cell_spec("nog")) == {"i": INPUT, "f": FORGET}
    assert gate_roles(cell_spec("gru")) == {"r": RESET, "z": FORGET}
    assert gate_roles(cell_spec("memory-gated")) == {"r": INPUT, "f": FORGET, "o": OUTPUT}
    with_gates = {name for name in cell_names() if gate_roles(cell_spec(name))}
    assert with_gates == set(cell_names()) - WITHOUT


def test_the_values_are_copies():
    spec = cell_spec("lstm")
    S, K = np.zeros((3, 2, 1, 4)), np.zeros((2, 1, 16))
    values = gate_values(spec, S, K)
    assert list(values) == ["i", "f", "o", "g", "h", "c"]
    S[:], K[:] = 1, 1
    assert not any(v.any() for v in values.values())
