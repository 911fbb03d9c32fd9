"""Pieces from nothing close: on the tonic, in exactly the bars asked, the same on any threads."""

import numpy as np
import pytest

import lstm_music as lm
from lstm_music.generate.forms.endings import DRAWS, close_all, closed_by_hand
from lstm_music.music.harmony.cadence import ends_on_tonic
from lstm_music.music.key import Key
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode

HEADER = {"style": "folk", "key": "D major", "meter": "6/8"}


@pytest.fixture(scope="module")
def composer():
    return lm.load()


def closing(pieces):
    return np.mean([ends_on_tonic(piece) for piece in pieces])


def test_more_tunes_end_on_the_tonic_than_if_left_alone(composer):
    drawn, once = (
        composer.generate_many(n=40, bars=8, rng_seed=1, ending=ending, **HEADER)
        for ending in ("tonic", "free")
    )
    assert closing(drawn) > closing(once) + 0.2


@pytest.mark.parametrize("bars", [1, 2, 5])
@pytest.mark.parametrize("ending", ["tonic", "free"])
def test_exactly_the_bars_asked(composer, bars, ending):
    pieces = composer.generate_many(n=6, bars=bars, rng_seed=2, ending=ending, **HEADER)
    for piece in pieces:
        bar = piece.meters[0].bar_steps
        assert (bars - 1) * bar < piece.end_steps <= bars * bar


def test_the_bars_before_the_ending_are_those_drawn_first(composer):
    bars = 6
    drawn, once = (
        composer.generate(bars=bars, rng_seed=3, ending=ending, drafts=1, **HEADER)
        for ending in ("tonic", "free")
    )
    before = (bars - 2) * drawn.meters[0].bar_steps
    onsets = drawn.notes["onset_steps"]
    kept = once.notes[once.notes["onset_steps"] < before]
    assert len(kept)
    assert np.array_equal(drawn.notes[onsets < before], kept)


def test_one_seed_one_result_for_any_number_of_pieces_and_threads(composer):
    many = composer.generate_many(n=5, bars=3, rng_seed=4, threads=1, **HEADER)
    assert composer.generate_many(n=5, bars=3, rng_seed=4, threads=3, **HEADER) == many
    assert composer.generate(bars=3, rng_seed=4, **HEADER) == many[0]


def test_the_network_may_end_before_the_bar_is_full(composer):
    pieces = composer.generate_many(n=30, bars=4, rng_seed=5, ending="free", **HEADER)
    assert any(piece.end_steps < 4 * piece.meters[0].bar_steps for piece in pieces)


def test_drums_end_as_they_like(composer):
    drums = {"style": "drums", "meter": "4/4", "bars": 4, "rng_seed": 1}
    assert composer.generate(**drums) == composer.generate(ending="free", **drums)


def test_another_ending_is_refused(composer):
    with pytest.raises(lm.ConfigError, match="ending must be one of tonic, free, got 'deceptive'"):
        composer.generate(bars=2, ending="deceptive")
    with pytest.raises(lm.ConfigError, match="ending is for a piece from nothing"):
        composer.generate(composer.generate(bars=1, rng_seed=1), bars=1, ending="free")


class Scripted:
    """Stands for a generator that has written one note, or one chord."""

    def __init__(self, pitches, has_ended):
        pitches = pitches if isinstance(pitches, tuple) else (pitches,)
        notes = make_notes([(0, 24, pitch, 80, 0) for pitch in pitches])
        self.score = Automaton(64)
        self.score.extend(encode(canonical(Piece(notes=notes, tracks=(Track(),)))))
        self.has_ended = has_ended


@pytest.mark.parametrize(
    ("script", "chosen", "draws"),
    [
        ([(60, True)], 0, 1),
        ([(62, True), (60, True)], 1, 2),
        # On the tonic, but cut off: kept until one comes that has ended by itself.
        ([(60, False), (62, True), (60, True)], 2, 3),
        ([(60, False)] + [(62, True)] * (DRAWS - 1), 0, DRAWS),
        ([(62, True)] * DRAWS, DRAWS - 1, DRAWS),
        # A seventh over the tonic is kept until a triad comes, though that one is cut off.
        ([((48, 58, 64), True), ((48, 55, 64), True)], 1, 2),
        ([((48, 58, 64), True)] + [((48, 55, 63), False)] * (DRAWS - 1), 1, DRAWS),
    ],
)
def test_which_ending_is_kept(monkeypatch, script, chosen, draws):
    drawn = []

    def again(i, stream):
        assert stream == len(drawn) << 32
        drawn.append(Scripted(*script[len(drawn)]))
        return drawn[-1]

    monkeypatch.setattr("lstm_music.generate.forms.endings.run_drafts", lambda generators: None)
    (ending,) = close_all([None], again, Key.parse("C major"))
    assert (drawn.index(ending), len(drawn)) == (chosen, draws)


@pytest.mark.parametrize(
    ("bass", "above", "moved"),
    [
        (62, (), 60),  # down a tone
        (58, (), 60),  # up a tone
        (54, (), 60),  # a tritone up
        (55, (), 60),  # a fourth up, not a fifth down
        (67, (), 72),
        (58, (59, 64), 48),  # a tonic above would cross the voice over it
        (58, (64, 67), 60),
        (2, (), 0),
        (126, (), 120),
    ],
)
def test_a_last_bass_note_moves_to_the_nearest_tonic(bass, above, moved):
    rows = [(0, 24, 60, 80, 0)] + [(24, 24, pitch, 80, 0) for pitch in (bass, *above)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(),), key=lm.Key(0))
    notes = closed_by_hand(piece).notes
    assert sorted(notes["pitch_midi"][1:].tolist()) == sorted([moved, *above])
    assert notes[["onset_steps", "duration_steps"]].tolist() == (
        piece.notes[["onset_steps", "duration_steps"]].tolist()
    )


def test_what_closes_or_has_no_key_or_pitch_is_left_alone():
    rows = [(0, 24, 60, 80, 0), (24, 24, 62, 80, 0)]
    drums = Piece(notes=make_notes(rows), tracks=(Track(0, is_drum=True),), key=lm.Key(0))
    tonic = Piece(notes=make_notes(rows[:1]), tracks=(Track(),), key=lm.Key(0))
    for piece in (drums, tonic):
        assert closed_by_hand(piece) == piece
