"""The cells against torch: its own modules, or its autograd on the equations.

The programs are those that ``lstm-music bench train --cells`` runs against.
"""

import pytest
from cell_cases import TOLERANCE, make_problem, worst_difference

from lstm_music.backends.cpu import CpuBackend
from lstm_music.bench import torch_cells
from lstm_music.cells.registry import cell_names, cell_spec

torch = pytest.importorskip("torch", reason="the rival: torch is not installed")

SHAPES = [(7, 5, 6, 11), (1, 1, 3, 4), (30, 16, 24, 64)]


def compare(problem, run):
    """Outputs and all gradients of ``run(tensors) -> (y, last state)`` against ours."""
    tensors = {k: torch.tensor(a, requires_grad=True) for k, a in problem.arrays.items()}
    y, last = run(tensors)
    loss = (y * torch.tensor(problem.dy)).sum() + (last * torch.tensor(problem.ds_last)).sum()
    loss.backward()
    # torch gives no gradient to U of a cell without a recurrent matrix: it has no element.
    theirs = {k: t.grad.numpy() for k, t in tensors.items() if t.numel()}
    theirs["y"] = y.detach().numpy()
    engine = CpuBackend(2)
    ours = problem.backward(engine) | {"y": problem.forward(engine).y}
    ours = {k: value for k, value in ours.items() if value.size}
    assert worst_difference(theirs, ours) < TOLERANCE[problem.dy.dtype]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", [*torch_cells.PROGRAMS, "conv-lstm"])
def test_cell_equals_its_autograd_program(cell, dtype, shape):
    def run(t):
        weights = {name: t[name] for name in ("W", "U", "b", "p") if name in t}
        y, last = torch_cells.run(cell, t["X"], t["s0"].unbind(), **weights)
        return y, torch.stack(last)

    compare(make_problem(cell_spec(cell), shape, dtype=dtype, ragged=False), run)


def test_every_cell_has_a_program():
    assert all(torch_cells.has_program(name) for name in cell_names())
    assert {name.partition(":")[0] for name in torch_cells.PROGRAMS} <= set(cell_names())
    assert not torch_cells.has_program("conv-lstm:s_h=identity")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("cell", "module"), [("gru", torch.nn.GRU), ("rnn", torch.nn.RNN)])
def test_baselines_equal_torch_modules(cell, module, dtype, shape):
    _, _, D, H = shape
    theirs = module(D, H, dtype=getattr(torch, dtype))

    def run(t):
        second = torch.zeros_like(t["b"])
        if cell == "gru":  # the bias behind r; their other two only add up with ours
            second = torch.cat([second[: 2 * H], t["p"][0]])
        weights = {"weight_ih_l0": t["W"], "weight_hh_l0": t["U"]}
        biases = {"bias_ih_l0": t["b"], "bias_hh_l0": second}
        return torch.func.functional_call(theirs, weights | biases, (t["X"], t["s0"]))

    compare(make_problem(cell_spec(cell), shape, dtype=dtype, ragged=False), run)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("options", "channels"),
    [
        ("size=7,kernel=3", (2, 3)),
        ("size=88,kernel=5", (1, 4)),
        ("size=12,kernel=5,padding=circular", (3, 2)),
        ("size=12x8,kernel=3x3", (2, 4)),
        ("size=5x6,kernel=3x5", (3, 3)),
        ("size=6x5,kernel=5x3,padding=circular", (2, 2)),
    ],
)
def test_convolution_equals_torch(options, channels, dtype):
    cell = f"conv-lstm:{options}"
    places = cell_spec(cell).maps.places
    test_cell_equals_its_autograd_program(cell, dtype, (7, 3, *(n * places for n in channels)))
