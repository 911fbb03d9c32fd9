"""The readable functions against closed forms and against differences."""

import numpy as np
import pytest

from lstm_music.reference import math


def test_sigmoid_of_known_values():
    x = np.array([-1000, -np.log(3), 0, np.log(3), 1000])
    np.testing.assert_allclose(math.sigmoid(x), [0, 0.25, 0.5, 0.75, 1], rtol=1e-15)


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_derivatives_take_the_output(name):
    x, step = np.linspace(-4, 4, 41), 1e-5
    f, df = getattr(math, name), getattr(math, f"d_{name}")
    np.testing.assert_allclose(df(f(x)), (f(x + step) - f(x - step)) / (2 * step), atol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept(dtype):
    x = np.linspace(-4, 4, 5).astype(dtype)
    assert math.sigmoid(x).dtype == math.tanh(x).dtype == dtype
