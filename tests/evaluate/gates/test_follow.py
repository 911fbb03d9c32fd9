"""A unit that follows the music is found; noise is not."""

import numpy as np
import pytest
from made_gates import made_gates, noise
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.evaluate.gates.follow import follow
from lstm_music.evaluate.gates.phrases import melody, phrase_starts, stood_before
from lstm_music.evaluate.gates.record import gates_of
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.tokens.vocabulary import DEFAULT

CHORALE, REEL = MIDI_DATA / "chorale.mid", MIDI_DATA / "reel.mid"
H = 12


@pytest.fixture(scope="module")
def reel():
    piece = lm.read(REEL)
    onsets = np.unique(piece.notes["onset_steps"])
    bars = piece.bar_lines.bars_at(onsets)
    start = np.array([piece.bar_lines.bar_start(int(at)) for at in onsets])
    length = piece.meters[0].bar_steps
    phase = (
        onsets - start + (onsets < piece.pickup_steps) * (length - piece.pickup_steps)
    ) / length
    return piece, onsets, bars, phase


def told(following, what):
    return {(f.quantity, f.unit) for f in following.findings if f.what == what}


def test_planted_units_are_found_and_nothing_else(reel):
    piece, onsets, bars, phase = reel
    rng = np.random.default_rng(5)
    state = noise(rng, len(onsets), H, 0.8)
    state[:, 3] = np.cos(2 * np.pi * phase) + 0.3 * rng.normal(size=len(onsets))
    state[:, 7] = np.cos(2 * np.pi * (bars + phase) / 2) + 0.3 * rng.normal(size=len(onsets))
    state[:, 9] = 0.5 * np.arange(len(onsets)) + rng.normal(size=len(onsets))
    gate = np.full((len(onsets), H), 0.9)
    gate[:, 2] = np.where(phase == 0, 0.1, 0.9)
    following = follow(made_gates(piece, {"c": state, "f": gate}), rng_seed=1)
    assert {("c", 3), ("f", 2)} <= told(following, "bar") | told(following, "beat")
    assert ("c", 7) in told(following, "2 bars")
    assert told(following, "time") == {("c", 9)}
    assert {unit for _, unit in told(following, "bar") | told(following, "2 bars")} <= {2, 3, 7}
    (bar,) = [f for f in following.findings if (f.what, f.unit) == ("bar", 3)]
    assert bar.how == "highest at beat 1"
    assert bar.explained > 0.7 > following.chance["bar"]
    (two,) = [f for f in following.findings if (f.what, f.unit) == ("2 bars", 7)]
    assert two.how == "highest in bar 1 of 2"
    order = following.order(0, "c", H)
    assert sorted(order) == list(range(H))
    assert set(order[:3]) == {3, 7, 9}


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.99])
def test_noise_is_no_finding(reel, memory):
    piece, onsets, *_ = reel
    found = []
    for seed in range(2):
        series = noise(np.random.default_rng(100 + seed), len(onsets), 40, memory)
        following = follow(made_gates(piece, {"c": series}), rng_seed=seed)
        found += [(seed, finding.what) for finding in following.findings]
    assert len(set(found)) <= 1  # of 14 questions, each wrong once in a hundred times


def test_the_same_seed_gives_the_same_findings(reel):
    piece, onsets, _, phase = reel
    series = noise(np.random.default_rng(1), len(onsets), H, 0.5)
    series[:, 0] += np.cos(2 * np.pi * phase)
    gates = made_gates(piece, {"c": series})
    assert follow(gates, rng_seed=3) == follow(gates, rng_seed=3)
    assert follow(gates, rng_seed=3).chance != follow(gates, rng_seed=4).chance


def test_a_gate_that_hardly_moves_follows_nothing(reel):
    piece, onsets, _, phase = reel
    gate = np.full((len(onsets), H), 0.9) + 0.01 * np.cos(2 * np.pi * phase)[:, None]
    assert not follow(made_gates(piece, {"f": gate})).findings


def test_a_unit_of_a_network_that_sees_the_bar_is_found():
    config = ModelConfig(
        n_rows=DEFAULT.n_rows, n_tokens=DEFAULT.n_tokens, n_streams=DEFAULT.n_streams,
        embedding_size=4, hidden_size=H, layers=1,
    )  # fmt: skip
    model = LanguageModel.create(config, 2)
    E, W, U = (model.params[name] for name in ("embedding", "layers.0.W", "layers.0.U"))
    streams = [name for name, _ in DEFAULT.streams]
    first = DEFAULT.stream_offsets[streams.index("bar_position")]
    E[:, 0] = 0
    E[first : first + 96, 0] = np.cos(2 * np.pi * np.arange(96) / 96)
    W[:, 0], U[...] = 0, 0
    rows = W.reshape(4, H, 4)  # i, f, g, o
    rows[:, 5] = 0
    rows[2, 5, 0] = 1
    model.params["layers.0.b"].reshape(4, H)[:2, 5] = (9, -9)
    following = follow(gates_of(model, lm.read(CHORALE)))
    best = next(f for f in following.findings if f.what == "bar")
    assert (best.quantity, best.unit, best.how) == ("c", 5, "highest at beat 1")
    assert best.explained > 0.9


def test_short_music_tells_nothing():
    piece = lm.read(MIDI_DATA / "single_note.mid")
    following = follow(made_gates(piece, {"c": np.ones((1, H))}))
    assert following.findings == ()
    assert "bars are too few" in following.left_out["everything"]


def test_phrases_and_repeats():
    chorale = lm.read(CHORALE)
    assert (melody(chorale)["track"] == 0).all()
    starts = phrase_starts(chorale)
    assert (starts % 48 == 0).all()  # in the first half of a bar, or its middle
    assert 7 <= len(starts) <= 9
    reel = lm.read(REEL)
    onsets = np.unique(reel.notes["onset_steps"]).astype(np.int64)
    twice = reel.replace(
        notes=np.concatenate([reel.notes, _later(reel.notes, 4 * reel.end_steps // 96 * 96)])
    )
    again = np.unique(twice.notes["onset_steps"]).astype(np.int64)
    run = stood_before(twice, again)
    assert run[0] == 0
    assert run[-1] == len(onsets) - 1  # all but the first, whose silence before it is new


def _later(notes, steps):
    notes = notes.copy()
    notes["onset_steps"] += steps
    return notes
