"""Which of the guesses about meter and pickup are believed."""

import pytest

from lstm_music.music.listening.meter_choice import (
    FOUR,
    clear_meter,
    least_for_meter,
    likely_meter,
    times,
    with_likely_pickup,
)
from lstm_music.music.listening.meter_finding import Guess
from lstm_music.music.piece import Piece, Track, make_notes

BAR = 96


def piece(*rows):
    """Notes of (onset, duration, pitch, track); track 1 is a drum kit."""
    notes = make_notes([(on, length, pitch, 80, track) for on, length, pitch, track in rows])
    return Piece(notes=notes, tracks=(Track(), Track(is_drum=True)))


def pickup_of(music, pickup_steps, is_stated=False):
    """The pickup that is believed where the guesses leave no doubt of it."""
    guesses = [Guess(*FOUR, pickup_steps, -0.1), Guess(*FOUR, 0, -99.0)]
    return with_likely_pickup(music, guesses, FOUR, is_stated)[0].pickup_steps


def melody(*bars):
    """Bars of as many even notes as they have pitches."""
    return piece(
        *(
            (BAR * i + BAR // len(bar) * j, BAR // len(bar), pitch, 0)
            for i, bar in enumerate(bars)
            for j, pitch in enumerate(bar)
        )
    )


def test_another_meter_must_beat_four_four_and_two_four_together():
    guesses = [Guess(3, 4, 0, -1.0), Guess(4, 4, 0, -9.0), Guess(2, 4, 0, -1.2)]
    assert clear_meter(guesses, 0.5) is None
    assert clear_meter([*guesses[:2], Guess(2, 4, 0, -9.0)], 0.5) == (3, 4)


def test_two_four_must_beat_four_four():
    others = [Guess(3, 4, 0, -99.0), Guess(4, 4, 0, -2.0)]
    assert likely_meter([*others, Guess(2, 4, 0, -1.6)], 0.5) == FOUR
    assert likely_meter([*others, Guess(2, 4, 0, -1.4)], 0.5) == (2, 4)


def test_bar_lines_of_two_four_half_a_bar_off_are_those_of_four_four():
    """2/4 with a pickup of a quarter speaks for 4/4 with one of three."""
    guesses = [Guess(4, 4, 72, -4.0), Guess(2, 4, 24, -0.5), Guess(4, 4, 0, -2.5)]
    guesses += [Guess(2, 4, 0, -9.0), Guess(4, 4, 24, -9.0), Guess(4, 4, 48, -2.4)]
    music = melody(*[(60, 62, 64, 65), (67, 60, 72, 59), (64, 62, 65, 71)] * 8)
    assert with_likely_pickup(music, guesses, FOUR)[0].pickup_steps == 0
    likely = [Guess(4, 4, 72, -2.0), *guesses[1:]]
    assert with_likely_pickup(music, likely, FOUR)[0].pickup_steps == 72


def test_silence_is_an_upbeat_unless_all_is_off_the_beat():
    eighths = piece(*((24 + 12 * i, 12, 60 + i % 5, 0) for i in range(32)))
    assert pickup_of(eighths, 24) == 24
    assert pickup_of(eighths, 24, is_stated=True) == 0
    off = piece(*((36 + 24 * i, 12, 60 + i % 5, 0) for i in range(32)))
    assert pickup_of(off, 24) == 0


@pytest.mark.parametrize(("length", "track", "pickup"), [(24, 0, 24), (25, 0, 0), (25, 1, 24)])
def test_an_upbeat_ends_where_the_bar_begins_but_for_drums(length, track, pickup):
    first = [(0, 12, 55, 0), (12, length - 12, 57, track)]
    rest = [(24 + 24 * i, 24, 60 + 7 * i % 12, 0) for i in range(24)]
    assert pickup_of(piece(*first, *rest), 24) == pickup


@pytest.mark.parametrize(
    ("bars", "pickup"),
    [
        (((60, 64, 67), (62, 63, 70), (72, 60, 62)), 0),  # moves alike, by other intervals
        (((60, 64, 67), (62, 63, 61), (72, 60, 62)), 32),
        (((60, 64, 67), (62, 63), (72, 60)), 32),
        (((60, 64), (62, 63), (72, 60), (60, 62)), 48),  # two notes are no figure
        (((60, 64, 67), (72, 60), (61, 66, 70), (71, 50)), 0),  # after two bars
    ],
)
def test_what_comes_again_is_no_upbeat(bars, pickup):
    assert pickup_of(melody(*bars), pickup or BAR // len(bars[0])) == pickup


def test_a_figure_comes_again_with_all_its_notes():
    chords = [(on, 32, pitch, 0) for on in (0, 32, 64) for pitch in (60, 64)]
    again = [(BAR + on, 32, pitch, 0) for on in (0, 32, 64) for pitch in (60, 64)]
    later = [(2 * BAR, 32, 70, 0), (2 * BAR + 40, 32, 50, 0)]
    assert pickup_of(piece(*chords, *again, *later), 32) == 0
    assert pickup_of(piece(*chords, *again[:-1], *later), 32) == 32


def test_the_lowest_note_makes_the_figure():
    bars = [((60, 72), (64, 70), (67, 75)), ((62, 70), (65, 75), (69, 74))]
    rows = [
        (BAR * i + 32 * j, 32, pitch, 0)
        for i, bar in enumerate(bars)
        for j, chord in enumerate(bar)
        for pitch in chord
    ]
    assert pickup_of(piece(*rows, (2 * BAR, 32, 70, 0)), 32) == 0


def test_a_few_bars_need_more_than_many():
    short, long = (melody(*[(60, 62, 64, 65)] * bars) for bars in (4, 40))
    assert least_for_meter(short) - least_for_meter(long) == pytest.approx(4 / 4 - 4 / 40)


def test_odds_in_words():
    assert times(3.0) == "20 times as likely"
    assert times(8.0) == "far more likely"
