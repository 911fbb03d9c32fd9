"""The reference LSTM against one step worked out by hand."""

import numpy as np

from lstm_music.backends.reference import ReferenceBackend
from lstm_music.cells.registry import cell_spec


def sigmoid(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def test_two_steps_by_hand():
    """H = D = B = 1, so each gate is one number; gates in the order i f g o."""
    w, u, b = np.array([0.1, -0.2, 0.3, 0.4]), np.array([0.5, 0.6, -0.7, 0.8]), np.arange(4) / 10
    x, h, c = np.array([1.5, -0.5]), 0.25, -0.75
    tape = ReferenceBackend().sequence_forward(
        cell_spec("lstm"), x.reshape(2, 1, 1), w.reshape(4, 1), u.reshape(4, 1), b, None,
        np.array([h, c]).reshape(2, 1, 1),
    )  # fmt: skip
    for t in range(2):
        i, f, g, o = (w * x[t] + b) + u * h
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        np.testing.assert_allclose(tape.S[t + 1].reshape(2), [h, c], rtol=1e-14)


def test_a_row_past_its_length_keeps_its_state():
    rng = np.random.default_rng(0)
    X, s0 = rng.normal(size=(4, 3, 2)), rng.normal(size=(2, 3, 5))
    W, U, b = rng.normal(size=(20, 2)), rng.normal(size=(20, 5)), rng.normal(size=20)
    lengths = np.array([0, 2, 4], np.int32)
    S = ReferenceBackend().sequence_forward(cell_spec("lstm"), X, W, U, b, None, s0, lengths).S
    for row, length in enumerate(lengths):
        assert (S[length:, :, row] == S[length, :, row]).all()
        assert (np.diff(S[: length + 1, :, row], axis=0) != 0).all()
    np.testing.assert_array_equal(S[0], s0)
