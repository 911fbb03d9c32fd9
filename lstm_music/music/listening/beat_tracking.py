"""Beats of music that was played freely, not on the grid of its own file.

Whether it was: on a grid the onsets gather at some places of the quarter note, off it they are
anywhere, so the Fourier coefficients of their phases are as small as chance makes them.

Where the beats are: the tempo along the piece from a tempogram (autocorrelation of the onset
accents in windows, a smooth path through it by Viterbi), then beats that fall on accents at
that tempo by dynamic programming (Ellis 2007, "Beat tracking by dynamic programming"; accents
of an onset after Dixon 2001). Tempos between 40 and 240 beats a minute are considered, those
near 100 preferred; the beat found may be half or twice the one that a score would show.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import DEFAULT_USEC_PER_QUARTER, Piece
from lstm_music.music.seconds import Clock, Floats

FRAME_SECONDS = 0.01
MIN_ONSETS = 48

_CHORD_SECONDS = 0.03  # onsets this close are one chord
_BLUR_SECONDS = 0.02
_WINDOW_SECONDS, _HOP_SECONDS = 8.0, 1.0
_PERIODS = np.geomspace(0.25, 1.5, 72)  # seconds a beat: 240 to 40 a minute
_PREFERRED_PERIOD, _PREFERENCE_OCTAVES = 0.6, 0.9
_TEMPO_CHANGE = 0.04  # cost of moving by one of the 72 periods (2.5 %) from window to window
_TIGHTNESS = 60.0  # of the beat to the local tempo; Ellis's alpha
_SECONDS_LIMIT = 4 * 3600

_PARTS = (1, 2, 3, 4, 6, 8)  # of a quarter note, at whose multiples onsets may gather
GATHERED = 0.3
"""Onsets that gather more than this are on the file's grid, if loosely."""

_LOOSELY = 0.12
_CHANCE = 3.0  # times the size that a coefficient has by chance


def is_on_own_grid(piece: Piece) -> bool:
    """Whether the onsets gather on quarter notes or parts of them, more than by chance.

    True as well for a piece with too few onsets to tell. Who chose a tempo (any but the 120
    that programs write by default) most likely played to it, and may play more loosely.
    """
    distinct = np.flatnonzero(np.diff(piece.notes["onset_steps"], prepend=-1))
    if len(distinct) < MIN_ONSETS:
        return True
    is_chosen = any(t.usec_per_quarter != DEFAULT_USEC_PER_QUARTER for t in piece.tempos)
    least = _LOOSELY if is_chosen else max(GATHERED, _CHANCE / len(distinct) ** 0.5)
    return gathering(piece.notes["onset_steps"]) > least


def gathering(onset_steps: npt.NDArray[np.int32]) -> float:
    """Largest Fourier coefficient of the onsets' phases, 0 (anywhere) to 1 (on a grid).

    Notes that begin together count once.
    """
    onset_steps = onset_steps[np.diff(onset_steps, prepend=-1) > 0]
    counts = np.bincount(onset_steps % STEPS_PER_QUARTER, minlength=STEPS_PER_QUARTER)
    turns = np.outer(_PARTS, np.arange(STEPS_PER_QUARTER)) / STEPS_PER_QUARTER
    return float(np.abs(np.exp(2j * np.pi * turns) @ counts).max() / counts.sum())


def track_beats(piece: Piece) -> Floats:
    """Seconds of each beat of a performance, from before its first onset to after its last.

    Parameters
    ----------
    piece : at least `MIN_ONSETS` onsets; seconds are by its own tempos.

    Returns
    -------
    beats : (B,) seconds, rising; the first may be below zero.
    """
    onsets, accents = _onset_accents(piece)
    start = onsets[0]
    frames = np.minimum(onsets - start, _SECONDS_LIMIT) / FRAME_SECONDS
    envelope = _envelope(frames, accents)
    periods = _tempo_path(envelope)
    found = _beat_frames(envelope, periods).astype(np.float64)
    beats = _sharpened(found * FRAME_SECONDS, onsets - start)
    return _extended(beats + start, onsets[0], onsets[-1])


def _onset_accents(piece: Piece) -> tuple[Floats, Floats]:
    """Seconds of each chord or note, and how accented it is."""
    notes = piece.notes
    exact = notes["onset_steps"] + notes["timing_96ths"] / 4
    clock = Clock(piece.tempos)
    seconds = clock.seconds(exact)
    order = np.argsort(seconds, kind="stable")
    seconds = seconds[order]
    firsts = np.flatnonzero(np.diff(seconds, prepend=-1.0) > _CHORD_SECONDS)
    counts = np.diff(np.append(firsts, len(seconds)))
    mean = np.add.reduceat(seconds, firsts) / counts
    lowest = np.minimum.reduceat(notes["pitch_midi"][order], firsts).astype(np.float64)
    loudest = np.maximum.reduceat(notes["velocity"][order], firsts).astype(np.float64)
    wait = np.diff(mean, append=mean[-1] + 1.0)
    return mean, (
        1.0
        + np.log2(counts)
        + np.clip(wait / 0.3, 0, 3)
        + np.clip((lowest.mean() - lowest) / 12, 0, 1)
        + np.clip((loudest - loudest.mean()) / 20, 0, 1)
    )


