"""A Piece as one JSON object, and its notes as a table in CSV; docs/formats.md has the fields."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.instruments.general_midi import instrument_name
from lstm_music.music.piece import TIMING_PER_STEP, Piece
from lstm_music.music.places import begins_in
from lstm_music.music.seconds import Clock

VERSION = 1
"""Of the JSON object; it grows when a field changes its meaning or goes."""

NOTE_FIELDS = (
    "track",
    "pitch",
    "velocity",
    "onset_quarters",
    "duration_quarters",
    "onset_seconds",
    "duration_seconds",
    "added",
)
"""What is told of a note, in JSON and CSV alike."""

_DECIMALS = 6


def json_bytes(piece: Piece, text: str = "", request: Mapping[str, Any] | None = None) -> bytes:
    """The piece as one JSON object in UTF-8.

    Parameters
    ----------
    piece : the music.
    text : how it was made.
    request : what was asked for, of what JSON can say; left out when None.
    """
    return (json.dumps(as_json(piece, text, request), ensure_ascii=False, indent=1) + "\n").encode()


def as_json(
    piece: Piece, text: str = "", request: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The object that `json_bytes` writes."""
    when = _Times(piece)
    whole: dict[str, Any] = {
        "format": "lstm_music piece",
        "version": VERSION,
        "title": piece.title,
        "text": text,
        "length_quarters": quarters(piece.end_steps),
        "length_seconds": when.seconds(piece.end_steps),
        "pickup_quarters": quarters(piece.pickup_steps),
        "tracks": [
            {
                "program": track.program,
                "is_drum": track.is_drum,
                "name": track.name,
                "instrument": instrument_name(track.program, track.is_drum),
            }
            for track in piece.tracks
        ],
        "meters": [
            {**when.of(m.onset_steps), "numerator": m.numerator, "denominator": m.denominator}
            for m in piece.meters
        ],
        "tempos": [
            {**when.of(t.onset_steps), "tempo_bpm": round(t.tempo_bpm, _DECIMALS)}
            for t in piece.tempos
        ],
        "keys": [
            {**when.of(onset), "name": str(key), "sharps": key.sharps, "mode": key.mode}
            for onset, key in _keys(piece)
        ],
        "pedal": [
            {**when.of(onset), "track": track, "down": down}
            for onset, track, down in piece.pedal.tolist()
        ],
        "notes": notes_as_json(piece),
    }
    if request is not None:
        whole["request"] = dict(request)
    return whole


def notes_as_json(piece: Piece) -> list[dict[str, Any]]:
    """The notes of a piece as the objects of `as_json`."""
    return [dict(zip(NOTE_FIELDS, row)) for row in _rows(piece, _Times(piece))]


def csv_bytes(piece: Piece) -> bytes:
    """One row a note, in order, under a line of names; UTF-8, lines end with CR LF."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(NOTE_FIELDS)
    for *row, added in _rows(piece, _Times(piece)):
        writer.writerow([*row, int(added)])
    return table.getvalue().encode()


def quarters(steps: float) -> float:
    """Steps as quarter notes, rounded as in the JSON object."""
    return round(steps / STEPS_PER_QUARTER, _DECIMALS)


def _keys(piece: Piece) -> list[tuple[int, Any]]:
    first = [] if piece.key is None else [(0, piece.key)]
    return [*first, *((change.onset_steps, change.key) for change in piece.key_changes)]


class _Times:
    """Steps of one piece as quarters and seconds."""

    def __init__(self, piece: Piece) -> None:
        self._clock = Clock(piece.tempos)

    def seconds(self, steps: float) -> float:
        return round(float(self._clock.seconds(np.array([steps]))[0]), _DECIMALS)

    def of(self, steps: float) -> dict[str, float]:
        return {"onset_quarters": quarters(steps), "onset_seconds": self.seconds(steps)}


def _rows(piece: Piece, when: _Times) -> Iterator[tuple[Any, ...]]:
    """The values of `NOTE_FIELDS` of each note; seconds are those at which it is played."""
    added = added_notes(piece)
    for note, is_added in zip(piece.notes.tolist(), added):
        onset, duration, pitch, velocity, track, timing = note
        played = max(onset + timing / TIMING_PER_STEP, 0)
        start = when.seconds(played)
        length = round(when.seconds(played + duration) - start, _DECIMALS)
        written = (quarters(onset), quarters(duration))
        yield (track, pitch, velocity, *written, start, length, is_added)


def added_notes(piece: Piece) -> list[bool]:
    """Of each note, whether we added it to somebody else's music; none of a piece all our own."""
    if not piece.added_places:
        return [False] * len(piece.notes)
    return [bool(on) for on in begins_in(piece.notes, piece.added_places)]
