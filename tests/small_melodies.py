"""Small pieces to judge."""

from lstm_music.music.key import Key
from lstm_music.music.piece import Piece, Track, make_notes


def melody(pitches, *, steps=24, key="C major", **changes):
    """Notes one after the other, each so many steps long."""
    rows = [(steps * i, steps, pitch, 80, 0) for i, pitch in enumerate(pitches)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(),), key=Key.parse(key))
    return piece.replace(length_steps=-(-piece.end_steps // 96) * 96, **changes)
