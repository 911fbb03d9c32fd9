"""A Piece from the JSON object that we write ourselves; docs/formats.md has its fields."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lstm_music.errors import MidiError
from lstm_music.midi.limits import DEFAULT_LIMITS
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.key import Key, KeyChange
from lstm_music.music.listening.rhythm import infer_meter
from lstm_music.music.meter import Meter
from lstm_music.music.piece import (
    MAX_TIMING_96THS,
    PEDAL_DTYPE,
    TIMING_PER_STEP,
    Piece,
    Tempo,
    Track,
    make_notes,
)

_USUAL_VELOCITY = 80
_MOST_TRACKS = 256


def piece_from_json(value: Any, *, max_notes: int = DEFAULT_LIMITS.max_notes) -> Piece:
    """The piece that a JSON object tells.

    Parameters
    ----------
    value : of `lstm_music.midi.export.tables.as_json`. Needed are ``notes`` alone, and of a note
        ``pitch``, ``onset_quarters`` and ``duration_quarters``; what is not said is track 0,
        velocity 80, piano, 120 bpm. A meter that is not said is found in the music.
    max_notes : the most notes.

    Raises
    ------
    MidiError : a field is missing, of another kind or out of range; the message names it.

    Examples
    --------
    >>> note = {"pitch": 60, "onset_quarters": 0.5, "duration_quarters": 1}
    >>> piece_from_json({"notes": [note]}).notes.tolist()
    [(12, 24, 60, 80, 0, 0)]
    """
    whole = _Object(value, "the piece")
    notes = whole.objects("notes", max_notes)
    if not notes:
        raise MidiError("the piece has no notes")
    rows = [_note(note) for note in notes]
    tracks = [_track(one) for one in whole.objects("tracks", _MOST_TRACKS)]
    tracks += [Track()] * (max(row[4] for row in rows) + 1 - len(tracks))
    meters, tempos = whole.objects("meters", 1000), whole.objects("tempos", 10_000)
    keys = [(one.steps("onset_quarters", 0), _key(one)) for one in whole.objects("keys", 1000)]
    pedal = [
        (one.steps("onset_quarters", 0), one.integer("track", 0, len(tracks) - 1, 0), one.switch())
        for one in whole.objects("pedal", max_notes)
    ]
    told = {"meter": meters, "tempo": tempos}
    piece = Piece(
        notes=make_notes(rows),
        tracks=tuple(tracks),
        meters=_from_zero([_meter(one) for one in meters], Meter(0, 4, 4)),
        tempos=_from_zero([_tempo(one) for one in tempos], Tempo(0)),
        key=next((key for onset, key in keys if onset == 0), None),
        key_changes=tuple(KeyChange(onset, key) for onset, key in keys if onset > 0),
        pedal=np.array(pedal, PEDAL_DTYPE),
        pickup_steps=whole.steps("pickup_quarters", 0),
        title=whole.text("title"),
        unstated=frozenset(name for name, changes in told.items() if not changes),
    )
    return infer_meter(piece) if "meter" in piece.unstated else piece


class _Object:
    """A JSON object, and where it stands."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise MidiError(f"{where} must be an object, got {type(value).__name__}")
        self._value, self._where = value, where

    def objects(self, name: str, most: int) -> list[_Object]:
        found = self._value.get(name, ())
        if not isinstance(found, Sequence) or isinstance(found, str):
            raise MidiError(f"{name} must be an array, got {type(found).__name__}")
        if len(found) > most:
            raise MidiError(f"{name} may have up to {most} entries, got {len(found)}")
        return [_Object(one, f"{name}[{i}]") for i, one in enumerate(found)]

    def number(self, name: str, low: float, high: float, usual: float | None = None) -> float:
        value = self._value.get(name, usual)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not low <= value <= high:
            raise MidiError(f"{self._where}: {name} must be {low:g}..{high:g}, got {value!r:.80}")
        return float(value)

    def integer(self, name: str, low: int, high: int, usual: int | None = None) -> int:
        number = self.number(name, low, high, usual)
        if not number.is_integer():
            raise MidiError(f"{self._where}: {name} must be a whole number, got {number:g}")
        return int(number)

    def steps(self, name: str, usual: float | None = None) -> int:
        quarters = self.number(name, 0, DEFAULT_LIMITS.max_quarters, usual)
        return round(quarters * STEPS_PER_QUARTER)

    def text(self, name: str) -> str:
        value = self._value.get(name, "")
        if not isinstance(value, str) or len(value) > 1000:
            raise MidiError(f"{self._where}: {name} must be a text of up to 1000 characters")
        return value

    def switch(self, name: str = "down", *, usual: bool | None = None) -> bool:
        value = self._value.get(name, usual)
        if not isinstance(value, bool):
            raise MidiError(f"{self._where}: {name} must be true or false, got {value!r:.80}")
        return value


def _note(note: _Object) -> tuple[int, ...]:
    """Onset, duration, pitch, velocity, track, timing: the nearest step, and how far off it is."""
    most = DEFAULT_LIMITS.max_quarters
    played = round(note.number("onset_quarters", 0, most) * STEPS_PER_QUARTER * TIMING_PER_STEP)
    onset = (played + TIMING_PER_STEP // 2) // TIMING_PER_STEP
    timing = max(-MAX_TIMING_96THS, min(played - onset * TIMING_PER_STEP, MAX_TIMING_96THS))
    return (
        onset,
        max(note.steps("duration_quarters"), 1),
        note.integer("pitch", 0, 127),
        note.integer("velocity", 1, 127, _USUAL_VELOCITY),
        note.integer("track", 0, _MOST_TRACKS - 1, 0),
        timing,
    )


def _track(track: _Object) -> Track:
    is_drum = track.switch("is_drum", usual=False)
    return Track(track.integer("program", 0, 127, 0), is_drum, track.text("name"))


def _meter(meter: _Object) -> Meter:
    numerator = meter.integer("numerator", 1, 128)
    denominator = meter.integer("denominator", 1, 64)
    try:
        return Meter(meter.steps("onset_quarters", 0), numerator, denominator)
    except ValueError as error:
        raise MidiError(str(error)) from None


def _tempo(tempo: _Object) -> Tempo:
    return Tempo.from_bpm(tempo.number("tempo_bpm", 4, 1000), tempo.steps("onset_quarters", 0))


def _key(key: _Object) -> Key:
    try:
        return Key.parse(key.text("name"))
    except ValueError as error:
        raise MidiError(str(error)) from None


def _from_zero(changes: list[Any], first: Any) -> tuple[Any, ...]:
    """The changes in order, each step once, with one at step 0."""
    by_onset = {change.onset_steps: change for change in [first, *changes]}
    return tuple(by_onset[onset] for onset in sorted(by_onset))
