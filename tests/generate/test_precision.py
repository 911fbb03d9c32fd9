"""Generation streams bfloat16 weights, or whole numbers: what that costs on real music."""

import pickle

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.evaluate.likelihood import Likelihood
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.parameters import parameters_from
from lstm_music.reference.products import int8_product

MOST_NATS = 0.005  # a token: what rounding the weights may cost in the mean


def bfloat16(x):
    bits = x.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def test_rounding_the_bundled_weights_costs_almost_nothing():
    exact, brief = lm.load(), lm.load()
    for name, values in brief.model.params.items():
        if name.endswith((".W", ".U")):
            assert not np.array_equal(bfloat16(values), values)
            values[...] = bfloat16(values)
    pieces = [lm.read(path) for path in sorted(MIDI_DATA.glob("*.mid"))]
    scores = [sum((m.log_prob(p) for p in pieces), Likelihood()) for m in (exact, brief)]
    assert scores[0].n_tokens > 5_000
    assert abs(scores[1].nats_per_token - scores[0].nats_per_token) < MOST_NATS


def test_sequences_that_run_together_are_as_alone():
    seed = lm.read(MIDI_DATA / "chorale.mid")
    composer = lm.load()
    together = composer.generate_many(seed=seed, n=5, bars=3, rng_seed=4, threads=1)
    alone = composer.generate_many(seed=seed, n=5, bars=3, rng_seed=4, threads=5)
    for a, b in zip(together, alone):
        np.testing.assert_array_equal(a.notes, b.notes)
    assert len({piece.notes.tobytes() for piece in together}) == 5


def test_int8_costs_almost_nothing():
    """Weights and what they are multiplied with, as tests/kernels/test_step.py says."""
    exact, brief = lm.load(), lm.load()
    engine = ReferenceBackend()
    engine._product = int8_product
    config, weights = (
        brief.model.config,
        parameters_from(brief.model.config, brief.model.flat_params),
    )
    brief.model = LanguageModel(config, weights, engine)
    pieces = [lm.read(MIDI_DATA / name) for name in ("chorale.mid", "jig.mid")]
    scores = [sum((m.log_prob(p) for p in pieces), Likelihood()) for m in (exact, brief)]
    assert scores[0].n_tokens > 400
    assert 0 < abs(scores[1].nats_per_token - scores[0].nats_per_token) < MOST_NATS


def test_a_composer_in_int8_composes_and_is_pickled():
    seed = lm.read(MIDI_DATA / "chorale.mid")
    composer = lm.load(precision="int8")
    piece = composer.generate(seed=seed, bars=3, rng_seed=4)
    again = pickle.loads(pickle.dumps(composer)).generate(seed=seed, bars=3, rng_seed=4)
    assert len(piece.notes)
    np.testing.assert_array_equal(piece.notes, again.notes)
    with pytest.raises(lm.ConfigError, match="precision must be one of"):
        lm.load(precision="int4")