def _envelope(frames: Floats, accents: Floats) -> Floats:
    """Accents as blurred impulses on frames, with standard deviation 1."""
    length = int(frames[-1]) + 2 + round(_WINDOW_SECONDS / FRAME_SECONDS)
    impulses = np.bincount(np.rint(frames).astype(np.int64), weights=accents, minlength=length)
    reach = np.arange(-6, 7) * FRAME_SECONDS / _BLUR_SECONDS
    blurred = np.convolve(impulses, np.exp(-np.square(reach) / 2), mode="same")
    return np.asarray(blurred / blurred.std())


def _tempo_path(envelope: Floats) -> Floats:
    """(frames,) beat period in frames along the piece."""
    window, hop = round(_WINDOW_SECONDS / FRAME_SECONDS), round(_HOP_SECONDS / FRAME_SECONDS)
    half = window // 2
    padded = np.concatenate([np.zeros(half), envelope, np.zeros(window)])
    starts = np.arange(0, len(envelope), hop)
    shape = np.hanning(window)
    lags = _PERIODS / FRAME_SECONDS
    scores = np.empty((len(starts), len(lags)))
    for row, start in enumerate(starts.tolist()):
        part = padded[start : start + window] * shape
        spectrum = np.fft.rfft(part - part.mean() * shape / shape.mean(), 2 * window)
        correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:window]
        at = np.arange(window)
        single, double, half_lag = (
            np.interp(lags * k, at, correlation, right=0.0) for k in (1, 2, 0.5)
        )
        scores[row] = (single + 0.5 * double + 0.25 * half_lag) / (correlation[0] + 1e-9)
    octaves = np.log2(_PERIODS / _PREFERRED_PERIOD) / _PREFERENCE_OCTAVES
    path = _smooth_path(scores * np.exp(-np.square(octaves) / 2))
    return np.interp(np.arange(len(envelope)), starts, lags[path])


def _smooth_path(scores: Floats) -> npt.NDArray[np.int64]:
    """Viterbi: the index of highest total score, moves between rows paid for."""
    index = np.arange(scores.shape[1])
    moves = _TEMPO_CHANGE * np.abs(index[:, None] - index)
    came_from = np.empty(scores.shape, np.int64)
    total = scores[0]
    for row in range(1, len(scores)):
        options = total[:, None] - moves
        came_from[row] = options.argmax(axis=0)
        total = options.max(axis=0) + scores[row]
    path = np.empty(len(scores), np.int64)
    path[-1] = total.argmax()
    for row in range(len(scores) - 1, 0, -1):
        path[row - 1] = came_from[row, path[row]]
    return path


def _beat_frames(envelope: Floats, periods: Floats) -> npt.NDArray[np.int64]:
    """Ellis's recursion: the best row of beats that ends at each frame, then the best of all.

    A block of frames shorter than the shortest step back is computed at once.
    """
    length = len(envelope)
    furthest = int(2 * periods.max()) + 1
    block = max(int(0.5 * periods.min()), 1)
    lags = np.arange(block, furthest + 1)
    total = np.concatenate([np.zeros(furthest), envelope])
    came_from = np.full(length, -1, np.int64)
    log_lags, log_periods = np.log(lags), np.log(periods)
    for start in range(0, length, block):
        at = np.arange(start, min(start + block, length))
        stretch = log_lags - log_periods[at, None]
        cost = _TIGHTNESS * np.square(stretch)
        cost[np.abs(stretch) > np.log(2) + 0.01] = np.inf
        options = total[furthest + at[:, None] - lags] - cost
        best = options.argmax(axis=1)
        gain = options[np.arange(len(at)), best]
        follows = (gain > 0) & (at - lags[best] >= 0)
        total[furthest + at] += np.where(follows, gain, 0)
        came_from[at] = np.where(follows, at - lags[best], -1)
    beats = [int(total[furthest:].argmax())]
    while came_from[beats[-1]] >= 0:
        beats.append(int(came_from[beats[-1]]))
    return np.array(beats[::-1])


def _sharpened(beats: Floats, onsets: Floats) -> Floats:
    """Each beat moved to the onset nearest to it, if that is within a blur or two."""
    nearest = np.clip(np.searchsorted(onsets, beats), 1, len(onsets) - 1)
    nearest -= beats - onsets[nearest - 1] < onsets[nearest] - beats
    close = np.abs(onsets[nearest] - beats) < 2 * _BLUR_SECONDS
    return np.where(close, onsets[nearest], beats)


def _extended(beats: Floats, first: float, last: float) -> Floats:
    """Beats added at the pace of the first and the last ones, to cover every onset."""
    lead = float(np.median(np.diff(beats[:9]))) if len(beats) > 1 else _PREFERRED_PERIOD
    tail = float(np.median(np.diff(beats[-9:]))) if len(beats) > 1 else _PREFERRED_PERIOD
    before = max(int(np.ceil((beats[0] - first) / lead - 0.05)), 0)
    after = max(int(np.ceil((last - beats[-1]) / tail)), 0) + 1
    return np.concatenate(
        [
            beats[0] - lead * np.arange(before, 0, -1),
            beats,
            beats[-1] + tail * np.arange(1, after + 1),
        ]
    )
