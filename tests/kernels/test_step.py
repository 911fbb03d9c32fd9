"""One token at a time equals the whole chunk at once."""

import dataclasses

import numpy as np
import pytest
from cell_cases import MAPS, VARIANTS, ZONED, on_map, units
from model_cases import LEVELS, OPTIONS, SMALL, make_chunk, score

from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.kernels.isa import level_names
from lstm_music.kernels.step import PRECISIONS, Stepper, StepWeights, step_together
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.reference.products import int8_product

CONFIGS = {
    "small and odd": SMALL,
    "one of everything": ModelConfig(1, 1, 1, 1, hidden_size=1, layers=1),
    "panels and a rest": ModelConfig(300, 131, 29, 64, hidden_size=70, layers=3),
    "few rows, by table": ModelConfig(40, 33, 2, 16, hidden_size=21, layers=2),
    "on a map, by table": ModelConfig(
        40, 33, 2, 24, cell="conv-lstm:size=4x3,kernel=3x3", hidden_size=36
    ),
}


def log_softmax(logits):
    shifted = logits.astype(np.float64) - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def stepped_nll(stepper, chunk):
    """What score_chunk gives, a token at a time, for a batch of one."""
    return [
        -log_softmax(stepper.step_py(rows))[target]
        for rows, target in zip(chunk.rows[:, 0], chunk.targets[:, 0])
    ]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_steps_equal_a_chunk(config, level):
    check_steps_equal_a_chunk(config, level, sharper=2)  # than a fresh model: mistakes show


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("cell", [*VARIANTS, *ZONED, "block:size=5", *MAPS])
def test_every_cell_steps(cell, level):
    D = on_map(cell_spec(cell), SMALL.embedding_size)
    check_steps_equal_a_chunk(
        dataclasses.replace(SMALL, cell=cell, embedding_size=D, hidden_size=units(cell, 19)),
        level,
        sharper=1,
    )


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("config", OPTIONS.values(), ids=list(OPTIONS))
def test_every_option_of_the_stack_steps(config, level):
    check_steps_equal_a_chunk(config, level, sharper=2)


def check_steps_equal_a_chunk(config, level, sharper):
    model = LanguageModel.create(config, 3)
    model.flat_params[:] *= sharper
    for name, value in model.params.items():
        if name.startswith("start."):
            value[...] = np.random.default_rng(4).normal(size=value.shape)
    chunk = make_chunk(model, T=30, B=1, ragged=False)
    chunk.targets = np.abs(chunk.targets)
    chunk.state = model.initial_state(1)
    if config.n_tokens == 1:
        chunk.targets[:] = 0
    stepper = Stepper(StepWeights(model, level_names().index(level), "float32"))
    np.testing.assert_allclose(stepped_nll(stepper, chunk), score(model, chunk)[0][:, 0], atol=1e-5)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_vector_levels_step_alike_bit_for_bit(precision):
    """In int8 also with the instruction that multiplies bytes and without: v3 has none."""
    model = LanguageModel.create(CONFIGS["panels and a rest"], 3)
    rows = np.arange(29, dtype=np.int32)
    logits = {
        isa: Stepper(StepWeights(model, level_names().index(isa), precision)).step_py(rows)
        for isa in LEVELS
    }
    if not {"v3", "v4"} <= logits.keys():
        pytest.skip("this machine lacks AVX-512")
    np.testing.assert_array_equal(logits["v3"], logits["v4"])


def bfloat16(x):
    """To the nearest value with 8 bits of significand, ties to even."""
    bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("cell", ["lstm", "gru", "peephole-cell"])
def test_bfloat16_weights_are_float32_weights_rounded_before(cell, level):
    config = dataclasses.replace(CONFIGS["panels and a rest"], cell=cell)
    model, rounded = (LanguageModel.create(config, 3) for _ in range(2))
    for name, values in rounded.params.items():
        if name.endswith((".W", ".U")):
            values[...] = bfloat16(values)
    number = level_names().index(level)
    brief = Stepper(StepWeights(model, number, "bfloat16"))
    full, exact = (Stepper(StepWeights(m, number, "float32")) for m in (rounded, model))
    for rows in np.random.default_rng(0).integers(0, 300, (20, 29)).astype(np.int32):
        logits = brief.step_py(rows)
        np.testing.assert_array_equal(logits, full.step_py(rows))
        assert not np.array_equal(logits, exact.step_py(rows))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("config", [*CONFIGS, "more than a stretch"])
def test_int8_is_what_it_is_defined_to_be(config, level):
    """The loss of a few tokens, against the same network with products of whole numbers."""
    wide = ModelConfig(9, 7, 2, 1030, hidden_size=3, layers=1)
    model = LanguageModel.create(CONFIGS.get(config, wide), 3, backend=ReferenceBackend())
    model.flat_params[:] *= 2
    chunk = make_chunk(model, T=6, B=1, ragged=False)
    chunk.targets = np.abs(chunk.targets) % model.config.n_tokens
    chunk.state = model.initial_state(1)
    exact = score(model, chunk)[0][:, 0]
    if model.spec.maps or config == "few rows, by table":
        tolerance = 0.05  # the first layer stands in a table, which is exact
    else:
        model.backend._product, tolerance = int8_product, 2e-3
    number = level_names().index(level)
    got = stepped_nll(Stepper(StepWeights(model, number, "int8")), chunk)
    np.testing.assert_allclose(got, score(model, chunk)[0][:, 0], atol=tolerance)
    assert model.config.n_tokens == 1 or not np.array_equal(got, exact)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("cell", ["lstm", "fgr"])
