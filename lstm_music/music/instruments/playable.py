"""What players can reach: the hands on a keyboard, the limbs at a drum kit.

`instruments.SOUNDING_RANGES` has how high and low each instrument goes.
"""

from __future__ import annotations

from collections.abc import Iterable

KEYBOARD_PROGRAMS = frozenset({*range(9), *range(16, 21)})
"""Programs that are played with two hands on keys: pianos to clavinet, celesta, organs."""

FINGERS_A_HAND = 5
HAND_SPAN_SEMITONES = 14
"""A ninth: what one hand reaches."""

FOOT_KEYS = frozenset({35, 36, 44})
"""General MIDI keys that feet play: bass drums and the hi-hat's pedal."""

FEET = HANDS = 2


def hand_span_ok(pitches: Iterable[int]) -> bool:
    """Whether two hands can hold all of these MIDI pitches at once.

    Each hand holds at most `FINGERS_A_HAND` notes within `HAND_SPAN_SEMITONES`; the left hand
    has the lower ones. A pitch that comes twice counts once.

    Examples
    --------
    >>> hand_span_ok([36, 48, 60, 64, 67]), hand_span_ok([36, 52, 76])
    (True, False)
    """
    held = sorted(set(pitches))
    return any(_one_hand_ok(held[:i]) and _one_hand_ok(held[i:]) for i in range(len(held) + 1))


def _one_hand_ok(held: list[int]) -> bool:
    return not held or (len(held) <= FINGERS_A_HAND and held[-1] - held[0] <= HAND_SPAN_SEMITONES)


def limbs_ok(drum_keys: Iterable[int]) -> bool:
    """Whether one drummer can strike all of these keys at once.

    Two feet play `FOOT_KEYS`, two hands everything else, one key each. A key that comes twice
    counts once.

    Examples
    --------
    >>> limbs_ok([36, 44, 38, 49]), limbs_ok([38, 42, 49])
    (True, False)
    """
    struck = set(drum_keys)
    feet = len(struck & FOOT_KEYS)
    return feet <= FEET and len(struck) - feet <= HANDS
