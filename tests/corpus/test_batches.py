"""The chunk stream: every token once an epoch, state carried rightly, resumable bit for bit."""

import numpy as np
import pytest
from corpus_data import BATCH as B
from corpus_data import STEPS as T
from corpus_data import cache_of, check_resuming, equal_chunks, random_piece
from corpus_data import small_chunks as stream

from lstm_music.errors import ConfigError
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.decode import decode
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.config import TrainConfig
from lstm_music.training.job import training_chunks


@pytest.fixture(scope="module")
def cache():
    rng = np.random.default_rng(4)
    pieces = [random_piece(rng, int(n)) for n in rng.integers(4, 20, 10)]
    return cache_of(pieces, ["train"] * 8 + ["valid"] * 2)


def walked(chunks):
    """The pieces that the rows have walked through: (first token..., targets, rows)."""
    open_pieces, done = {}, []
    for chunk in chunks:
        for b, length in enumerate(chunk.lengths):
            if chunk.starts[b]:
                if b in open_pieces:
                    done.append(open_pieces.pop(b))
                open_pieces[b] = ([], [])
            if length:
                open_pieces[b][0].extend(chunk.targets[:length, b].tolist())
                open_pieces[b][1].extend(chunk.rows[:length, b].tolist())
            assert (chunk.targets[length:, b] == -1).all()
            assert not chunk.rows[length:, b].any()
    return done, list(open_pieces.values())


def test_one_plain_pass_shows_every_token_once(cache):
    done, last = walked(stream(cache, side="valid", augment=False))
    pieces = sorted(targets for targets, _ in done + last)
    assert pieces == sorted(cache.piece_tokens(int(i))[1:].tolist() for i in cache.indices("valid"))


def test_rows_are_the_annotation_of_the_targets(cache):
    done, last = walked(stream(cache, side="valid", augment=False))
    for targets, rows in done + last:
        tokens = np.array([DEFAULT["start"].start, *targets], np.int32)
        assert rows == annotate(tokens)[:-1].tolist()


def rhythm(tokens):
    """What no variation changes: when the notes come (all are on 16ths) and how long they are."""
    notes = decode(np.array(tokens, np.int32)).notes
    return tuple(notes["onset_steps"].tolist() + notes["duration_steps"].tolist())


def test_an_epoch_is_every_piece_once_varied(cache):
    source, pieces = stream(cache, batch_size=1), cache.indices("train")
    heard = [[] for _ in range(3)]
    tokens = []
    while True:
        chunk = next(source)
        if chunk.starts[0]:
            tokens = [DEFAULT["start"].start]
        if chunk.epoch == 3:
            break
        tokens += chunk.targets[: chunk.lengths[0], 0].tolist()
        if tokens[-1] == DEFAULT["end"].start:
            heard[chunk.epoch].append(tokens)
    expected = sorted(rhythm(cache.piece_tokens(int(i))) for i in pieces)
    for epoch in heard:
        assert sorted(rhythm(tokens) for tokens in epoch) == expected
    assert len({tuple(tokens) for epoch in heard for tokens in epoch}) > 2 * len(pieces)
    orders = [[rhythm(tokens) for tokens in epoch] for epoch in heard]
    assert orders[0] != orders[1]


def test_no_chunk_is_wasted_and_lengths_agree(cache):
    total = 0
    for chunk in stream(cache, side="train", augment=False):
        assert chunk.rows.shape == (chunk.lengths.max(), B, DEFAULT.n_streams)
        assert chunk.rows.dtype == chunk.targets.dtype == chunk.lengths.dtype == np.int32
        assert chunk.lengths.max() <= T
        assert chunk.n_targets == chunk.n_tokens == chunk.lengths.sum()
        total += chunk.n_targets
    assert total == cache.n_targets("train")


def test_whole_pieces_come_whole(cache):
    chunks = list(stream(cache, augment=False, chunk_length=None))
    pieces = [
        chunk.targets[:length, b].tolist()
        for chunk in chunks
        for b, length in enumerate(chunk.lengths)
        if length
    ]
    assert len(chunks) == 3  # eight pieces, three at a time
    assert all(chunk.starts[chunk.lengths > 0].all() for chunk in chunks)
    assert pieces == [cache.piece_tokens(int(i))[1:].tolist() for i in cache.indices("train")]


