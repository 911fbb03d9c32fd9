"""What makes a place of the music sound accented, as one row of numbers a kind of accent.

The music is cut into slots of a 16th note (6 grid steps). An onset counts for the slot whose
beginning it is within a step of; the others (triplets, 32nds) are only counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece

SLOT_STEPS = 6
MAX_SLOTS = 768
"""48 bars of 4/4: more music than this says nothing new about the meter."""

ACCENTS = (
    "onset",  # a note begins
    "chord",  # many notes begin: log2(1 + notes)
    "long",  # the longest note beginning: log2(1 + 16ths)
    "wait",  # time to the next onset: log2(1 + 16ths)
    "low",  # how far the lowest beginning note lies below the mean lowest, semitones
    "high",  # the same of the highest above the mean highest
    "bass",  # how far the lowest beginning note lies below those of the onsets around it
    "harmony",  # pitch classes of the quarter from here against the quarter before, 0..1
    "harmony2",  # the same over half notes
    "loud",  # velocity of the loudest pitched note above the mean
    "hit",  # the same of the drums
    "kick",
    "snare",
    "crash",
    "entry",  # a note begins after silence
)
_ROW = {name: i for i, name in enumerate(ACCENTS)}

# General MIDI percussion keys (level 1, table 3).
_DRUM_KEYS = {"kick": (35, 36), "snare": (37, 38, 39, 40), "crash": (49, 52, 55, 57)}
_DRUM_KINDS = np.full(128, -1, np.int8)
for _i, _keys in enumerate(_DRUM_KEYS.values()):
    _DRUM_KINDS[list(_keys)] = _i
_LEEWAY = 2.0  # semitones about the mean that count a little too, for "low" and "high"

_MAX_DROP = 12.0  # semitones: an octave below the chords is as good as two

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Accents:
    """Accents of a piece by slot.

    Parameters
    ----------
    rows : (len(ACCENTS), T) float32, each >= 0.
    chroma : (T, 12) float32, 1 where a pitched note of that pitch class begins.
    ternary_share : share of the notes that stand on no 16th, 0..1.
    """

    rows: FloatArray
    chroma: FloatArray
    ternary_share: float


class _Onsets(NamedTuple):
    """Notes that begin on a slot, in order of it, as contiguous columns."""

    slot: IntArray
    duration: IntArray
    pitch: npt.NDArray[np.uint8]
    velocity: npt.NDArray[np.uint8]

    def where(self, chosen: npt.NDArray[np.bool_]) -> _Onsets:
        if chosen.all():
            return self
        index = np.flatnonzero(chosen)  # faster than a mask, four times over
        return _Onsets(
            self.slot[index], self.duration[index], self.pitch[index], self.velocity[index]
        )


def find_accents(piece: Piece) -> Accents:
    """Accents of the first `MAX_SLOTS` slots of a piece with at least one note."""
    onset = np.ascontiguousarray(piece.notes["onset_steps"])
    slot = (onset + SLOT_STEPS // 2) // SLOT_STEPS
    count = int(np.searchsorted(slot, MAX_SLOTS))  # notes are in order of onset
    if not count:
        silence = np.zeros((len(ACCENTS), 1), np.float32)
        return Accents(silence, np.zeros((1, 12), np.float32), 0.0)
    notes = piece.notes[:count]
    duration, pitch, velocity = (
        np.ascontiguousarray(notes[f]) for f in ("duration_steps", "pitch_midi", "velocity")
    )
    heard = _Onsets(slot[:count], duration, pitch, velocity)
    is_drum = np.array([track.is_drum for track in piece.tracks], bool)
    drum = is_drum[notes["track"]] if is_drum.any() else np.zeros(count, bool)
    off = onset[:count] - heard.slot * SLOT_STEPS
    on_slot = (off >= -1) & (off <= 1)
    length = int(heard.slot[-1]) + 1
    rows = np.zeros((len(ACCENTS), length), np.float32)
    chroma = np.zeros((length, 12), np.float32)
    beginning = heard.where(on_slot)
    if len(beginning.slot):
        _any_notes(rows, beginning.slot)
    melodic = heard.where(~drum)
    pitched = heard.where(on_slot & ~drum) if drum.any() else beginning
    if len(pitched.slot):
        _pitched(rows, pitched)
        chroma[pitched.slot, pitched.pitch % 12] = 1
    if drum.any():
        _drums(rows, heard.where(on_slot & drum))
    if len(melodic.slot):
        _sounding(rows, melodic)
    return Accents(rows, chroma, 1.0 - float(on_slot.mean()))


def _any_notes(rows: FloatArray, slot: IntArray) -> None:
    counts = np.bincount(slot, minlength=rows.shape[1])
    places = np.flatnonzero(counts)
    rows[_ROW["onset"]] = counts > 0
    rows[_ROW["chord"]] = np.log2(1 + counts)
    rows[_ROW["wait"], places[:-1]] = np.log2(1 + np.minimum(np.diff(places), 32))


def _firsts(slot: IntArray) -> npt.NDArray[np.intp]:
    """Index of the first note of each slot that has one."""
    is_first = np.empty(len(slot), bool)
    is_first[0] = True
    np.not_equal(slot[1:], slot[:-1], out=is_first[1:])
    return np.flatnonzero(is_first)


def _loudness(velocity: npt.NDArray[np.uint8], firsts: npt.NDArray[np.intp]) -> FloatArray:
    """Largest velocity of each onset above the mean of these; 0 where all are nearly the same."""
    loudest = np.maximum.reduceat(velocity, firsts).astype(np.float32)
    above = np.maximum(loudest - loudest.mean(), 0)
    return above if loudest.std() > 1 else np.zeros_like(above)


def _drums(rows: FloatArray, notes: _Onsets) -> None:
    if not len(notes.slot):
        return
    kinds = _DRUM_KINDS[notes.pitch]
    for i, name in enumerate(_DRUM_KEYS):
        rows[_ROW[name], notes.slot[kinds == i]] = 1
    firsts = _firsts(notes.slot)
    rows[_ROW["hit"], notes.slot[firsts]] = _loudness(notes.velocity, firsts)


def _pitched(rows: FloatArray, notes: _Onsets) -> None:
    firsts = _firsts(notes.slot)
    places = notes.slot[firsts]
    rows[_ROW["loud"], places] = _loudness(notes.velocity, firsts)
    longest = np.minimum(np.maximum.reduceat(notes.duration, firsts), 192)
    rows[_ROW["long"], places] = np.log2(1 + longest / np.float32(SLOT_STEPS))
    lowest = np.minimum.reduceat(notes.pitch, firsts).astype(np.float32)
    highest = np.maximum.reduceat(notes.pitch, firsts).astype(np.float32)
    rows[_ROW["low"], places] = np.maximum(lowest.mean() + _LEEWAY - lowest, 0)
    rows[_ROW["high"], places] = np.maximum(highest - highest.mean() + _LEEWAY, 0)
    rows[_ROW["bass"], places] = _drops(lowest)


def _drops(lowest: FloatArray) -> FloatArray:
    """How far each onset's lowest note lies below both its neighbours', 0 where it does not."""
    if len(lowest) < 2:
        return np.zeros_like(lowest)
    before = np.concatenate([lowest[1:2], lowest[:-1]])
    after = np.concatenate([lowest[1:], lowest[-2:-1]])
    return np.asarray(np.clip(np.minimum(before, after) - lowest, 0, _MAX_DROP))


def _sounding(rows: FloatArray, notes: _Onsets) -> None:
    """Harmony and entries, from the pitch classes that sound in each slot."""
    length = rows.shape[1]
    slots = -(-notes.duration // SLOT_STEPS)
    end = np.minimum(notes.slot + slots, length)
    pitch_class = notes.pitch % 12
    size = 12 * (length + 1)
    changes = np.bincount(notes.slot * 12 + pitch_class, minlength=size)
    changes -= np.bincount(end * 12 + pitch_class, minlength=size)
    by_class = np.ascontiguousarray(changes.astype(np.int32).reshape(-1, 12).T)
    sounding = np.cumsum(by_class, axis=1)[:, :length] > 0
    entry = notes.slot[_firsts(notes.slot)]
    entry = entry[entry > 0]
    rows[_ROW["entry"], entry[~sounding[:, entry - 1].any(axis=0)]] = 1
    heard = np.zeros((12, length + 1), np.float32)  # slots for which each class has sounded
    np.cumsum(sounding.astype(np.float32), axis=1, out=heard[:, 1:])
    for name, window in (("harmony", 4), ("harmony2", 8)):
        rows[_ROW[name]] = _novelty(heard, window)


def _novelty(heard: FloatArray, window: int) -> FloatArray:
    """1 - cosine of the pitch classes after and before each slot; 0 where either is silent."""
    length = heard.shape[1] - 1
    padded = np.concatenate(
        [
            np.repeat(heard[:, :1], window, axis=1),
            heard[:, :length],
            np.repeat(heard[:, -1:], window, axis=1),
        ],
        axis=1,
    )
    spans = padded[:, window:] - padded[:, :-window]  # span t ends at t, t + window begins there
    power = np.square(spans).sum(axis=0)
    after, before = slice(window, window + length), slice(0, length)
    product = (spans[:, after] * spans[:, before]).sum(axis=0)
    scale = np.sqrt(power[after] * power[before])
    silent = scale == 0
    scale[silent], product[silent] = 1, 1
    return np.asarray(1 - product / scale)
