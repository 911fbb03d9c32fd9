"""Language models whose layers are convolutions."""

import dataclasses

import numpy as np
import pytest
from cell_cases import MAPS, on_map
from gradcheck import worst_error
from model_cases import BACKENDS, SMALL, backend_of, make_chunk, score, train

from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ConfigError
from lstm_music.nn.config import parameter_shapes
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model, save_model


def config_of(cell):
    D, H = (on_map(cell_spec(cell), size) for size in (2, 20))
    return dataclasses.replace(
        SMALL, n_rows=5, n_tokens=4, embedding_size=D, hidden_size=H, cell=cell
    )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cell", MAPS)
def test_every_gradient_matches_finite_differences(cell, backend):
    model = LanguageModel.create(config_of(cell), 0, dtype="float64", backend=backend_of(backend))
    chunk = make_chunk(model, T=4, B=3)
    train(model, chunk, dropout_key=(5, 8))
    gradients = {key: value.copy() for key, value in model.grads.items()}

    def loss() -> float:
        nll, n_targets, _ = train(model, chunk, dropout_key=(5, 8))
        return nll / n_targets

    worst, where = worst_error(loss, model.params, gradients, at_most=12)
    assert worst < 1e-6, where


@pytest.mark.parametrize("cell", MAPS)
def test_a_file_holds_the_kernels(cell, tmp_path):
    model = LanguageModel.create(config_of(cell), 0)
    save_model(tmp_path / "m.safetensors", model, "{}", {}, {})
    again, facts = load_model(tmp_path / "m.safetensors")
    assert facts["sizes"]["cell"] == cell
    np.testing.assert_array_equal(again.flat_params, model.flat_params)
    chunk = make_chunk(model, T=5, B=2)
    np.testing.assert_array_equal(score(again, chunk)[0], score(model, chunk)[0])


def test_parameters_are_those_of_a_convolution():
    cell = "conv-lstm:size=4x3,kernel=3x1,forget_bias=2"
    config = dataclasses.replace(SMALL, embedding_size=24, hidden_size=36, cell=cell)
    shapes = parameter_shapes(config)
    layer = {name: shape for name, shape in shapes.items() if name.startswith("layers.0.")}
    assert layer == {
        "layers.0.W": (12, 2 * 3),
        "layers.0.U": (12, 3 * 3),
        "layers.0.b": (12,),
        "layers.0.p": (3, 36),
    }
    model = LanguageModel.create(config, 0)
    assert model.params["layers.1.b"].tolist() == [0] * 3 + [2] * 3 + [0] * 6
    for name in ("layers.0.W", "layers.1.U", "layers.0.p"):
        largest = np.abs(model.params[name]).max()
        assert 0.8 * 9**-0.5 < largest <= 9**-0.5, name  # a unit sees 3 taps of 3 channels


@pytest.mark.parametrize(("D", "H", "name"), [(23, 36, "input"), (24, 35, "hidden")])
def test_a_model_that_does_not_fit_the_map_is_refused(D, H, name):
    with pytest.raises(ConfigError, match=f"{name} size must be a multiple of 12"):
        dataclasses.replace(SMALL, embedding_size=D, hidden_size=H, cell="conv-lstm:size=12")
