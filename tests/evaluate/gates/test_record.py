"""A recording is what the model does: its surprise, its gates, in their places."""

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.backends.registry import get_backend
from lstm_music.evaluate.gates.record import gates_of
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.nn.recording import record
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT


def small_model(cell="lstm", layers=2):
    config = ModelConfig(
        n_rows=DEFAULT.n_rows,
        n_tokens=DEFAULT.n_tokens,
        n_streams=DEFAULT.n_streams,
        embedding_size=5,
        hidden_size=6,
        layers=layers,
        cell=cell,
    )
    backend = get_backend("cpu", n_threads=1)
    return LanguageModel.create(config, 1, dtype="float64", backend=backend)


def test_surprise_is_that_of_log_prob():
    model, piece = lm.load("folk"), lm.read(MIDI_DATA / "reel.mid")
    gates, likelihood = model.gates(piece), model.log_prob(piece)
    assert len(gates.tokens) == likelihood.n_tokens - 1  # END is not kept
    assert len(gates.note_nats) == likelihood.n_notes
    last = likelihood.nats - gates.nats.sum()
    assert 0 < last < 5
    np.testing.assert_allclose(gates.note_nats.sum(), gates.nats.sum(), rtol=1e-12)


@pytest.mark.parametrize("name", ["chorale", "band", "nocturne", "tempo_change", "pickup", "drums"])
def test_every_token_stands_where_its_note_does(name):
    gates = gates_of(small_model(), lm.read(MIDI_DATA / f"{name}.mid"))
    onsets = gates.piece.notes["onset_steps"]
    np.testing.assert_array_equal(gates.onset_steps[gates.note_tokens], onsets)
    assert (np.diff(gates.onset_steps) >= 0).all()
    shifts = DEFAULT.is_kind(gates.tokens[gates.arrivals], "shift")
    assert shifts[1:].all()
    assert (gates.onset_steps[gates.arrivals] == gates.onsets).all()
    assert (gates.onset_steps[gates.departures] == gates.onsets).all()
    assert gates.departures[-1] == len(gates.tokens) - 1


def test_long_silences_are_counted():
    from lstm_music.music.piece import Piece, Track, make_notes

    notes = make_notes([(0, 24, 60, 80, 0), (500, 300, 62, 80, 0), (501, 24, 64, 80, 0)])
    gates = gates_of(small_model(), Piece(notes=notes, tracks=(Track(),)))
    assert gates.onset_steps[gates.note_tokens].tolist() == [0, 500, 501]
    assert gates.onsets.tolist() == [0, 500, 501]


def test_a_note_has_the_surprise_of_its_tokens():
    gates = gates_of(small_model(), lm.read(MIDI_DATA / "jig.mid"))
    names = [name.split()[0] for name in gates.token_names]
    shifts = [k for k, name in enumerate(names) if name == "shift"]
    second = slice(shifts[0], shifts[1])  # one note an onset
    assert names[second][:3] == ["shift", "pitch", "duration"]
    np.testing.assert_allclose(gates.note_nats[1], gates.nats[second].sum())


def test_chunks_do_not_show(monkeypatch):
    model, tokens = small_model("gru"), encode(lm.read(MIDI_DATA / "jig.mid"))
    rows, targets = annotate(tokens)[:-1], np.ascontiguousarray(tokens[1:])
    whole = record(model, rows, targets)
    monkeypatch.setattr("lstm_music.nn.recording._CHUNK_STEPS", 37)
    parts = record(model, rows, targets)
    np.testing.assert_allclose(parts.nats, whole.nats, rtol=1e-10)
    assert list(whole.layers[1]) == ["r", "z", "n", "h"]
    for name, values in whole.layers[1].items():
        assert values.shape == (len(targets), 6)
        np.testing.assert_allclose(parts.layers[1][name], values, rtol=1e-9, atol=1e-12)
