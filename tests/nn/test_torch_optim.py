"""Twenty steps of every optimiser against the one in PyTorch, with and without penalty."""

import numpy as np
import pytest
from model_cases import BACKENDS, backend_of

from lstm_music.nn.optim import make_optimiser

torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")

RATE, MAX_NORM, SIZE, STEPS = 0.05, 4.0, 300, 20
CASES = {
    "adam": ("adam", {}, torch.optim.Adam, {}),
    "sgd": ("sgd", {"momentum": 0.0}, torch.optim.SGD, {}),
    "sgd, momentum": ("sgd", {"momentum": 0.7}, torch.optim.SGD, {"momentum": 0.7}),
    "rmsprop": ("rmsprop", {"decay": 0.9}, torch.optim.RMSprop, {"alpha": 0.9}),
    "rmsprop, momentum": (
        "rmsprop", {"decay": 0.99, "momentum": 0.7}, torch.optim.RMSprop, {"momentum": 0.7},
    ),
    "rprop": (
        "rprop", {"least": 0.25, "most": 2.0}, torch.optim.Rprop,
        {"step_sizes": (0.25 * RATE, 2.0 * RATE)},
    ),
}  # fmt: skip
# Rounding of 20 steps; RMSProp and Adam divide by the root of a mean that starts near 0.
TOLERANCE = {"float32": 2e-6, "float64": 1e-13}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("l2", [0.0, 0.2])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_twenty_steps_equal_torch(backend, case, l2, dtype):
    name, options, theirs_type, their_options = CASES[case]
    rng = np.random.default_rng(3)
    start, target = rng.normal(size=(2, SIZE)).astype(dtype)
    noise = rng.normal(0, 0.3, (STEPS, SIZE)).astype(dtype)
    ours, params = make_optimiser(
        name, SIZE, l2=l2, dtype=dtype, backend=backend_of(backend), **options
    ), start.copy()  # fmt: skip
    weights = torch.nn.Parameter(torch.tensor(start))
    penalty = {} if name == "rprop" else {"weight_decay": l2}  # theirs has none: added below
    theirs = theirs_type([weights], lr=RATE, **their_options, **penalty)
    clipped = 0
    for step in range(STEPS):
        norm = ours.step(params, params - target + noise[step], RATE, MAX_NORM)
        clipped += norm > MAX_NORM
        weights.grad = weights.detach() - torch.tensor(target) + torch.tensor(noise[step])
        torch.nn.utils.clip_grad_norm_([weights], MAX_NORM)
        if name == "rprop":
            weights.grad += l2 * weights.detach()
        theirs.step()
    assert clipped > 2
    assert np.abs(params - start).max() > 0.1
    np.testing.assert_allclose(params, weights.detach().numpy(), rtol=0, atol=TOLERANCE[dtype])
