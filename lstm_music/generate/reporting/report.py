"""The report: of each control that was set, what was asked, what came out, and whether it holds.

Everything is counted in the notes that were written, never taken from the rules that wrote them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lstm_music.generate.asking.request import CONTROLS, Request
from lstm_music.generate.planning.plan import Plan
from lstm_music.generate.planning.ruling import Ruling
from lstm_music.generate.reporting import fit, limits, wishes
from lstm_music.generate.reporting.result import Found, Result
from lstm_music.music.piece import Piece
from lstm_music.types import NoteArray


def make_report(
    request: Request, ruling: Ruling, plan: Plan, piece: Piece, new: NoteArray
) -> dict[str, Any]:
    """What was asked and what came out.

    Parameters
    ----------
    request, ruling, plan : what was asked.
    piece : the whole result.
    new : what was written.

    Returns
    -------
    report : name of control -> ``asked``, ``came_out``, ``kept`` (None where nothing can tell).
        By track it is a dict by number of the track, from 1. ``in_character`` is there wherever
        some track has a character, as it is on unless refused.
    """
    report: dict[str, Any] = {}
    for name, measure in _MEASURES.items():
        asked = getattr(request, name)
        if name == "voice_leading" and ruling.voice_leading == "strict":
            asked = "strict"  # by its style, if not in so many words
        is_kept_anyway = name == "in_character" and bool(ruling.characters)
        if asked is None or (asked == CONTROLS[name].default and not is_kept_anyway):
            continue
        came_out, kept = measure(Result(request, ruling, plan, piece, new))
        report[name] = {"asked": _plain(asked), "came_out": came_out, "kept": kept}
    return report


def _plain(asked: Any) -> Any:
    if isinstance(asked, dict):
        return {("all" if n == 0 else n): _plain(value) for n, value in asked.items()}
    return list(asked) if isinstance(asked, tuple) else asked


_MEASURES: dict[str, Callable[[Result], Found]] = {
    "amount": wishes.amount,
    "scale": limits.scale,
    "pitch_range": limits.pitch_range,
    "max_polyphony": limits.max_polyphony,
    "min_duration": limits.min_duration,
    "max_duration": limits.max_duration,
    "grid": limits.grid,
    "velocity_range": limits.velocity_range,
    "min_density": limits.min_density,
    "max_density": limits.max_density,
    "rests": limits.rests,
    "playable": fit.playable,
    "in_character": fit.in_character,
    "chords": fit.chords,
    "voice_leading": fit.voice_leading,
    "density": wishes.density,
    "polyphony": wishes.wish("polyphony", wishes.notes_an_onset, pitched=False),
    "register": wishes.wish("register", wishes.mean_pitch, pitched=True),
    "duration": wishes.wish("duration", wishes.mean_quarters, pitched=True),
    "ending": fit.ending,
    "form": fit.form,
}
