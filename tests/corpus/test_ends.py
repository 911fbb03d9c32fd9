"""Few pieces: what is held out of them, and that training sees nothing of it."""

from dataclasses import replace

import numpy as np
import pytest
from corpus_data import cache_of, random_piece

import lstm_music as lm
from lstm_music.corpus.batching.batches import ChunkStream
from lstm_music.corpus.building.facts import count_bars
from lstm_music.corpus.copies.fingerprints import corpus_fingerprints
from lstm_music.corpus.ends import LEAST_BARS, LEAST_PIECES, heard_before, hold_out, last_bars_start
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo, Track, make_notes
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.held_out import nats_a_note, validation_sequences
from lstm_music.training.job import new_model
from lstm_music.training.settings import make_config

BAR = 96
TINY = {"hidden_size": 8, "embedding_size": 8, "layers": 1}


def bars(n, *, pickup=0, meter=(4, 4), last_pitch=90):
    """A note a beat; those of the last ``LEAST_BARS`` bars stand on ``last_pitch``."""
    meter = Meter(0, *meter)
    length = pickup + n * meter.bar_steps
    onsets = range(0, length, 24)
    cut = length - LEAST_BARS * meter.bar_steps
    rows = [(at, 24, last_pitch if at >= cut else 60 + at // 24 % 5, 84, 0) for at in onsets]
    return canonical(Piece(make_notes(rows), (Track(),), (meter,), pickup_steps=pickup))


@pytest.fixture
def few():
    return cache_of([bars(12), bars(9, pickup=24), bars(10, meter=(3, 4))])


@pytest.mark.parametrize(
    ("piece", "held"),
    [(bars(100), 12), (bars(12), 4), (bars(6), 3), (bars(2), 1), (bars(9, pickup=24), 4)],
    ids=["eighth", "four", "half", "one", "pickup"],
)
def test_the_cut_is_a_bar_line_and_so_many_bars_before_the_end(piece, held):
    cut = last_bars_start(piece)
    lines = piece.bar_lines
    assert lines.bar_start(cut) == cut
    assert count_bars(piece) - lines.bar_at(cut) == held


def test_there_is_no_cut_in_one_bar():
    assert last_bars_start(bars(1)) == 0
    with pytest.raises(lm.ConfigError, match="give more music"):
        hold_out(cache_of([bars(1), bars(1)]))


def test_empty_bars_before_the_last_ones_leave_a_note_on_both_sides():
    rows = [(0, 24, 60, 84, 0), (10 * BAR + 24, 24, 62, 84, 0)]
    assert last_bars_start(Piece(make_notes(rows), (Track(),))) == 10 * BAR
    late = [(10 * BAR, 24, 60, 84, 0)]  # nothing before
    assert last_bars_start(Piece(make_notes(late), (Track(),))) == 0


@pytest.mark.parametrize("n_valid", range(LEAST_PIECES + 2))
def test_whole_pieces_are_held_out_where_there_are_enough(n_valid):
    pieces = [bars(12 + i) for i in range(10)]
    corpus = cache_of(pieces, ["valid"] * n_valid + ["train"] * (10 - n_valid))
    held, line = hold_out(corpus)
    if n_valid >= LEAST_PIECES:
        assert held is corpus
        assert line == f"held out: {n_valid} whole pieces (at least {LEAST_PIECES} are enough)"
    else:
        assert len(held.indices("train")) == len(held.indices("valid")) == 10
        assert "the last 40 bars of 10 pieces" in line
        assert f"not {n_valid})" in line


def test_training_sees_nothing_of_the_last_bars(few):
    """By a pitch that stands there alone; nor is it told that the music ends there."""
    held, _ = hold_out(few)
    assert len(held.indices("train")) == 3
    for i in held.indices("train"):
        piece = decode(held.piece_tokens(int(i)))
        assert piece.notes["pitch_midi"].max() < 90
        assert piece.end_steps <= last_bars_start(decode(few.piece_tokens(int(i))))
    stream = ChunkStream(held, batch_size=2, chunk_length=16, rng_seed=1)
    seen = np.concatenate([next(stream).targets.ravel() for _ in range(60)])
    assert DEFAULT["end"].start not in seen
    # Transposed by up to six semitones: no pitch of the last bars is among them.
    assert (seen[DEFAULT.is_kind(seen, "pitch")] - DEFAULT["pitch"].start).max() < 90 - 6


def test_the_bars_that_are_left_are_those_of_the_whole_piece():
    piece = bars(12)
    held, _ = hold_out(cache_of([piece]))
    begun = held.piece_tokens(0)
    assert held.bars_of_whole(0) == 12
    stream = ChunkStream(held, batch_size=1, chunk_length=None, rng_seed=3)
    names = [name for name, _ in DEFAULT.streams]
    column = names.index("bars_left")
    left = {int(x) for _ in range(12) for x in next(stream).rows[-1, :, column]}
    wanted = annotate(begun[:-1], 12)[-1, column]  # before END
    unknown = annotate(begun[:-1], 0)[-1, column]
    assert left == {int(wanted), int(unknown)}


def test_a_validation_hears_all_and_scores_the_last_bars(few):
    held, _ = hold_out(few)
    sequences = validation_sequences(held, None)
    for whole, (rows, targets) in zip(few, sequences, strict=True):
        assert np.array_equal(rows, annotate(whole)[:-1])
        first = int(np.flatnonzero(targets >= 0)[0])
        assert np.array_equal(targets[first:], whole[1:][first:])
        cut = last_bars_start(decode(whole))
        begun = decode(whole).notes["onset_steps"] < cut
        scored = targets[first:]
        notes = DEFAULT.is_kind(scored, "pitch")
        assert np.count_nonzero(notes) == np.count_nonzero(~begun)
        assert DEFAULT.kind(int(scored[0])) in ("shift", "long")
        assert scored[-1] == DEFAULT["end"].start


def test_masked_sequences_too_score_the_last_bars_alone(few):
    from lstm_music.corpus.batching.masks import MaskChances

    held, _ = hold_out(few)
    sequences = validation_sequences(held, MaskChances.of(1.0))
    assert len(sequences) == 6
    for i, (_, targets) in zip(np.repeat(held.indices("valid"), 2), sequences, strict=True):
        assert (targets[: held.heard_tokens(int(i)) - 1] == -1).all()


def test_the_way_to_the_last_bars_is_scored():
    """A shift that crosses the bar line belongs to what follows it, LONG tokens and all."""
    rows = [(0, 24, 60, 84, 0), (5 * BAR, 24, 62, 84, 0)]
    tokens = encode(Piece(make_notes(rows), (Track(),)))
    heard = heard_before(tokens, 5 * BAR)
    assert [DEFAULT.name(int(t)) for t in tokens[heard : heard + 2]] == ["long", "long"]
    assert DEFAULT.name(int(tokens[heard - 1])) == "duration 24"


def test_later_tempos_are_held_out_too():
    piece = bars(12)
    tempos = (Tempo.from_bpm(120), replace(Tempo.from_bpm(60), onset_steps=11 * BAR))
    held, _ = hold_out(cache_of([canonical(piece.replace(tempos=tempos))]))
    assert len(decode(held.piece_tokens(0)).tempos) == 1
    assert len(decode(held.piece_tokens(1)).tempos) == 2


def test_of_copies_the_longest_alone_is_used():
    corpus = cache_of([bars(8), bars(12), bars(20)])
    corpus = replace(corpus, groups=np.array([0, 0, 2]))
    held, line = hold_out(corpus)
    assert [held.ids[int(i)] for i in held.indices("train")] == ["1", "2"]
    assert "of copies the longest alone is used, 1 left out" in line


def test_nats_a_note_count_the_last_bars_alone(few):
    held, _ = hold_out(few)
    model = new_model(make_config(TINY))
    model.params["head.b"][:] = 0.0
    model.params["head.W"][:] = 0.0  # all tokens alike
    n_tokens = sum(
        np.count_nonzero(targets >= 0) for _, targets in validation_sequences(held, None)
    )
    n_notes = LEAST_BARS * (4 + 4 + 3)
    wanted = n_tokens * np.log(DEFAULT.n_tokens) / n_notes
    assert nats_a_note(model, held) == pytest.approx(wanted, rel=1e-5)


def test_random_music_is_parted_where_its_tokens_say():
    """The pieces of training are the beginnings of the pieces, token by token."""
    rng = np.random.default_rng(3)
    corpus = cache_of([random_piece(rng, 60, "folk") for _ in range(8)])
    held, _ = hold_out(corpus)
    for i, j in zip(held.indices("train"), held.indices("valid"), strict=True):
        begun, whole = held.piece_tokens(int(i)), held.piece_tokens(int(j))
        n = held.heard_tokens(int(j))
        assert np.array_equal(begun[: n - 1], whole[: n - 1])  # the last note may be cut short
        assert len(begun) == n + 1


def test_what_is_usual_is_not_learnt_from_pieces_that_training_begins_with(few):
    known = corpus_fingerprints(hold_out(few)[0])
    assert known.pieces == 3
    assert known.held_out == {}
