"""How much of written music comes back when it is played loosely and quantised.

    python benchmarks/quantise.py DATA CACHE [dev]

Onsets and ends of scores are moved by normal jitter of 10, 20 and 30 ms (at 120 quarters a
minute) and quantised; printed is the share of onsets, and of onsets with durations, that are as
written; 0 ms is the plain round trip of notation. "nearest step" and "16ths and triplets" are
what rounding to a fixed grid gets. Then the grooves of the Groove dataset as they were played.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rhythm_corpora import corpora, is_dev

from lstm_music.music.listening.quantise import quantise, timing_residual
from lstm_music.music.piece import TIMING_PER_STEP, Piece, Tempo

JITTERS_MS = (0, 10, 20, 30)
MS_A_96TH = 500 / 96
PIECES = 100
SETS = {"chorales": (), "ewld": (), "tunes": ()}

Onsets = npt.NDArray[np.int64]


def played(piece: Piece, jitter_ms: float, rng: np.random.Generator) -> Piece:
    """Each note moved by its own jitter, its end by another; order and lengths kept legal."""
    notes = piece.notes.copy()
    count = len(notes)
    moved = 4 * notes["onset_steps"].astype(np.int64) + np.round(
        rng.normal(0, jitter_ms / MS_A_96TH, count)
    ).astype(np.int64)
    moved = np.maximum(moved, 0)
    end = (
        notes["onset_steps"]
        + notes["duration_steps"]
        + rng.normal(0, jitter_ms / MS_A_96TH / 4, count)
    )
    notes["onset_steps"] = (moved + 2) // 4
    notes["timing_96ths"] = moved - 4 * notes["onset_steps"]
    notes["duration_steps"] = np.maximum(np.round(end) - notes["onset_steps"], 1)
    # Marked by order, so that each note can be told again after the sort by onset.
    return Piece(notes=notes, tracks=piece.tracks, tempos=(Tempo(0),))


def restored(piece: Piece, loose: Piece, quantised: Piece) -> tuple[float, float]:
    """Share of the written (onset, pitch, track) found again, and with their durations."""
    names = ("onset_steps", "pitch_midi", "track", "duration_steps")
    written = [tuple(row) for row in np.stack([piece.notes[n] for n in names], 1).tolist()]
    found = [tuple(row) for row in np.stack([quantised.notes[n] for n in names], 1).tolist()]
    onsets = len({w[:3] for w in written} & {f[:3] for f in found})
    whole = len(set(written) & set(found))
    return onsets / len({w[:3] for w in written}), whole / len(set(written))


def rounded(units: Sequence[int]) -> Callable[[Piece], Piece]:
    """Every onset to the nearest multiple of any of some units."""

    def apply(piece: Piece) -> Piece:
        notes = piece.notes.copy()
        at = TIMING_PER_STEP * notes["onset_steps"].astype(np.int64) + notes["timing_96ths"]
        choices = np.stack([(at + 2 * u) // (4 * u) * u for u in units])
        best = np.abs(4 * choices - at).argmin(axis=0)
        notes["onset_steps"] = choices[best, np.arange(len(at))]
        return piece.replace(notes=notes)

    return apply


WAYS: dict[str, Callable[[Piece], Piece]] = {
    "quantise": quantise,
    "nearest step": rounded((1,)),
    "16ths and triplets": rounded((6, 8)),
}


def main() -> None:
    found = corpora(Path(sys.argv[1]), Path(sys.argv[2]))
    dev = sys.argv[3:] == ["dev"]
    print(f"{'corpus':<10}{'jitter':>8}  way                  onsets   with durations")
    for name in SETS:
        chosen = [p for p in found[name] if is_dev(p) == dev][:PIECES]
        for jitter in JITTERS_MS:
            rng = np.random.default_rng(1)
            loose = [played(p, jitter, rng) for p in chosen]
            for way, apply in WAYS.items():
                shares = [restored(p, q, apply(q)) for p, q in zip(chosen, loose, strict=True)]
                onsets, whole = 100 * np.mean(shares, axis=0)
                print(f"{name:<10}{jitter:>5} ms  {way:<20}{onsets:>7.2f}{whole:>12.2f}")
    grooves = [quantise(p) for p in found["groove"] if is_dev(p) == dev]
    residuals = np.array([timing_residual(p) for p in grooves])
    rms, within = residuals.mean(axis=0)
    print(f"groove as played: {rms:.1f} ms rms, {100 * within:.1f} % within 20 ms, by piece")


if __name__ == "__main__":
    main()
