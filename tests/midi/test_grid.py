"""The compiled placing and sorting of notes, held against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_music.errors import ConfigError, MidiError, ShapeError
from lstm_music.midi.grid import pedal_to_grid, to_grid
from lstm_music.midi.raw import MARK_DTYPE, RAW_NOTE_DTYPE
from lstm_music.music.order import extremes, in_order, most_at_once, pedal_in_order, tracks_on_keys
from lstm_music.music.original import Instrument
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track, make_notes

DIVISIONS = [(1, 1), (24, 1), (96, 1), (480, 1), (32_767, 1), (1000, 2), (30_000 * 255, 2002)]


def nearest(ticks, per_quarter, division):
    """Nearest of the points, halves up, in whole numbers."""
    n_ticks, quarters = division
    doubled = 2 * per_quarter * quarters * ticks.astype(np.int64)
    return (doubled + n_ticks) // (2 * n_ticks)


def reference(raw, division):
    """``to_grid`` in NumPy: (notes, instruments, largest error)."""
    onset, end = (nearest(raw[name], 24, division) for name in ("onset_ticks", "end_ticks"))
    notes = np.empty(len(raw), NOTE_DTYPE)
    notes["onset_steps"] = onset
    notes["duration_steps"] = np.maximum(end - onset, 1)
    notes["pitch_midi"], notes["velocity"] = raw["pitch_midi"], raw["velocity"]
    notes["timing_96ths"] = nearest(raw["onset_ticks"], 96, division) - 4 * onset
    names = ("mtrk", "channel", "program", "port", "flags")
    who = list(zip(*(raw[name].tolist() for name in names)))
    instruments = list(dict.fromkeys(who))
    notes["track"] = [instruments.index(one) for one in who]
    exact = raw["onset_ticks"].astype(np.int64) * 24 * division[1]
    error = np.abs(exact - onset * division[0]).max() / division[0]
    named = [Instrument(*one[:4], 0, one[4] > 0) for one in instruments]
    return notes, named, error


def random_raw(rng, n, most_ticks):
    raw = np.zeros(n, RAW_NOTE_DTYPE)
    raw["mtrk"] = np.sort(rng.integers(0, 5, n))
    raw["onset_ticks"] = rng.integers(0, most_ticks, n)
    raw["end_ticks"] = np.minimum(raw["onset_ticks"] + rng.integers(0, 2000, n), 2**31 - 1)
    most = {"channel": 16, "program": 4, "pitch_midi": 128, "velocity": 127, "flags": 2}
    for name, bound in most.items():
        raw[name] = rng.integers(0, bound, n)
    raw["port"] = rng.choice([0, 1, 255], n)
    raw["velocity"] += 1
    return raw


@pytest.mark.parametrize("division", DIVISIONS)
def test_notes_are_placed_as_numpy_places_them(division):
    rng = np.random.default_rng(3)
    ticks_per_step = division[0] / division[1] / 24
    most = min(2**31 - 1, int(ticks_per_step * (2**31 - 2**12)) + 1)
    for n in (1, 2, 500):
        raw = random_raw(rng, n, most)
        notes, instruments, error = to_grid(raw, *division, 4096)
        theirs, their_instruments, their_error = reference(raw, division)
        np.testing.assert_array_equal(notes, theirs)
        assert instruments == their_instruments
        assert error == pytest.approx(their_error, abs=1e-6)


@pytest.mark.parametrize("ticks", [2, 3, 4, 5, 6, 7, 94])
def test_timing_is_what_the_onset_lost_in_quarters_of_a_step(ticks):
    """At 96 ticks a quarter each tick is one; half a step late counts as half a step early."""
    raw = np.zeros(1, RAW_NOTE_DTYPE)
    raw["onset_ticks"], raw["end_ticks"] = ticks, ticks + 96
    notes, _, _ = to_grid(raw, 96, 1, 1)
    assert 4 * notes["onset_steps"][0] + notes["timing_96ths"][0] == ticks
    assert -2 <= notes["timing_96ths"][0] <= 1


def test_half_a_step_is_the_largest_error_to_the_bit():
    """Found by fuzzing: rounded on the way, it was a little more than a half."""
    for n_ticks in range(1, 2000):
        raw = np.zeros(1, RAW_NOTE_DTYPE)
        raw["onset_ticks"] = n_ticks * 12_345 + (n_ticks // 48 or 1)
        *_, error = to_grid(raw, n_ticks, 1, 1)
        assert error <= 0.5
        exact = int(raw["onset_ticks"][0]) * 24 % n_ticks
        assert error == min(exact, n_ticks - exact) / n_ticks


def test_the_limit_of_instruments_is_exact():
    raw = np.zeros(300, RAW_NOTE_DTYPE)
    raw["program"] = np.arange(300) % 100
    assert len(to_grid(raw, 96, 1, 100)[1]) == 100
    with pytest.raises(MidiError, match="more than 99 instruments"):
        to_grid(raw, 96, 1, 99)


def test_nothing_of_another_layout_is_taken_for_notes():
    for wrong in (np.zeros(3), np.zeros((2, 2), NOTE_DTYPE), np.zeros(6, NOTE_DTYPE)[::2]):
        with pytest.raises(ValueError, match="notes must be"):
            in_order(wrong)
        with pytest.raises(ValueError, match="raw must be"):
            to_grid(wrong, 96, 1, 1)


RADIX_EDGES = [0, 1, 255, 2047, 2048, 2**22 - 1, 2**22, 2**31 - 1]
numbers = st.one_of(st.integers(0, 5), st.sampled_from(RADIX_EDGES))
rows = st.tuples(
    numbers,
    numbers.map(lambda n: max(n, 1)),
    st.sampled_from([0, 1, 60, 127]),
    st.integers(1, 127),
    st.sampled_from([0, 1, 255, 256, 65535]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(rows, max_size=40))
def test_order_is_that_of_lexsort(rows):
    notes = make_notes(rows)
    before = notes.copy()
    keys = [notes[name] for name in ("duration_steps", "pitch_midi", "track", "onset_steps")]
    ours = in_order(notes)
    np.testing.assert_array_equal(ours, notes[np.lexsort(keys)])
    np.testing.assert_array_equal(notes, before)
    np.testing.assert_array_equal(in_order(ours), ours)
    assert not np.shares_memory(in_order(ours), ours)


@pytest.mark.parametrize("n", [499, 500, 501, 20_000])
def test_order_of_many_notes(n):
    rng = np.random.default_rng(n)
    notes = np.empty(n, NOTE_DTYPE)
    for name, most in (("onset_steps", 2**31), ("duration_steps", 2**24), ("track", 300)):
        notes[name] = rng.integers(0, rng.choice([5, most]), n)
    for name in ("pitch_midi", "velocity", "timing_96ths"):
        notes[name] = rng.integers(0, 128, n)
    keys = [notes[name] for name in ("duration_steps", "pitch_midi", "track", "onset_steps")]
    np.testing.assert_array_equal(in_order(notes), notes[np.lexsort(keys)])


@settings(max_examples=100, deadline=None)
@given(st.lists(rows, min_size=1, max_size=40))
def test_extremes(rows):
    onsets, durations, _, _, tracks = zip(*rows)
    end = max(a + b for a, b in zip(onsets, durations))
    assert extremes(make_notes(rows)) == (0, 1, max(tracks), end)


def test_extremes_show_what_must_not_be():
    assert extremes(make_notes([(-7, 1, 0, 1, 0), (3, 0, 0, 1, 2)])) == (-7, 0, 2, 3)
    assert extremes(make_notes([])) == (0, 1, -1, 0)
    for wrong in [(-1, 1, 0, 1, 0), (0, 0, 0, 1, 0), (0, 1, 0, 1, 1)]:
        with pytest.raises(ConfigError):
            Piece(notes=make_notes([wrong]), tracks=(Track(),))
    with pytest.raises(ShapeError, match="NOTE_DTYPE"):
        Piece(notes=np.zeros(3))


def test_most_at_once():
    notes = in_order(make_notes([(0, 96, 60, 80, 0), (0, 6, 64, 80, 0), (96, 6, 60, 80, 0)]))
    assert most_at_once(notes) == 2
    assert most_at_once(notes[:1]) == 1
    assert most_at_once(notes[:0]) == 0


@pytest.mark.parametrize("step", [1, 3])
def test_tracks_on_keys(step):
    rng = np.random.default_rng(step)
    notes = in_order(make_notes([(i, 1, rng.integers(40), 80, rng.integers(6)) for i in range(99)]))
    keys = (rng.random(256) < 0.5).astype(np.uint8)
    seen = notes[::step]
    shares = {t: keys[seen["pitch_midi"][seen["track"] == t]].mean() for t in range(6)}
    for share in (0.0, 0.4, 0.6, 1.1):
        expected = [t for t in (0, 2, 4) if shares[t] >= share]
        assert tracks_on_keys(notes, [0, 2, 4, 9], keys, share, step) == expected
    with pytest.raises(ValueError, match="keys must be"):
        tracks_on_keys(notes, [0], keys[:9].copy(), 0.5, step)


def pedal_reference(marks, instruments, division):
    """``pedal_to_grid``, mark by mark."""
    return [
        (int(step), track, bool(mark["value"] >= 64))
        for mark, step in zip(marks, nearest(marks["ticks"], 24, division))
        for track, instrument in enumerate(instruments)
        if (mark["port"], mark["channel"]) == (instrument.port, instrument.channel)
    ]


@pytest.mark.parametrize("n", [0, 1, 300])
def test_pedal_is_placed_as_python_places_it(n):
    rng = np.random.default_rng(n)
    rows = {tuple(row) for row in rng.integers(0, 4, (20, 4)).tolist()}
    instruments = [Instrument(*row) for row in sorted(rows)]
    marks = np.zeros(n, MARK_DTYPE)
    marks["mtrk"] = np.sort(rng.integers(0, 6, n))
    for name, most in (("ticks", 10**6), ("channel", 4), ("value", 128), ("port", 4)):
        marks[name] = rng.integers(0, most, n)
    for division in DIVISIONS:
        expected = pedal_reference(marks, instruments, division)
        pedal = pedal_to_grid(marks, instruments, *division, len(expected))
        keys = [pedal["track"], pedal["onset_steps"]]
        assert sorted(pedal.tolist()) == sorted(expected)
        np.testing.assert_array_equal(pedal_in_order(pedal), pedal[np.lexsort(keys)])
        if expected:
            with pytest.raises(MidiError, match="pedal changes"):
                pedal_to_grid(marks, instruments, *division, len(expected) - 1)
