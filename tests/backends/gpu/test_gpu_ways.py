"""The ways to run a sequence on the GPU: what they compute, and where they are taken."""

from dataclasses import replace

import numpy as np
import pytest
from cell_cases import MAPS, VARIANTS, make_problem, placed_on, results, worst_difference

from lstm_music.backends.base import Tape
from lstm_music.backends.gpu import graphs
from lstm_music.backends.gpu.backend import GpuBackend
from lstm_music.backends.gpu.graphs import Graphs
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_spec
from lstm_music.errors import BackendError, ConfigError

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
ODD, WIDE = (5, 3, 4, 7), (4, 18, 5, 37)  # WIDE: more than one block in each direction


def reasons(caplog):
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("cell", [*VARIANTS, *MAPS])
def test_a_graph_computes_every_cell(cell, dtype, cupy):
    gpu, problem = GpuBackend(way="graph"), make_problem(cell_spec(cell), ODD, dtype=dtype)
    expected = results(problem, ReferenceBackend())
    assert worst_difference(expected, results(problem, gpu)) < TOLERANCE[dtype]


@pytest.mark.parametrize("cell", ["lstm", "fgr", "layernorm-lstm", "gru"])
def test_what_comes_again_is_replayed_with_what_is_in_its_arrays_now(cell, cupy):
    gpu, problem = GpuBackend(way="graph"), make_problem(cell_spec(cell), WIDE)
    placed, engine = placed_on(gpu, problem), ReferenceBackend()
    tapes, gradients = [placed.forward(gpu) for _ in range(2)], []
    before = cupy.Graph.launched
    for times in range(1, 7):
        tape = tapes[times % 2]
        problem.arrays["X"][...] *= 1.25
        placed.arrays["X"][...] = gpu.to_device(problem.arrays["X"])
        gradients.append(gpu.to_device(problem.dy))  # a new array, which lies elsewhere
        placed.dy = gradients[-1]
        placed.forward(gpu, out=tape)
        mine = {"S": tape.S} | placed.backward(gpu, tape)
        expected = problem.forward(engine)
        wanted = {"S": expected.S} | problem.backward(engine, expected)
        assert worst_difference(wanted, {n: gpu.to_host(x) for n, x in mine.items()}) < 1e-10
    # The forward passes came once before; backward, each tape's first pass is launch by launch.
    assert cupy.Graph.launched - before == 6 + 4


def test_another_length_in_the_same_memory_is_another_graph(cupy):
    gpu, problem = GpuBackend(way="graph"), make_problem(cell_spec("lstm"), ODD, ragged=False)
    placed = placed_on(gpu, problem)
    tape, X = placed.forward(gpu), placed.arrays["X"]
    short = replace(placed, arrays=placed.arrays | {"X": X[:3]}, dy=placed.dy[:3])
    placed.forward(gpu, out=tape)
    expected = gpu.to_host(tape.S)[:4]
    tape.S[4:] = 7.0
    for _ in range(3):
        short.forward(gpu, out=Tape(tape.S[:4], tape.K[:3]))
    np.testing.assert_array_equal(gpu.to_host(tape.S)[:4], expected)
    np.testing.assert_array_equal(gpu.to_host(tape.S)[4:], 7.0)


def test_another_cell_in_the_same_memory_is_another_graph(cupy):
    gpu, problem = GpuBackend(way="graph"), make_problem(cell_spec("peephole"), ODD)
    placed = placed_on(gpu, problem)
    other = {"spec": cell_spec("peephole:s_h=identity")}
    tape = placed.forward(gpu)
    for _ in range(3):
        for one, there in (
            (problem, placed),
            (replace(problem, **other), replace(placed, **other)),
        ):
            there.forward(gpu, out=tape)
            expected = one.forward(ReferenceBackend()).S
            np.testing.assert_allclose(gpu.to_host(tape.S), expected, atol=1e-12)


def test_a_driver_without_graphs_is_told_once_and_does_without(cupy, caplog):
    cupy.Machine.captures = False
    gpu, problem = GpuBackend(way="graph"), make_problem(cell_spec("lstm"), ODD)
    placed = placed_on(gpu, problem)
    tape = placed.forward(gpu)
    for _ in range(3):
        placed.forward(gpu, out=tape)
    expected = problem.forward(ReferenceBackend()).S
    np.testing.assert_allclose(gpu.to_host(tape.S), expected, atol=1e-12)
    assert len([line for line in reasons(caplog) if "makes no CUDA graphs" in line]) == 1


