"""Zoneout in the driver: masks and their mean, gradients, levels, threads, chunks."""

import dataclasses

import numpy as np
import pytest
from cell_cases import TOLERANCE, ZONED, make_problem, worst_difference
from gradcheck import worst_error
from model_cases import BACKENDS, LEVELS, backend_of

from lstm_music.backends.base import Tape
from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.reference.zoneout import kept_share

KEY = (2**63 + 5, 2**31 + 7)
MODES = {"masked": KEY, "mean": None}
LSTM = "lstm:zoneout_c=0.4,zoneout_h=0.25"


def problem_of(name, shape, mask_key, **options):
    return dataclasses.replace(make_problem(cell_spec(name), shape, **options), mask_key=mask_key)


def everything(problem, engine):
    tape = problem.forward(engine)
    return {"S": tape.S} | problem.backward(engine, tape)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ZONED)
def test_gradients_match_finite_differences(name, mode, backend):
    problem = problem_of(name, (5, 3, 4, 7), MODES[mode])
    engine = backend_of(backend)
    gradients = problem.backward(engine)
    error, where = worst_error(
        lambda: problem.loss(engine),
        problem.arrays,
        gradients,
        at_most=None if name == LSTM else 30,
    )
    assert error < 1e-6, where


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (6, 1, 3, 5), (70, 17, 5, 65)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [LSTM, "fgr:zoneout_c=0.4,zoneout_h=0.25", "gru:zoneout_h=0.3"])
def test_backends_agree_and_threads_change_no_bit(name, mode, dtype, shape):
    problem = problem_of(name, shape, MODES[mode], dtype=dtype)
    expected = everything(problem, ReferenceBackend())
    for isa in LEVELS:
        alone = everything(problem, CpuBackend(1, isa))
        assert worst_difference(expected, alone) < 5 * TOLERANCE[np.dtype(dtype)]
        for n_threads in (2, 3):
            got = everything(problem, CpuBackend(n_threads, isa))
            for key, value in alone.items():
                np.testing.assert_array_equal(got[key], value, err_msg=key)


@pytest.mark.parametrize("backend", BACKENDS)
def test_units_keep_their_value_as_often_as_asked(backend):
    """A kept unit has the very bits of the step before; c and h are drawn each for itself."""
    problem = problem_of(LSTM, (20, 8, 3, 100), KEY, ragged=False)
    S = problem.forward(backend_of(backend)).S
    kept = S[1:] == S[:-1]
    for state, rate in enumerate((0.25, 0.4)):
        n = kept[:, state].size
        assert abs(kept[:, state].mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / n)
    both = (kept[:, 0] & kept[:, 1]).mean()
    assert abs(both - 0.1) < 5 * np.sqrt(0.1 * 0.9 / n)
    for axis in (0, 1, 2, 3):  # no step, state, row or unit shares the mask of its neighbour
        a, b = np.delete(kept, 0, axis), np.delete(kept, -1, axis)
        assert abs((a & b).mean() - (a.mean() * b.mean() if axis != 1 else 0.1)) < 0.02


def test_other_keys_and_streams_draw_other_masks():
    spec, shape = cell_spec(LSTM), (2, 8, 100)
    draws = [
        kept_share(spec.zoneout, key, t, shape, np.dtype(np.float64))
        for key, t in ((KEY, 0), (KEY, 1), ((KEY[0] + 1, KEY[1]), 0), ((KEY[0], KEY[1] + 1), 0))
    ]
    again = kept_share(spec.zoneout, KEY, 0, shape, np.dtype(np.float64))
    np.testing.assert_array_equal(draws[0], again)
    for n, a in enumerate(draws):
        for b in draws[:n]:
            assert 0.3 < (a != b).mean() < 0.6


@pytest.mark.parametrize("mode", MODES)
def test_it_equals_an_autograd_program_of_the_papers_equations(mode):
    torch = pytest.importorskip("torch", reason="the rival: torch is not installed")
    problem = problem_of(LSTM, (6, 4, 3, 9), MODES[mode], ragged=False)
    t = {key: torch.tensor(value, requires_grad=True) for key, value in problem.arrays.items()}
    h, c = t["s0"]
    outputs = []
    for step, x in enumerate(t["X"]):
        shares = kept_share(problem.spec.zoneout, problem.mask_key, step, (2, 4, 9), np.float64)
        d_h, d_c = torch.tensor(shares)
        i, f, g, o = (x @ t["W"].T + h @ t["U"].T + t["b"]).chunk(4, dim=1)
        new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = d_h * h + (1 - d_h) * torch.sigmoid(o) * torch.tanh(new)  # of the c that is not kept
        c = d_c * c + (1 - d_c) * new
        outputs.append(h)
    y, last = torch.stack(outputs), torch.stack([h, c])
    loss = (y * torch.tensor(problem.dy)).sum() + (last * torch.tensor(problem.ds_last)).sum()
    loss.backward()
    theirs = {key: tensor.grad.numpy() for key, tensor in t.items()} | {"y": y.detach().numpy()}
    ours = problem.backward(CpuBackend(2)) | {"y": problem.forward(CpuBackend(2)).y}
    assert worst_difference(theirs, ours) < 1e-12


@pytest.mark.parametrize("backend", BACKENDS)
def test_chunks_equal_the_whole_where_no_mask_is_drawn(backend):
    engine, whole = backend_of(backend), problem_of(LSTM, (9, 3, 4, 7), None, ragged=False)
    tape = whole.forward(engine)
    head, tail = (dataclasses.replace(whole, arrays=dict(whole.arrays)) for _ in range(2))
    head.arrays["X"], tail.arrays["X"] = whole.arrays["X"][:4], whole.arrays["X"][4:]
    head_tape = head.forward(engine)
    tail.arrays["s0"] = head_tape.last
    np.testing.assert_array_equal(head_tape.S[:4], tape.S[:4])
    np.testing.assert_array_equal(tail.forward(engine).S, tape.S[4:])


@pytest.mark.parametrize("backend", BACKENDS)
def test_nan_passes_through_what_is_kept(backend):
    problem = problem_of(LSTM, (6, 5, 4, 9), KEY, dtype="float32", ragged=False)
    problem.arrays["X"][2, 3, 1] = np.nan
    S = problem.forward(backend_of(backend)).S
    assert np.isnan(S[3:, :, 3]).all()
    assert not np.isnan(S[:, :, [0, 1, 2, 4]]).any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tape_is_written_again_and_remembers_its_masks(backend):
    engine, problem = backend_of(backend), problem_of(LSTM, (5, 3, 4, 7), KEY)
    first = problem.forward(engine)
    other = dataclasses.replace(problem, mask_key=(1, 2))
    second = problem.forward(engine, out=other.forward(engine))
    for key, value in problem.backward(engine, second).items():
        np.testing.assert_array_equal(value, problem.backward(engine, first)[key])


@pytest.mark.parametrize("backend", BACKENDS)
def test_wrong_keys_and_tapes_are_refused(backend):
    engine = backend_of(backend)
    for key in ((-1, 0), (2**64, 0), (0, -1), (0, 2**32)):
        with pytest.raises(ConfigError, match="mask_key needs"):
            problem_of(LSTM, (2, 1, 1, 3), key).forward(engine)
    problem = problem_of(LSTM, (5, 3, 4, 7), KEY)
    tape = problem.forward(engine)
    with pytest.raises(ShapeError, match="the states before it: raw"):
        problem.backward(engine, Tape(tape.S, tape.K))
    with pytest.raises(ShapeError, match=r"tape\.raw must have shape"):
        problem.forward(engine, out=Tape(tape.S, tape.K, tape.raw[1:]))
