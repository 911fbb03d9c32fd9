"""Wishes: how dense, thick, high and long the notes of a bar are, measured and in steps."""

import numpy as np
import pytest
from hypothesis import given
from token_strategies import bar_starts, examples, pieces

from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.tokens.streams import WISH_SIZES
from lstm_music.tokens.wishes import MAX_WISHED_ONSETS, Measures, measure, wish_values

PIANO, DRUMS = Track(), Track(0, True)


def test_measures_by_hand():
    # Bar 0: a chord of three and one note; drums twice. Bar 1: drums alone, off the other onset.
    rows = [(0, 24, 60, 80, 0), (0, 24, 64, 80, 0), (0, 48, 68, 80, 0), (48, 96, 48, 80, 0)]
    rows += [(0, 6, 36, 80, 1), (24, 6, 38, 80, 1), (96, 6, 36, 80, 1), (120, 6, 36, 80, 1)]
    found = measure(Piece(make_notes(rows), (PIANO, DRUMS)), 3)
    assert found.density[:, :2].tolist() == [[2, 2], [0, 2], [0, 0]]
    assert found.polyphony[0, :2].tolist() == [2, 1]
    assert found.polyphony[1, 1] == 1
    assert found.register[0, 0] == 60
    assert found.duration[0, 0] == 48
    assert found.onsets.tolist() == [3, 2, 0]
    nothing = [found.polyphony[1, 0], found.register[1, 0], found.duration[1, 0]]
    drums = [*found.register[:, 1], *found.duration[:, 1]]
    assert np.isnan([*nothing, *drums]).all()
    assert found.density.shape == found.polyphony.shape == found.register.shape == (3, 16)
    assert found.duration.shape == (3, 16)
    assert not found.density[:, 2:].any()


def test_a_pickup_is_a_bar_and_a_note_counts_where_it_begins():
    rows = [(0, 200, 60, 80, 0), (24, 24, 62, 80, 0), (119, 24, 64, 80, 0), (120, 24, 65, 80, 0)]
    piece = Piece(make_notes(rows), (PIANO,), pickup_steps=24)
    assert measure(piece, 3).density[:, 0].tolist() == [1, 2, 1]
    assert measure(piece, 3).register[:, 0].tolist() == [60, 63, 65]
    assert measure(piece.replace(pickup_steps=0), 3).density[:, 0].tolist() == [2, 2, 0]


def test_bars_after_those_asked_for_are_left_out():
    piece = Piece(make_notes([(96 * i, 24, 60, 80, 0) for i in range(5)]), (PIANO,))
    assert measure(piece, 2).density[:, 0].tolist() == [1, 1]
    assert measure(piece, 2).onsets.tolist() == [1, 1]


def test_a_meter_change_is_kept():
    meters = (Meter(0, 4, 4), Meter(48, 3, 4))
    rows = [(at, 12, 60, 80, 0) for at in (0, 24, 47, 48, 119, 120)]
    assert measure(Piece(make_notes(rows), (PIANO,), meters), 3).density[:, 0].tolist() == [3, 2, 1]


def test_a_piece_without_notes():
    found = measure(Piece(), 2)
    assert not found.density.any() and not found.onsets.any()
    assert np.isnan(found.register).all()


@given(pieces())
@examples(60)
def test_measures_are_what_a_count_says(piece):
    end = 20_000 if len(piece.notes) == 0 else int(piece.notes["onset_steps"].max())
    starts = bar_starts(piece, end)
    n_bars = min(len(starts), 200)
    found = measure(piece, n_bars)
    onsets, cells = [set() for _ in range(n_bars)], {}
    for onset, duration, pitch, _, track, _ in piece.notes.tolist():
        bar = max(i for i, start in enumerate(starts) if start <= onset)
        if bar < n_bars and track < 16:
            onsets[bar].add(onset)
            cells.setdefault((bar, track), []).append((onset, pitch, duration))
    assert found.onsets.tolist() == [len(there) for there in onsets]
    assert np.count_nonzero(found.density) == len(cells)
    for at, notes in cells.items():
        heads = len({onset for onset, _, _ in notes})
        assert (found.density[at], found.polyphony[at]) == (heads, len(notes) / heads)
        if piece.tracks[at[1]].is_drum:
            assert np.isnan(found.register[at]) and np.isnan(found.duration[at])
        else:
            means = np.mean([pitch for _, pitch, _ in notes]), np.mean([d for *_, d in notes])
            assert (found.register[at], found.duration[at]) == pytest.approx(means)


def values(density=np.nan, polyphony=np.nan, register=np.nan, duration=np.nan, onsets=np.nan):
    """Of one bar of one track: the four wishes, and the onsets of all."""
    fields = [np.full((1, 1), x) for x in (density, polyphony, register, duration)]
    wishes, wished_onsets = wish_values(Measures(*fields, np.array([onsets], float)))
    assert wishes.dtype == wished_onsets.dtype == np.uint8
    return (*wishes[0, 0].tolist(), int(wished_onsets[0]))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (0, 0, 0, 0, 0)),
        ({"density": 0}, (1, 0, 0, 0, 0)),
        ({"density": 4}, (5, 0, 0, 0, 0)),
        ({"density": 16}, (17, 0, 0, 0, 0)),
        ({"density": 500}, (17, 0, 0, 0, 0)),
        ({"polyphony": 1}, (0, 1, 0, 0, 0)),
        ({"polyphony": 2.5}, (0, 4, 0, 0, 0)),  # in half notes over one
        ({"polyphony": 5}, (0, 9, 0, 0, 0)),
        ({"polyphony": 10}, (0, 9, 0, 0, 0)),
        ({"register": 0}, (0, 0, 1, 0, 0)),
        ({"register": 60}, (0, 0, 11, 0, 0)),  # in half octaves
        ({"register": 62}, (0, 0, 11, 0, 0)),
        ({"register": 64}, (0, 0, 12, 0, 0)),
        ({"register": 127}, (0, 0, 22, 0, 0)),
        ({"duration": 1}, (0, 0, 0, 1, 0)),
        ({"duration": 3}, (0, 0, 0, 1, 0)),  # a 32nd, then two for each doubling
        ({"duration": 6}, (0, 0, 0, 3, 0)),
        ({"duration": 24}, (0, 0, 0, 7, 0)),
        ({"duration": 36}, (0, 0, 0, 8, 0)),
        ({"duration": 96}, (0, 0, 0, 11, 0)),
        ({"duration": 6144}, (0, 0, 0, 13, 0)),
        ({"onsets": 0}, (0, 0, 0, 0, 1)),
        ({"onsets": 8}, (0, 0, 0, 0, 9)),
        ({"onsets": 32}, (0, 0, 0, 0, 33)),
        ({"onsets": 90}, (0, 0, 0, 0, 33)),
    ],
)
def test_values_of_the_streams(asked, expected):
    assert values(**asked) == expected


def test_the_most_onsets():
    assert MAX_WISHED_ONSETS == 32
    assert values(onsets=MAX_WISHED_ONSETS) != values(onsets=MAX_WISHED_ONSETS - 1)


def test_every_value_of_a_stream_can_be_wished_and_none_above():
    grids = {
        "density": np.arange(40.0),
        "polyphony": np.arange(1, 20, 0.5),
        "register": np.arange(128.0),
        "duration": np.geomspace(1, 6144, 300),
    }
    for i, (name, size) in enumerate(WISH_SIZES.items()):
        found = {values(**{name: x})[i] for x in grids[name].tolist()}
        top = size - 1 if name != "register" else 22  # of 23: pitches end at 127
        assert found == set(range(1, top + 1)), name