def test_half_a_graph_is_not_replayed(cupy, caplog):
    gpu = GpuBackend(way="graph")
    x, out, half = (gpu.to_device(np.full((2, 2), number)) for number in (3.0, 0.0, 0.0))

    def launch():
        half[...] = half + 1.0
        gpu.device.product(x, x, out)  # cuBLAS, which CuPy refuses in a graph

    graphs = Graphs(gpu.device)
    for times in (1, 2, 3):
        graphs.run("name", launch)
        assert gpu.to_host(half)[0, 0] == times
    np.testing.assert_array_equal(gpu.to_host(out), 18.0)
    assert "during stream capture" in reasons(caplog)[0]


def test_the_graph_that_was_not_used_for_longest_goes(cupy, monkeypatch):
    monkeypatch.setattr(graphs, "_MOST", 2)
    gpu = GpuBackend(way="graph")
    x, known = gpu.to_device(np.zeros(3)), Graphs(gpu.device)

    def replayed(name):
        before = cupy.Graph.launched
        known.run(name, lambda: x.__iadd__(1.0))
        return cupy.Graph.launched - before

    assert [replayed(name) for name in "aabbab"] == [0, 1, 0, 1, 1, 1]
    assert [replayed(name) for name in "cbab"] == [0, 1, 0, 1]  # a made room for c
    assert gpu.to_host(x)[0] == 10.0


UNITS = [name for name in VARIANTS if cell_spec(name).feeds == ((0, 0, cell_spec(name).gates_u),)
         and "layernorm" not in name and not cell_spec(name).maps]  # fmt: skip


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("cell", UNITS)
def test_a_persistent_launch_computes_every_cell_that_it_takes(cell, dtype, cupy, caplog):
    gpu, problem = GpuBackend(way="persistent"), make_problem(cell_spec(cell), ODD, dtype=dtype)
    expected = results(problem, ReferenceBackend())
    assert worst_difference(expected, results(problem, gpu)) < TOLERANCE[dtype]
    assert not reasons(caplog)


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm:zoneout_c=0.4,zoneout_h=0.25"])
def test_blocks_of_a_persistent_launch_see_what_the_others_wrote(cell, cupy, caplog):
    gpu, problem = GpuBackend(way="persistent"), make_problem(cell_spec(cell), WIDE)
    problem.mask_key = (3, 5)
    expected, launches = results(problem, ReferenceBackend()), cupy.Machine.launches
    for _ in range(5):  # as their timing may have it
        assert worst_difference(expected, results(problem, gpu)) < 1e-10
    assert not reasons(caplog)
    assert cupy.Machine.launches - launches == 5 * (4 if "gru" in cell else 3)  # 2, db, dp


@pytest.mark.parametrize(
    ("way", "cell", "precision", "why"),
    [
        ("graph", "lstm:zoneout_h=0.1", "float32", "zoneout"),
        ("graph", "lstm", "tf32", "not in tf32"),
        ("graph", "minlstm", "float32", "multiplies nothing"),
        ("persistent", "lstm", "bfloat16", "not in bfloat16"),
        ("persistent", "layernorm-lstm", "float32", "units are on their own"),
        ("persistent", "fgr", "float32", "fed h alone"),
    ],
)
def test_a_way_that_cannot_be_taken_is_told_once_and_plain_is_taken(
    way, cell, precision, why, cupy, caplog
):
    gpu = GpuBackend(precision=precision, way=way)
    problem = make_problem(cell_spec(cell), ODD, dtype="float32")
    plain = results(problem, GpuBackend(precision=precision))
    for _ in range(2):
        for name, value in results(problem, gpu).items():
            np.testing.assert_array_equal(value, plain[name])
    (told,) = reasons(caplog)
    assert why in told and f"not {way}, but plain" in told


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        ({"cooperative": False}, "no cooperative launches"),
        ({"shared_bytes": 9000}, "shared memory"),
        ({"processors": 1}, "blocks are needed at once"),
    ],
)
def test_a_device_too_small_for_a_persistent_launch(machine, why, cupy, caplog):
    for name, value in machine.items():
        setattr(cupy.Machine, name, value)
    gpu, problem = GpuBackend(way="persistent"), make_problem(cell_spec("lstm"), WIDE)
    expected = results(problem, ReferenceBackend())
    assert worst_difference(expected, results(problem, gpu)) < 1e-10
    assert why in reasons(caplog)[0]


def test_blocks_that_wait_in_vain_give_up_and_it_is_told(cupy, monkeypatch):
    from lstm_music.backends.gpu import persistent

    gpu, problem = GpuBackend(way="persistent"), make_problem(cell_spec("lstm"), WIDE)
    with monkeypatch.context() as patch:
        patch.setattr(persistent, "_MOST_LOOKS", np.uint32(0))  # who has to wait gives up
        with pytest.raises(BackendError, match="waited for one another in vain"):
            results(problem, gpu)
    results(problem, gpu)  # the device is as good as before


def test_there_is_no_such_way(cupy):
    with pytest.raises(ConfigError, match="plain, graph, persistent"):
        GpuBackend(way="fast")
