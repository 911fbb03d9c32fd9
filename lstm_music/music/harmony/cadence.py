"""Whether music closes: on the tonic of its key, and in its triad."""

from __future__ import annotations

from lstm_music.music.piece import Piece, pitched_notes
from lstm_music.types import NoteArray

_TRIADS = ({0, 4, 7}, {0, 3, 7})


def ends_on_tonic(piece: Piece) -> bool | None:
    """Whether the bass of the last chord is the tonic of the stated key.

    The bass is the lowest pitched note that sounds where the last one begins: of a lone melody
    its last note.

    Returns
    -------
    bool or None
        None without a key or without pitched notes.
    """
    last = _last_chord(piece)
    if piece.key is None or not len(last):
        return None
    return int(last["pitch_midi"].min()) % 12 == piece.key.tonic_pitch_class


def ends_in_triad(piece: Piece) -> bool:
    """Whether it ends on the tonic, and the last chord has no note beside the tonic's triad.

    Major or minor: a piece in minor may end with a Picardy third. False without a key.
    """
    if piece.key is None or not ends_on_tonic(piece):
        return False
    degrees = (_last_chord(piece)["pitch_midi"].astype(int) - piece.key.tonic_pitch_class) % 12
    return any(set(degrees.tolist()) <= triad for triad in _TRIADS)


def _last_chord(piece: Piece) -> NoteArray:
    """The pitched notes that sound where the last of them begins."""
    notes = pitched_notes(piece)
    if not len(notes):
        return notes
    last = notes["onset_steps"].max()
    sounding: NoteArray = notes[notes["onset_steps"] + notes["duration_steps"] > last]
    return sounding
