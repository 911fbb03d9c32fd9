"""Ten steps of training against the same network in PyTorch."""

import dataclasses

import numpy as np
import pytest
from model_cases import make_chunk, score, train

from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.nn.optim import Adam

torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")

CONFIG = ModelConfig(50, 23, 4, embedding_size=12, hidden_size=20, layers=2)
STEPS, RATE, MAX_NORM = 10, 0.01, 0.25


class Theirs(torch.nn.Module):
    """Embedding sum, LSTM stack, linear head, with the weights of one of our models."""

    def __init__(self, model):
        super().__init__()
        c = model.config
        self.embedding = torch.nn.Embedding(c.n_rows, c.embedding_size)
        self.stack = torch.nn.LSTM(c.embedding_size, c.hidden_size, c.layers)
        self.head = torch.nn.Linear(c.hidden_size, c.n_tokens)
        self.to(getattr(torch, model.dtype.name))
        ours = {name: torch.tensor(value) for name, value in model.params.items()}
        with torch.no_grad():
            self.embedding.weight.copy_(ours["embedding"])
            self.head.weight.copy_(ours["head.W"])
            self.head.bias.copy_(ours["head.b"])
            for layer in range(c.layers):
                mine = {name: ours[f"layers.{layer}.{name}"] for name in ("W", "U", "b")}
                getattr(self.stack, f"weight_ih_l{layer}").copy_(mine["W"])
                getattr(self.stack, f"weight_hh_l{layer}").copy_(mine["U"])
                getattr(self.stack, f"bias_ih_l{layer}").copy_(mine["b"])
                second = getattr(self.stack, f"bias_hh_l{layer}")
                second.zero_()
                second.requires_grad_(False)  # theirs has two biases where one does

    def loss(self, chunk):
        """Sum of the losses, their number, and the state after the chunk."""
        x = self.embedding(torch.tensor(chunk.rows).long()).sum(dim=2)
        h, c = (torch.tensor(np.stack([s[i] for s in chunk.state])) for i in (0, 1))
        y, (h, c) = self.stack(x, (h, c))
        wanted = torch.tensor(chunk.targets).long()
        logits = self.head(y).flatten(0, 1)
        total = torch.nn.functional.cross_entropy(
            logits, wanted.flatten(), ignore_index=-1, reduction="sum"
        )
        state = [np.stack([a, b]) for a, b in zip(h.detach().numpy(), c.detach().numpy())]
        return total, int((wanted >= 0).sum()), state


@pytest.fixture
def one_thread():
    """Their threads spin while they wait, which on a busy machine takes a hundred times as long."""
    held = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(held)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ten_steps_of_training_equal_torch(dtype):
    model = LanguageModel.create(CONFIG, 0, dtype=dtype)
    theirs = Theirs(model)
    trained = [p for p in theirs.parameters() if p.requires_grad]
    their_adam = torch.optim.Adam(trained, lr=RATE)
    our_adam = Adam(model.flat_params.size, dtype=dtype, backend=model.backend)
    ours = make_chunk(model, T=15, B=6, ragged=False)
    other = dataclasses.replace(ours)
    losses = []
    for _ in range(STEPS):
        model.flat_grads[:] = 0
        nll, n_targets, ours.state = train(model, ours)
        norm = our_adam.step(model.flat_params, model.flat_grads, RATE, MAX_NORM)

        their_adam.zero_grad()
        total, n_theirs, other.state = theirs.loss(other)
        (total / n_theirs).backward()
        their_norm = float(torch.nn.utils.clip_grad_norm_(trained, MAX_NORM))
        their_adam.step()

        assert n_targets == n_theirs
        losses.append((nll / n_targets, float(total.detach()) / n_theirs))
        assert norm == pytest.approx(their_norm, rel=1e-4 if dtype == "float32" else 1e-9)
    mine, torchs = np.array(losses).T
    np.testing.assert_allclose(mine, torchs, rtol=0, atol=1e-5 if dtype == "float32" else 1e-10)
    assert norm > MAX_NORM / 2  # clipping was at work
    assert mine[-1] < mine[0] - 0.05  # and so was learning
    for a, b in zip(ours.state, other.state):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    total, n_theirs, _ = theirs.loss(other)
    nll, _ = score(model, ours)
    assert nll.sum() / n_theirs == pytest.approx(float(total.detach()) / n_theirs, abs=1e-5)
