"""Pedal marks as changes of the sustain pedal."""

from __future__ import annotations

from collections.abc import Iterable

from lstm_music.midi.scores.expression.marks import Mark


def pedal_changes(marks: Iterable[Mark]) -> list[tuple[int, bool]]:
    """(step, whether it goes down) of one instrument's pedal, in order.

    A change, and a new "Ped." while the pedal is down, lift it and press it at once.
    """
    changes: list[tuple[int, bool]] = []
    is_down = False
    places = {(mark.onset, mark.text != "stop") for mark in marks if mark.kind == "pedal"}
    for onset, presses in sorted(places):
        if is_down:
            changes.append((onset, False))
        if presses:
            changes.append((onset, True))
        is_down = presses
    return changes