@pytest.mark.parametrize("config", ["panels and a rest", "few rows, by table", "every option"])
def test_together_is_as_alone_bit_for_bit(config, cell, level, precision):
    config = dataclasses.replace((CONFIGS | OPTIONS)[config], cell=cell)
    weights = StepWeights(LanguageModel.create(config, 3), level_names().index(level), precision)
    rng = np.random.default_rng(1)
    for n in (1, 2, 3, 5, 7, 8, 13, 16):
        alone, together = ([Stepper(weights) for _ in range(n)] for _ in range(2))
        rows = rng.integers(0, config.n_rows, (4, n, config.n_streams)).astype(np.int32)
        for step in rows:
            expected = [one.step_py(row) for one, row in zip(alone, step)]
            np.testing.assert_array_equal(step_together(together, step), expected)


def test_steppers_that_cannot_go_together_are_refused():
    one, other = (StepWeights(LanguageModel.create(SMALL, seed)) for seed in (0, 1))
    rows = np.zeros((2, 3), np.int32)
    same = Stepper(one)
    for steppers in ([], [same, same], [Stepper(one), Stepper(other)]):
        with pytest.raises(ShapeError, match="step together"):
            step_together(steppers, rows)
    with pytest.raises(ShapeError, match="step together"):
        step_together([Stepper(one) for _ in range(17)], np.zeros((17, 3), np.int32))
    with pytest.raises(ShapeError, match="rows must"):
        step_together([Stepper(one), Stepper(one)], rows[:1])


def test_an_unknown_precision_is_refused():
    with pytest.raises(ConfigError, match="float16"):
        StepWeights(LanguageModel.create(SMALL, 0), precision="float16")


def test_only_wanted_logits_are_computed():
    model = LanguageModel.create(CONFIGS["panels and a rest"], 3)
    stepper = Stepper(StepWeights(model))
    every = stepper.step_py(np.arange(29, dtype=np.int32))
    for wanted in ([0], [130], [5, 128], []):
        mask = np.zeros(131, np.uint8)
        mask[wanted] = 1
        some = stepper.predict_py(mask)
        np.testing.assert_array_equal(some[wanted], every[wanted])
        assert np.isnan(some).any()


@pytest.mark.parametrize("config", [SMALL, OPTIONS["every option"]], ids=["plain", "every option"])
def test_reset_and_copy_of_a_state(config):
    model = LanguageModel.create(config, 5)
    model.flat_params[:] += 0.1  # no start is at zero
    weights = StepWeights(model)
    one, two = Stepper(weights), Stepper(weights)
    rows = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.int32)
    fresh = one.step_py(rows[0])
    one.step_py(rows[1])
    two.copy_state_py(one)
    wanted = np.ones(config.n_tokens, np.uint8)
    np.testing.assert_array_equal(two.predict_py(wanted), one.predict_py(wanted))
    after = one.step_py(rows[2])
    assert not np.array_equal(two.step_py(rows[2]), fresh)
    two.reset()
    np.testing.assert_array_equal(two.step_py(rows[0]), fresh)
    two.step_py(rows[1])
    np.testing.assert_array_equal(two.step_py(rows[2]), after)


def test_weights_are_a_copy():
    model = LanguageModel.create(SMALL, 5)
    weights = StepWeights(model)
    rows = np.array([1, 2, 3], np.int32)
    before = Stepper(weights).step_py(rows)
    model.flat_params[:] = 0
    np.testing.assert_array_equal(Stepper(weights).step_py(rows), before)


def test_float64_models_are_rounded():
    model = LanguageModel.create(SMALL, 5, dtype="float64")
    same = LanguageModel.create(SMALL, 5)
    rows = np.array([1, 2, 3], np.int32)
    a, b = (Stepper(StepWeights(m, precision="float32")).step_py(rows) for m in (model, same))
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "rows",
    [
        np.zeros(2, np.int32),
        np.zeros(3, np.int64),
        np.array([0, 0, 11], np.int32),
        np.array([-1, 0, 0], np.int32),
    ],
)
def test_wrong_rows_are_refused(rows):
    stepper = Stepper(StepWeights(LanguageModel.create(SMALL, 0)))
    with pytest.raises(ShapeError, match="rows must"):
        stepper.step_py(rows)


@pytest.mark.parametrize("wanted", [np.ones(8, np.uint8), np.ones(7, bool)])
def test_a_wrong_mask_is_refused(wanted):
    with pytest.raises(ShapeError, match="wanted must"):
        Stepper(StepWeights(LanguageModel.create(SMALL, 0))).predict_py(wanted)


def test_a_state_of_other_weights_is_refused():
    one, two = (Stepper(StepWeights(LanguageModel.create(SMALL, seed))) for seed in (0, 1))
    with pytest.raises(ShapeError, match="same weights"):
        one.copy_state_py(two)
