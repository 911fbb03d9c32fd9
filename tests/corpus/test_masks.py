"""Masks: what is hidden, what is given, and what is wished of the hidden part."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import MIDI_DATA
from token_strategies import bar_starts, examples, pieces

from lstm_music.corpus.batching.masks import (
    ENDLESS_STEPS,
    MaskChances,
    chord_values,
    draw_mask,
    given_notes,
)
from lstm_music.midi.read import read_midi
from lstm_music.music.harmony.find import QUALITIES
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.music.places import begins_in
from lstm_music.tokens.annotate import annotate_choices
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.wishes import measure, wish_values

ALWAYS = MaskChances(whole=0.0, spans=0.5, tracks=0.5, wishes=0.0, chords=0.0)
SPANS = MaskChances(whole=0.0, spans=1.0, tracks=0.0, wishes=0.0, chords=0.0)
TRACKS = MaskChances(whole=0.0, spans=0.0, tracks=1.0, wishes=0.0, chords=0.0)
WISHED = MaskChances(whole=0.0, spans=0.5, tracks=0.5, wishes=1.0, chords=1.0)


@pytest.fixture(scope="module")
def band():
    return canonical(read_midi(MIDI_DATA / "band.mid"))


def draws(piece, chances, n):
    return [draw_mask(piece, np.random.default_rng(seed), chances) for seed in range(n)]


def places_of(mask):
    return [tuple(place) for place in mask.places.tolist()]


def is_lasting(place):
    return place[1] == 0 and place[2] == ENDLESS_STEPS


def kind_of(piece, mask):
    """What a mask is, by its places alone."""
    if mask is None:
        return "nothing"
    by_track = {t: [p[1:] for p in places_of(mask) if p[0] == t] for t in range(len(piece.tracks))}
    spans = {tuple(places) for places in by_track.values()}
    if spans == {((0, ENDLESS_STEPS),)}:
        return "whole"
    if len(spans) == 1:
        return "spans"
    is_whole = spans == {((0, ENDLESS_STEPS),), ()}
    return "tracks" if is_whole else "stretches of tracks"


def test_every_kind_comes_as_often_as_it_should(band):
    kinds = Counter(kind_of(band, mask) for mask in draws(band, None, 600))
    # 0.3 have no given part; of those half are without wishes, and 0.7 of these without chords.
    assert abs(kinds["nothing"] / 600 - 0.3 * 0.5 * 0.7) < 0.04
    assert abs(kinds["whole"] / 600 - 0.3 * (1 - 0.5 * 0.7)) < 0.06
    assert abs(kinds["spans"] / 600 - 0.35) < 0.06
    assert abs(kinds["tracks"] / 600 - 0.175) < 0.05
    assert abs(kinds["stretches of tracks"] / 600 - 0.175) < 0.05


@pytest.mark.parametrize(
    ("chances", "kinds"),
    [(SPANS, {"spans"}), (TRACKS, {"tracks", "stretches of tracks"}), (MaskChances.of(0), None)],
)
def test_chances_of_one_kind(band, chances, kinds):
    found = {kind_of(band, mask) for mask in draws(band, chances, 60)}
    assert found == (kinds or {"nothing", "whole"})


def test_shares_of_one_number():
    assert MaskChances.of(0.0) == MaskChances(whole=1.0, spans=0.0, tracks=0.0)
    assert MaskChances.of(1.0) == MaskChances(whole=0.0, spans=0.5, tracks=0.5)
    assert MaskChances.of(0.5) == MaskChances(whole=0.5, spans=0.25, tracks=0.25)
    assert MaskChances().wishes == 0.5 and MaskChances().chords == 0.3


def test_the_shares_need_not_add_up_to_one(band):
    twice = MaskChances(whole=0.6, spans=0.7, tracks=0.7)
    for one, other in zip(draws(band, None, 30), draws(band, twice, 30), strict=True):
        assert equal(one, other)


def equal(one, other):
    if one is None or other is None:
        return one is other
    names = ("given", "places", "wishes", "wished_onsets", "chords")
    return all(np.array_equal(getattr(one, n), getattr(other, n)) for n in names)


def test_the_generator_alone_decides(band):
    one, same = draws(band, None, 40), draws(band, None, 40)
    assert all(equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(equal(a, b) for a, b in pairwise(one))


def check_mask(piece, mask):
    lines = [max(start, 0) for start in bar_starts(piece, piece.end_steps)]
    end = min(line for line in [*lines, *after_last(piece)] if line >= piece.end_steps)
    allowed = {line for line in lines if line <= end} | {0, end, ENDLESS_STEPS}
    places = places_of(mask)
    for track, start, stop in places:
        assert 0 <= track < len(piece.tracks)
        assert 0 <= start < stop
        assert start in allowed and stop in allowed
    assert places == sorted(places)
    for one, after in pairwise(places):
        assert one[0] < after[0] or one[2] < after[1]
    hidden = piece.notes[begins_in(piece.notes, places)]
    assert len(hidden) + len(mask.given) == len(piece.notes)
    assert sorted([*hidden.tolist(), *mask.given.tolist()]) == sorted(piece.notes.tolist())
    _, free = annotate_choices(encode(piece), conditioning=mask)
    if len(hidden):
        assert free.any()


def after_last(piece):
    """The bar line at the end of the piece, found by going on from the last meter."""
    last = piece.meters[-1]
    start = last.onset_steps + (piece.pickup_steps if len(piece.meters) == 1 else 0)
    return [start + i * last.bar_steps for i in range((piece.end_steps // last.bar_steps) + 2)]


@given(pieces(), st.integers(0, 1 << 20))
@examples(80)
def test_open_places_lie_on_bar_lines(piece, seed):
    piece = canonical(piece)
    if len(piece.notes):
        for i in range(4):
            mask = draw_mask(piece, np.random.default_rng([seed, i]), ALWAYS)
            if mask is not None:
                check_mask(piece, mask)


def test_open_places_of_real_music_lie_on_bar_lines(band):
    for mask in draws(band, WISHED, 60):
        check_mask(band, mask)


def test_places_are_long_and_short_early_and_late(band):
    places = [place for mask in draws(band, SPANS, 300) for place in places_of(mask)]
    bar = band.meters[0].bar_steps
    bars = Counter((stop - start) // bar for _, start, stop in places if stop < ENDLESS_STEPS)
    assert bars[1] > bars[4] > 0
    n_bars = -(-band.end_steps // bar)
    longest = max(min(stop, band.end_steps) - start for _, start, stop in places) // bar
    assert longest > n_bars // 4
    assert any(start == 0 for _, start, _ in places)
    assert any(stop == ENDLESS_STEPS for _, _, stop in places)
    assert any(band.end_steps <= stop < ENDLESS_STEPS for _, _, stop in places)
    # Up to three in a track.
    in_track = Counter(sum(t == 0 for t, _, _ in places_of(m)) for m in draws(band, SPANS, 300))
    assert set(in_track) == {1, 2, 3}


def test_never_are_all_tracks_open_where_tracks_are_chosen(band):
    for mask in draws(band, TRACKS, 100):
        open_tracks = {track for track, _, _ in places_of(mask)}
        assert 1 <= len(open_tracks) < len(band.tracks)
    assert len({frozenset(t for t, _, _ in places_of(m)) for m in draws(band, TRACKS, 100)}) > 5


def test_one_track_has_spans():
    notes = make_notes([(96 * i, 24, 60 + i, 84, 0) for i in range(8)])
    piece = Piece(notes, (Track(),))
    masks = draws(piece, TRACKS, 40)
    assert {kind_of(piece, mask) for mask in masks} == {"spans"}
    assert all(len(mask.given) for mask in masks)


def test_one_bar_of_two_is_open():
    piece = Piece(make_notes([(0, 96, 60, 84, 0), (96, 96, 62, 84, 0)]), (Track(),))
    found = {tuple(places_of(mask)[0][1:]) for mask in draws(piece, ALWAYS, 40)}
    assert found >= {(0, 96), (96, 192), (96, ENDLESS_STEPS)}


def test_one_bar_is_shown_whole():
    piece = Piece(make_notes([(0, 24, 60, 84, 0)]), (Track(),))
    assert draws(piece, ALWAYS, 20) == [None] * 20


# Wishes.


def hidden_measures(piece, mask, n_bars):
    hidden = piece.replace(notes=piece.notes[begins_in(piece.notes, places_of(mask))])
    return measure(hidden, n_bars)


def open_cells(piece, mask):
    """(bars, 16): whether the bar begins in an open place of the track."""
    starts = [max(s, 0) for s in bar_starts(piece, piece.end_steps)]
    starts = [start for start in starts if start < piece.end_steps]
    cells = np.zeros((len(starts), 16), bool)
    for track, start, stop in places_of(mask):
        for bar, at in enumerate(starts):
            cells[bar, track] |= start <= at < stop
    return cells


def wish_cases(piece, n):
    """Masks with the values that bar by bar would be told, and where."""
    for mask in draws(piece, WISHED, n):
        cells = open_cells(piece, mask)
        wishes, onsets = wish_values(hidden_measures(piece, mask, len(cells)))
        yield mask, cells, wishes, onsets


@pytest.mark.parametrize("pickup_steps", [0, 24])
def test_what_is_wished_is_what_the_hidden_music_is_like(band, pickup_steps):
    piece = canonical(band.replace(pickup_steps=pickup_steps))
    n_bar_by_bar = n_mean = 0
    for mask, cells, wishes, onsets in wish_cases(piece, 60):
        assert mask.wishes.shape == (len(cells), 16, 4)
        assert not mask.wishes[~cells].any()
        assert not mask.wished_onsets[~cells.any(axis=1)].any()
        for kind in range(4):
            told, real = mask.wishes[..., kind], wishes[..., kind]
            if not told.any():
                continue
            if np.array_equal(told[cells], real[cells]):
                n_bar_by_bar += 1
            else:
                n_mean += 1
                for track in range(16):
                    values = told[cells[:, track], track]
                    known = real[cells[:, track], track]
                    assert len(set(values.tolist())) <= 1
                    known = known[known > 0]
                    if len(known):
                        assert known.min() <= values[0] <= known.max()
                    else:
                        assert not values.any()
        if mask.wished_onsets.any():
            there = cells.any(axis=1)
            told = mask.wished_onsets[there]
            is_mean = len(set(told.tolist())) == 1
            assert is_mean or np.array_equal(told, onsets[there])
            if is_mean:
                assert onsets[there].min() <= told[0] <= onsets[there].max()
    assert n_bar_by_bar > 30
    assert n_mean > 20


def test_means_by_hand():
    """Two bars open: 4 onsets and 1, pitches 60 60 60 60 and 72."""
    rows = [(0, 24, 50, 84, 0), *((96 + 24 * i, 24, 60, 84, 0) for i in range(4))]
    piece = Piece(make_notes([*rows, (192, 96, 72, 84, 0), (288, 24, 40, 84, 0)]), (Track(),))
    seen = set()
    for seed in range(400):
        mask = draw_mask(piece, np.random.default_rng(seed), WISHED)
        if places_of(mask) == [(0, 96, 288)]:
            assert set(mask.wishes[1:3, 0, 0].tolist()) <= {0, 1 + 4, 1 + 1, 1 + 2}
            seen.add((*mask.wishes[1:3, 0, :].T.ravel().tolist(), *mask.wished_onsets[1:3]))
    told = {values[:2] for values in seen}
    assert told == {(0, 0), (5, 2), (3, 3)}  # nothing; bar by bar; 2.5, which rounds to 2
    assert {values[2:4] for values in seen} == {(0, 0), (1, 1)}  # one note an onset
    assert {values[4:6] for values in seen} == {(0, 0), (11, 13), (12, 12)}  # of 66
    assert {values[6:8] for values in seen} == {(0, 0), (7, 11), (10, 10)}  # 24, 96; 60 steps
    assert {values[8:] for values in seen} == {(0, 0), (5, 2), (3, 3)}


def test_each_wish_is_told_half_of_the_time(band):
    masks = draws(band, WISHED, 200)
    for kind in range(4):
        told = np.mean([mask.wishes[..., kind].any() for mask in masks])
        assert abs(told - 0.5) < 0.12
    assert abs(np.mean([mask.wished_onsets.any() for mask in masks]) - 0.5) < 0.12


# Chords.


def test_chords_are_those_that_are_heard():
    triads = [(60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 67)]
    rows = [(96 * i, 96, p, 84, 0) for i, chord in enumerate(triads) for p in chord]
    found = chord_values(Piece(make_notes(rows), (Track(),)))
    major = QUALITIES.index("maj")
    assert found.dtype == np.intc
    assert found.tolist() == [[96 * i, 2 + root, 1 + major] for i, root in enumerate((0, 5, 7, 0))]


def test_no_chord_is_told_as_none():
    drums = Piece(make_notes([(24 * i, 6, 38, 84, 0) for i in range(8)]), (Track(0, True),))
    assert {tuple(row[1:]) for row in chord_values(drums).tolist()} <= {(1, 0)}


def test_chords_are_told_as_often_as_they_should(band):
    told = np.mean([m is not None and len(m.chords) > 0 for m in draws(band, None, 300)])
    assert abs(told - 0.3) < 0.08
    assert not any(len(mask.chords) for mask in draws(band, ALWAYS, 20))
    assert all(np.array_equal(m.chords, chord_values(band)) for m in draws(band, WISHED, 20))


# What is given.


def test_a_note_belongs_where_it_begins():
    notes = make_notes([(0, 200, 60, 84, 0), (96, 24, 62, 84, 0), (96, 24, 50, 84, 1)])
    piece = Piece(notes, (Track(), Track()))
    assert given_notes(piece, [(0, 96, 192)])["pitch_midi"].tolist() == [60, 50]
    assert given_notes(piece, [(0, 0, 96), (1, 96, 97)])["pitch_midi"].tolist() == [62]
    assert given_notes(piece, []).tolist() == piece.notes.tolist()


def test_a_bar_cut_short_is_a_bar():
    """The meter changes within a bar: the place there is as short as the bar."""
    meters = (Meter(0, 4, 4), Meter(48, 3, 4))
    piece = Piece(make_notes([(24 * i, 24, 60, 84, 0) for i in range(8)]), (Track(),), meters)
    places = [place for mask in draws(piece, SPANS, 60) for place in places_of(mask)]
    edges = {edge for place in places for edge in place[1:]}
    assert edges == {0, 48, 120, 192, ENDLESS_STEPS}
