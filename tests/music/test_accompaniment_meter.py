"""The meter and phase of accompaniments alone: the bass note opens the bar."""

import numpy as np
import pytest

from lstm_music.music.listening.rhythm import infer_meter
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo, Track, make_notes

DUPLE = {"2/4", "4/4"}
HARMONY = ((48, 0), (41, 0), (43, 0), (48, 0), (45, 1), (50, 1), (43, 0), (48, 0))
"""Bass note and whether minor, a bar each."""


def chord(bass, minor=0):
    root = bass % 12 + 60
    return (root, root + 4 - minor, root + 7)


def bass_and_chords(places, strong, unit):
    """At each place a bass note (root or fifth, in turn) if it is strong, else a chord."""

    def bar(bass, minor, first):
        rows = []
        for place in places:
            if place in strong:
                low = bass if strong.index(place) % 2 == 0 else bass - 5
                rows.append((first + place, unit - 1, low, 80))
            else:
                rows += [(first + place, unit - 1, pitch, 80) for pitch in chord(bass, minor)]
        return rows

    return bar


def figure(intervals, unit):
    """Single notes above the bass note, one after the other."""

    def bar(bass, minor, first):
        return [(first + i * unit, unit, bass + above, 80) for i, above in enumerate(intervals)]

    return bar


def blocks(unit, bar_steps):
    def bar(bass, minor, first):
        places = range(0, bar_steps, unit)
        return [(first + p, unit - 2, pitch, 75) for p in places for pitch in chord(bass, minor)]

    return bar


def pad(bass, minor, first):
    return [(first, 96, pitch, 70) for pitch in (bass, *chord(bass, minor))]


def beat(bass, minor, first):
    hats = [(first + i * 12, 12, 42, 60) for i in range(8)]
    return [*hats, *((first + p, 12, k, 100) for p, k in ((0, 36), (24, 38), (48, 36), (72, 38)))]


KINDS = {
    "oom-pah 2/4": ((2, 4), bass_and_chords((0, 24), (0,), 24)),
    "oom-pah 4/4": ((4, 4), bass_and_chords((0, 24, 48, 72), (0, 48), 24)),
    "oom-pah in eighths": ((4, 4), bass_and_chords(range(0, 96, 12), (0, 24, 48, 72), 12)),
    "waltz bass": ((3, 4), bass_and_chords((0, 24, 48), (0,), 24)),
    "alberti": ((4, 4), figure((0, 7, 4, 7) * 2, 12)),
    "alberti 16ths": ((4, 4), figure((0, 7, 4, 7) * 4, 6)),
    "broken chords": ((4, 4), figure((0, 7, 12, 16, 19, 16, 12, 7), 12)),
    "broken chords 16ths": ((4, 4), figure((0, 7, 12, 16) * 4, 6)),
    "boogie": ((4, 4), figure((0, 4, 7, 9, 10, 9, 7, 4), 12)),
    "walking bass": ((4, 4), figure((0, 4, 7, 9), 24)),
    "block chords": ((4, 4), blocks(24, 96)),
    "block chords in eighths": ((4, 4), blocks(12, 96)),
    "pads": ((4, 4), pad),
    "drums": ((4, 4), beat),
}


def accompaniment(kind, bars, two_tracks=False, bpm=120, **changes):
    meter, make = KINDS[kind]
    bar_steps = Meter(0, *meter).bar_steps
    rows = []
    for index in range(bars):
        bass, minor = HARMONY[index % len(HARMONY)]
        for onset, length, pitch, velocity in make(bass, minor, index * bar_steps):
            rows.append((onset, length, pitch, velocity, int(two_tracks and pitch >= 55)))
    tracks = (Track(is_drum=kind == "drums"), *([Track(24)] if two_tracks else []))
    tempos = (Tempo.from_bpm(bpm),)
    return Piece(notes=make_notes(rows), tracks=tracks, tempos=tempos, **changes)


UNSTATED = {"unstated": frozenset({"meter"})}


def bar_lines(piece):
    return ("duple" if str(piece.meters[0]) in DUPLE else str(piece.meters[0])), piece.pickup_steps


@pytest.mark.parametrize("two_tracks", [False, True], ids=["one track", "two tracks"])
@pytest.mark.parametrize("bars", [2, 3, 4, 8, 16, 32])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if "waltz" not in kind])
def test_duple_accompaniments_are_in_two_from_their_first_note(kind, bars, two_tracks):
    for bpm in (70, 120, 200):
        piece = accompaniment(kind, bars, two_tracks and kind != "drums", bpm, **UNSTATED)
        assert bar_lines(infer_meter(piece)) == ("duple", 0)
        stated = piece.replace(unstated=frozenset())
        assert infer_meter(stated) is stated


@pytest.mark.parametrize("bars", [4, 8, 16, 32])
def test_a_waltz_bass_is_in_three_from_its_first_note(bars):
    piece = accompaniment("waltz bass", bars, **UNSTATED)
    assert bar_lines(infer_meter(piece)) == ("3/4", 0)
    stated = piece.replace(unstated=frozenset(), meters=(Meter(0, 3, 4),))
    assert infer_meter(stated) is stated


def test_two_bars_of_a_waltz_are_too_short_for_another_pickup():
    found = infer_meter(accompaniment("waltz bass", 2, **UNSTATED))
    assert found.pickup_steps == 0


