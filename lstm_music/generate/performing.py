"""The pedal and the tempo of new music after a performance.

A network that has learnt from scores is told neither of a player's pedal nor of a player's tempo
(`lstm_music.music.hearing`), and writes none. So the new music is pedalled as often as the seed
is, by the rule of legato pedalling: the pedal goes up with a new chord, and down again a little
later. And it goes on at the seed's usual tempo, not at that of its last ritardando.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from lstm_music.music.distinct import distinct, is_among
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo
from lstm_music.types import NoteArray

_HEARD_BARS = 16
_SAME_TEMPO = 0.05
"""A tempo that differs by less, as a share, is the same."""
_MOST_A_BAR = 8
_LATE_STEPS = 3  # where the seed's pedal never follows a note


def pedalled(seed: Piece, notes: NoteArray, start_steps: int, end_steps: int) -> NoteArray:
    """The pedal of new notes, as often in a bar, and as late after a note, as in the seed's last
    bars.

    Parameters
    ----------
    seed : whose tracks are pedalled.
    notes : (N,) NOTE_DTYPE, new.
    start_steps, end_steps : of the new music; at its end the pedal is up.

    Returns
    -------
    (P,) PEDAL_DTYPE : sorted by onset and track.
    """
    bar_steps = seed.bar_lines.meter_at(start_steps).bar_steps
    first = max(start_steps - _HEARD_BARS * bar_steps, 0)
    onsets = seed.pedal["onset_steps"]
    last = seed.pedal[(onsets >= first) & (onsets < start_steps)]
    n_bars = max((start_steps - first) / bar_steps, 1)
    rows: list[tuple[int, int, bool]] = []
    for tracks in _alike(last):
        mine = last[last["track"] == tracks[0]]
        # A pedal that is pressed by halves tells several times that it is down.
        is_press = mine["down"] & ~np.append(False, mine["down"][:-1])
        presses = mine["onset_steps"][is_press].astype(np.int64)
        a_bar = min(round(len(presses) / n_bars), _MOST_A_BAR)
        theirs = is_among(notes["track"].astype(np.int64), np.array(tracks))
        onsets = distinct(notes["onset_steps"][theirs].astype(np.int64))
        spans = (onsets - start_steps) // (bar_steps // max(a_bar, 1))
        chords = onsets[np.diff(spans, prepend=-1) > 0].tolist() if a_bar else []
        changes = _legato(chords, start_steps, end_steps, _lateness(seed, presses))
        rows += [(onset, track, down) for onset, down in changes for track in tracks]
    return np.array(sorted(rows), PEDAL_DTYPE)


def _alike(pedal: NoteArray) -> list[list[int]]:
    """The tracks whose pedal is the same: the hands of one player."""
    tracks: dict[bytes, list[int]] = {}
    for track in distinct(pedal["track"]).tolist():
        mine = pedal[pedal["track"] == track]
        key = mine["onset_steps"].tobytes() + mine["down"].tobytes()
        tracks.setdefault(key, []).append(track)
    return list(tracks.values())


def _legato(
    chords: Sequence[int], start_steps: int, end_steps: int, late_steps: int
) -> list[tuple[int, bool]]:
    """Changes of a pedal that is up while a chord begins, down after it, and up at the end."""
    changes = []
    if not chords or chords[0] > start_steps:
        changes.append((start_steps, False))
    for chord, following in pairwise([*chords, end_steps]):
        changes.append((chord, False))
        if chord + late_steps < following:
            changes.append((chord + late_steps, True))
    return [*changes, (end_steps, False)]


def _lateness(seed: Piece, downs: npt.NDArray[np.int64]) -> int:
    """How many steps after a note of the seed its pedal goes down, the median."""
    onsets = distinct(seed.notes["onset_steps"].astype(np.int64))
    if not len(downs):
        return _LATE_STEPS
    before = onsets[np.maximum(np.searchsorted(onsets, downs, side="right") - 1, 0)]
    return max(int(np.median(downs - before)), 1)


def usual_tempo(seed: Piece, start_steps: int) -> tuple[Tempo, ...]:
    """The tempo with which new music begins, where the seed has left its usual one by then.

    The usual tempo is the median over the time of the seed's last `_HEARD_BARS` bars. There is
    none while the seed's last notes still sound, which keep their tempo, nor where the seed has a
    tempo at that place.
    """
    if max(seed.end_steps, seed.tempos[-1].onset_steps + 1) > start_steps:
        return ()
    bar_steps = seed.bar_lines.meter_at(start_steps).bar_steps
    first = max(start_steps - _HEARD_BARS * bar_steps, 0)
    onsets = np.array([tempo.onset_steps for tempo in seed.tempos] + [start_steps], np.int64)
    lasting = np.diff(np.clip(onsets, first, start_steps))
    slowness = np.array([tempo.usec_per_quarter for tempo in seed.tempos], np.int64)
    order = np.argsort(slowness, kind="stable")
    half = np.searchsorted(np.cumsum(lasting[order]), lasting.sum() / 2)
    usual = int(slowness[order][min(int(half), len(order) - 1)])
    now = int(slowness[np.searchsorted(onsets[:-1], start_steps, side="right") - 1])
    return (Tempo(start_steps, usual),) if abs(usual / now - 1) > _SAME_TEMPO else ()
