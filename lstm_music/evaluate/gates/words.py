"""Findings in words, and which of them a picture shows."""

from __future__ import annotations

from lstm_music.evaluate.gates.follow import Finding, Following
from lstm_music.evaluate.gates.record import Gates

FOLLOWED = {
    "bar": "the place in the bar",
    "beat": "the beat",
    "pitch class": "a pitch class",
    "phrase": "the phrase",
    "repeat": "repeats",
    "time": "the bars that have passed",
}


def followed(what: str) -> str:
    """What is followed, in words: "groups of 4 bars"."""
    return FOLLOWED.get(what, f"groups of {what}")


def quantity_name(gates: Gates, quantity: str) -> str:
    """A gate or state in words: "forget gate f", "cell state c"."""
    if quantity in gates.roles:
        return f"{gates.roles[quantity]} {quantity}"
    return "cell state c" if quantity == "c" else f"state {quantity}"


def finding_name(gates: Gates, found: Finding) -> str:
    """Where a finding is: "layer 1, unit 37, cell state c"."""
    return f"layer {found.layer}, unit {found.unit}, {quantity_name(gates, found.quantity)}"


def percent(share: float) -> str:
    """A share as a rounded percentage."""
    return f"{100 * share:.0f} %"


def shown(gates: Gates, following: Following, most: int = 8) -> list[Finding]:
    """The surest state and the surest forget gate of each kind, no unit twice in one quantity."""
    forget = [name for name, role in gates.roles.items() if role == "forget gate"]
    kept: list[Finding] = []
    seen: set[tuple[int, str, int]] = set()
    for what in following.chance:
        for quantity in [gates.memory, *forget[:1]]:
            for found in following.findings:
                place = (found.layer, found.quantity, found.unit)
                if (found.what, found.quantity) == (what, quantity) and place not in seen:
                    kept.append(found)
                    seen.add(place)
                    break
    kept.sort(key=lambda found: -found.explained)
    return sorted(kept[:most], key=lambda found: list(following.chance).index(found.what))
