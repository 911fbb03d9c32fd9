"""How near to what was wished for the music came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_music.generate.reporting.result import Found, Result, all_hold, rows
from lstm_music.music.distinct import distinct
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.types import NoteArray

_NEAR = {"density": 0.25, "polyphony": 0.25, "register": 4.0, "duration": 0.25}
"""How far off a wish may come out and still count as kept: a share, or semitones."""


def wish(name: str, measure: Callable[[NoteArray], float], *, pitched: bool) -> Any:
    """The measure of a wish: what came out of each track, and whether that is near."""

    def found(result: Result) -> Found:
        came_out = result.by_track(measure, pitched=pitched)
        near, wanted = _NEAR[name], getattr(result.request, name)
        kept = all_hold(
            result,
            wanted,
            came_out,
            lambda w, f: abs(f - w) <= (near if name == "register" else near * max(w, 1)),
        )
        return came_out, kept if came_out else None

    return found


def density(result: Result) -> Found:
    """Mean onsets in a bar of each track."""
    came_out = {t: float(np.mean(counts)) for t, counts in result.onsets_a_bar().items() if counts}
    near = _NEAR["density"]
    kept = all_hold(
        result, result.request.density, came_out, lambda w, f: abs(f - w) <= near * max(w, 1)
    )
    return came_out, kept


def notes_an_onset(notes: NoteArray) -> float:
    """Notes that begin together, in the mean."""
    return len(notes) / len(distinct(notes["onset_steps"]))


def mean_pitch(notes: NoteArray) -> float:
    """The mean pitch, in semitones of MIDI."""
    return float(notes["pitch_midi"].mean())


def mean_quarters(notes: NoteArray) -> float:
    """The mean duration, in quarter notes."""
    return float(notes["duration_steps"].mean()) / STEPS_PER_QUARTER


def amount(result: Result) -> Found:
    """How many of the notes that were to be varied have changed."""
    old = {tuple(row) for row in rows(result.plan.replaced)}
    gone = len(old - {tuple(row) for row in rows(result.new)})
    return {"notes_changed": gone, "notes_replaced": len(old)}, None
