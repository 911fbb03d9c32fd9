"""Styles inferred from instruments."""

import numpy as np
import pytest

from lstm_music.music.listening.styles import infer_style
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track

KIT = Track(is_drum=True)


def piece(*programs, chords=False, silent=(), style=""):
    """A note of each track; with chords two at once. None is a drum kit."""
    tracks = tuple(KIT if program is None else Track(program) for program in programs)
    rows = [
        (24 * i, 24, 60 + 4 * voice, 80, 0, track)
        for i in range(4)
        for track in range(len(tracks))
        if track not in silent
        for voice in range(1 + chords)
    ]
    notes = np.zeros(len(rows), NOTE_DTYPE)
    for name, column in zip(
        ("onset_steps", "duration_steps", "pitch_midi", "velocity"), zip(*rows)
    ):
        notes[name] = column
    notes["track"] = [row[5] for row in rows]
    return Piece(notes=notes, tracks=tracks, style=style)


@pytest.mark.parametrize(
    ("music", "style"),
    [
        (Piece(), ""),
        (piece(0, style="lead"), "lead"),
        (piece(None, None), "drums"),
        (piece(0, None), "band"),
        (piece(40, None), "band"),
        (piece(0, 0), "piano"),
        (piece(6, 6, 0), "piano"),
        (piece(0, chords=True), "piano"),
        (piece(0), ""),
        (piece(0, 0, 0, 0), ""),
        (piece(52, 0, 0), "song"),
        (piece(53, 24), "song"),
        (piece(52, 52, 52, 52, 0), ""),
        (piece(52, 52, 52, 52), ""),
        (piece(73), ""),
        (piece(73, chords=True), ""),
        (piece(19, 19), ""),
        (piece(40, 40, 41, 42), "ensemble"),
        (piece(0, 0, 40), "ensemble"),
        (piece(33, 27, 81), "band"),
        (piece(None, 0, silent=(0,)), ""),
        (piece(0, 0, None, silent=(2,)), "piano"),
    ],
)
def test_what_instruments_tell(music, style):
    assert infer_style(music) == style
