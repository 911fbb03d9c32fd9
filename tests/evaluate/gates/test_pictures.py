"""The figure and the page: every unit once, every cell of the registry, no request."""

import base64
import json
import re

import numpy as np
import pytest
from made_gates import made_gates, noise
from page_checks import check_no_requests
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.backends.registry import get_backend
from lstm_music.cells.registry import cell_names
from lstm_music.evaluate.gates.figure import (
    draw_gates,
    groups,
    row_edges,
    scaled_state,
    token_edges,
)
from lstm_music.evaluate.gates.follow import Following, follow
from lstm_music.evaluate.gates.page import gates_page
from lstm_music.evaluate.gates.record import gates_of
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.tokens.vocabulary import DEFAULT

JIG = MIDI_DATA / "jig.mid"


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr("lstm_music.evaluate.gates.follow.DRAWS", 3)


NOTHING = Following((), {}, {}, 0)


def data_of(page):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.decode())
    return json.loads(found[1])


def small_gates(cell):
    size = 16 if cell == "conv-lstm" else 4
    config = ModelConfig(
        n_rows=DEFAULT.n_rows, n_tokens=DEFAULT.n_tokens, n_streams=DEFAULT.n_streams,
        embedding_size=size, hidden_size=size, layers=1, cell=cell,
    )  # fmt: skip
    backend = get_backend("cpu", n_threads=1)
    return gates_of(LanguageModel.create(config, 1, backend=backend), lm.read(JIG))


@pytest.mark.parametrize("cell", cell_names())
def test_every_cell_can_be_looked_into(cell):
    gates = small_gates(cell)
    page = gates_page(gates, NOTHING, layer=0, title=cell)
    check_no_requests(page)
    assert list(data_of(page)["layers"][0]) == [gates.memory, *gates.roles]


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_figure_has_a_map_of_every_gate(cell):
    gates = small_gates(cell)
    figure = draw_gates(gates, follow(gates), layer=0)
    titles = [at.get_title(loc="left") for at in figure.axes]
    for name in (*gates.roles, gates.memory):
        assert any(f" {name}, layer 0" in title for title in titles)


def test_the_page_holds_every_value():
    piece = lm.read(JIG)
    n = len(np.unique(piece.notes["onset_steps"]))
    gate = np.random.default_rng(0).uniform(size=(n, 5))
    gates = made_gates(piece, {"f": gate, "c": noise(np.random.default_rng(1), n, 5, 0.5)})
    following = follow(gates)
    entry = data_of(gates_page(gates, following, layer=0, title="x"))["layers"][0]["f"]
    cells = np.frombuffer(base64.b64decode(entry["cells"]), np.uint8).reshape(5, -1)
    assert cells.shape[1] == len(gates.tokens)
    assert sorted(entry["units"]) == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(
        cells.T / 255, gates.layers[0]["f"][:, entry["units"]], atol=0.5 / 255 + 1e-9
    )
    assert sum(size for _, size in entry["groups"]) == 5


def test_tokens_share_the_time_to_the_next_onset():
    gates = small_gates("lstm")
    edges = token_edges(gates)
    assert len(edges) == len(gates.tokens) + 1
    assert (np.diff(edges) > 0).all()
    first = np.searchsorted(gates.onset_steps, gates.onsets)
    np.testing.assert_array_equal(edges[first], gates.onsets)
    assert edges[-1] == gates.piece.end_steps


def test_rows_and_scales():
    assert row_edges(0, 4).tolist() == [0, 1, 2, 3, 4]
    edges = row_edges(1, 10)
    assert edges[1] == pytest.approx(4)
    assert edges[-1] == pytest.approx(10)
    assert row_edges(4, 4).tolist() == [0, 1, 2, 3, 4]
    scaled = scaled_state(np.array([[0.0, 300.0], [0.0, -150.0], [0.0, 0.0]]))
    assert scaled[:, 0].tolist() == [0, 0, 0]
    assert scaled[0, 1] == pytest.approx(1)
    assert -0.6 < scaled[1, 1] < -0.45


def test_units_of_a_kind_stand_together():
    piece = lm.read(JIG)
    onsets = np.unique(piece.notes["onset_steps"])
    series = noise(np.random.default_rng(2), len(onsets), 6, 0.3)
    series[:, 4] = series[:, 1] = np.arange(len(onsets)) * 5.0
    following = follow(made_gates(piece, {"c": series}))
    found = groups(following, 0, "c", 6)
    assert ("time", 2) in {(name, b - a) for a, b, name in found}
    assert (found[0][0], found[-1][1]) == (0, 6)
