"""Generation streams bfloat16 weights: what that costs on real music."""

import numpy as np
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.evaluate.likelihood import Likelihood

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
