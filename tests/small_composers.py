"""Composers of small random networks, and what the tests of composing measure in a result."""

from dataclasses import asdict

import numpy as np

from lstm_music.composer import Composer
from lstm_music.corpus.coverage import Coverage
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.tokens.vocabulary import DEFAULT, Vocabulary

EVERYTHING = Coverage(
    tuple(kind for kind, _ in DEFAULT.ranges),
    tuple(range(129)),
    dynamics=True,
    styles=("", "chorale", "folk", "lead", "drums"),
)
"""Of a network that may say all there is."""

PLAIN = Coverage(
    ("long", "track", "shift", "duration", "pitch", "drum", "velocity", "end"),
    (0, 40, 128),
    dynamics=False,
    styles=("", "folk", "drums"),
)
"""Of one like the bundled: no pedal, no timing, no dynamics."""


def random_composer(rng_seed=1, *, met=EVERYTHING, old=False, scale=1.0, **options):
    """A composer of a random network.

    ``old`` : one of the first streams alone, which is not told what lies ahead.
    ``scale`` : of the last layer's weights: how sure it is of what it does not know.
    ``options`` : of `Composer`: where it computes, and how precisely.
    """
    vocabulary = DEFAULT
    if old:
        n = [name for name, _ in DEFAULT.streams].index("closed")
        vocabulary = Vocabulary(streams=DEFAULT.streams[:n])
    config = ModelConfig(
        n_rows=vocabulary.n_rows,
        n_tokens=vocabulary.n_tokens,
        n_streams=vocabulary.n_streams,
        embedding_size=4,
        hidden_size=6,
        layers=1,
    )
    model = LanguageModel.create(config, rng_seed)
    rng = np.random.default_rng(rng_seed)
    for name, values in model.params.items():
        if "head" in name or "output" in name:
            values[...] = rng.normal(0, scale, values.shape)
    metadata = {
        "vocabulary": vocabulary.to_json(),
        "data_card": {},
        "training": {"met": asdict(met), "settings": {"infill": 0.5}},
        "sha256": "0" * 64,
    }
    return Composer(model, metadata, name="random", **options)


def rows(notes):
    """Notes as a set of tuples."""
    return set(notes.tolist())


def onsets_a_bar(take, track, start, end, bar):
    """How many onsets of new notes each bar of a place has."""
    mine = {n for n, t in zip(take.new["onset_steps"].tolist(), take.new["track"]) if t == track}
    return [sum(a <= onset < a + bar for onset in mine) for a in range(start, end, bar)]


def most_sounding(notes):
    """The most notes that sound at any step."""
    spans = [(int(n["onset_steps"]), int(n["onset_steps"] + n["duration_steps"])) for n in notes]
    return max((sum(a <= t < b for a, b in spans) for t, _ in spans), default=0)


def silent_steps(notes, start, end):
    """Steps of a place at which nothing sounds."""
    silent = np.ones(end, bool)
    for n in notes:
        silent[int(n["onset_steps"]) : int(n["onset_steps"] + n["duration_steps"])] = False
    return np.flatnonzero(silent[start:end])