def test_the_seed_alone_decides(cache):
    one, same, other = stream(cache), stream(cache), stream(cache, rng_seed=8)
    pairs = [(next(one), next(same), next(other)) for _ in range(30)]
    assert all(equal_chunks(a, b) for a, b, _ in pairs)
    assert not all(equal_chunks(a, c) for a, _, c in pairs)


def test_resuming_anywhere_continues_bit_for_bit(cache):
    check_resuming(lambda: stream(cache))


def test_a_stream_goes_back_to_its_beginning(cache):
    one, first = stream(cache), [next(s) for s in [stream(cache)] for _ in range(5)]
    beginning = one.cursor()
    for _ in range(5):
        next(one)
    one.restore(beginning)
    assert all(equal_chunks(next(one), chunk) for chunk in first)


def test_a_cursor_of_another_batch_size_is_refused(cache):
    with pytest.raises(ConfigError, match="3 rows"):
        stream(cache, batch_size=2).restore(stream(cache).cursor())


def test_bars_left_is_told_for_half_of_the_pieces(cache):
    done, _ = walked(next(s) for s in [stream(cache)] for _ in range(1000))
    column = [name for name, _ in DEFAULT.streams].index("bars_left")
    unknown = DEFAULT.stream_offsets[column]
    hidden = np.mean([all(row[column] == unknown for row in rows) for _, rows in done])
    assert abs(hidden - 0.5) < 0.08


def test_no_piece_on_a_side(cache):
    with pytest.raises(ConfigError, match="no piece on the test side"):
        stream(cache, side="test")


def tokens_by_style(balance, n_chunks=600):
    """Targets of each style that a stream shows, its styles told by the pieces' tokens."""
    rng = np.random.default_rng(1)
    pieces = [random_piece(rng, 12, style) for style in ["folk"] * 12 + ["lead"] * 3 + ["drums"]]
    cache = cache_of(pieces)
    chunks = stream(cache, balance=balance)
    done, _ = walked(next(chunks) for _ in range(n_chunks))
    counts = dict.fromkeys(("folk", "lead", "drums"), 0)
    for targets, _ in done:
        style = decode([DEFAULT["start"].start, *targets]).style
        if style:  # hidden at times
            counts[style] += len(targets)
    return counts


def test_balance_evens_out_the_styles():
    as_is, half, even = (tokens_by_style(balance) for balance in (0.0, 0.5, 1.0))
    assert as_is["folk"] > 3 * as_is["lead"] > 6 * as_is["drums"]
    assert even["folk"] == pytest.approx(even["lead"], rel=0.15)
    assert even["folk"] == pytest.approx(even["drums"], rel=0.15)
    assert as_is["drums"] < half["drums"] < even["drums"]


@pytest.mark.parametrize(("share", "onsets"), [(0.0, {1, 7, 11, 17}), (1.0, {0, 6, 12, 18})])
def test_drums_are_straightened_as_the_settings_say(share, onsets):
    hits = make_notes([(at, 6, 38, 80, 0) for at in (1, 7, 11, 17)])
    cache = cache_of([Piece(notes=hits, tracks=(Track(is_drum=True),))])
    chunks = training_chunks(cache, TrainConfig(batch_size=1, straight_drums=share, infill=0.0))
    done, _ = walked(next(chunks) for _ in range(20))
    heard = [decode([DEFAULT["start"].start, *targets]) for targets, _ in done]
    assert len(heard) > 10
    assert all(set(piece.notes["onset_steps"].tolist()) == onsets for piece in heard)


def test_one_style_alone_keeps_its_sides():
    rng = np.random.default_rng(1)
    pieces = [random_piece(rng, 12, style) for style in ["folk", "drums", "lead"] * 12]
    cache = cache_of(pieces)
    lead = cache.of_style("lead")
    where = [i for i, style in enumerate(cache.styles) if style == "lead"]
    assert len(lead) == 12 and set(lead.styles) == {"lead"}
    assert list(lead.sides) == [cache.sides[i] for i in where]
    assert list(lead.ids) == [cache.ids[i] for i in where]
    for mine, i in enumerate(where):
        assert np.array_equal(lead.piece_tokens(mine), cache.piece_tokens(i))
    with pytest.raises(ConfigError, match="'jazz'; the corpus has drums, folk, lead"):
        cache.of_style("jazz")
