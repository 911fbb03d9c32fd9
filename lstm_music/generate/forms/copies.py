"""Copies of bars that are there already, as events that generators read like given music."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lstm_music.generate.loop import Generator
from lstm_music.generate.planning.events import given_events
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Track
from lstm_music.types import IntArray, NoteArray


class Copy(NamedTuple):
    """What begins in [start, end) is what began ``shift`` steps earlier, and nothing of it rings
    beyond ``until``; all in steps.
    """

    start: int
    end: int
    shift: int
    until: int


def copied_events(
    generator: Generator, copies: Sequence[Copy], standing: NoteArray | None = None
) -> IntArray:
    """What copies and standing notes add to a piece, as `Given` takes it.

    A key that sounds where it would be struck again is left out: it would never end. Tracks with
    standing notes are not copied.
    """
    notes, pedal = generator.score.notes(), generator.score.pedal()
    parts = []
    for copy in copies:
        some = notes[_begins_in(notes, copy)].copy()
        some["onset_steps"] += copy.shift
        some["duration_steps"] = np.minimum(
            some["duration_steps"], copy.until - some["onset_steps"]
        )
        parts.append(some)
    new = np.concatenate([notes[:0], *parts])
    if copies:
        new = new[~_strikes_what_sounds(new, notes, copies[0].start)]
    if standing is not None and len(standing):
        new = np.concatenate([new[~np.isin(new["track"], standing["track"])], standing])
    piece = Piece(
        notes=new,
        tracks=tuple(Track() for _ in generator.score.programs),
        pedal=_copied_pedal(pedal, copies),
    )
    return given_events(piece, np.zeros(len(new), bool))


def _begins_in(events: NoteArray, copy: Copy) -> np.ndarray:
    onsets = events["onset_steps"] + copy.shift
    return np.asarray((onsets >= copy.start) & (onsets < copy.end))


def _strikes_what_sounds(new: NoteArray, old: NoteArray, start: int) -> np.ndarray:
    """Which new notes strike a key that an old note holds beyond ``start``."""
    ends = old["onset_steps"] + old["duration_steps"]
    held = {
        (int(note["track"]), int(note["pitch_midi"])): int(end)
        for note, end in zip(old[ends > start], ends[ends > start], strict=True)
    }
    keys = zip(new["track"].tolist(), new["pitch_midi"].tolist(), strict=True)
    until = [held.get(key, 0) for key in keys]
    return np.asarray(new["onset_steps"] < np.array(until, np.int64))


def _copied_pedal(pedal: NoteArray, copies: Sequence[Copy]) -> NoteArray:
    """The pedal of copies; each begins with the pedals as they were where it was taken from."""
    rows: list[tuple[int, int, bool]] = []
    for track in np.unique(pedal["track"]).tolist():
        mine = [(int(e["onset_steps"]), bool(e["down"])) for e in pedal[pedal["track"] == track]]
        is_down = mine[-1][1]
        for copy in copies:
            source = copy.start - copy.shift
            was_down = ([False] + [down for onset, down in mine if onset < source])[-1]
            there = [down for onset, down in mine if onset == source]
            changes = [(copy.start, down) for down in there or [was_down]]
            changes += [
                (onset + copy.shift, down)
                for onset, down in mine
                if source < onset < source + copy.end - copy.start
            ]
            for onset, down in changes:
                if down != is_down:
                    rows.append((onset, track, down))
                    is_down = down
    return np.array(rows, PEDAL_DTYPE)
