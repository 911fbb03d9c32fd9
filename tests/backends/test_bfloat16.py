"""Products in bfloat16, two ways: what they are, the kernels bit for bit, every cell with them."""

import copy
import threading

import numpy as np
import pytest
from cell_cases import VARIANTS, make_problem, worst_difference

from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.isa import VARIABLE
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.errors import BackendError, ConfigError
from lstm_music.kernels import gemm
from lstm_music.kernels.isa import AMX, BFLOAT16, level_name, level_ready
from lstm_music.kernels.pool import ThreadPool
from lstm_music.reference.products import PRODUCTS, amx_product, bfloat16_product, rounded

LEVELS = {"bfloat16": BFLOAT16, "amx": AMX}
NEEDS = {"bfloat16": "needs AVX512-BF16", "amx": "needs AMX-BF16"}
on_this_machine = pytest.mark.parametrize(
    "precision",
    [
        pytest.param(name, marks=pytest.mark.skipif(not level_ready(level), reason=NEEDS[name]))
        for name, level in LEVELS.items()
    ],
)
WORST = 0.03  # of the largest element: 8 bits of significand, a few steps in a row
TINY, HUGE = np.float32(2.0**-130), np.float32(3.3e38)


def brief(precision):
    return CpuBackend(2, precision=precision)


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


def test_amx_sums_up_32_k_apart():
    """The even ones, the odd ones, and both together: only then what was there before."""
    A, B = np.zeros((1, 34), np.float32), np.ones((34, 1), np.float32)
    A[0, [0, 2]] = 1.0, 2.0**-24  # even: the second is lost beside the first
    assert amx_product(A, B) == 1.0
    A[0, :4] = 1.0, 2.0**-24, 0.0, 2.0**-24  # the odd ones are summed up before they meet it
    assert amx_product(A, B) == np.float32(1 + 2.0**-23)
    A[0, :4], A[0, 33] = [1.0, 2.0**-24, 0.0, 0.0], 2.0**-24  # in the next 32 alone, and lost
    assert amx_product(A, B) == 1.0
    start = np.array([[2.0**-24]], np.float32)
    A[0] = 0.0
    A[0, :2] = 1.0, 2.0**-24
    assert amx_product(A, B, start) == 1.0  # not 1 + 2**-23: what is there comes last


@pytest.mark.parametrize("product", [bfloat16_product, amx_product])
def test_tiny_numbers_count_as_zero(product):
    A, B = np.array([[2.0**-70]], np.float32), np.array([[2.0**-60]], np.float32)
    assert product(A, B) == 0.0
    assert product(0 * A, B, np.full((1, 1), TINY)) == 0.0


@pytest.mark.parametrize("product", [bfloat16_product, amx_product])
def test_float64_is_multiplied_as_it_is(product):
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(3, 5)), rng.normal(size=(5, 4))
    np.testing.assert_array_equal(product(A, B), 0.0 + A @ B)


