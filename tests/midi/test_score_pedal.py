"""Pedal marks of scores, and what lasts when measures are repeated."""

import pytest
from expressive_scores import BACKUP, REPEAT, direction, notes, pedal, read, score

from lstm_music.midi.scores.expression.unfold import unfold_changes
from lstm_music.midi.scores.repeats import Measure, once_through, playing_order

BAR = notes()


def found(*measures, **more):
    return read(score(list(measures), **more)).pedal.tolist()


def test_the_pedal_goes_down_and_up():
    assert found(pedal("start") + notes(2) + pedal("stop") + notes(2)) == [
        (0, 0, True), (48, 0, False)
    ]  # fmt: skip


@pytest.mark.parametrize("again", ["change", "start"])
def test_a_change_of_the_pedal_lifts_and_presses_it(again):
    bar = pedal("start") + notes(2) + pedal(again) + notes(1) + pedal("stop") + notes(1)
    assert found(bar) == [(0, 0, True), (48, 0, False), (48, 0, True), (72, 0, False)]


def test_a_pedal_line_may_be_interrupted():
    bar = pedal("start") + notes(1) + pedal("discontinue") + notes(1) + pedal("resume") + notes(1)
    assert found(bar + pedal("stop") + notes(1)) == [
        (0, 0, True), (24, 0, False), (48, 0, True), (72, 0, False)
    ]  # fmt: skip


def test_what_changes_nothing_is_left_out():
    bar = pedal("stop") + pedal("continue") + pedal("sostenuto") + BAR
    assert found(bar) == []


def test_a_pedal_that_nothing_lifts_goes_up_at_the_end():
    assert found(BAR, pedal("start") + BAR) == [(96, 0, True), (192, 0, False)]


def test_the_pedal_of_a_piano_is_that_of_both_hands():
    hands = notes(4, staff=1) + BACKUP + pedal("start", staff=2) + notes(4, "C", 3, staff=2)
    assert found(hands + pedal("stop", staff=2), staves=2) == [
        (0, 0, True), (0, 1, True), (96, 0, False), (96, 1, False)
    ]  # fmt: skip


def test_a_pedal_that_is_only_told_to_a_player():
    bar = direction(sound="damper-pedal='yes'") + notes(2) + "<sound damper-pedal='no'/>" + notes(2)
    assert found(bar) == [(0, 0, True), (48, 0, False)]
    twice = direction("<pedal type='start'/>", sound="damper-pedal='yes'") + BAR
    assert found(twice) == [(0, 0, True), (96, 0, False)]


def test_another_part_has_no_pedal():
    piece = read(score([BAR], [pedal("start") + BAR]))
    assert piece.pedal.tolist() == [(0, 1, True), (96, 1, False)]


def test_the_pedal_moves_with_repeats():
    bar = pedal("start") + notes(2) + pedal("stop") + notes(2) + REPEAT
    assert found(BAR, bar) == [(96, 0, True), (144, 0, False), (288, 0, True), (336, 0, False)]


def test_a_repeat_while_the_pedal_is_down():
    """As written the first bar begins without it, so the jump back lifts it."""
    assert found(BAR, pedal("start") + BAR + REPEAT, pedal("stop") + BAR) == [
        (96, 0, True), (192, 0, False), (288, 0, True), (384, 0, False)
    ]  # fmt: skip


BARS = [Measure(96 * i, 96) for i in range(4)]
CHANGES = [(0, "a"), (100, "b"), (290, "c")]


def test_unfolding_in_order_changes_nothing():
    assert unfold_changes(CHANGES, BARS, range(4), "a") == CHANGES


def test_unfolding_brings_back_what_is_in_force_where_a_jump_lands():
    assert unfold_changes(CHANGES, BARS, [0, 1, 0, 1, 2, 3], "a") == [
        (0, "a"), (100, "b"), (192, "a"), (192, "a"), (292, "b"), (482, "c")
    ]  # fmt: skip
    assert unfold_changes(CHANGES, BARS, [0, 1, 2, 3, 2], "a")[-1] == (384, "b")


def test_a_jump_forward_keeps_the_state_or_not():
    assert unfold_changes(CHANGES, BARS, [0, 2, 3], "a") == [(0, "a"), (194, "c")]
    assert unfold_changes(CHANGES, BARS, [0, 2, 3], "a", anew_everywhere=True) == [
        (0, "a"), (96, "b"), (194, "c")
    ]  # fmt: skip


def test_a_second_ending_has_the_tempo_of_the_way_there():
    voltas = [Measure(0, 96), Measure(96, 96, endings=(1,), repeat_end=True),
              Measure(192, 96, endings=(2,))]  # fmt: skip
    slow_in_the_first = [(0, "fast"), (96, "slow")]
    assert unfold_changes(slow_in_the_first, voltas, once_through(voltas), "") == [(0, "fast")]
    assert unfold_changes(slow_in_the_first, voltas, playing_order(voltas), "fast") == [
        (0, "fast"), (96, "slow"), (192, "fast"), (192, "fast")
    ]  # fmt: skip
