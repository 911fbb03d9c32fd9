"""The LSTM against torch.nn.LSTM, forward and every gradient."""

import numpy as np
import pytest

from lstm_music.nn import cell

torch = pytest.importorskip("torch", reason="the rival: torch is not installed")

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


@pytest.mark.parametrize("shape", [(7, 5, 6, 11), (1, 1, 3, 4), (40, 16, 24, 64)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lstm_equals_torch(dtype, shape):
    T, B, D, H = shape
    ours = cell.make("lstm", input_size=D, hidden_size=H, dtype=dtype, rng_seed=0)
    rng = np.random.default_rng(1)
    x, dy = (rng.normal(size=size).astype(dtype) for size in ((T, B, D), (T, B, H)))
    state, dstate = (rng.normal(size=(2, B, H)).astype(dtype) for _ in range(2))

    theirs = torch.nn.LSTM(D, H, dtype=getattr(torch, dtype))
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.from_numpy(ours.params["W"]))
        theirs.weight_hh_l0.copy_(torch.from_numpy(ours.params["U"]))
        theirs.bias_ih_l0.copy_(torch.from_numpy(ours.params["b"]))
        theirs.bias_hh_l0.zero_()
    tx, ts = (torch.tensor(array, requires_grad=True) for array in (x, state))
    ty, (th, tc) = theirs(tx, (ts[:1], ts[1:]))
    loss = (ty * torch.from_numpy(dy)).sum()
    loss = loss + (th[0] * torch.from_numpy(dstate[0])).sum()
    loss = loss + (tc[0] * torch.from_numpy(dstate[1])).sum()
    loss.backward()

    y, last, tape = ours.forward(x, state)
    dx, ds0, grads = ours.backward(dy, tape, dstate)
    pairs = {
        "y": (y, ty),
        "h": (last[0], th[0]),
        "c": (last[1], tc[0]),
        "dx": (dx, tx.grad),
        "dstate": (ds0, ts.grad),
        "W": (grads["W"], theirs.weight_ih_l0.grad),
        "U": (grads["U"], theirs.weight_hh_l0.grad),
        "b": (grads["b"], theirs.bias_ih_l0.grad),
    }
    for name, (mine, other) in pairs.items():
        expected = other.detach().numpy()
        scale = max(1, float(np.abs(expected).max()))
        assert np.abs(mine - expected).max() < TOLERANCE[dtype] * scale, name
