"""Beat tracking of written pieces that are played freely at a tempo their file does not know.

    python benchmarks/beats.py DATA CACHE [dev]

Scores are rendered to seconds with a wandering tempo (a damped random walk, 2 % a beat, about a
mean of 70 to 140 quarters a minute) and 12 ms of jitter, and written as a file of 120. Printed:
the share of pieces recognised as played freely; the F-measure of the beats found against the
quarters (dotted quarters in compound meters) at 70 ms, and the same where half or twice the
score's beat is right, too; the share of intervals between onsets that are as written, in steps,
after ``infer_meter`` and ``quantise``, where the beat was right; the largest distance of a note
from its true seconds; seconds of work a piece. Last, what must be left alone.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rhythm_corpora import corpora, is_dev, one_meter

from lstm_music.music.listening.alignment import align_to_beats
from lstm_music.music.listening.beat_tracking import is_on_own_grid, track_beats
from lstm_music.music.listening.quantise import quantise
from lstm_music.music.piece import TIMING_PER_STEP, Piece
from lstm_music.music.seconds import Clock

PIECES = 60
SECONDS_A_96TH = 0.5 / 96
TOLERANCE_SECONDS = 0.07

Floats = npt.NDArray[np.float64]


def performed(piece: Piece, rng: np.random.Generator) -> tuple[Piece, Floats]:
    """A free performance as a file of 120 tells it, and the true seconds of every quarter."""
    quarters = piece.end_steps // 24 + 8
    wander = np.zeros(quarters)
    for i in range(1, quarters):
        wander[i] = 0.95 * wander[i - 1] + rng.normal(0, 0.02)
    periods = 60 / rng.uniform(70, 140) * np.exp(wander)
    seconds = 0.2 + np.concatenate([[0.0], np.cumsum(periods)])
    at = 24 * np.arange(quarters + 1)
    notes = piece.notes.copy()
    ends = notes["onset_steps"] + notes["duration_steps"]
    onset = np.interp(notes["onset_steps"], at, seconds) + rng.normal(0, 0.012, len(notes))
    end = np.interp(ends, at, seconds) + rng.normal(0, 0.012, len(notes))
    places = np.rint(np.maximum(onset, 0) / SECONDS_A_96TH).astype(np.int64)
    notes["onset_steps"] = (places + 2) // 4
    notes["timing_96ths"] = places - 4 * notes["onset_steps"]
    steps = np.rint(end / SECONDS_A_96TH / 4) - notes["onset_steps"]
    notes["duration_steps"] = np.maximum(steps, 1)
    return Piece(notes=notes, tracks=piece.tracks), seconds


def f_measure(found: Floats, true: Floats) -> float:
    """Harmonic mean of precision and recall, each true beat found once at most."""
    if not len(found) or not len(true):
        return 0.0
    nearest = np.abs(true[:, None] - found).argmin(axis=0)
    hits = np.abs(true[nearest] - found) <= TOLERANCE_SECONDS
    return 2 * len(np.unique(nearest[hits])) / (len(found) + len(true))


def true_beats(piece: Piece, seconds: Floats, steps: int, offset: int) -> Floats:
    start = (piece.pickup_steps + offset) % steps
    first, last = piece.notes["onset_steps"][[0, -1]]
    at = np.arange(start, last + 1, steps)
    return np.interp(at[at >= first], 24 * np.arange(len(seconds)), seconds)


def judge(piece: Piece, rng: np.random.Generator) -> tuple[float, ...]:
    """Recognised, F, F at any level, onset intervals right (nan: wrong level), error in ms."""
    loose, seconds = performed(piece, rng)
    at = piece.notes["onset_steps"][[0, -1]]
    first, last = np.interp(at, 24 * np.arange(len(seconds)), seconds)
    found = track_beats(loose)
    found = found[(found > first - 0.07) & (found < last + 0.07)]
    beat = 36 if piece.meters[0].denominator == 8 else 24
    f = f_measure(found, true_beats(piece, seconds, beat, 0))
    levels = [(beat // 2, 0), (2 * beat, 0), (2 * beat, beat)]
    any_level = max(f, *(f_measure(found, true_beats(piece, seconds, *level)) for level in levels))
    aligned = align_to_beats(loose)
    free = float(not is_on_own_grid(loose))
    if aligned is None:
        return 0.0, f, any_level, np.nan, np.nan
    error = _seconds_error(loose, aligned)
    intervals = _intervals_right(piece, quantise(aligned)) if f > 0.9 else np.nan
    return free, f, any_level, intervals, 1e3 * error


def _seconds_error(before: Piece, after: Piece) -> float:
    """Largest distance of an onset from its seconds, when both begin together."""
    played = []
    for piece in (before, after):
        at = piece.notes["onset_steps"] + piece.notes["timing_96ths"] / TIMING_PER_STEP
        seconds = np.sort(Clock(piece.tempos).seconds(at))
        played.append(seconds - np.median(seconds))
    return float(np.abs(played[0] - played[1]).max())


def _intervals_right(written: Piece, found: Piece) -> float:
    """Share of the written (interval to the next onset, pitches there) found in order."""
    first, second = (np.unique(p.notes["onset_steps"]) for p in (written, found))
    gaps = [np.diff(onsets) for onsets in (first, second)]
    # By place in the piece: an onset split or lost only costs the places about it.
    where = [np.round((o[:-1] - o[0]) / max(o[-1] - o[0], 1), 3) for o in (first, second)]
    nearest = np.abs(where[1][:, None] - where[0]).argmin(axis=0) if len(where[1]) else []
    return float(np.mean(gaps[1][nearest] == gaps[0])) if len(gaps[0]) else np.nan


def main() -> None:
    found = corpora(Path(sys.argv[1]), Path(sys.argv[2]))
    dev = sys.argv[3:] == ["dev"]
    print("corpus      pieces  free     F  F any level  F>0.9  any>0.9  intervals  ms off  s each")
    for name in ("chorales", "ewld", "tunes", "midi_data"):
        pieces = [p for p in one_meter(found[name]) if len(p.notes) > 60]
        if name != "midi_data":
            pieces = [p for p in pieces if is_dev(p) == dev][:PIECES]
        rng = np.random.default_rng(0)
        start = time.process_time()
        rows = np.array([judge(piece, rng) for piece in pieces])
        each = (time.process_time() - start) / len(pieces)
        free, f, any_level, intervals, error = np.nanmean(rows, axis=0)
        over = (rows[:, 1:3] > 0.9).mean(axis=0)
        print(
            f"{name:<12}{len(pieces):>6}{free:>6.2f}{f:>6.3f}{any_level:>13.3f}{over[0]:>7.2f}"
            f"{over[1]:>9.2f}{intervals:>11.3f}{error:>8.1f}{each:>8.2f}"
        )
    print("\nLeft on their own grid:")
    for name, pieces in found.items():
        kept = [is_on_own_grid(p) for p in pieces if len(p.notes)]
        print(f"{name:<12}{len(kept):>6}{100 * np.mean(kept):>8.2f} %")


if __name__ == "__main__":
    main()
