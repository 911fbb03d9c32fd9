"""Few rows, many places: the first layer reads the tokens through a table, E W^T."""

import numpy as np
from gradcheck import worst_error

from lstm_music.backends.cpu import CpuBackend
from lstm_music.nn.model import LanguageModel, ModelConfig

CONFIG = ModelConfig(n_rows=13, n_tokens=6, n_streams=1, embedding_size=8, hidden_size=7)
T, B = 8, 4  # 32 places for 13 rows


def make_case():
    rng = np.random.default_rng(5)
    model = LanguageModel.create(CONFIG, 1, dtype="float64", backend=CpuBackend(2))
    rows = rng.integers(0, CONFIG.n_rows, (T, B, 1)).astype(np.int32)
    targets = rng.integers(-1, CONFIG.n_tokens, (T, B)).astype(np.int32)
    return model, rows, targets, np.array([8, 3, 0, 8], np.int32)


def test_the_model_reads_through_the_table_only_where_places_outnumber_rows():
    model, rows, *_ = make_case()
    assert model._stack.embed(rows) is None
    assert model._stack.embed(rows[:6]) is not None


def test_the_table_changes_nothing_but_rounding():
    model, rows, targets, lengths = make_case()
    whole, _ = model.score_chunk(rows, targets, model.initial_state(B), lengths)
    state, parts = model.initial_state(B), []
    for t in range(0, T, 2):  # too few places for the table
        left = np.clip(lengths - t, 0, 2)
        nll, state = model.score_chunk(rows[t : t + 2], targets[t : t + 2], state, left)
        parts.append(nll)
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12, atol=1e-13)


def test_gradients_match_finite_differences():
    model, rows, targets, lengths = make_case()
    state = model.initial_state(B)

    def loss():
        nll, _ = model.score_chunk(rows, targets, state, lengths)
        reached = (targets >= 0) & (np.arange(T)[:, None] < lengths)
        return nll.sum() / reached.sum()

    model.train_chunk(rows, targets, state, lengths)
    error, where = worst_error(loss, model.params, model.grads, at_most=30)
    assert error < 1e-6, where
