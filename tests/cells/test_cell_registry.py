"""A cell is complete or it does not exist."""

import pytest

from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.errors import ConfigError
from lstm_music.kernels.isa import level_names, level_ready
from lstm_music.kernels.sequence import has_rows
from lstm_music.reference.rows import ROWS


def test_every_cell_has_reference_rows_and_no_rows_lack_a_cell():
    assert set(ROWS) == set(cell_names(options=True))


@pytest.mark.parametrize("name", cell_names(options=True))
def test_every_cell_has_compiled_rows_on_every_level(name):
    for level in range(len(level_names())):
        if level_ready(level):
            assert has_rows(level, name)
    assert not has_rows(0, name + "?")


@pytest.mark.parametrize("name", cell_names(options=True))
def test_specs_are_whole(name):
    spec = cell_spec(name)
    assert spec.name == name
    assert len(spec.gate_order) == spec.gates_w
    assert min(spec.gates_w, spec.gates_u, spec.states, spec.cached) >= 1
    assert spec.row_params >= 0
    assert len(spec.row_start) in (0, spec.row_params)
    assert not spec.sums_early or (spec.gates_w == spec.gates_u and len(spec.feeds) == 1)
    assert [block for _, i, k in spec.feeds for block in range(i, k)] == list(range(spec.gates_u))
    assert all(0 <= state < spec.states for state, _, _ in spec.feeds)
    assert all(f"{gate} = " in spec.equations for gate in spec.gate_order)
    assert any(character.isdigit() for character in spec.cite)


def test_unknown_cell_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"no cell is called 'lstn'; choose from .*lstm"):
        cell_spec("lstn")
