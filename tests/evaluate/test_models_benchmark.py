"""benchmarks/models.py: its figures on a corpus that is small enough to know them."""

import numpy as np
import pytest
from corpus_data import cache_of, random_piece
from models import Corpus, figures, first_bars

RUN = "longest run of known notes, median"


@pytest.fixture(scope="module")
def corpus():
    rng = np.random.default_rng(2)
    pieces = [random_piece(rng, n_onsets=60, style="folk") for _ in range(8)]
    return Corpus(cache_of(pieces, sides=["train"] * 4 + ["valid"] * 2 + ["test"] * 2))


def test_held_out_music_is_not_apart_from_itself(corpus):
    found = figures(corpus, first_bars(corpus.of_style("folk"), 4), "folk", 4)
    assert found["groove consistency"]["apart_sd"] == 0
    assert found["exactly the bars asked, %"]["samples"] == 100
    for name in (RUN, "pitch class entropy, bits", "scale consistency"):
        assert found[name]["samples"] == found[name]["held_out"]


def test_training_music_is_known_from_end_to_end(corpus):
    copied = first_bars(corpus.headers("folk", 4), 4)
    found = figures(corpus, copied, "folk", 4)
    assert found[RUN]["samples"] == np.median([len(piece.notes) for piece in copied])
    assert found[RUN]["held_out"] < 8


def test_only_pieces_of_so_many_bars_are_cut(corpus):
    pieces = corpus.of_style("folk")
    bars = [piece.bar_lines.bar_at(piece.end_steps - 1) + 1 for piece in pieces]
    assert len(first_bars(pieces, max(bars))) == bars.count(max(bars))
    assert not first_bars(pieces, max(bars) + 1)
    assert all(piece.end_steps <= 4 * 96 for piece in first_bars(pieces, 4))
