"""The other cells against torch: its own modules, or its autograd on the equations."""

from functools import partial

import pytest
from cell_cases import TOLERANCE, make_problem, worst_difference

from lstm_music.backends.cpu import CpuBackend
from lstm_music.cells.registry import cell_spec

torch = pytest.importorskip("torch", reason="the rival: torch is not installed")

SHAPES = [(7, 5, 6, 11), (1, 1, 3, 4), (30, 16, 24, 64)]


def peephole(x, state, W, U, b, p):
    """Output gate and all: the new cell state is what it sees."""
    h, c = state
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    i, f = torch.sigmoid(i + p[0] * c), torch.sigmoid(f + p[1] * c)
    c = f * c + i * torch.tanh(g)
    return torch.stack([torch.sigmoid(o + p[2] * c) * torch.tanh(c), c])


def coupled(x, state, W, U, b, _):
    h, c = state
    f, g, o = (x @ W.T + h @ U.T + b).chunk(3, dim=1)
    f = torch.sigmoid(f)
    c = f * c + (1 - f) * torch.tanh(g)
    return torch.stack([torch.sigmoid(o) * torch.tanh(c), c])


def cifg(x, state, W, U, b, p):
    h, c = state
    i, g, o = (x @ W.T + h @ U.T + b).chunk(3, dim=1)
    i = torch.sigmoid(i + p[0] * c)
    c = (1 - i) * c + i * torch.tanh(g)
    return torch.stack([torch.sigmoid(o + p[1] * c) * torch.tanh(c), c])


def layernorm_lstm(x, state, W, U, b, p, s_h=torch.tanh):
    h, c = state
    H = h.shape[1]
    sums = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    norm = torch.nn.functional.layer_norm
    i, f, g, o = (norm(s, (H,), p[q], p[4 + q]) for q, s in enumerate(sums))
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.stack([torch.sigmoid(o) * s_h(norm(c, (H,), p[8], p[9])), c])


def peephole_cell(x, state, W, U, b, _):
    """c in place of h, all gates the old one; the cell's input sees x alone."""
    _, c = state
    i, f, g, o = (x @ W.T + b).chunk(4, dim=1)
    ui, uf, uo = (c @ U.T).chunk(3, dim=1)
    c = torch.sigmoid(f + uf) * c + torch.sigmoid(i + ui) * torch.tanh(g)
    return torch.stack([torch.sigmoid(o + uo) * torch.tanh(c), c])


def fgr(x, state, W, U, b, p):
    h, c, *gates = state
    H = h.shape[1]
    of_h, *of_gates = U[: 4 * H], *U[4 * H :].chunk(3)
    i, f, g, o = (x @ W.T + h @ of_h.T + b).chunk(4, dim=1)
    ui, uf, uo = sum(a @ V.T for a, V in zip(gates, of_gates)).chunk(3, dim=1)
    i, f = torch.sigmoid(i + ui + p[0] * c), torch.sigmoid(f + uf + p[1] * c)
    c = f * c + i * torch.tanh(g)
    o = torch.sigmoid(o + uo + p[2] * c)
    return torch.stack([o * torch.tanh(c), c, i, f, o])


PROGRAMS = {
    "peephole": peephole,
    "coupled": coupled,
    "cifg": cifg,
    "layernorm-lstm": layernorm_lstm,
    "layernorm-lstm:s_h=identity": partial(layernorm_lstm, s_h=lambda c: c),
    "peephole-cell": peephole_cell,
    "fgr": fgr,
}


def compare(problem, run):
    """Outputs and all gradients of ``run(tensors) -> (y, last state)`` against ours."""
    tensors = {k: torch.tensor(a, requires_grad=True) for k, a in problem.arrays.items()}
    y, last = run(tensors)
    loss = (y * torch.tensor(problem.dy)).sum() + (last * torch.tensor(problem.ds_last)).sum()
    loss.backward()
    theirs = {k: t.grad.numpy() for k, t in tensors.items()} | {"y": y.detach().numpy()}
    engine = CpuBackend(2)
    ours = problem.backward(engine) | {"y": problem.forward(engine).y}
    assert worst_difference(theirs, ours) < TOLERANCE[problem.dy.dtype]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", PROGRAMS)
def test_cell_equals_its_autograd_program(cell, dtype, shape):
    def run(t):
        state, outputs = t["s0"], []
        for x in t["X"]:
            state = PROGRAMS[cell](x, state, t["W"], t["U"], t["b"], t.get("p"))
            outputs.append(state[0])
        return torch.stack(outputs), state

    compare(make_problem(cell_spec(cell), shape, dtype=dtype, ragged=False), run)


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
