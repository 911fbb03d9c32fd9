"""Pieces from the notation of originals.toml."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from lstm_music.music.grid import STEPS_PER_WHOLE
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}
_QUALITIES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7b5": (0, 3, 6, 10),
}
_BASS_SEMITONES = {"R": 0, "X": 9, "O": 12}
_LOUDNESS = {"x": 0, "X": 18, "o": -28}
_PITCH = re.compile(r"([A-G])([#b]?)(-?\d)")
_NOTE = re.compile(r"(r|_|[A-G][#b]?\d)(?:/(\d+)(\.?)(t?))?")
_CHORD = re.compile(r"([A-G])([#b]?)([a-z0-9]*)(?:/([A-G])([#b]?))?")

Note = tuple[int, int, int, int]
"""Onset, duration, pitch, velocity (of the track, or what is added to it)."""

Bar = tuple[int, int, str]
"""Onset, length, meter."""


def compose(recipe: dict[str, Any]) -> Piece:
    """The piece that one table of originals.toml describes."""
    lines = _bars(recipe)
    tracks, notes, pedal = [], [], []
    for number, part in enumerate(recipe["tracks"]):
        tracks.append(Track(part.get("program", 0), part.get("is_drum", False), part["name"]))
        found = _play(part, lines)
        notes += [(on, length, pitch, _clip(vel), number) for on, length, pitch, vel in found]
        if part.get("pedal"):
            pedal += _pedal(lines, number)
    return Piece(
        notes=make_notes(notes),
        tracks=tuple(tracks),
        meters=_meters(recipe),
        tempos=tuple(Tempo.from_bpm(bpm, _bar_onset(lines, bar)) for bar, bpm in recipe["tempos"]),
        key=Key.parse(recipe["key"]) if "key" in recipe else None,
        pedal=np.array(pedal, PEDAL_DTYPE),
        pickup_steps=lines[0][1] if "pickup" in recipe else 0,
        title=recipe["title"],
    )


def _play(part: dict[str, Any], lines: list[Bar]) -> list[Note]:
    if "melody" in part:
        notes = _melody(part["melody"], lines)
    elif "chords" in part:
        notes = _accompany(part, lines)
    else:
        notes = _drums(part, lines)
    downbeats = {onset for onset, _, _ in lines}
    return [
        (onset, length, pitch, part["velocity"] + lift + (8 if onset in downbeats else 0))
        for onset, length, pitch, lift in notes
    ]


def _bars(recipe: dict[str, Any]) -> list[Bar]:
    """(onset, length, meter) of each bar, the pickup included; as many as the longest part has."""
    pickup = recipe.get("pickup")
    count = max(len(_split(part.get("melody", ""))) for part in recipe["tracks"])
    meters = dict(recipe["meters"])
    bars, onset, meter = [], 0, ""
    for number in range(0 if pickup else 1, count + (0 if pickup else 1)):
        meter = meters.get(number, meter)
        length = Meter.parse(pickup if number == 0 else meter).bar_steps
        bars.append((onset, length, meter))
        onset += length
    return bars


def _meters(recipe: dict[str, Any]) -> tuple[Meter, ...]:
    lines = _bars(recipe)
    return tuple(Meter.parse(text, _bar_onset(lines, bar)) for bar, text in recipe["meters"])


def _bar_onset(lines: list[Bar], bar: float) -> int:
    """Onset of bar number ``bar``, counted from 1 (a pickup too); 2.5 is the middle of bar 2."""
    onset, length, _ = lines[int(bar) - 1]
    return onset + round(bar % 1 * length)


def _split(text: str) -> list[str]:
    return [bar.strip() for bar in text.split("|") if bar.strip()]


def _melody(text: str, lines: list[Bar]) -> list[Note]:
    notes: list[Note] = []
    length = 0
    for (start, bar_steps, _), bar in zip(lines, _split(text), strict=True):
        onset = start
        for word in bar.split():
            match = _NOTE.fullmatch(word)
            if match is None:
                raise ValueError(f"not a note: {word!r} in {bar!r}")
            if match[2]:
                length = STEPS_PER_WHOLE // int(match[2])
                length = length * 3 // 2 if match[3] else length * 2 // 3 if match[4] else length
            if match[1] == "_":
                before = notes[-1]
                notes[-1] = (before[0], before[1] + length, *before[2:])
            elif match[1] != "r":
                notes.append((onset, length, _pitch(match[1]), 0))
            onset += length
        if onset != start + bar_steps:
            raise ValueError(f"bar is {onset - start} steps long, expected {bar_steps}: {bar!r}")
    return notes


def _accompany(part: dict[str, Any], lines: list[Bar]) -> list[Note]:
    notes: list[Note] = []
    bars = _split(part["chords"])
    for number, ((start, bar_steps, meter), bar) in enumerate(zip(lines, bars, strict=True)):
        chords = bar.split()
        if chords == ["N"]:
            continue
        if number == len(lines) - 1:  # the piece ends on one held chord
            slots = [("R" if "root_from" in part else "") + ("C" if "chord_from" in part else "")]
        else:
            slots = part["pattern"][meter].split()
        onsets = [start + bar_steps * i // len(slots) for i in range(len(slots) + 1)]
        for i, slot in enumerate(slots):
            if slot in "-.":
                continue
            end = i + 1
            while end < len(slots) and slots[end] == "-":
                end += 1
            chord = chords[i * len(chords) // len(slots)]
            pitches = {p for symbol in slot for p in _slot_pitches(symbol, chord, part)}
            notes += [(onsets[i], onsets[end] - onsets[i], pitch, 0) for pitch in sorted(pitches)]
    return notes


def _slot_pitches(symbol: str, chord: str, part: dict[str, Any]) -> list[int]:
    match = _CHORD.fullmatch(chord)
    if match is None or match[3] not in _QUALITIES:
        raise ValueError(f"not a chord: {chord!r}")
    root = _LETTERS[match[1]] + _ACCIDENTALS[match[2]]
    intervals = _QUALITIES[match[3]]
    if symbol == "C" or symbol.isdigit():
        lowest = _pitch(part["chord_from"])
        voiced = sorted(lowest + (root + i - lowest) % 12 for i in intervals)
        return voiced if symbol == "C" else [voiced[(int(symbol) - 1) % len(voiced)]]
    lowest = _pitch(part["root_from"])
    bass = _LETTERS[match[4]] + _ACCIDENTALS[match[5]] if match[4] and symbol == "R" else root
    semitones = _BASS_SEMITONES | {"T": intervals[1], "F": intervals[2]}
    return [lowest + (bass - lowest) % 12 + semitones[symbol]]


def _drums(part: dict[str, Any], lines: list[Bar]) -> list[Note]:
    notes: list[Note] = []
    for (start, bar_steps, _), name in zip(lines, part["order"].split(), strict=True):
        rows = part["patterns"][name]
        n_slots = max(len(row) for row in rows.values())
        # A pattern of one column is a single stroke; any other has the bar's own slots.
        slot_steps = bar_steps // n_slots if n_slots > 1 else STEPS_PER_WHOLE // 16
        for key, row in rows.items():
            for i, mark in enumerate(row):
                if mark != ".":
                    notes.append((start + i * slot_steps, slot_steps, int(key), _LOUDNESS[mark]))
    return notes


def _pedal(lines: list[Bar], track: int) -> list[tuple[int, int, bool]]:
    """Down with each bar, up just before the next."""
    changes = []
    for onset, length, _ in lines:
        changes += [(onset, track, True), (onset + length - 3, track, False)]
    return changes


def _pitch(name: str) -> int:
    match = _PITCH.fullmatch(name)
    if match is None:
        raise ValueError(f"not a pitch: {name!r}")
    return 12 * (int(match[3]) + 1) + _LETTERS[match[1]] + _ACCIDENTALS[match[2]]


def _clip(velocity: int) -> int:
    return min(max(velocity, 1), 127)
