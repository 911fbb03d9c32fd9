"""A model file with another card: the weights stay, what is told of it is new."""

import numpy as np
from corpus_data import cache_of
from small_composers import random_composer

import lstm_music as lm
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.nn.model_file import load_model, save_model
from lstm_music.tokens.canonical import canonical
from lstm_music.training.restate import restate


def test_weights_stay_and_advice_and_counts_are_new(tmp_path):
    old, path = random_composer(1), tmp_path / "m.safetensors"
    facts = {"settings": {"style": "folk", "infill": 0.5}, "note": 1, "met": {}}
    save_model(path, old.model, old.metadata["vocabulary"], facts, {}, storage="float16")
    before, _ = load_model(path)
    notes = make_notes([(24 * i, 24, 60 + i, 80, 0) for i in range(8)])
    pieces = [canonical(Piece(notes, (Track(40),), style=style)) for style in ("folk", "lead")]
    restate(path, {"from_nothing": {"folk": {"form": "auto"}}}, cache_of(pieces, ["train"] * 2))
    after, told = load_model(path)
    assert all(np.array_equal(before.params[name], after.params[name]) for name in before.params)
    assert told["training"]["note"] == 1
    assert told["training"]["met"]["styles"] == ["folk"]  # of one style, as it was trained
    assert told["training"]["progressions"] == {}  # there are no chord symbols
    assert told["storage"] == "float16"
    assert lm.load(path).engine.from_nothing["folk"].form == "auto"
