"""The chunk stream where parts of pieces are given: what is read, and what is to be predicted."""

import numpy as np
import pytest
from corpus_data import BATCH as B
from corpus_data import RNG_SEED as SEED
from corpus_data import STEPS as T
from corpus_data import cache_of, check_resuming, equal_chunks, random_piece, small_chunks

from lstm_music.corpus.batching.augment import vary
from lstm_music.corpus.batching.batches import HIDE_BARS_LEFT
from lstm_music.corpus.batching.masks import MaskChances, draw_mask
from lstm_music.corpus.building.facts import count_bars
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.tokens.annotate import annotate, annotate_choices
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.config import TrainConfig
from lstm_music.training.held_out import validation_sequences
from lstm_music.training.job import mask_chances, training_chunks

FIRST = [name for name, _ in DEFAULT.streams].index("closed")
AHEAD = slice(FIRST, [name for name, _ in DEFAULT.streams].index("own_low"))
"""The streams that tell of what lies ahead."""
ALWAYS = MaskChances.of(1.0)


def duet(rng):
    """A canonical piece of two melodies."""
    notes = random_piece(rng, 40, "folk").notes
    rows = [(*note[:3], note[3], track) for track in range(2) for note in notes.tolist()]
    return canonical(Piece(make_notes(rows), (Track(), Track(40)), style="chorale"))


@pytest.fixture(scope="module")
def cache():
    rng = np.random.default_rng(4)
    pieces = [random_piece(rng, int(n)) for n in rng.integers(12, 40, 6)]
    pieces += [duet(rng) for _ in range(4)]
    return cache_of(pieces, ["train"] * 8 + ["valid"] * 2)


def stream(cache, **changes):
    return small_chunks(cache, **{"masks": ALWAYS, **changes})


def expected(cache, order, epoch, place, masks):
    """Rows and targets of the piece at a place in an epoch, step by step as documented."""
    rng = np.random.default_rng([SEED, epoch, place])
    hide = rng.random() < HIDE_BARS_LEFT
    piece = canonical(vary(decode(cache.piece_tokens(int(order[place]))), rng))
    tokens, bars = encode(piece), 0 if hide else count_bars(piece)
    if masks is None:
        return annotate(tokens, bars)[:-1], tokens[1:]
    rows, free = annotate_choices(tokens, bars, draw_mask(piece, rng, masks))
    return rows[:-1], np.where(free, tokens, -1)[1:]


def whole_pieces(cache, masks, n):
    """(rows, targets) of the first n pieces, one by one."""
    chunks = stream(cache, batch_size=1, chunk_length=None, masks=masks)
    for _ in range(n):
        chunk = next(chunks)
        yield chunk.rows[:, 0], chunk.targets[:, 0]


@pytest.mark.parametrize("masks", [None, ALWAYS, MaskChances()])
def test_what_is_no_choice_is_no_target(cache, masks):
    train = cache.indices("train")
    source = stream(cache, masks=masks)
    n = 3 * len(train)
    for i, (rows, targets) in enumerate(whole_pieces(cache, masks, n)):
        epoch, place = divmod(i, len(train))
        right = expected(cache, source._epoch_order(epoch), epoch, place, masks)
        assert np.array_equal(rows, right[0])
        assert np.array_equal(targets, right[1])


def test_masks_hide_something_and_leave_something(cache):
    shares, told = [], []
    for rows, targets in whole_pieces(cache, ALWAYS, 40):
        shares.append(np.mean(targets >= 0))
        told.append((rows[:, AHEAD] != DEFAULT.stream_offsets[AHEAD]).any())
    assert np.mean(np.array(shares) < 1) > 0.9
    assert min(shares) > 0
    assert all(told)


def test_without_masks_no_stream_tells_of_what_lies_ahead(cache):
    for rows, targets in whole_pieces(cache, None, 16):
        assert (rows[:, AHEAD] == DEFAULT.stream_offsets[AHEAD]).all()
        assert (targets >= 0).all()


def test_masks_change_neither_the_music_nor_its_past(cache):
    for (rows, targets), (plain, tokens) in zip(
        whole_pieces(cache, ALWAYS, 24), whole_pieces(cache, None, 24), strict=True
    ):
        assert np.array_equal(rows[:, :FIRST], plain[:, :FIRST])
        assert np.array_equal(targets[targets >= 0], tokens[targets >= 0])


def test_a_plain_pass_is_never_masked(cache):
    plain = stream(cache, augment=False, masks=None)
    for one, other in zip(stream(cache, augment=False), plain, strict=True):
        assert equal_chunks(one, other)


def test_what_is_read_and_what_is_predicted_are_counted(cache):
    source = stream(cache)
    fewer = 0
    for _ in range(40):
        chunk = next(source)
        assert chunk.n_tokens == chunk.lengths.sum()
        assert chunk.n_targets == (chunk.targets >= 0).sum() <= chunk.n_tokens
        for b, length in enumerate(chunk.lengths):
            assert (chunk.targets[length:, b] == -1).all()
            assert not chunk.rows[length:, b].any()
        fewer += chunk.n_targets < chunk.n_tokens
    assert fewer > 30


def test_the_seed_alone_decides(cache):
    one, same, other = stream(cache), stream(cache), stream(cache, rng_seed=8)
    triples = [(next(one), next(same), next(other)) for _ in range(20)]
    assert all(equal_chunks(a, b) for a, b, _ in triples)
    assert not any(equal_chunks(a, c) for a, _, c in triples)


def test_resuming_anywhere_continues_bit_for_bit(cache):
    check_resuming(lambda: stream(cache))


def test_the_settings_decide_on_masks(cache):
    size = {"batch_size": B, "chunk_steps": T, "rng_seed": SEED}
    for infill, masks in ((0.0, None), (0.4, MaskChances.of(0.4))):
        made = training_chunks(cache, TrainConfig(infill=infill, **size))
        wanted = stream(cache, masks=masks)
        assert all(equal_chunks(next(made), next(wanted)) for _ in range(20))


def test_held_out_pieces_come_plain_and_masked(cache):
    plain = validation_sequences(cache, mask_chances(TrainConfig(infill=0.0)))
    both = validation_sequences(cache, mask_chances(TrainConfig(infill=1.0)))
    tokens = [cache.piece_tokens(int(i)) for i in cache.indices("valid")]
    assert len(plain) == 2 and len(both) == 4
    for i, piece in enumerate(tokens):
        for rows, targets in (plain[i], both[2 * i]):
            assert np.array_equal(rows, annotate(piece)[:-1])
            assert np.array_equal(targets, piece[1:])
        rows, targets = both[2 * i + 1]
        assert np.array_equal(rows[:, :FIRST], annotate(piece)[:-1, :FIRST])
        assert 0 < np.count_nonzero(targets >= 0) < len(targets)
        assert np.array_equal(targets[targets >= 0], piece[1:][targets >= 0])
        assert targets.dtype == np.int32
    again = validation_sequences(cache, mask_chances(TrainConfig(infill=1.0, rng_seed=99)))
    for (rows, targets), (same_rows, same_targets) in zip(both, again, strict=True):
        assert np.array_equal(rows, same_rows) and np.array_equal(targets, same_targets)
