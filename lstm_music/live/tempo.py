"""The tempo of what is played, where no clock tells it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lstm_music.live.clock import SteadyClock
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.listening.beat_tracking import track_beats
from lstm_music.music.piece import TIMING_PER_STEP, Piece, Tempo, Track, make_notes

LEAST_ONSETS = 6
"""Fewer say nothing about the tempo."""

_HEARD_SECONDS = 16.0
_CHORD_SECONDS = 0.03
_ON_BEAT = 0.12  # of a beat: a note so near to it is on it
_NEARLY = 0.8
_LISTENED_BPM = 1000.0
"""Of the grid that onsets are written on to be listened to: a step is 2.5 ms."""


def found_clock(played: Sequence[tuple[float, int, int]], first_step: float) -> SteadyClock | None:
    """A clock whose beats are those of what was played; None where there is too little of it.

    Parameters
    ----------
    played : seconds, pitch and velocity of each note, in order.
    first_step : the step of the beat that is nearest to the first note: a bar line.

    Notes
    -----
    The beats of the last 16 seconds are found as in a file (`track_beats`); a line through them
    is the tempo.
    """
    recent = [note for note in played if note[0] > played[-1][0] - _HEARD_SECONDS]
    seconds = [at for at, _, _ in recent]
    if sum(np.diff(seconds, prepend=-1.0) > _CHORD_SECONDS) < LEAST_ONSETS:
        return None
    beats = track_beats(_as_piece(recent)) + seconds[0]
    inside = beats[(beats >= seconds[0] - 0.1) & (beats <= seconds[-1] + 0.1)]
    if len(inside) < 3:
        return None
    number = np.arange(len(inside))
    slope, start = np.polyfit(number, inside, 1)
    start = _from_first(np.array(seconds), float(start), float(slope))
    origin = start - round((start - played[0][0]) / slope) * slope
    return SteadyClock(float(origin), 60 / float(slope), first_step)


def _from_first(seconds: npt.NDArray[np.float64], start: float, period: float) -> float:
    """A beat: the first note, where beats from there on have nearly as many notes as those found.

    A row of even eighths has its beats anywhere; who begins it begins on a beat.
    """

    def n_on(beat: float) -> int:
        off = (seconds - beat) / period
        return int((np.abs(off - np.rint(off)) < _ON_BEAT).sum())

    first = float(seconds[0])
    return first if n_on(first) >= _NEARLY * n_on(start) and n_on(start) else start


def _as_piece(notes: Sequence[tuple[float, int, int]]) -> Piece:
    """Onsets on a grid as fine as a Piece has, from the first on."""
    a_second = TIMING_PER_STEP * STEPS_PER_QUARTER * _LISTENED_BPM / 60
    rows = []
    for at, pitch, velocity in notes:
        step, timing = divmod(round((at - notes[0][0]) * a_second), TIMING_PER_STEP)
        rows.append((step, 24, pitch, velocity, 0, timing))
    tempo = Tempo.from_bpm(_LISTENED_BPM)
    return Piece(notes=make_notes(rows), tracks=(Track(),), tempos=(tempo,))
