"""What hands and drummers can reach."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_music.music.instruments.general_midi import FAMILY_NAMES, PROGRAM_NAMES, family_of
from lstm_music.music.instruments.playable import KEYBOARD_PROGRAMS, hand_span_ok, limbs_ok


@pytest.mark.parametrize(
    ("pitches", "ok"),
    [
        ([], True),
        ([60], True),
        ([60, 74], True),
        ([60, 75], True),  # one note a hand
        ([60, 75, 90], False),
        ([60, 74, 75, 89], True),
        ([60, 74, 75, 90], False),
        (range(60, 65), True),
        (range(60, 70), True),
        (range(60, 71), False),  # eleven notes, ten fingers
        ([60] * 11, True),
        ([36, 48, 60, 64, 67], True),
    ],
)
def test_hands(pitches, ok):
    assert hand_span_ok(pitches) is ok


@given(st.sets(st.integers(40, 80), max_size=8))
def test_hands_equal_every_way_of_sharing_the_notes(pitches):
    def reach(hand):
        return not hand or (len(hand) <= 5 and max(hand) - min(hand) <= 14)

    shares = itertools.product((True, False), repeat=len(pitches))
    best = any(
        reach([p for p, left in zip(pitches, share, strict=True) if left])
        and reach([p for p, left in zip(pitches, share, strict=True) if not left])
        for share in shares
    )
    assert hand_span_ok(pitches) is best


@pytest.mark.parametrize(
    ("keys", "ok"),
    [
        ([], True),
        ([36, 44, 38, 49], True),
        ([35, 36, 42], True),
        ([35, 36, 44], False),
        ([38, 42, 49], False),
        ([38, 38, 42, 36], True),
        ([36, 42, 46, 38], False),
    ],
)
def test_limbs(keys, ok):
    assert limbs_ok(keys) is ok


def test_keyboards_are_keyboards():
    families = {FAMILY_NAMES[family_of(p)] for p in KEYBOARD_PROGRAMS}
    assert families == {"Piano", "Organ", "Chromatic Percussion"}
    assert PROGRAM_NAMES[8] == "Celesta"
    assert not KEYBOARD_PROGRAMS & {9, 21, 22, 23}  # no accordions or harmonicas
