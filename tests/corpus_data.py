"""Small token caches for the tests of this folder."""

import json

import numpy as np

from lstm_music.corpus.batching.batches import ChunkStream
from lstm_music.corpus.cache import TokenCache
from lstm_music.corpus.split import SPLITS
from lstm_music.music.key import Key
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode

STYLES = ("chorale", "folk", "lead", "drums")


def random_piece(rng, n_onsets=12, style=None):
    """A canonical piece of one melody, or of drums for style "drums"."""
    style = STYLES[rng.integers(4)] if style is None else style
    notes = np.zeros(n_onsets, NOTE_DTYPE)
    notes["onset_steps"] = np.cumsum(rng.choice([6, 12, 24], n_onsets))
    notes["duration_steps"] = 6
    notes["pitch_midi"] = rng.integers(45, 80, n_onsets)
    notes["velocity"] = 84
    key = None if style == "drums" else Key(int(rng.integers(-5, 7)))
    tracks = (Track(is_drum=style == "drums"),)
    return canonical(Piece(notes=notes, tracks=tracks, key=key, style=style))


def cache_of(pieces, sides=None):
    """A cache of canonical pieces."""
    tokens = [encode(piece) for piece in pieces]
    lengths = np.array([len(t) for t in tokens], np.int32)
    return TokenCache(
        tokens=np.concatenate(tokens).astype(np.int16),
        starts=np.cumsum(lengths, dtype=np.int64) - lengths,
        lengths=lengths,
        sides=np.array([SPLITS.index(s) for s in sides or ["train"] * len(pieces)], np.uint8),
        styles=tuple(piece.style for piece in pieces),
        ids=tuple(str(i) for i in range(len(pieces))),
        rejected=(("bad.mid", "no notes"),),
        digest="d" * 64,
    )


BATCH, STEPS, RNG_SEED = 3, 16, 7
"""Of `small_chunks`."""


def small_chunks(cache, **changes):
    """A stream of small chunks."""
    settings = {"batch_size": BATCH, "chunk_length": STEPS, "rng_seed": RNG_SEED}
    return ChunkStream(cache, **settings | changes)


def equal_chunks(one, other):
    """Whether two chunks are the same."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("rows", "targets", "lengths", "starts", "epoch")
    )


def check_resuming(make):
    """Whether a stream that ``make`` makes anew goes on from any cursor bit for bit."""
    source = make()
    cursors, chunks = [json.dumps(source.cursor())], []
    for _ in range(40):
        chunks.append(next(source))
        cursors.append(json.dumps(source.cursor()))
    for start in (0, 1, 7, 25):
        resumed = make()
        resumed.restore(json.loads(cursors[start]))
        assert all(equal_chunks(next(resumed), chunk) for chunk in chunks[start:])
