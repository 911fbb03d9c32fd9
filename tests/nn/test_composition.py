"""Cells whose parameters are not W, U, b: torch's autograd, levels, threads, chunks, the model."""

import dataclasses

import numpy as np
import pytest
from cell_cases import TOLERANCE, units, worst_difference
from gradcheck import worst_error
from model_cases import BACKENDS, SMALL, backend_of, make_chunk, score, train

from lstm_music.backends.cpu import CpuBackend
from lstm_music.errors import ConfigError
from lstm_music.nn import cell
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model, save_model

CELLS = ["block", "block:size=3", "memory-gated", "memory-gated:s_h=tanh"]
DTYPES = ["float32", "float64"]


def call(name, backend, dtype="float64", B=5, D=6, H=12):
    """(what goes in, what comes out, gradients by name) of one random ragged batch."""
    made = cell.make(name, input_size=D, hidden_size=H, dtype=dtype, rng_seed=1, backend=backend)
    rng = np.random.default_rng(2)
    draw = lambda *shape: rng.normal(0, 0.6, shape).astype(dtype)  # noqa: E731
    given = {"x": draw(9, B, D), "state": draw(2, B, H)} | made.params
    lengths = rng.integers(0, 10, B)
    lengths[0] = 9
    dy, dstate = draw(9, B, H), draw(2, B, H)
    y, last, tape = made.forward(given["x"], given["state"], lengths)
    dx, dstate0, grads = made.backward(dy, tape, dstate)
    given |= {"lengths": lengths, "dy": dy, "dstate": dstate}
    return given, {"y": y, "last": last}, {"x": dx, "state": dstate0} | grads


def block_program(torch, t, x, state, size):
    """One step; a gate of a block is repeated for its cells."""
    h, c = state
    H = h.shape[1]
    n = H // size
    i, f, g, o = (x @ t["W"].T + h @ t["U"].T + t["b"]).split([n, n, H, n], dim=1)
    i, f, o = (torch.sigmoid(gate).repeat_interleave(size, dim=1) for gate in (i, f, o))
    c = f * c + i * torch.tanh(g)
    return o * torch.tanh(c), c


def memory_gated_program(torch, t, x, state, s_h):
    """One step; gates of the mapped input and the old memory."""
    _, memory = state
    mapped = x @ t["M_in"].T
    sums = torch.cat([mapped, memory], 1) @ torch.cat([t["W"], t["U"]], 1).T + t["b"]
    remember, forget, out = torch.sigmoid(sums).chunk(3, dim=1)
    memory = forget * memory + remember * mapped
    return out * (torch.tanh(memory) if s_h == "tanh" else memory), memory


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CELLS)
def test_cell_equals_its_autograd_program(name, dtype):
    torch = pytest.importorskip("torch", reason="the rival: torch is not installed")
    given, out, ours = call(name, CpuBackend(2), dtype)
    t = {key: torch.tensor(given[key], requires_grad=True) for key in ours}
    state, outputs = tuple(t["state"]), []
    running = torch.tensor(given["lengths"])
    for step, x in enumerate(t["x"]):
        if name.startswith("block"):
            after = block_program(torch, t, x, state, int(name.partition("=")[2] or 2))
        else:
            after = memory_gated_program(torch, t, x, state, name.partition("=")[2])
        on = (step < running)[:, None]
        state = tuple(torch.where(on, new, old) for new, old in zip(after, state))
        outputs.append(state[0])
    y, last = torch.stack(outputs), torch.stack(state)
    loss = (y * torch.tensor(given["dy"])).sum() + (last * torch.tensor(given["dstate"])).sum()
    loss.backward()
    theirs = {key: tensor.grad.numpy() for key, tensor in t.items()}
    assert worst_difference(theirs, ours) < TOLERANCE[np.dtype(dtype)]
    theirs = {"y": y.detach().numpy(), "last": last.detach().numpy()}
    assert worst_difference(theirs, out) < TOLERANCE[np.dtype(dtype)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CELLS)
