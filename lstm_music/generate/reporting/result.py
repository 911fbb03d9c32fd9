"""A result, and what can be counted in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_music.generate.asking.request import Request
from lstm_music.generate.planning.plan import Plan
from lstm_music.generate.planning.ruling import Ruling, of_track
from lstm_music.music.distinct import distinct
from lstm_music.music.piece import Piece
from lstm_music.types import NoteArray

Found = tuple[Any, bool | None]


class Result:
    """A result, and what can be counted in it."""

    def __init__(
        self, request: Request, ruling: Ruling, plan: Plan, piece: Piece, new: NoteArray
    ) -> None:
        self.request, self.ruling, self.plan, self.piece, self.new = (
            request,
            ruling,
            plan,
            piece,
            new,
        )
        self.drums = np.array([track.is_drum for track in piece.tracks], bool)
        self.pitched = new[~self.drums[new["track"]]] if len(new) else new

    def by_track(
        self, measure: Callable[[NoteArray], Any], *, pitched: bool = False
    ) -> dict[int, Any]:
        """A measure of each open track's new notes; number of the track from 1."""
        notes = self.pitched if pitched else self.new
        found = {}
        for track in self.plan.open_tracks:
            mine = notes[notes["track"] == track]
            if len(mine):
                found[track + 1] = measure(mine)
        return found

    def onsets_a_bar(self, *, whole: bool = False) -> dict[int, list[int]]:
        """Onsets in each open bar of each open track; ``whole``: in none shorter than its meter's,
        as a pickup is.
        """
        lines, found = self.piece.bar_lines, {}
        for track in self.plan.open_tracks:
            mine = distinct(self.new["onset_steps"][self.new["track"] == track])
            counts = []
            for place in (place for place in self.plan.places if place.track == track):
                at = place.start_steps
                while at < place.end_steps:
                    end = min(lines.bar_end(at), place.end_steps)
                    if whole and end - at < lines.meter_at(at).bar_steps:
                        at = end
                        continue
                    counts.append(int(((mine >= at) & (mine < end)).sum()))
                    at = end
            found[track + 1] = counts
        return found


def all_hold(
    result: Result,
    wanted: dict[int, Any],
    found: dict[int, Any],
    holds: Callable[[Any, Any], bool],
) -> bool:
    """Whether what was found in each track is as wanted for it."""
    pairs = [(of_track(wanted, track - 1), value) for track, value in found.items()]
    return all(want is None or holds(want, value) for want, value in pairs)


def rows(notes: NoteArray) -> list[tuple[int, int, int, int]]:
    """What makes a note the same as another: onset, track, pitch and duration."""
    names = ("onset_steps", "track", "pitch_midi", "duration_steps")
    return list(zip(*(notes[name].tolist() for name in names), strict=True))