# Around a tile, a vector and a panel of columns, a block of k or of rows; odd depths leave half a
# word.
SHAPES = [
    (1, 1, 1),
    (3, 17, 2),
    (15, 33, 31),
    (16, 130, 32),
    (29, 65, 33),
    (113, 40, 47),
    (4, 9, 513),
    (5, 70, 514),
    (335, 9, 260),
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


@on_this_machine
@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_kernel_equals_the_emulation_bit_for_bit(shape, transpose_a, transpose_b, precision):
    M, N, K = shape
    rng = np.random.default_rng(K)
    A = wild(rng, (K, M) if transpose_a else (M, K))
    B = wild(rng, (N, K) if transpose_b else (K, N))
    start = wild(rng, (M, N))
    for accumulate in (False, True):
        outs = []
        for engine in (brief(precision), ReferenceBackend(precision)):
            outs.append(start.copy())
            engine.matmul(
                A, B, outs[-1],
                accumulate=accumulate, transpose_a=transpose_a, transpose_b=transpose_b,
            )  # fmt: skip
        np.testing.assert_array_equal(*outs)
        same_sign = np.signbit(outs[0]) == np.signbit(outs[1])
        assert (same_sign | np.isnan(outs[0])).all()


@on_this_machine
@pytest.mark.parametrize("K", [1, 33, 63, 514])
def test_what_memory_held_before_does_not_count(precision, K):
    """NaN would stay NaN, even times zero."""
    level, pool = LEVELS[precision], ThreadPool(1)
    rng = np.random.default_rng(K)
    A, B = (rng.normal(size=shape).astype(np.float32) for shape in ((5, K), (K, 40)))
    packed = np.full(gemm.packed_size(level, K, 40, 4), np.nan, np.float32)
    scratch = np.full((1, gemm.SCRATCH_SIZE), np.nan, np.float32)
    gemm.pack(level, pool, B, False, packed)
    out = np.full((5, 40), np.nan, np.float32)
    gemm.run(level, pool, A, False, packed, out, None, False, 0, 5, scratch)
    np.testing.assert_array_equal(out, PRODUCTS[precision](A, B))


def everything(problem, engine):
    tape = problem.forward(engine)
    return {"S": tape.S} | problem.backward(engine, tape)


@pytest.mark.parametrize("precision", LEVELS)
@pytest.mark.parametrize("cell", VARIANTS)
def test_gradients_of_every_cell_are_those_of_float64_to_bfloat16(cell, precision):
    problem = make_problem(cell_spec(cell), (4, 3, 8, 9))
    expected = everything(problem, ReferenceBackend())
    small = make_problem(cell_spec(cell), (4, 3, 8, 9), dtype="float32")
    got = everything(small, ReferenceBackend(precision))
    assert 1e-4 < worst_difference(expected, got) < WORST


@on_this_machine
@pytest.mark.parametrize("shape", [(4, 3, 8, 9), (3, 33, 40, 35), (30, 29, 3, 9)])
@pytest.mark.parametrize("cell", cell_names())
def test_compiled_equals_reference(cell, shape, precision):
    """To bfloat16: where a sum is rounded differently, what is made of it may round differently."""
    problem = make_problem(cell_spec(cell), shape, dtype="float32")
    expected = everything(problem, ReferenceBackend(precision))
    assert worst_difference(expected, everything(problem, brief(precision))) < WORST


@on_this_machine
@pytest.mark.parametrize("cell", cell_names())
def test_threads_change_no_bit(cell, precision):
    problem = make_problem(cell_spec(cell), (40, 29, 33, 35), dtype="float32")
    alone = everything(problem, CpuBackend(1, precision=precision))
    for n_threads in (2, 3, 40):
        got = everything(problem, CpuBackend(n_threads, precision=precision))
        for name, expected in alone.items():
            np.testing.assert_array_equal(got[name], expected, err_msg=f"{name} {n_threads}")


@on_this_machine
def test_float64_is_computed_as_ever(precision):
    problem = make_problem(cell_spec("lstm"), (4, 3, 8, 9))
    exact = everything(problem, CpuBackend(1, "v4"))
    for name, value in everything(problem, brief(precision)).items():
        np.testing.assert_array_equal(value, exact[name])


@on_this_machine
def test_a_copy_keeps_the_precision(precision):
    assert copy.copy(brief(precision)).level == LEVELS[precision]
    assert level_name(LEVELS[precision]) == {"bfloat16": "bf16", "amx": "amx"}[precision]


@on_this_machine
def test_a_thread_that_was_there_before_multiplies_alike(precision):
    """Linux gives AMX to a process on request: its threads have it, whenever they began."""
    A = np.random.default_rng(1).normal(size=(300, 70)).astype(np.float32)
    asked, outs = threading.Event(), [np.empty((300, 300), np.float32) for _ in range(2)]

    def multiply(out):
        asked.wait()
        CpuBackend(1, precision=precision).matmul(A, A, out, transpose_b=True)

    early = threading.Thread(target=multiply, args=(outs[0],))
    early.start()
    engine = brief(precision)
    asked.set()
    engine.matmul(A, A, outs[1], transpose_b=True)
    early.join()
    np.testing.assert_array_equal(*outs)


@pytest.mark.parametrize(("precision", "need"), [("bfloat16", "AVX512-BF16"), ("amx", "AMX")])
def test_without_the_instruction_it_is_one_clear_error(monkeypatch, precision, need):
    with pytest.raises(ConfigError, match="precision must be one of float32, bfloat16, amx"):
        CpuBackend(1, precision="float16")
    monkeypatch.setenv(VARIABLE, "base")
    with pytest.raises(BackendError, match=f"precision {precision} needs .*{need}"):
        CpuBackend(1, precision=precision)
    assert CpuBackend(1, precision="float32").level == 0
