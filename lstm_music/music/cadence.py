"""Whether music closes: on the tonic of its key."""

from __future__ import annotations

from lstm_music.music.piece import Piece, pitched_notes


def ends_on_tonic(piece: Piece) -> bool | None:
    """Whether the bass of the last chord is the tonic of the stated key.

    The bass is the lowest pitched note that sounds where the last one begins: of a lone melody
    its last note.

    Returns
    -------
    bool or None
        None without a key or without pitched notes.
    """
    notes = pitched_notes(piece)
    if piece.key is None or not len(notes):
        return None
    last = notes["onset_steps"].max()
    sounding = notes[notes["onset_steps"] + notes["duration_steps"] > last]
    return int(sounding["pitch_midi"].min()) % 12 == piece.key.tonic_pitch_class
