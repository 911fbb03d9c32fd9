"""Writing a Piece as a Standard MIDI File.

A piece that was read from a MIDI file and still holds all of it is written into that file
(``graft``): every event of the file stays, new notes are added. Any other becomes a file of its
own (``plain``).
"""

from __future__ import annotations

import os

from lstm_music.errors import MidiError
from lstm_music.files import atomic_write
from lstm_music.midi.writing.graft import graft
from lstm_music.midi.writing.plain import plain_file
from lstm_music.music.piece import Piece

_MAX_USEC_PER_QUARTER = 2**24 - 1


def write_midi(
    piece: Piece, path: str | os.PathLike[str], *, force: bool = False, text: str = ""
) -> None:
    """Write a MIDI file, whole or not at all.

    Parameters
    ----------
    piece : the music.
    path : the file.
    force : whether a file of that name may be replaced.
    text : kept in the file as a cue point, for example how the piece was made.

    Raises
    ------
    OutputExistsError : the file exists and ``force`` is False.
    OutputError : the folder is missing or not writable, or the disk is full.
    MidiError : the piece holds what MIDI cannot say.
    """
    atomic_write(path, to_midi_bytes(piece, text=text), overwrite=force)


def to_midi_bytes(piece: Piece, *, text: str = "") -> bytes:
    """The piece as a Standard MIDI File.

    Parameters
    ----------
    piece : the music.
    text : kept in the file as a cue point, where the music begins that was added to a file.

    Returns
    -------
    bytes
        The same for the same piece and text.

    Raises
    ------
    MidiError : a pitch, velocity, tempo or gap is outside what MIDI can say.
    """
    _check(piece)
    kept = graft(piece, text)
    return plain_file(piece, text) if kept is None else kept


def _check(piece: Piece) -> None:
    """Refuse values that mido would let through as other events, or not at all."""
    notes = piece.notes
    if len(notes):
        if notes["pitch_midi"].max() > 127:
            raise MidiError(f"pitches must be 0..127, got {notes['pitch_midi'].max()}")
        if notes["velocity"].min() < 1 or notes["velocity"].max() > 127:
            wrong = notes["velocity"][(notes["velocity"] < 1) | (notes["velocity"] > 127)][0]
            raise MidiError(f"velocities must be 1..127, got {wrong}")
    for tempo in piece.tempos:
        if not 1 <= tempo.usec_per_quarter <= _MAX_USEC_PER_QUARTER:
            raise MidiError(
                f"a tempo must be 1..{_MAX_USEC_PER_QUARTER} microseconds a quarter note "
                f"(3.6 bpm or faster), got {tempo.usec_per_quarter}"
            )
