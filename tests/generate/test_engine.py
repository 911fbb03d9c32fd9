"""What the network is told of a seed, and what it may say."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import lstm_music as lm
from lstm_music.corpus.coverage import Coverage
from lstm_music.errors import ConfigError
from lstm_music.generate.engine import Engine, in_shares, with_sounding_tracks
from lstm_music.generate.loop import MOST_AT_ONCE
from lstm_music.music.key import Key, KeyChange
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes
from lstm_music.nn.sampling import Sampling
from lstm_music.tokens.streams import MAX_TRACKS
from lstm_music.tokens.vocabulary import Vocabulary

EVERYTHING = Coverage(("pedal_down", "tempo", "timing"), (0,), True, ("folk", "drums"))
KIT = Track(is_drum=True)


def engine(**changes):
    """One that composes nothing, of a network that has met everything but for the changes."""
    return Engine(None, Vocabulary(), replace(EVERYTHING, **changes))


def scale(key, bars, start=0):
    """Bars of quarters up and down the scale of a major key."""
    tonic = 60 + 7 * key.sharps % 12
    pitches = [tonic + step for step in (0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2, 0, 0)]
    return [(start + 24 * i, 24, pitches[i % 16], 80, 0) for i in range(4 * bars)]


def played():
    """One track with everything that a network may not have met."""
    notes = make_notes([(24 * i, 24, 60 + i % 5, 60 + i, 0) for i in range(16)])
    notes["timing_96ths"][3] = 2
    pedal = np.array([(0, 0, True), (48, 0, False)], PEDAL_DTYPE)
    tempos = (Tempo(0, 600_000), Tempo(96, 400_000))
    return Piece(notes=notes, tracks=(Track(),), tempos=tempos, pedal=pedal)


def test_a_network_that_has_met_everything_hears_everything():
    assert engine().known_part(played()) == played()
    assert engine().left_out(played(), 1) == ()


@pytest.mark.parametrize(
    ("kinds", "name"),
    [
        (("tempo", "timing"), "pedal"),
        (("pedal_down", "timing"), "tempo changes"),
        (("pedal_down", "tempo"), "timing off the grid"),
    ],
)
def test_what_it_has_not_met_is_left_out_and_named(kinds, name):
    hearing = engine(kinds=kinds)
    heard = hearing.known_part(played())
    assert [bool(len(heard.pedal)), len(heard.tempos) > 1, heard.notes["timing_96ths"].any()] == [
        kind in kinds for kind in ("pedal_down", "tempo", "timing")
    ]
    assert heard.tempos[0] == Tempo(0, 600_000)
    (said,) = hearing.left_out(played(), 1)
    assert said.endswith(f": {name}")


@pytest.mark.parametrize(("n_tracks", "said"), [(MAX_TRACKS, False), (MAX_TRACKS + 1, True)])
def test_as_many_tracks_as_tokens_can_carry_are_heard(n_tracks, said):
    rows = [(0, 24, 60, 80, track) for track in range(n_tracks)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(),) * n_tracks)
    assert (
        any("busiest" in text for text in engine().left_out(piece, min(n_tracks, MAX_TRACKS)))
        == said
    )


def test_of_many_tracks_the_busiest_are_kept_in_their_order():
    n = MAX_TRACKS + 2
    rows = [(24 * i, 24, 60, 80, t) for t in range(n) for i in range(1 + (t not in (1, 4)))]
    tracks = tuple(Track(program) for program in range(n))
    pedal = np.array([(0, 1, True), (0, 2, True), (24, 5, True)], PEDAL_DTYPE)
    heard, kept = with_sounding_tracks(Piece(notes=make_notes(rows), tracks=tracks, pedal=pedal))
    assert kept.tolist() == [t for t in range(n) if t not in (1, 4)]
    assert [track.program for track in heard.tracks] == kept.tolist()
    assert kept[heard.pedal["track"]].tolist() == [2, 5]


def test_silent_tracks_are_not_told():
    piece = Piece(notes=make_notes([(0, 24, 60, 80, 1)]), tracks=(Track(1), Track(2), Track(3)))
    heard, kept = with_sounding_tracks(piece)
    assert (kept.tolist(), heard.tracks) == ([1], (Track(2),))
    assert heard.notes["track"].tolist() == [0]


def test_the_style_is_the_one_that_the_network_has_or_that_of_the_seed():
    notes = make_notes([(0, 24, 60, 80, 0), (0, 24, 36, 80, 1)])
    band = Piece(notes=notes, tracks=(Track(), KIT))
    beat = Piece(notes=notes[1:], tracks=(KIT, KIT))
    assert [engine().style_of(seed) for seed in (band, beat)] == ["", "drums"]
    assert engine().style_of(beat.replace(style="folk")) == "folk"
    assert engine(styles=("chorale",)).style_of(beat) == "chorale"


def test_the_key_is_that_of_the_whole_seed():
    whole = Piece(notes=make_notes(scale(Key(3), 8)), tracks=(Track(),), key=Key(3))
    part = whole.replace(notes=make_notes(scale(Key(-3), 2)), key=Key(-3))
    told = engine().as_read(part, whole)
    assert told.key == Key(3)


def test_of_a_seed_that_changes_its_key_the_last_one_is_told():
    rows = scale(Key(3), 4) + scale(Key(-1), 4, 384) + scale(Key(2), 4, 768)
    changes = (KeyChange(384, Key(-1)), KeyChange(780, Key(2)))  # the second within a bar
    piece = Piece(notes=make_notes(rows), tracks=(Track(),), key=Key(3), key_changes=changes)
    told = engine().as_read(piece, piece)
    assert told.key == Key(2)


def test_even_at_random_it_says_nothing_that_it_has_not_met():
    sampling = Sampling(8.0, top_p=1.0)
    folk = lm.load("folk")
    for piece in folk.generate_many(n=4, bars=4, sampling=sampling, rng_seed=1, drafts=1):
        assert (len(piece.meters), len(piece.tempos), len(piece.pedal)) == (1, 1, 0)
        assert not piece.notes["timing_96ths"].any()


ENGINE = SimpleNamespace(weights=None)
"""Of this machine."""


@pytest.mark.parametrize(("threads", "n"), [(1, 5), (2, 5), (9, 5), (1, MOST_AT_ONCE + 1)])
def test_shares_hold_all_in_order_and_no_more_than_run_at_once(threads, n):
    shares = []

    def compose(share):
        shares.append(len(share))
        return list(share)

    assert in_shares(ENGINE, compose, range(n), threads) == list(range(n))
    assert max(shares) <= MOST_AT_ONCE


@pytest.mark.parametrize("threads", [0, -1])
def test_it_takes_a_thread(threads):
    with pytest.raises(ConfigError, match="threads"):
        in_shares(ENGINE, list, range(3), threads)