def test_backends_agree_and_threads_change_no_bit(name, dtype):
    expected = call(name, backend_of("reference"), dtype)[1:]
    for isa in BACKENDS[1:]:
        alone = call(name, CpuBackend(1, isa), dtype)[1:]
        for a, b in zip(expected, alone):
            assert worst_difference(a, b) < TOLERANCE[np.dtype(dtype)]
        for n_threads in (2, 3):
            for a, b in zip(alone, call(name, CpuBackend(n_threads, isa), dtype)[1:]):
                for key in a:
                    np.testing.assert_array_equal(a[key], b[key], err_msg=key)


@pytest.mark.parametrize("name", CELLS)
def test_chunks_equal_the_whole(name):
    made = cell.make(name, input_size=4, hidden_size=6, dtype="float64", rng_seed=1)
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(9, 3, 4)), rng.normal(size=(9, 3, 6))
    whole, last, tape = made.forward(x)
    dx, dstate, grads = made.backward(dy, tape)
    head, state, head_tape = made.forward(x[:4])
    tail, end, tail_tape = made.forward(x[4:], state)
    dx_tail, between, tail_grads = made.backward(dy[4:], tail_tape)
    dx_head, start, head_grads = made.backward(dy[:4], head_tape, between)
    np.testing.assert_array_equal(np.concatenate([head, tail]), whole)
    np.testing.assert_array_equal(end, last)
    np.testing.assert_allclose(np.concatenate([dx_head, dx_tail]), dx, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(start, dstate, rtol=1e-11, atol=1e-13)
    for key, value in grads.items():
        parts = head_grads[key] + tail_grads[key]
        np.testing.assert_allclose(parts, value, rtol=1e-11, atol=1e-13)


def test_a_block_of_one_cell_is_the_lstm():
    (_, out, grads), (_, expected, wanted) = (
        call(name, CpuBackend(1)) for name in ("block:size=1", "lstm")
    )
    for ours, theirs in ((out, expected), (grads, wanted)):
        for key, value in theirs.items():
            np.testing.assert_array_equal(ours[key], value)


def test_a_block_has_one_row_for_the_gates_of_all_its_cells():
    params = cell.make("block:size=4", input_size=3, hidden_size=12).params
    shapes = {key: value.shape for key, value in params.items()}
    assert shapes == {"W": (21, 3), "U": (21, 12), "b": (21,)}  # 3 + 3 + 12 + 3 rows: i f g o
    assert params["b"].tolist() == [0] * 3 + [1] * 3 + [0] * 15


INPUTS = {"embedded": {"embedding_size": 2}, "token table": {"embedding_size": 8, "n_streams": 1}}


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CELLS)
def test_every_gradient_of_a_model_matches_finite_differences(name, backend, inputs):
    config = dataclasses.replace(
        SMALL, n_rows=5, n_tokens=4, hidden_size=units(name, 3), cell=name, **INPUTS[inputs]
    )
    model = LanguageModel.create(config, 0, dtype="float64", backend=backend_of(backend, 1))
    chunk = make_chunk(model, T=4, B=3)
    train(model, chunk, dropout_key=(5, 8))
    gradients = {key: value.copy() for key, value in model.grads.items()}
    train(model, chunk, dropout_key=(5, 8))
    for key, value in gradients.items():
        np.testing.assert_allclose(model.grads[key], 2 * value, rtol=1e-12, err_msg=key)

    def loss() -> float:
        nll, n_targets, _ = train(model, chunk, dropout_key=(5, 8))
        return nll / n_targets

    worst, where = worst_error(loss, model.params, gradients, at_most=12)
    assert worst < 1e-6, where


@pytest.mark.parametrize("name", CELLS)
def test_a_file_holds_the_cells_own_parameters(name, tmp_path):
    config = dataclasses.replace(SMALL, cell=name, hidden_size=6)
    model = LanguageModel.create(config, 0)
    save_model(tmp_path / "m.safetensors", model, "{}", {}, {})
    again, facts = load_model(tmp_path / "m.safetensors")
    assert facts["sizes"]["cell"] == name
    assert list(again.params) == list(model.params)
    np.testing.assert_array_equal(again.flat_params, model.flat_params)
    chunk = make_chunk(model, T=5, B=2)
    np.testing.assert_array_equal(score(again, chunk)[0], score(model, chunk)[0])


def test_a_model_with_a_block_that_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match=r"block:size=4 has blocks of 4 cells, so hidden_size"):
        dataclasses.replace(SMALL, cell="block:size=4", hidden_size=6)
