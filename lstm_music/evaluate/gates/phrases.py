"""Where phrases begin, found in the melody, and how much of the music has stood before.

Phrases: the local boundary detection model of Cambouropoulos (2001), "The Local Boundary Detection
Model (LBDM) and its application in the study of expressive timing", ICMC. A melody has a boundary
where an interval of pitch, of time or of silence is large and unlike its neighbours.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece

_WEIGHTS = {"pitch": 0.25, "time": 0.5, "rest": 0.25}
"""Of the paper, section 3."""

_STANDS_OUT_SD = 1.0
"""So many standard deviations above the mean a boundary's strength must be."""

_Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


def melody(piece: Piece) -> npt.NDArray[np.void]:
    """The highest note at each onset of the track that lies highest, (N,) NOTE_DTYPE; no drums."""
    pitched = [i for i, track in enumerate(piece.tracks) if not track.is_drum]
    lines = [piece.notes[piece.notes["track"] == i] for i in pitched]
    lines = [line for line in lines if len(line)]
    if not lines:
        return piece.notes[:0]
    line = max(lines, key=lambda notes: float(notes["pitch_midi"].mean()))
    last = np.append(np.diff(line["onset_steps"]) != 0, True)  # sorted by onset, then pitch
    return np.asarray(line[last])


def phrase_starts(piece: Piece) -> _Ints:
    """Onsets in steps at which a phrase of the melody begins, the first note included."""
    line = melody(piece)
    if len(line) < 4:
        return line["onset_steps"][:1].astype(np.int64)
    onset, pitch = line["onset_steps"].astype(np.int64), line["pitch_midi"].astype(np.int64)
    time = np.diff(onset)
    rest = np.maximum(time - line["duration_steps"][:-1], 0)
    profiles = {"pitch": np.abs(np.diff(pitch)), "time": time, "rest": rest}
    strength = sum(
        (weight * _boundary(profiles[name]) for name, weight in _WEIGHTS.items()),
        np.zeros(len(time)),
    )
    before, after = np.append(-1, strength[:-1]), np.append(strength[1:], -1)
    is_peak = (strength >= before) & (strength > after)
    is_peak &= strength > strength.mean() + _STANDS_OUT_SD * strength.std()
    return np.concatenate([onset[:1], onset[1:][is_peak]])


def _boundary(intervals: _Ints) -> _Floats:
    """Strength of each interval as a boundary, 0..1: its size times its change (LBDM)."""
    x = intervals.astype(float)
    total = x[1:] + x[:-1]
    change = np.divide(np.abs(np.diff(x)), total, out=np.zeros(len(total)), where=total > 0)
    strength = x * (np.append(0, change) + np.append(change, 0))
    return np.asarray(strength / strength.max()) if strength.max() > 0 else strength


def stood_before(piece: Piece, onsets: _Ints) -> _Ints:
    """How many onsets in a row, up to each, repeat earlier music note for note.

    Parameters
    ----------
    piece : the music.
    onsets : (M,) in steps, rising.

    Returns
    -------
    run : (M,) — 0 where what begins there, and the time since the onset before, is new.
    """
    notes, M = piece.notes, len(onsets)
    first = np.searchsorted(notes["onset_steps"], onsets)
    after = np.searchsorted(notes["onset_steps"], onsets, side="right")
    rows = list(zip(*(notes[n].tolist() for n in ("track", "pitch_midi", "duration_steps"))))
    gaps = np.diff(onsets, prepend=onsets[:1]).tolist()
    kinds: dict[object, int] = {}
    symbols = np.array(
        [kinds.setdefault((gaps[m], *rows[first[m] : after[m]]), len(kinds)) for m in range(M)]
    )
    run, longest = np.zeros(M + 1, np.int64), np.zeros(M, np.int64)
    for m in range(M):
        # run[j]: how long the stretch ending at j - 1 is that equals the one ending at m.
        same = symbols[:m] == symbols[m]
        run[1 : m + 1] = np.where(same, run[:m] + 1, 0)
        longest[m] = run[1 : m + 1].max(initial=0)
        run[m + 1 :] = 0
    return longest
