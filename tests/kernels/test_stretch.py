"""A stretch of tokens, heard layer by layer, leaves the state of single steps, bit for bit."""

import dataclasses

import numpy as np
import pytest
from cell_cases import MAPS, VARIANTS, ZONED, on_map, units
from model_cases import LEVELS, OPTIONS, SMALL

from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ShapeError
from lstm_music.kernels.isa import level_names
from lstm_music.kernels.step import PRECISIONS, Stepper, StepWeights
from lstm_music.kernels.stretch import Stretch
from lstm_music.nn.model import LanguageModel, ModelConfig

CONFIGS = {
    "small and odd": SMALL,
    "few rows, by table": ModelConfig(40, 33, 2, 16, hidden_size=21, layers=2),
    "panels and a rest": ModelConfig(300, 131, 29, 64, hidden_size=70, layers=3),
    "inputs wider than states": ModelConfig(60, 33, 9, 40, hidden_size=9, layers=2),
    **OPTIONS,
}


def cell_configs():
    for cell in (*VARIANTS, *ZONED, "block:size=5", *MAPS):
        D = on_map(cell_spec(cell), SMALL.embedding_size)
        yield dataclasses.replace(SMALL, cell=cell, embedding_size=D, hidden_size=units(cell, 19))


def check(config, level=None, precision="bfloat16", lengths=(1, 31, 2, 33, 64, 3)):
    model = LanguageModel.create(config, 3)
    model.flat_params[:] *= 2
    weights = StepWeights(model, level, precision)
    stepped, stretched = Stepper(weights), Stepper(weights)
    ahead = Stretch(stretched)
    rng = np.random.default_rng(1)
    for length in lengths:
        rows = rng.integers(config.n_rows, size=(length, config.n_streams), dtype=np.int32)
        for row in rows:
            expected = stepped.step_py(row)
        ahead.hear_py(rows)
        found = stretched.predict_py(np.ones(config.n_tokens, np.uint8))
        np.testing.assert_array_equal(found, expected)
    row = rng.integers(config.n_rows, size=config.n_streams, dtype=np.int32)
    np.testing.assert_array_equal(stretched.step_py(row), stepped.step_py(row))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_a_stretch_is_its_steps(config, precision, level):
    check(config, level_names().index(level), precision)


@pytest.mark.parametrize("config", [*cell_configs()], ids=lambda config: config.cell)
def test_a_stretch_of_every_cell(config):
    check(config, lengths=(33, 2))


def test_rows_outside_the_table_are_refused():
    ahead = Stretch(Stepper(StepWeights(LanguageModel.create(SMALL, 3))))
    for rows in (
        np.full((2, SMALL.n_streams), SMALL.n_rows, np.int32),
        np.zeros((2, SMALL.n_streams + 1), np.int32),
        np.zeros((2, SMALL.n_streams), np.int64),
    ):
        with pytest.raises(ShapeError, match="rows must"):
            ahead.hear_py(rows)
