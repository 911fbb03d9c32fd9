"""Products in bfloat16: their definition, the kernel bit for bit, and every cell with them."""

import copy

import numpy as np
import pytest
from cell_cases import VARIANTS, make_problem, worst_difference

from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.isa import VARIABLE
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.errors import BackendError, ConfigError
from lstm_music.kernels.isa import BFLOAT16, level_ready
from lstm_music.reference.products import bfloat16_product, rounded

needs_instruction = pytest.mark.skipif(not level_ready(BFLOAT16), reason="needs AVX512-BF16")
WORST = 0.03  # of the largest element: 8 bits of significand, a few steps in a row
TINY, HUGE = np.float32(2.0**-130), np.float32(3.3e38)


def brief():
    return CpuBackend(2, precision="bfloat16")


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (1 + 2**-8, 1.0),  # a tie, to the even neighbour
        (1 + 3 * 2**-8, 1 + 2**-6),
        (1 + 2**-8 + 2**-20, 1 + 2**-7),
        (-3.1415927, -3.140625),
        (HUGE, HUGE),
        (np.float32(3.4e38), np.inf),
        (TINY, 0.0),
        (-TINY, -0.0),
        (-np.inf, -np.inf),
    ],
)
def test_rounding(x, expected):
    got = rounded(np.array([[x]], np.float32))[0, 0]
    if x == HUGE:
        assert abs(got - HUGE) < 2.0**120
        return
    assert got == expected
    assert np.signbit(got) == np.signbit(expected)


def test_nan_stays_nan():
    bits = np.array([0x7F800001, 0xFFFFFFFF, 0x7FC12345], np.uint32)
    assert np.isnan(rounded(bits.view(np.float32))).all()


def test_a_pair_adds_the_odd_product_first():
    """And rounds in between: 1 + 2**-24 is 1, whatever comes then."""
    A = np.array([[2.0**-24, 1.0]], np.float32)
    B = np.array([[1.0], [1.0]], np.float32)
    start = np.array([[2.0**-24]], np.float32)
    assert bfloat16_product(A, B, start) == 1.0
    assert bfloat16_product(A[:, ::-1], B, start) == np.float32(1 + 2.0**-23)


def test_tiny_numbers_count_as_zero():
    A, B = np.array([[2.0**-70]], np.float32), np.array([[2.0**-60]], np.float32)
    assert bfloat16_product(A, B) == 0.0
    assert bfloat16_product(0 * A, B, np.full((1, 1), TINY)) == 0.0


def test_float64_is_multiplied_as_it_is():
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(3, 5)), rng.normal(size=(5, 4))
    np.testing.assert_array_equal(bfloat16_product(A, B), 0.0 + A @ B)


# Around a tile, a vector and a panel of columns, a block of k; odd depths leave half a word.
SHAPES = [
    (1, 1, 1),
    (3, 17, 2),
    (15, 33, 31),
    (29, 65, 33),
    (113, 40, 47),
    (4, 9, 513),
    (5, 70, 514),
]


def wild(rng, shape):
    """Numbers of every size, with zeros, denormals, infinities and NaN among them."""
    x = np.ldexp(rng.normal(size=shape), rng.integers(-9, 9, shape)).astype(np.float32)
    x[rng.random(shape) < 0.02] *= np.float32(1e-36)
    x[rng.random(shape) < 0.02] = 0
    x.flat[0] *= np.float32(1e-38)
    if x.shape[0] > 10:
        x[3, 0], x[7, -1] = np.inf, np.nan
    return x


@needs_instruction
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_kernel_equals_the_emulation_bit_for_bit(shape, transpose_a, transpose_b):
    M, N, K = shape
    rng = np.random.default_rng(K)
    A = wild(rng, (K, M) if transpose_a else (M, K))
    B = wild(rng, (N, K) if transpose_b else (K, N))
    start = wild(rng, (M, N))
    for accumulate in (False, True):
        outs = []
        for engine in (brief(), ReferenceBackend("bfloat16")):
            outs.append(start.copy())
            engine.matmul(
                A, B, outs[-1],
                accumulate=accumulate, transpose_a=transpose_a, transpose_b=transpose_b,
            )  # fmt: skip
        np.testing.assert_array_equal(*outs)
        same_sign = np.signbit(outs[0]) == np.signbit(outs[1])
        assert (same_sign | np.isnan(outs[0])).all()


def everything(problem, engine):
    tape = problem.forward(engine)
    return {"S": tape.S} | problem.backward(engine, tape)


@pytest.mark.parametrize("cell", VARIANTS)
def test_gradients_of_every_cell_are_those_of_float64_to_bfloat16(cell):
    problem = make_problem(cell_spec(cell), (4, 3, 8, 9))
    expected = everything(problem, ReferenceBackend())
    small = make_problem(cell_spec(cell), (4, 3, 8, 9), dtype="float32")
    got = everything(small, ReferenceBackend("bfloat16"))
    assert 1e-4 < worst_difference(expected, got) < WORST


@needs_instruction
@pytest.mark.parametrize("shape", [(4, 3, 8, 9), (3, 33, 40, 35), (30, 29, 3, 9)])
@pytest.mark.parametrize("cell", cell_names())
def test_compiled_equals_reference(cell, shape):
    """To bfloat16: where a sum is rounded differently, what is made of it may round differently."""
    problem = make_problem(cell_spec(cell), shape, dtype="float32")
    expected = everything(problem, ReferenceBackend("bfloat16"))
    assert worst_difference(expected, everything(problem, brief())) < WORST


@needs_instruction
@pytest.mark.parametrize("cell", cell_names())
def test_threads_change_no_bit(cell):
    problem = make_problem(cell_spec(cell), (40, 29, 33, 35), dtype="float32")
    alone = everything(problem, CpuBackend(1, precision="bfloat16"))
    for n_threads in (2, 3, 40):
        got = everything(problem, CpuBackend(n_threads, precision="bfloat16"))
        for name, expected in alone.items():
            np.testing.assert_array_equal(got[name], expected, err_msg=f"{name} {n_threads}")


@needs_instruction
def test_float64_is_computed_as_ever():
    problem = make_problem(cell_spec("lstm"), (4, 3, 8, 9))
    exact = everything(problem, CpuBackend(1, "v4"))
    for name, value in everything(problem, brief()).items():
        np.testing.assert_array_equal(value, exact[name])


@needs_instruction
def test_a_copy_keeps_the_precision():
    assert copy.copy(brief()).level == BFLOAT16


def test_without_the_instruction_it_is_one_clear_error(monkeypatch):
    with pytest.raises(ConfigError, match="precision must be one of float32, bfloat16"):
        CpuBackend(1, precision="float16")
    monkeypatch.setenv(VARIABLE, "base")
    with pytest.raises(BackendError, match="needs AVX512-BF16"):
        CpuBackend(1, precision="bfloat16")
    assert CpuBackend(1, precision="float32").level == 0
