"""How many notes of a four-part chorale come back in their own voice from one track.

    python benchmarks/voices.py DATA CACHE

Printed for music21's chorales and js-fakes: the share of notes in the right voice, over all and
without the notes that sound while two voices are crossed (which no reading by height can tell),
the share of pieces without an error, and milliseconds a piece.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from rhythm_corpora import corpora

from lstm_music.music.listening.voices import separate_voices
from lstm_music.music.piece import Piece


def merged(piece: Piece) -> Piece:
    notes = piece.notes.copy()
    notes["track"] = 0
    return piece.replace(notes=notes, tracks=piece.tracks[:1])


def lines(piece: Piece, of: np.ndarray) -> list[Counter[tuple[int, ...]]]:
    """The notes of each voice; two that are equal in all but their voice are interchangeable."""
    names = ("onset_steps", "duration_steps", "pitch_midi")
    rows = np.stack([piece.notes[name] for name in names], axis=1).tolist()
    found: list[Counter[tuple[int, ...]]] = [Counter() for _ in range(max(4, int(of.max()) + 1))]
    for row, voice in zip(rows, of.tolist(), strict=True):
        found[voice][tuple(row)] += 1
    return found


def crossed(piece: Piece) -> int:
    """Notes that begin while a voice lies on the wrong side of another."""
    notes = piece.notes
    ends = notes["onset_steps"] + notes["duration_steps"]
    count = 0
    for note in notes:
        sounding = notes[
            (notes["onset_steps"] <= note["onset_steps"]) & (ends > note["onset_steps"])
        ]
        order = np.argsort(sounding["track"], kind="stable")
        count += bool((np.diff(sounding["pitch_midi"][order].astype(int)) > 0).any())
    return count


def main() -> None:
    found = corpora(Path(sys.argv[1]), Path(sys.argv[2]))
    print("corpus      pieces   notes  right %  of uncrossed %  perfect %  ms each")
    for name in ("chorales", "js_fakes"):
        pieces = [p for p in found[name] if len(p.tracks) == 4]
        right, total, over, perfect = 0, 0, 0, 0
        start = time.process_time()
        voices = [separate_voices(merged(piece), 0) for piece in pieces]
        each = 1e3 * (time.process_time() - start) / len(pieces)
        for piece, of in zip(pieces, voices, strict=True):
            true = lines(piece, piece.notes["track"].astype(np.int64))
            pairs = zip(true, lines(merged(piece), of), strict=False)
            hits = sum((a & b).total() for a, b in pairs)
            right, total, over = right + hits, total + len(of), over + crossed(piece)
            perfect += hits == len(of)
        print(
            f"{name:<12}{len(pieces):>6}{total:>8}{100 * right / total:>9.2f}"
            f"{100 * min(right / (total - over), 1):>16.2f}{100 * perfect / len(pieces):>11.1f}"
            f"{each:>9.1f}"
        )


if __name__ == "__main__":
    main()
