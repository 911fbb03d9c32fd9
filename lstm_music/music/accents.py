"""What makes a place of the music sound accented, as one row of numbers a kind of accent.

The music is cut into slots of a 16th note (6 grid steps). An onset counts for the slot whose
beginning it is within a step of; the others (triplets, 32nds) are only counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece

SLOT_STEPS = 6
MAX_SLOTS = 2048
"""128 bars of 4/4: more music than this says nothing new about the meter."""

ACCENTS = (
    "onset",  # a note begins
    "chord",  # many notes begin: log2(1 + notes)
    "long",  # the longest note beginning: log2(1 + 16ths)
    "wait",  # time to the next onset: log2(1 + 16ths)
    "low",  # how far the lowest beginning note lies below the mean lowest, semitones
    "high",  # the same of the highest above the mean highest
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
_LEEWAY = 2.0  # semitones about the mean that count a little too, for "low" and "high"

FloatArray = npt.NDArray[np.float32]


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


def find_accents(piece: Piece) -> Accents:
    """Accents of the first `MAX_SLOTS` slots of a piece with at least one note."""
    notes = piece.notes
    slots = (notes["onset_steps"] + SLOT_STEPS // 2) // SLOT_STEPS
    count = int(np.searchsorted(slots, MAX_SLOTS))  # notes are in order of onset
    notes, slots = notes[:count], slots[:count]
    on_slot = np.abs(notes["onset_steps"] - slots * SLOT_STEPS) <= 1
    length = int(slots[-1]) + 1 if count else 1
    rows = np.zeros((len(ACCENTS), length), np.float32)
    drums = np.array([track.is_drum for track in piece.tracks], bool)[notes["track"]]
    chroma = np.zeros((length, 12), np.float32)
    at, beginning = slots[on_slot], notes[on_slot]
    if len(at):
        _any_notes(rows, at)
        is_drum = drums[on_slot]
        if is_drum.any():
            _drums(rows, at[is_drum], beginning[is_drum])
        if not is_drum.all():
            pitched = ~is_drum
            _pitched(rows, at[pitched], beginning[pitched])
            chroma[at[pitched], beginning["pitch_midi"][pitched] % 12] = 1
    if not drums.all():
        _sounding(rows, notes[~drums], slots[~drums])
    return Accents(rows, chroma, 1.0 - float(on_slot.mean()) if count else 0.0)


def _any_notes(rows: FloatArray, at: npt.NDArray[np.int32]) -> None:
    counts = np.bincount(at, minlength=rows.shape[1])
    places = np.flatnonzero(counts)
    rows[_ROW["onset"]] = counts > 0
    rows[_ROW["chord"]] = np.log2(1 + counts)
    rows[_ROW["wait"], places[:-1]] = np.log2(1 + np.minimum(np.diff(places), 32))


def _loudness(velocity: npt.NDArray[np.uint8], firsts: npt.NDArray[np.intp]) -> FloatArray:
    """Largest velocity of each onset above the mean of these; 0 where all are nearly the same."""
    loudest = np.maximum.reduceat(velocity, firsts).astype(np.float32)
    return np.maximum(loudest - loudest.mean(), 0) * np.float32(loudest.std() > 1)


def _drums(rows: FloatArray, at: npt.NDArray[np.int32], notes: npt.NDArray[np.void]) -> None:
    for name, wanted in _DRUM_KEYS.items():
        rows[_ROW[name], at[np.isin(notes["pitch_midi"], wanted)]] = 1
    firsts = np.flatnonzero(np.diff(at, prepend=-1))
    rows[_ROW["hit"], at[firsts]] = _loudness(notes["velocity"], firsts)


def _pitched(rows: FloatArray, at: npt.NDArray[np.int32], notes: npt.NDArray[np.void]) -> None:
    firsts = np.flatnonzero(np.diff(at, prepend=-1))
    places = at[firsts]
    rows[_ROW["loud"], places] = _loudness(notes["velocity"], firsts)
    sixteenths = np.minimum(notes["duration_steps"], 192) / np.float32(SLOT_STEPS)
    rows[_ROW["long"], places] = np.log2(1 + np.maximum.reduceat(sixteenths, firsts))
    pitch = notes["pitch_midi"].astype(np.float32)
    lowest, highest = np.minimum.reduceat(pitch, firsts), np.maximum.reduceat(pitch, firsts)
    rows[_ROW["low"], places] = np.maximum(lowest.mean() + _LEEWAY - lowest, 0)
    rows[_ROW["high"], places] = np.maximum(highest - highest.mean() + _LEEWAY, 0)


def _sounding(rows: FloatArray, notes: npt.NDArray[np.void], slots: npt.NDArray[np.int32]) -> None:
    """Harmony and entries, from the pitch classes that sound in each slot."""
    length = rows.shape[1]
    ends = (notes["onset_steps"] + notes["duration_steps"] + SLOT_STEPS // 2) // SLOT_STEPS
    ends = np.minimum(np.maximum(ends, slots + 1), length)
    pitch_class = notes["pitch_midi"] % 12
    size = 12 * (length + 1)
    changes = np.bincount(slots * 12 + pitch_class, minlength=size)
    changes -= np.bincount(ends * 12 + pitch_class, minlength=size)
    sounding = np.cumsum(changes.reshape(-1, 12), axis=0)
    silent_before = np.concatenate([[False], ~sounding[: length - 1].any(axis=1)])
    entries = slots[silent_before[slots]]
    rows[_ROW["entry"], entries] = 1
    heard = np.zeros((length + 1, 12), np.float32)  # slots for which each class has sounded
    np.cumsum(sounding[:length] > 0, axis=0, out=heard[1:])
    for name, window in (("harmony", 4), ("harmony2", 8)):
        rows[_ROW[name]] = _novelty(heard, window)


def _novelty(heard: FloatArray, window: int) -> FloatArray:
    """1 - cosine of the pitch classes after and before each slot; 0 where either is silent."""
    length = len(heard) - 1
    padded = np.concatenate(
        [np.repeat(heard[:1], window, 0), heard[:length], np.repeat(heard[-1:], window, 0)]
    )
    spans = padded[window:] - padded[:-window]  # spans[t] ends at t, spans[t + window] begins
    lengths = np.sqrt(np.einsum("tp,tp->t", spans, spans))
    after, before = slice(window, window + length), slice(0, length)
    product = np.einsum("tp,tp->t", spans[after], spans[before])
    scale = lengths[after] * lengths[before]
    return np.where(scale > 0, 1 - product / np.where(scale > 0, scale, 1), 0).astype(np.float32)
