"""Repeats, voltas, pickups and irregular bars, as plain integers."""

from lstm_music.midi.scores.repeats import (
    Measure,
    meters_and_pickup,
    once_through,
    playing_order,
    unfold,
)
from lstm_music.music.meter import Meter


def bars(text, length=96):
    """Measures from a sketch: ``|:`` starts and ``:|`` ends a repeat, 1 and 2 are endings."""
    measures = []
    for i, word in enumerate(text.split()):
        number = "".join(c for c in word if c.isdigit())
        measures.append(
            Measure(
                i * length,
                length,
                repeat_start=word.startswith("|:"),
                repeat_end=word.endswith(":|"),
                endings=tuple(int(c) for c in number),
            )
        )
    return measures


def lengths(*steps, meter=(4, 4)):
    onsets = [sum(steps[:i]) for i in range(len(steps))]
    return [Measure(o, s, *meter) for o, s in zip(onsets, steps, strict=True)]


def test_no_signs_is_once_through():
    assert playing_order(bars("a a a")) == [0, 1, 2]


def test_repeat_from_the_beginning_and_from_a_start_sign():
    assert playing_order(bars("a a:| a")) == [0, 1, 0, 1, 2]
    assert playing_order(bars("a |:a a:| a")) == [0, 1, 2, 1, 2, 3]
    assert playing_order(bars("a:| |:a:| a:|")) == [0, 0, 1, 1, 2, 2]


def test_voltas():
    assert playing_order(bars("|:a 1:| 2 a")) == [0, 1, 0, 2, 3]
    assert playing_order(bars("|:a 1:| 2:| a:| a")) == [0, 1, 0, 2, 3, 3, 4]
    assert playing_order(bars("|:a 12:| 3 |:a:|")) == [0, 1, 0, 1, 0, 2, 3, 3]
    assert playing_order(bars("|:a 1 1:| 2 2 a a:| a")) == [0, 1, 2, 0, 3, 4, 5, 6, 5, 6, 7]


def test_a_first_ending_alone_is_left_out_of_the_last_pass():
    assert playing_order(bars("|:a 1:| a a")) == [0, 1, 0, 2, 3]
    assert playing_order(bars("|:a 1 1:| |:a:|")) == [0, 1, 2, 0, 3, 3]
    assert playing_order(bars("|:a 12:| a")) == [0, 1, 0, 1, 0, 2]
    assert once_through(bars("|:a 1:| a")) == [0, 2]


def test_once_through_takes_the_last_ending():
    assert once_through(bars("|:a 1:| 2 |:a:|")) == [0, 2, 3]
    assert once_through(bars("|:a 12 12:| 3 a 1:| 2")) == [0, 3, 4, 6]


def test_times_are_followed_but_bounded():
    assert playing_order([Measure(0, 96, repeat_end=True, times=3)]) == [0, 0, 0]
    assert len(playing_order([Measure(0, 96, repeat_end=True, times=10**9)])) == 8


def test_unfold_lays_measures_end_to_end():
    measures = [Measure(0, 24), Measure(24, 96, 3, 4, repeat_end=True)]
    assert unfold(measures, [0, 1, 1]) == [
        Measure(0, 24),
        Measure(24, 96, 3, 4),
        Measure(120, 96, 3, 4),
    ]


def test_pickup():
    meters, pickup, repairs = meters_and_pickup(lengths(24, 96, 96, 72))
    assert (meters, pickup, repairs) == ((Meter(0, 4, 4),), 24, [])


def test_end_of_section_and_pickup_share_a_bar():
    meters, pickup, _ = meters_and_pickup(lengths(24, 96, 72, 24, 96, 72))
    assert meters == (Meter(0, 4, 4),)
    assert pickup == 24


def test_a_short_bar_gets_its_own_meter_and_the_old_one_returns():
    meters, _, _ = meters_and_pickup(lengths(96, 60, 96, 96))
    assert meters == (Meter(0, 4, 4), Meter(96, 5, 8), Meter(156, 4, 4))


def test_a_long_bar_gets_its_own_meter():
    meters, _, _ = meters_and_pickup(lengths(96, 99, 96, 96))
    assert meters == (Meter(0, 4, 4), Meter(96, 33, 32), Meter(195, 4, 4))


def test_invented_meters_of_a_broken_bar_are_undone():
    measures = [
        Measure(0, 72, 3, 4),
        Measure(72, 48, 2, 4),
        Measure(120, 24, 1, 4),
        Measure(144, 72, 3, 4),
    ]
    assert meters_and_pickup(measures)[0] == (Meter(0, 3, 4),)


def test_a_bar_off_the_grid_is_told_and_moves_the_bar_line():
    meters, _, repairs = meters_and_pickup(lengths(96, 97, 96, 96))
    assert meters == (Meter(0, 4, 4), Meter(193, 4, 4))
    assert len(repairs) == 1
    assert "97" in repairs[0]


def test_no_measures_is_common_time():
    assert meters_and_pickup([]) == ((Meter(0, 4, 4),), 0, [])
