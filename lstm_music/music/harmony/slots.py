"""A piece cut into short slots of time, and what sounds in each."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, pitched_notes

SlotKind = Literal["beat", "half-bar", "bar"]
SLOT_KINDS: tuple[SlotKind, ...] = ("beat", "half-bar", "bar")

_Integers = npt.NDArray[np.integer[Any]]


class Sounding(NamedTuple):
    """What sounds in each of N stretches of one or more slots; drums are left out.

    A stretch begins where the one before ends; the last holds the end of the last note. Slots in
    which nothing begins or ends are one stretch: so long rests and held notes take no room.
    """

    onset_steps: npt.NDArray[np.int64]
    """(N,), rising, the first 0."""
    length_steps: npt.NDArray[np.int64]
    """(N,), each at least 1."""
    slots: npt.NDArray[np.int64]
    """(N,): how many slots each holds, at least 1."""
    steps: npt.NDArray[np.float64]
    """(N, 12): steps for which each pitch class sounds, C first; two notes count twice."""
    bass: npt.NDArray[np.int64]
    """(N,): pitch class of the lowest note that sounds for a quarter of it; -1 in silence."""


def slot_steps(meter: Meter, kind: SlotKind) -> int:
    """Length of one slot.

    A half bar is half a bar of an even number of beats; other bars stay whole.

    Raises
    ------
    ConfigError : ``kind`` is none of `SLOT_KINDS`.

    Examples
    --------
    >>> [slot_steps(Meter.parse(text), "half-bar") for text in ("4/4", "3/4", "6/8")]
    [48, 72, 36]
    """
    if kind not in SLOT_KINDS:
        raise ConfigError(f"slots must be one of {', '.join(SLOT_KINDS)}, got {kind!r}")
    if kind == "beat":
        return meter.beat_steps
    halves = kind == "half-bar" and meter.bar_steps // meter.beat_steps % 2 == 0
    return meter.bar_steps // 2 if halves else meter.bar_steps


class _Grid:
    """Numbers of slots, counted from 0 through the whole piece; a change of meter begins one."""

    def __init__(self, piece: Piece, kind: SlotKind) -> None:
        self._onsets = np.array([meter.onset_steps for meter in piece.meters], np.int64)
        self._steps = np.array([slot_steps(meter, kind) for meter in piece.meters], np.int64)
        # Slots are counted back from the bar line behind a pickup, so that the first may be short.
        self._starts = self._onsets.copy()
        self._starts[0] = piece.pickup_steps % -self._steps[0]
        spans = -(-np.diff(self._starts) // self._steps[:-1])
        self._first = np.concatenate([[0], np.cumsum(spans)])

    def numbers(self, steps: _Integers) -> npt.NDArray[np.int64]:
        """Number of the slot that holds each step."""
        section = np.searchsorted(self._onsets, steps, side="right") - 1
        into = (steps - self._starts[section]) // self._steps[section]
        return np.asarray(self._first[section] + into, np.int64)

    def starts(self, numbers: _Integers) -> npt.NDArray[np.int64]:
        """Where each slot begins, in steps."""
        section = np.searchsorted(self._first, numbers, side="right") - 1
        begin = self._starts[section] + (numbers - self._first[section]) * self._steps[section]
        return np.asarray(np.maximum(begin, 0), np.int64)


def sounding(piece: Piece, kind: SlotKind) -> Sounding:
    """What sounds in the slots of a piece; N = 0 without pitched notes.

    Raises
    ------
    ConfigError : ``kind`` is none of `SLOT_KINDS`.
    """
    notes = pitched_notes(piece)
    grid = _Grid(piece, kind)
    begin = notes["onset_steps"].astype(np.int64)
    end = begin + notes["duration_steps"]
    if not len(notes):
        nothing = np.zeros(0, np.int64)
        return Sounding(nothing, nothing, nothing, np.zeros((0, 12)), nothing)
    held = _distinct(grid.numbers(np.concatenate([begin, end - 1])))
    edges = _distinct(np.append(grid.starts(np.concatenate([held, held + 1])), 0))
    lowest = int(notes["pitch_midi"].min()) // 12 * 12
    pitches = notes["pitch_midi"].astype(np.int64) - lowest
    steps = _steps_of_pitches(begin, end, pitches, edges)
    lengths = edges[1:] - edges[:-1]
    classes = steps.reshape(len(steps), -1, 12).sum(axis=1)
    numbers = grid.numbers(edges)
    return Sounding(edges[:-1], lengths, numbers[1:] - numbers[:-1], classes, _bass(steps, lengths))


def _distinct(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The values in order, each once; five times as fast as `numpy.unique` is here."""
    values = np.sort(values)
    return np.asarray(values[np.concatenate([[True], values[1:] != values[:-1]])])


def _steps_of_pitches(
    begin: _Integers, end: _Integers, pitches: _Integers, edges: _Integers
) -> npt.NDArray[np.float64]:
    """Steps for which each pitch sounds between each two edges, (edges - 1, whole octaves)."""
    width = -(-(int(pitches.max()) + 1) // 12) * 12
    shape = (len(edges), width)
    # Until an edge e, a note has sounded for (e - begin) if it has begun, less (e - end) if it
    # has ended: sums over notes of counts and of times, each a cumulative sum over the edges.
    place = np.searchsorted(edges, np.concatenate([begin, end])) * width
    place += np.concatenate([pitches, pitches])
    sign = np.repeat([1.0, -1.0], len(begin))
    times = np.concatenate([begin, -end])
    counts = np.bincount(place, sign, len(edges) * width).reshape(shape).cumsum(axis=0)
    sums = np.bincount(place, times, len(edges) * width).reshape(shape).cumsum(axis=0)
    until = counts * edges[:, None] - sums
    return np.asarray(until[1:] - until[:-1])


def _bass(steps: npt.NDArray[np.float64], lengths: _Integers) -> npt.NDArray[np.int64]:
    """Pitch class of the lowest note that is more than a passing one, of any if there is none."""
    stays = steps * 4 >= lengths[:, None]
    stays |= ~stays.any(axis=1, keepdims=True) & (steps > 0)
    return np.where(stays.any(axis=1), stays.argmax(axis=1) % 12, -1)
