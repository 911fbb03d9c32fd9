"""The pedal and the tempo of new music after a performance.

A network that has learnt from scores is told neither of a player's pedal nor of a player's tempo
(`lstm_music.music.hearing`), and writes none. So the new music is pedalled as often as the seed
is, by the rule of legato pedalling: the pedal goes up with a new chord, and down again a little
later. And it goes on at the seed's usual tempo, not at that of its last ritardando.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from lstm_music.music.distinct import distinct
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
    for track in distinct(last["track"]).tolist():
        downs = last["onset_steps"][(last["track"] == track) & last["down"]].astype(np.int64)
        a_bar = min(max(round(len(downs) / n_bars), 1), _MOST_A_BAR)
        late = _lateness(seed, downs)
        onsets = distinct(notes["onset_steps"][notes["track"] == track].astype(np.int64))
        spans = (onsets - start_steps) // (bar_steps // a_bar)
        chords = onsets[np.diff(spans, prepend=-1) > 0].tolist()
        if not chords or chords[0] > start_steps:
            rows.append((start_steps, track, False))
        for chord, following in pairwise([*chords, end_steps]):
            rows.append((chord, track, False))
            if chord + late < following:
                rows.append((chord + late, track, True))
        rows.append((end_steps, track, False))
    return np.array(sorted(rows), PEDAL_DTYPE)


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
