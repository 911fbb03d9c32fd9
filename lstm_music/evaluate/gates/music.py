"""What a unit may follow: the bar, the beat, groups of bars, pitch classes, phrases, repeats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.gates.phrases import phrase_starts, stood_before
from lstm_music.evaluate.statistics import beat_steps
from lstm_music.music.piece import Piece, pitched_notes

PERIODS_BARS = (2, 4, 8)
PITCH_CLASSES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")

_LEAST_BLOCKS, _MOST_BLOCKS = 6, 16
_BARS_A_BLOCK = 2
_SAME_RUN = 4
"""So many onsets in a row that have stood before are a repeat."""

_Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """Something in the music, one row an onset.

    Attributes
    ----------
    name : of what is followed.
    values : (M, K) — what a unit is explained by, linearly.
    blocks : (M,) — the stretch of music that each onset is in, from 0; held out one by one.
    tell : (K,) weights of a unit -> how it follows, in words.
    heard : whether units are looked at when the notes of an onset have been read; else as soon as
        time has moved on to it.
    """

    name: str
    values: _Floats
    blocks: _Ints
    tell: Callable[[_Floats], str]
    heard: bool = False


@dataclass(frozen=True)
class _Places:
    """Each onset's bar, counted from 0, and its place in it."""

    onsets: _Ints
    bar: _Ints
    phase: _Floats  # 0..1 of the bar
    beat: _Floats  # beats since the bar line
    beats_a_bar: _Floats


