"""Gradients by finite differences: the referee of every backward pass."""

from collections.abc import Callable, Mapping

import numpy as np


def central_difference(
    loss: Callable[[], float], array: np.ndarray, step: float, at: np.ndarray
) -> np.ndarray:
    """dloss/darray at some flat indices by 4th-order central differences.

    ``array`` is changed and put back.

    The error is about step^4 times a fifth derivative plus eps/step: 1e-10 at step 1e-3.
    """
    gradient, flat = np.empty(at.size), array.reshape(-1)
    for n, i in enumerate(at):
        held, values = flat[i], []
        for offset in (-2, -1, 1, 2):
            flat[i] = held + offset * step
            values.append(loss())
        flat[i] = held
        gradient[n] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
    return gradient


def worst_error(
    loss: Callable[[], float],
    arrays: Mapping[str, np.ndarray],
    gradients: Mapping[str, np.ndarray],
    step: float = 1e-3,
    at_most: int | None = None,
) -> tuple[float, str]:
    """Largest error of any element, relative to the largest element of its gradient, and where.

    Every array must be float64, writable and contiguous. ``at_most`` elements of each array,
    drawn at random, are looked at: enough where another test compares all with another backend.
    """
    rng = np.random.default_rng(0)
    worst, where = -1.0, "nowhere"
    for name, array in arrays.items():
        assert array.dtype == np.float64
        if not array.size:  # U of a cell without a recurrent matrix
            continue
        at = rng.permutation(array.size)[:at_most]
        expected = central_difference(loss, array, step, at)
        assert np.abs(expected).max() > 0, f"the loss does not depend on {name}: a vacuous check"
        error = np.abs(gradients[name].reshape(-1)[at] - expected) / np.abs(expected).max()
        if error.max() > worst:
            worst = float(error.max())
            where = f"{name}{np.unravel_index(at[error.argmax()], array.shape)}"
    return worst, where