@pytest.mark.parametrize("start", [0, 12, 24, 36, 72])
def test_a_single_repeated_figure_without_harmony_begins_where_the_clip_does(start):
    """A loop of one bar may be cut anywhere: nothing in it says otherwise."""
    figure_rows = [(0, 60), (12, 60), (36, 67), (48, 60), (72, 63), (84, 65)]
    rows = [
        ((onset - start) % 96 + 96 * bar, 12, pitch, 80, 0)
        for bar in range(4)
        for onset, pitch in figure_rows
    ]
    piece = Piece(notes=make_notes(sorted(rows)), tracks=(Track(33),), **UNSTATED)
    found = infer_meter(piece)
    assert bar_lines(found) == ("duple", 0)


FIGURES = {
    "fifth first": (7, 0, 0, 7, 0, 0, 7, 0),
    "3+3+2": (0, 4, 7, 0, 4, 7, 0, 7),
    "octaves in pairs": (0, 0, 7, 7, 9, 9, 10, 10),
}


@pytest.mark.parametrize("bars", [4, 16, 32])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_that_moves_with_the_harmony_has_no_upbeat(name, bars):
    rows = []
    for index in range(bars):
        bass, _ = HARMONY[index % len(HARMONY)]
        rows += [(96 * index + 12 * i, 12, bass + a, 80, 0) for i, a in enumerate(FIGURES[name])]
    piece = Piece(notes=make_notes(rows), tracks=(Track(33),), **UNSTATED)
    assert bar_lines(infer_meter(piece)) == ("duple", 0)


@pytest.mark.parametrize("bars", [2, 4, 16])
def test_chords_off_the_beat_throughout_do_not_move_the_bar_lines(bars):
    rows = [
        (24 * beat + 12, 12, pitch, 80, 0)
        for beat in range(4 * bars)
        for pitch in chord(*HARMONY[beat // 4 % len(HARMONY)])
    ]
    piece = Piece(notes=make_notes(rows), tracks=(Track(26),), **UNSTATED)
    assert bar_lines(infer_meter(piece)) == ("duple", 0)
    stated = piece.replace(unstated=frozenset())
    assert infer_meter(stated) is stated


@pytest.mark.parametrize("late", [3, 5, 8, 15, 20])
def test_music_that_lies_after_the_beats_as_a_whole_gets_its_bar_lines(late):
    piece = accompaniment("broken chords", 8, **UNSTATED)
    notes = piece.notes.copy()
    notes["onset_steps"] += late
    found = infer_meter(piece.replace(notes=notes))
    assert str(found.meters[0]) in DUPLE
    assert found.pickup_steps in {late, late % 12}
    stated = piece.replace(notes=notes, unstated=frozenset())
    assert infer_meter(stated).pickup_steps in {late, late % 12}


def test_a_silent_eighth_before_everything_is_left_out_of_the_bars():
    piece = accompaniment("oom-pah in eighths", 16, **UNSTATED)
    notes = piece.notes.copy()
    notes["onset_steps"] += 12
    assert bar_lines(infer_meter(piece.replace(notes=notes))) == ("duple", 12)
    stated = piece.replace(notes=notes, unstated=frozenset())
    assert infer_meter(stated) is stated


def test_bass_chord_alone_is_four_four_without_pickup():
    bass = (48, 43, 48, 43, 53, 48, 55, 50, 48, 43, 48, 43, 43, 50, 48, 43)
    chords = ((60, 64, 67),) * 4 + ((65, 69, 72),) * 2 + ((67, 71, 74),) * 2
    chords += ((60, 64, 67),) * 4 + ((67, 71, 74),) * 2 + ((60, 64, 67),) * 2
    rows = []
    for i, (low, high) in enumerate(zip(bass, chords, strict=True)):
        rows.append((48 * i, 23, low, 80, 0))
        rows += [(48 * i + 24, 23, pitch, 80, 0) for pitch in high]
    piece = Piece(notes=make_notes(rows), tracks=(Track(),), **UNSTATED)
    assert bar_lines(infer_meter(piece)) == ("duple", 0)


def test_a_low_loud_note_every_third_beat_opens_the_bar():
    rows = [(24 * i, 24, 67 if i % 3 else 60, 50 if i % 3 else 110, 0) for i in range(24)]
    stated = Piece(notes=make_notes(rows), tracks=(Track(),))
    for piece in (stated, stated.replace(**UNSTATED)):
        found = infer_meter(piece)
        assert found.pickup_steps == 0
        assert str(found.meters[0]) in {"3/4", "4/4"}


def test_an_upbeat_that_is_clear_is_still_found():
    """A tune with an upbeat of a quarter over a waltz bass."""
    waltz = accompaniment("waltz bass", 16).notes.copy()
    waltz["onset_steps"] += 24
    tune = [(0, 24, 79, 80, 0)]
    for index in range(16):
        bass, _ = HARMONY[index % len(HARMONY)]
        first = 24 + 72 * index
        tune += [(first, 48, bass + 36, 90, 0), (first + 48, 24, bass + 31, 80, 0)]
    notes = np.concatenate([make_notes(tune), waltz])
    found = infer_meter(Piece(notes=notes, tracks=(Track(),), **UNSTATED))
    assert bar_lines(found) == ("3/4", 24)
