"""A cell is complete or it does not exist."""

import pytest
from cell_cases import VARIANTS

from lstm_music.cells.registry import cell_names, cell_options, cell_spec
from lstm_music.errors import ConfigError
from lstm_music.kernels.isa import level_names, level_ready
from lstm_music.kernels.sequence import has_rows
from lstm_music.reference.rows import ROWS


def test_every_cell_has_reference_rows_and_no_rows_lack_a_cell():
    assert set(ROWS) == {cell_spec(name).rows for name in VARIANTS}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_cell_has_compiled_rows_on_every_level(name):
    for level in range(len(level_names())):
        if level_ready(level):
            assert has_rows(level, cell_spec(name).rows)
    assert not has_rows(0, name + "?")


@pytest.mark.parametrize("name", VARIANTS)
def test_specs_are_whole(name):
    spec = cell_spec(name)
    assert spec.name == name
    assert len(spec.gate_order) == spec.gates_w
    assert min(spec.gates_w, spec.states, spec.cached) >= 1
    assert min(spec.row_params, spec.gates_u) >= 0
    assert spec.sums_early or spec.gates_u  # what kernels/sequence.pyx takes for granted
    assert len(spec.row_start) in (0, spec.row_params)
    assert len(spec.bias_start) in (0, spec.gates_w)
    if spec.sums_early and spec.gates_u:
        assert (spec.gates_w, len(spec.feeds)) == (spec.gates_u, 1)
    assert [block for _, i, k in spec.feeds for block in range(i, k)] == list(range(spec.gates_u))
    assert all(0 <= state < spec.states for state, _, _ in spec.feeds)
    if spec.maps:  # what kernels/conv.pyx takes for granted
        assert (spec.sums_early, spec.feeds[0][0], spec.cached) == (True, 0, spec.gates_w)
    assert all(f"{gate} = " in spec.equations for gate in spec.gate_order)
    assert any(character.isdigit() for character in spec.cite)


def test_unknown_cell_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"no cell is called 'lstn'; choose from .*lstm"):
        cell_spec("lstn")


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("lstm:s_h=tanh", "lstm"),
        ("lstm:forget_bias=1", "lstm"),
        ("lstm:forget_bias=2.50,s_h=identity", "lstm:s_h=identity,forget_bias=2.5"),
        ("noaf:forget_bias=-1e1", "noaf:forget_bias=-10"),
    ],
)
def test_a_cell_with_options_has_one_name(name, canonical):
    assert cell_spec(name).name == canonical
    assert cell_spec(canonical) == cell_spec(name)


@pytest.mark.parametrize(
    "name",
    [
        "lstm:",
        "lstm:s_h",
        "lstm:s_h=",
        "lstm:s_h=relu",
        "lstm:s_h=tanh,",
        "lstm:s_h=tanh,s_h=tanh",
        "lstm: s_h=tanh",
        "lstm:forget_bias=nan",
        "lstm:forget_bias=inf",
        "lstm:forget_bias=much",
        "lstm:size=4",
        "lstm:zoneout_c=1",
        "lstm:zoneout_h=-0.1",
        "lstm:s_h=identity:forget_bias=2",
    ],
)
def test_wrong_options_are_refused_with_those_that_exist(name):
    accepted = "lstm accepts NAME:KEY=VALUE,... with s_h = tanh or identity; forget_bias = a number"
    with pytest.raises(ConfigError) as caught:
        cell_spec(name)
    assert accepted in str(caught.value)


@pytest.mark.parametrize("name", ["noaf:s_h=tanh", "lstm-1997:forget_bias=2", "cifg:forget_bias=2"])
def test_an_option_that_a_cell_has_no_use_for_is_refused(name):
    with pytest.raises(ConfigError, match=f"{name.partition(':')[0]} has no option"):
        cell_spec(name)


def test_every_cell_with_a_forget_gate_takes_its_bias():
    for name in cell_names():
        keys = {option.key for option in cell_options(name)}
        assert ("forget_bias" in keys) == ("f" in cell_spec(name).gate_order), name
        states = cell_spec(name).state_order
        # Beside a new n and m an old c is on another scale.
        assert ("zoneout_c" in keys) == ("c" in states and "n" not in states), name
        assert "zoneout_h" in keys, name


def test_zoneout_is_in_the_spec_by_state():
    assert cell_spec("lstm:zoneout_c=0.5").zoneout == (0, 0.5)
    assert cell_spec("fgr:zoneout_h=0.25,zoneout_c=0.5").zoneout == (0.25, 0.5, 0, 0, 0)
    assert cell_spec("gru:zoneout_h=0.1").zoneout == (0.1,)
    assert cell_spec("lstm:zoneout_c=0,zoneout_h=0.0") == cell_spec("lstm")
