"""Chords found in the notes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_music.errors import ConfigError
from lstm_music.midi.scores.foreign import chorale_files
from lstm_music.music.harmony.chord import QUALITY_TONES, Chord
from lstm_music.music.harmony.find import FOUND_QUALITIES, QUALITIES, chord_rows, find_chords
from lstm_music.music.harmony.path import cheapest_path
from lstm_music.music.harmony.slots import SLOT_KINDS, slot_steps, sounding
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes


def piece_of(*chords, length=96, **fields):
    """Block chords one after the other, each a string of MIDI pitches."""
    rows = [
        (i * length, length, int(pitch), 80, 0)
        for i, pitches in enumerate(chords)
        for pitch in pitches.split()
    ]
    return Piece(notes=make_notes(rows), tracks=(Track(),), **fields)


def as_text(rows):
    """``0:0maj 96:9m7``: onset, root and quality of each row."""
    return " ".join(
        f"{onset}:{root}{QUALITIES[quality] if quality >= 0 else ''}"
        for onset, root, quality in zip(*(column.tolist() for column in rows), strict=True)
    )


def test_a_cadence():
    piece = piece_of("48 64 67 72", "53 65 69 72", "43 65 71 74", "48 64 67 72")
    assert as_text(chord_rows(piece)) == "0:0maj 96:5maj 192:77 288:0maj"
    assert str(find_chords(piece)) == "C F G7 C"
    assert find_chords(piece).end_steps == 384


def test_inversions_and_sixths():
    piece = piece_of("52 60 67 72", "48 64 67 69", "45 60 64 67", "48 63 67 69")
    assert str(find_chords(piece)) == "C C6 Am7 Cm6"
    assert as_text(chord_rows(piece)) == "0:0maj 192:9m7 288:0min"


@pytest.mark.parametrize("quality", FOUND_QUALITIES)
@pytest.mark.parametrize("root", range(12))
def test_every_quality_on_every_root_is_found_in_its_own_tones(quality, root):
    pitches = " ".join(str(48 + root + tone) for tone in QUALITY_TONES[quality])
    found = find_chords(piece_of(pitches))
    assert found.chords == (Chord.named(root, quality),)
    rows = chord_rows(piece_of(pitches))
    counts_as = {"6": "maj", "m6": "min", "dim7": "dim"}.get(quality, quality)
    assert (rows.root.tolist(), QUALITIES[rows.quality[0]]) == ([root], counts_as)


def test_types_and_a_first_row_at_0():
    rows = chord_rows(piece_of("60 64 67"))
    assert [column.dtype for column in rows] == [np.int64, np.int8, np.int8]
    for piece in (Piece(), piece_of("36 38").replace(tracks=(Track(is_drum=True),))):
        assert as_text(chord_rows(piece)) == "0:-1"
        assert find_chords(piece).chords == (None,)


def test_a_rest_keeps_its_chord_and_a_bar_of_silence_has_none():
    short = [(onset, 12, pitch, 80, 0) for onset in (96, 144) for pitch in (60, 64, 67)]
    late = [(480, 96, pitch, 80, 0) for pitch in (60, 64, 67)]
    piece = Piece(notes=make_notes(short + late), tracks=(Track(),))
    # Silence until 96; the chord is held over the rest 120..144, not from 168 to 480.
    assert as_text(chord_rows(piece)) == "0:-1 96:0maj 168:-1 480:0maj"


@pytest.mark.parametrize(("again_at", "found"), [(192, "0:0maj 96:-1 192:0maj"), (168, "0:0maj")])
def test_a_silence_of_one_bar_is_enough(again_at, found):
    rows = [(onset, 96, pitch, 80, 0) for onset in (0, again_at) for pitch in (60, 64, 67)]
    assert as_text(chord_rows(Piece(notes=make_notes(rows), tracks=(Track(),)))) == found


def test_passing_notes_do_not_change_the_chord():
    melody = [
        (i * 12, 12, pitch, 80, 0) for i, pitch in enumerate((72, 74, 76, 77, 79, 77, 76, 74))
    ]
    held = [(0, 96, pitch, 80, 0) for pitch in (48, 52, 55)]
    piece = Piece(notes=make_notes(melody + held), tracks=(Track(),))
    assert str(find_chords(piece)) == "C"


def test_drums_are_not_heard():
    piece = piece_of("60 64 67")
    drums = make_notes([(0, 96, 35 + i, 100, 1) for i in range(12)])
    both = piece.replace(
        notes=np.concatenate([piece.notes, drums]), tracks=(Track(), Track(is_drum=True))
    )
    assert find_chords(both) == find_chords(piece)


def test_slots_say_where_a_chord_may_change():
    # Beats of C, G, F, F, then a bar of C.
    beats = ["48 52 55", "43 55 59", "41 57 60", "41 57 60", *["48 52 55"] * 4]
    piece = piece_of(*beats, length=24)
    assert as_text(chord_rows(piece, "beat")) == "0:0maj 24:7maj 48:5maj 96:0maj"
    assert chord_rows(piece, "half-bar").onset_steps.tolist() == [0, 48, 96]
    assert set(chord_rows(piece, "bar").onset_steps.tolist()) <= {0, 96}


def test_slots_of_meters():
    steps = [
        [slot_steps(Meter.parse(m), kind) for kind in SLOT_KINDS] for m in ("4/4", "3/4", "6/8")
    ]
    assert steps == [[24, 48, 96], [24, 72, 72], [36, 36, 72]]
    with pytest.raises(ConfigError, match="beat, half-bar, bar"):
        chord_rows(Piece(), "beats")


def test_slots_lie_on_the_bars_behind_a_pickup_and_a_change_of_meter():
    meters = (Meter(0, 4, 4), Meter(180, 3, 4))  # a bar of 4/4 from 36, one cut off at 180
    rows = [(onset, 12, 60, 80, 0) for onset in range(0, 324, 12)]
    heard = sounding(
        Piece(notes=make_notes(rows), tracks=(Track(),), meters=meters, pickup_steps=36), "bar"
    )
    assert heard.onset_steps.tolist() == [0, 36, 132, 180, 252]
    assert heard.length_steps.tolist() == [36, 96, 48, 72, 72]
    assert heard.slots.tolist() == [1] * 5


def test_held_notes_count_for_every_slot_that_they_fill():
    heard = sounding(piece_of("60", "62", length=960), "beat")
    assert heard.onset_steps.tolist() == [0, 24, 936, 960, 984, 1896]
    assert heard.slots.tolist() == [1, 38, 1, 1, 38, 1]


notes_strategy = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 300), st.integers(30, 90)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(notes_strategy, st.sampled_from(SLOT_KINDS), st.integers(0, 71))
def test_what_sounds_is_counted_step_by_step(rows, kind, pickup):
    notes = make_notes([(onset, length, pitch, 80, 0) for onset, length, pitch in rows])
    piece = Piece(notes=notes, tracks=(Track(),), meters=(Meter(0, 3, 4),), pickup_steps=pickup)
    heard = sounding(piece, kind)
    assert heard.onset_steps[0] == 0
    assert heard.onset_steps[-1] + heard.length_steps[-1] >= piece.end_steps
    assert (np.diff(heard.onset_steps) == heard.length_steps[:-1]).all()
    for onset, length, _, steps, bass in zip(*heard, strict=True):
        by_pitch = np.zeros(128, int)
        for begin, duration, pitch in rows:
            inside = min(begin + duration, onset + length) - max(begin, onset)
            by_pitch[pitch] += max(inside, 0)
        by_class = [by_pitch[c::12].sum() for c in range(12)]
        assert steps.tolist() == by_class
        long = np.flatnonzero(by_pitch * 4 >= length)
        lowest = long if len(long) else np.flatnonzero(by_pitch)
        assert bass == (lowest[0] % 12 if len(lowest) else -1)


@settings(max_examples=40, deadline=None)
@given(notes_strategy)
def test_chords_do_not_depend_on_the_order_of_notes_or_silence_far_away(rows):
    notes = [(onset, length, pitch, 80, 0) for onset, length, pitch in rows]
    piece = Piece(notes=make_notes(notes), tracks=(Track(),))
    again = Piece(notes=make_notes(notes[::-1]), tracks=(Track(),))
    assert as_text(chord_rows(piece)) == as_text(chord_rows(again))
    far = make_notes([*notes, (1 << 30, 96, 60, 80, 0)])  # would be 45 million beats
    assert len(chord_rows(Piece(notes=far, tracks=(Track(),))).root) < 60


@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 4), st.data())
def test_the_path_is_the_cheapest_of_all(slots, kinds, states, data):
    def whole(*shape):
        size = int(np.prod(shape))
        values = data.draw(st.lists(st.integers(-9, 9), min_size=size, max_size=size))
        return np.array(values, float).reshape(shape)

    evidence, table, change = whole(slots, kinds), whole(kinds, states), np.abs(whole(slots))
    costs = evidence @ table

    def cost_of(path):
        changes = sum(change[t] for t in range(1, slots) if path[t] != path[t - 1])
        return sum(costs[t, s] for t, s in enumerate(path)) + changes

    least = min(map(cost_of, itertools.product(range(states), repeat=slots)))
    assert cost_of(cheapest_path(evidence, table, change).tolist()) == least


def test_a_path_through_arrays_that_do_not_fit_is_refused():
    with pytest.raises(ValueError, match="are needed, got 2 by 3, 3 by 1 and 1"):
        cheapest_path(np.zeros((2, 3)), np.zeros((3, 1)), np.zeros(1))
    with pytest.raises(ValueError, match="are needed"):
        cheapest_path(np.zeros((2, 3)), np.zeros((2, 1)), np.zeros(2))


def test_roots_of_a_chorale_are_those_that_music21_finds():
    from music21 import converter

    from lstm_music.midi.scores.from_stream import piece_from_stream

    score = converter.parse(chorale_files()[0][1], forceSource=True)
    track = find_chords(piece_from_stream(score, expand_repeats=False))
    agree = total = 0.0
    for chord in score.chordify().flatten().getElementsByClass("Chord"):
        if chord.isTriad() or chord.isSeventh():
            ours = track.chord_at(int(chord.offset * 24))
            total += chord.quarterLength
            agree += chord.quarterLength * (ours.root == chord.root().pitchClass)
    assert agree > 0.8 * total > 30