def targets(piece: Piece, onsets: _Ints) -> tuple[list[Target], dict[str, str]]:
    """All that units of this piece may follow, and why the rest cannot be told.

    Parameters
    ----------
    piece : the music.
    onsets : (M,) steps, rising.

    Returns
    -------
    targets : what is there to follow.
    left_out : name -> reason.
    """
    places = _places(piece, onsets)
    n_bars = int(places.bar.max(initial=-1)) + 1
    found: list[Target] = []
    left_out: dict[str, str] = {}
    blocks = _blocks(places, n_bars)
    if blocks is None:
        reason = f"{n_bars} bars are too few: {_BARS_A_BLOCK * _LEAST_BLOCKS} are needed"
        return [], {"everything": reason}

    def add(
        name: str, values: _Floats, own: _Ints, tell: Callable[[_Floats], str], heard: bool = False
    ) -> None:
        if values.shape[1] and (values.std(axis=0) > 0).any():
            found.append(Target(name, values, own, tell, heard))
        else:
            left_out[name] = "it does not vary in this piece"

    add("bar", _waves(places.phase, 2), blocks, _peak_in_bar(places))
    add("beat", _waves(places.beat % 1, 1), blocks, _on_or_off)
    for period in PERIODS_BARS:
        name = f"{period} bars"
        if n_bars < _LEAST_BLOCKS * period:
            left_out[name] = f"{n_bars} bars are too few: {_LEAST_BLOCKS * period} are needed"
            continue
        phase = (places.bar + places.phase) / period % 1
        add(name, _waves(phase, 1), places.bar // period, _peak_of_period(period))
    classes, names = _classes(piece, onsets, blocks)
    add("pitch class", classes, blocks, _strongest(names, "with {}"), True)
    starts = phrase_starts(piece)
    if len(starts) < _LEAST_BLOCKS:
        left_out["phrase"] = f"{len(starts)} phrases were found: {_LEAST_BLOCKS} are needed"
    else:
        names = ("at the first onset of a phrase", "at the last onset of a phrase", "as it goes on")
        add("phrase", _in_phrase(starts, onsets), blocks, _strongest(names, "{}"))
    run = stood_before(piece, onsets)
    again = np.stack([np.log1p(run), run >= _SAME_RUN], axis=1).astype(float)
    names = ("the longer a repeat lasts", "in repeats")
    add("repeat", again, blocks, _strongest(names, "{}"))
    return found, left_out


def _places(piece: Piece, onsets: _Ints) -> _Places:
    lines = piece.bar_lines
    bar = np.array([lines.bar_at(int(at)) for at in onsets], np.int64)
    start = np.array([lines.bar_start(int(at)) for at in onsets], np.int64)
    meters = [lines.meter_at(int(at)) for at in onsets]
    length = np.array([meter.bar_steps for meter in meters], float)
    beat = np.array([beat_steps(meter) for meter in meters], float)
    since = (onsets - start).astype(float)
    pickup = onsets < piece.pickup_steps
    since[pickup] += length[pickup] - piece.pickup_steps  # a pickup is the end of a bar
    return _Places(onsets, bar, since / length, since / beat, length / beat)


def _blocks(places: _Places, n_bars: int) -> _Ints | None:
    """Stretches of whole bars, two or more each; None if there are too few bars."""
    n_blocks = min(n_bars // _BARS_A_BLOCK, _MOST_BLOCKS)
    if n_blocks < _LEAST_BLOCKS:
        return None
    return places.bar * n_blocks // n_bars


def _waves(phase: _Floats, n: int) -> _Floats:
    """(M, 2 n) cosines and sines of a phase 0..1 and its multiples."""
    angles = 2 * np.pi * np.outer(phase, np.arange(1, n + 1))
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


def _classes(piece: Piece, onsets: _Ints, blocks: _Ints) -> tuple[_Floats, tuple[str, ...]]:
    """(M, K) whether a pitch class sounds at an onset, and its name: those not too rare to tell."""
    notes = pitched_notes(piece)
    sounds = np.zeros((len(onsets), 12))
    first = np.searchsorted(onsets, notes["onset_steps"])
    after = np.searchsorted(onsets, notes["onset_steps"] + notes["duration_steps"])
    for start, stop, pitch in zip(first, after, notes["pitch_midi"] % 12):
        sounds[start : max(stop, start + 1), pitch] = 1
    kept = [
        k
        for k in range(12)
        if min(len(np.unique(blocks[sounds[:, k] == state])) for state in (0, 1)) >= _LEAST_BLOCKS
    ]
    return sounds[:, kept], tuple(PITCH_CLASSES[k] for k in kept)


def _in_phrase(starts: _Ints, onsets: _Ints) -> _Floats:
    """(M, 3) whether an onset is its phrase's first, its last, and how far on it is, 0..1."""
    number = np.searchsorted(starts, onsets, side="right")
    first = np.diff(number, prepend=-1) != 0
    last = np.append(first[1:], True)
    begin = np.flatnonzero(first)
    length = np.diff(np.append(begin, len(onsets)))
    of_phrase = np.cumsum(first) - 1
    so_far = np.arange(len(onsets)) - begin[of_phrase]
    return np.stack([first, last, so_far / np.maximum(length[of_phrase] - 1, 1)], axis=1)


def _peak_in_bar(places: _Places) -> Callable[[_Floats], str]:
    def tell(weights: _Floats) -> str:
        phase, at = np.unique(places.phase, return_index=True)
        peak = int(np.argmax(_waves(phase, 2) @ weights))
        return f"highest at beat {1 + places.beat[at[peak]]:.3g}"

    return tell


def _on_or_off(weights: _Floats) -> str:
    return "higher on the beat" if weights[0] > 0 else "higher off the beat"


def _peak_of_period(period: int) -> Callable[[_Floats], str]:
    def tell(weights: _Floats) -> str:
        phases = np.arange(4 * period) / (4 * period)
        peak = period * phases[int(np.argmax(_waves(phases, 1) @ weights))]
        return f"highest in bar {1 + int(peak)} of {period}"

    return tell


def _strongest(names: tuple[str, ...], form: str) -> Callable[[_Floats], str]:
    def tell(weights: _Floats) -> str:
        most = int(np.argmax(np.abs(weights)))
        return f"{'higher' if weights[most] > 0 else 'lower'} {form.format(names[most])}"

    return tell
