"""Loose playing onto the grid, with the looseness kept."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paths import MIDI_DATA

from lstm_music.midi.read import read_midi
from lstm_music.music.listening.quantise import (
    quantise,
    quantised_onsets,
    timing_residual,
    with_quantised_onsets,
)
from lstm_music.music.piece import MAX_TIMING_96THS, NOTE_DTYPE, Piece, Tempo, Track, make_notes

RNG_SEED = 4


def played_at(places_96ths, duration=6):
    """Notes of one melody, each played at a place in 96ths of a quarter."""
    places = np.asarray(places_96ths)
    onset = (places + 2) // 4
    rows = [
        (int(o), duration, 60 + i % 12, 80, 0, int(p - 4 * o))
        for i, (o, p) in enumerate(zip(onset, places, strict=True))
    ]
    return Piece(notes=make_notes(rows), tracks=(Track(),))


def places(piece):
    return 4 * piece.notes["onset_steps"] + piece.notes["timing_96ths"]


def loosely(piece, spread_96ths):
    rng = np.random.default_rng(RNG_SEED)
    notes = piece.notes.copy()
    at = 4 * notes["onset_steps"] + np.rint(rng.normal(0, spread_96ths, len(notes))).astype(int)
    at = np.maximum(at, 0)
    notes["onset_steps"] = (at + 2) // 4
    notes["timing_96ths"] = at - 4 * notes["onset_steps"]
    return piece.replace(notes=notes)


def written_onsets(piece):
    return {(int(n["onset_steps"]), int(n["pitch_midi"]), int(n["track"])) for n in piece.notes}


@pytest.mark.parametrize("parts", [2, 3, 4, 6, 8])
def test_each_division_is_recognised(parts):
    rng = np.random.default_rng(RNG_SEED)
    exact = np.arange(16 * parts) * (96 // parts)
    played = np.maximum(exact + rng.integers(-2, 3, len(exact)), 0)
    after = quantise(played_at(played, duration=2))
    assert after.notes["onset_steps"].tolist() == (exact // 4).tolist()
    assert np.array_equal(places(after), played)


@pytest.mark.parametrize("name", ["waltz", "reel", "jig", "triplets", "chorale", "nocturne"])
def test_real_music_played_loosely_comes_back(name):
    piece = read_midi(MIDI_DATA / f"{name}.mid")
    piece = piece.replace(notes=quantise(piece).notes)
    loose = loosely(piece, 2.5)  # 13 ms at 120
    wanted = written_onsets(piece)
    assert len(written_onsets(loose) & wanted) < 0.8 * len(wanted)
    assert len(written_onsets(quantise(loose)) & wanted) >= 0.97 * len(wanted)


@pytest.mark.parametrize(
    ("late", "onset"), [(0.5, 12), (0.55, 12), (0.58, 12), (0.646, 16), (0.667, 16)]
)
def test_swing_is_straight_up_to_58_percent_then_a_triplet(late, onset):
    played = np.sort(np.concatenate([np.arange(32) * 96, np.arange(32) * 96 + round(96 * late)]))
    after = quantise(played_at(played))
    assert set(after.notes["onset_steps"] % 24) == {0, onset}
    assert np.array_equal(places(after), played)


def test_nothing_of_the_timing_is_lost():
    piece = read_midi(MIDI_DATA / "drums.mid")
    loose = loosely(piece, 4)
    after = quantise(loose)
    key = [(int(p), int(n["pitch_midi"])) for p, n in zip(places(after), after.notes, strict=True)]
    want = [(int(p), int(n["pitch_midi"])) for p, n in zip(places(loose), loose.notes, strict=True)]
    assert sorted(key) == sorted(want)
    assert np.abs(after.notes["timing_96ths"]).max() <= MAX_TIMING_96THS


def test_a_flam_stays_two_strokes():
    strokes = [96 * i + (3 if i % 2 else -3) for i in range(1, 17)]
    flam = sorted([*strokes, strokes[7] - 10])
    rows = [((p + 2) // 4, 2, 38, 90, 0, p - 4 * ((p + 2) // 4)) for p in flam]
    after = quantise(Piece(notes=make_notes(rows), tracks=(Track(is_drum=True),)))
    assert len(np.unique(after.notes["onset_steps"])) == len(rows)
    assert (after.notes["onset_steps"] % 24 == 0).sum() == len(strokes)


def test_a_note_ends_before_its_pitch_is_struck_again():
    rows = []
    for i in range(16):
        rows += [(24 * i, 23, 60, 80, 0, 2), (24 * i + 23, 1, 60, 80, 0, 0)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(),))
    after = quantise(piece)
    ends = after.notes["onset_steps"] + after.notes["duration_steps"]
    assert (ends[:-1] <= after.notes["onset_steps"][1:]).all()


def test_ends_follow_the_grid_when_close():
    rows = [(24 * i + 1, 22, 60 + i % 5, 80, 0, 1) for i in range(16)]
    rows.append((16 * 24 + 1, 11, 60, 80, 0, 0))
    rows.append((17 * 24 + 1, 33, 60, 80, 0, 0))
    after = quantise(Piece(notes=make_notes(rows), tracks=(Track(),)))
    assert set(after.notes["duration_steps"][:16]) == {24}
    assert after.notes["duration_steps"][16:].tolist() == [12, 36]


def test_the_residual_is_told_in_ms():
    # 96 a quarter of 0.96 s: 10 ms each.
    places_96ths = [96 * i + (1 if i % 2 else -1) for i in range(1, 33)]
    played = played_at(places_96ths).replace(tempos=(Tempo(0, 960_000),))
    rough = played.replace(notes=played.notes.copy())
    rough.notes["timing_96ths"] *= 3
    after = quantise(rough)
    residual = timing_residual(after)
    assert residual.rms_ms == pytest.approx(30)
    assert residual.share_within_20_ms == 0
    assert after.repairs[-1].startswith("quantised: played 30.0 ms (rms) off the grid, 0 %")
    assert timing_residual(Piece()) == (0.0, 1.0)


PLAYED = st.lists(
    st.tuples(
        st.integers(0, 800),
        st.integers(1, 30),
        st.integers(58, 62),
        st.just(80),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=40,
)


def overlaps(piece):
    """Pairs of notes of one pitch and track that sound together, or begin together."""
    found = 0
    for track in (0, 1):
        for pitch in range(58, 63):
            of = piece.notes[(piece.notes["track"] == track) & (piece.notes["pitch_midi"] == pitch)]
            end = of["onset_steps"] + of["duration_steps"]
            found += int((end[:-1] > of["onset_steps"][1:]).sum())
    return found


def test_of_notes_that_stand_twice_both_end_before_the_next():
    rows = [
        (0, 1, 58, 80, 0, 0),
        (63, 13, 58, 80, 1, 1),
        (63, 13, 58, 80, 1, 1),
        (75, 1, 58, 80, 0, 1),
        (77, 1, 58, 80, 1, -2),
    ]
    after = quantise(Piece(notes=make_notes(rows), tracks=(Track(), Track(is_drum=True))))
    twice, following = after.notes[1:3], after.notes[-1]
    assert (twice["onset_steps"] + twice["duration_steps"] <= following["onset_steps"]).all()


@given(PLAYED, st.integers(0, 3), st.sampled_from([0, 0, 5, 12, 22]))
@example([(18, 1, 60, 80, 0), (21, 1, 60, 80, 0), (35, 1, 60, 80, 0)], 0, 0)
def test_any_playing_keeps_its_laws(rows, seed, pickup):
    rng = np.random.default_rng(seed)
    notes = np.zeros(len(rows), NOTE_DTYPE)
    for i, (at, duration, pitch, velocity, track) in enumerate(rows):
        notes[i] = ((at + 2) // 4, duration, pitch, velocity, track, at - 4 * ((at + 2) // 4))
    tracks = Track(), Track(is_drum=bool(rng.integers(2)))
    keeps_its_laws(Piece(notes=notes, tracks=tracks, pickup_steps=pickup))


def keeps_its_laws(piece):
    after = quantise(piece)
    assert len(after.notes) == len(piece.notes)
    assert after.notes["duration_steps"].min() >= 1
    assert np.abs(after.notes["timing_96ths"]).max() <= MAX_TIMING_96THS
    assert sorted(places(after)) == sorted(places(piece))
    assert overlaps(after) <= overlaps(piece)
    assert np.array_equal(quantise(after).notes["onset_steps"], after.notes["onset_steps"])


@pytest.mark.parametrize("span_96ths", [60, 200, 800])
def test_quantising_twice_moves_no_note_again(span_96ths):
    """Of few keys in little time, so that many strokes collide; half of it nearly notation."""
    rng = np.random.default_rng(RNG_SEED)
    for i in range(400):
        at = rng.integers(0, span_96ths, rng.integers(1, 30))
        if i % 2:
            at = np.where(rng.random(len(at)) < 0.93, at // 12 * 12, at)
        notes = np.zeros(len(at), NOTE_DTYPE)
        notes["onset_steps"], notes["velocity"] = (at + 2) // 4, 80
        notes["timing_96ths"] = at - 4 * notes["onset_steps"]
        notes["duration_steps"] = rng.integers(1, 30, len(at))
        notes["pitch_midi"], notes["track"] = rng.integers([[58], [0]], [[60], [2]], (2, len(at)))
        pickup = int(rng.choice([0, 0, 5, 12, 22]))
        keeps_its_laws(Piece(notes=notes, tracks=(Track(), Track()), pickup_steps=pickup))


@pytest.mark.parametrize("pickup", [5, 12, 22, 30])
def test_the_beats_begin_with_the_first_bar_line(pickup):
    loose = np.random.default_rng(1).choice([-1, 0, 0, 1], 48)
    onsets = [pickup + 8 * i + loose[i] for i in range(48)]
    notes = make_notes([(onset, 6, 60, 80, 0) for onset in onsets])
    piece = Piece(notes=notes, tracks=(Track(),), pickup_steps=pickup)
    heard = quantise(piece)
    assert heard.notes["onset_steps"].tolist() == [pickup + 8 * i for i in range(48)]
    assert heard.pickup_steps == pickup


def test_onsets_alone_may_be_quantised():
    notes = make_notes(
        [(1, 7, 60, 80, 0), (0, 8, 64, 80, 0), (13, 5, 60, 80, 0), (23, 9, 64, 80, 0)]
    )
    piece = Piece(notes=notes, tracks=(Track(),))
    heard = with_quantised_onsets(piece).notes
    assert heard["onset_steps"].tolist() == [0, 0, 12, 24]
    assert heard["duration_steps"].tolist() == [7, 8, 5, 9]
    assert heard["pitch_midi"].tolist() == [60, 64, 60, 64]
    assert quantised_onsets(piece).tolist() == [0, 0, 12, 24]
