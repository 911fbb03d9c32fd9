"""Chunks that are made ahead are the chunks of the stream, wherever one goes on from."""

from itertools import islice

import numpy as np
import pytest
from paths import MIDI_DATA

from lstm_music.corpus.batching.ahead import Ahead
from lstm_music.corpus.batching.batches import ChunkStream
from lstm_music.corpus.cache import token_cache
from lstm_music.errors import ConfigError


@pytest.fixture(scope="module")
def corpus():
    return token_cache([str(MIDI_DATA)], None)


def stream(corpus):
    return ChunkStream(corpus, batch_size=2, chunk_length=16, rng_seed=3)


def assert_same(got, expected):
    for name in ("rows", "targets", "lengths", "starts"):
        np.testing.assert_array_equal(getattr(got, name), getattr(expected, name))


def test_chunks_and_cursors_are_those_of_the_stream(corpus):
    plain, ahead = stream(corpus), Ahead(stream(corpus))
    assert ahead.cursor() == plain.cursor()
    for got in islice(ahead, 12):
        assert_same(got, next(plain))
        assert ahead.cursor() == plain.cursor()


def test_it_goes_on_where_a_cursor_was_taken(corpus):
    ahead = Ahead(stream(corpus))
    chunks, cursors = zip(*((chunk, ahead.cursor()) for chunk in islice(ahead, 8)))
    for n in (2, 5):
        ahead.restore(cursors[n])
        assert_same(next(ahead), chunks[n + 1])


def test_an_error_of_the_maker_is_raised_where_the_chunk_is_wanted(corpus, monkeypatch):
    ahead = Ahead(stream(corpus))
    next(ahead)

    def fail(self, b):
        raise ConfigError("no more music")

    monkeypatch.setattr(ChunkStream, "_refill", fail)
    with pytest.raises(ConfigError, match="no more music"):
        list(islice(ahead, 2))  # one may have been made before
