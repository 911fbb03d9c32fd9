"""Voice leading: what a teacher of harmony would mark.

Parts are the pitched tracks, of each the highest note at every onset. In music for bands and
orchestras parts double each other on purpose; in four-part writing they may not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_music.music.harmony.rests import chords_at_rest
from lstm_music.music.piece import Piece, pitched_notes
from lstm_music.music.voice_leading import Parallel
from lstm_music.music.voice_leading import parallels as all_parallels
from lstm_music.types import BoolArray, NoteArray

KINDS = ("fifths", "octaves", "unisons")


@dataclass(frozen=True, slots=True)
class Parallels:
    """How often two parts move together from one perfect interval to the next of its kind.

    Parameters
    ----------
    fifths, octaves, unisons : how many, over all pairs of parts; compound ones count (a twelfth is
        a fifth, two octaves are an octave).
    n_notes : pitched notes of the piece.
    """

    fifths: int
    octaves: int
    unisons: int
    n_notes: int

    def per_100_notes(self, kind: str) -> float:
        """``"fifths"``, ``"octaves"`` or ``"unisons"`` for each 100 notes."""
        return 100.0 * float(getattr(self, kind)) / self.n_notes


def parallels(piece: Piece) -> Parallels | None:
    """Count parallel fifths, octaves and unisons; None without two parts.

    They are those of `lstm_music.music.voice_leading` in which the highest notes of two tracks move
    in the same direction. A rest of a quarter note or more breaks a part.

    Examples
    --------
    >>> from lstm_music.music.piece import Track, make_notes
    >>> rows = [(0, 24, 60, 80, 0), (0, 24, 67, 80, 1), (24, 24, 62, 80, 0), (24, 24, 69, 80, 1)]
    >>> parallels(Piece(notes=make_notes(rows), tracks=(Track(), Track())))
    Parallels(fifths=1, octaves=0, unisons=0, n_notes=4)
    """
    notes = piece.notes
    tracks = [
        number
        for number, track in enumerate(piece.tracks)
        if not track.is_drum and (notes["track"] == number).any()
    ]
    if len(tracks) < 2:
        return None
    pitch, is_top = notes["pitch_midi"].tolist(), _is_top(notes).tolist()
    found = Counter(
        _kind(move, pitch)
        for move in all_parallels(notes, tracks)
        if all(is_top[i] for i in move.notes) and _same_direction(move, pitch)
    )
    counts = {kind: found[kind] for kind in KINDS}
    return Parallels(**counts, n_notes=len(pitched_notes(piece)))


def _is_top(notes: NoteArray) -> BoolArray:
    """(N,) whether each note of a piece is the highest of its track at its onset."""
    onset, track = notes["onset_steps"], notes["track"]
    # Notes stand by onset, track and pitch.
    return np.append((onset[1:] != onset[:-1]) | (track[1:] != track[:-1]), True)


def _same_direction(move: Parallel, pitch: Sequence[int]) -> bool:
    a1, a2, b1, b2 = (pitch[i] for i in move.notes)
    return (a2 - a1) * (b2 - b1) > 0


def _kind(move: Parallel, pitch: Sequence[int]) -> str:
    a1, a2, b1, b2 = (pitch[i] for i in move.notes)
    if move.interval == "fifth":
        return "fifths"
    return "unisons" if a1 == b1 and a2 == b2 else "octaves"


def parallel_rates(piece: Piece) -> dict[str, float | None]:
    """Parallel "fifths", "octaves" and "unisons" for each 100 notes; None without two parts."""
    found = parallels(piece)
    return {kind: found.per_100_notes(kind) if found else None for kind in KINDS}


def root_position_at_rest(piece: Piece) -> float | None:
    """Share of the chords at rest, 0..1, that are major or minor triads on their root.

    `lstm_music.music.harmony.rests` says what such a chord is. None without any.
    """
    found = [is_on_root for _, is_on_root in chords_at_rest(piece)]
    return sum(found) / len(found) if found else None
