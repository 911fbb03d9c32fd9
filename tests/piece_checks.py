"""What must hold of every Piece that the reader gives, whatever the bytes were."""

import numpy as np

from lstm_music.errors import MidiError
from lstm_music.midi.limits import Limits
from lstm_music.midi.read import read_midi_bytes, read_midi_pieces_bytes
from lstm_music.midi.write import to_midi_bytes

# A note at the very end is at least one step long, and so may end past the reader's own limits.
ROOMY = Limits(max_quarters=2**20, max_seconds=2**30)


def read_or_refuse(data, most_written=2**31):
    """The pieces in the bytes, checked; None if they were refused, in one line.

    Larger pieces than ``most_written`` notes and pedal changes are not written and read again.
    """
    try:
        pieces = read_midi_pieces_bytes(data)
    except MidiError as error:
        assert "\n" not in str(error)
        assert error.offset is None or 0 <= error.offset <= len(data)
        return None
    assert pieces
    for piece in pieces:
        check_piece(piece)
        if len(piece.notes) + len(piece.pedal) <= most_written:
            check_written_and_read(piece)
    return pieces


def check_piece(piece):
    notes, pedal = piece.notes, piece.pedal
    assert len(notes)
    assert notes["onset_steps"].min() >= 0
    assert notes["duration_steps"].min() >= 1
    assert notes["pitch_midi"].max() <= 127
    assert notes["velocity"].min() >= 1
    assert notes["velocity"].max() <= 127
    assert notes["track"].max() < len(piece.tracks)
    assert np.abs(notes["timing_96ths"]).max() <= 2
    keys = ("duration_steps", "pitch_midi", "track", "onset_steps")
    assert (np.lexsort([notes[key] for key in keys]) == np.arange(len(notes))).all()
    assert 0 <= piece.max_timing_error_steps <= 0.5
    assert (np.diff(pedal["onset_steps"]) >= 0).all()
    assert not len(pedal) or pedal["track"].max() < len(piece.tracks)
    assert piece.unstated <= {"meter", "tempo"}
    for text in (*piece.repairs, piece.title, *(track.name for track in piece.tracks)):
        assert "\n" not in text


def check_written_and_read(piece):
    """Writing the notes where the grid has them and reading them again changes nothing."""
    on_grid = piece.notes.copy()
    on_grid["timing_96ths"] = 0
    heard = np.unique(on_grid["track"])  # MIDI cannot say that there is a track without notes
    on_grid["track"] = np.searchsorted(heard, on_grid["track"])
    pedal = piece.pedal[np.isin(piece.pedal["track"], heard)]
    pedal["track"] = np.searchsorted(heard, pedal["track"])
    tracks = tuple(piece.tracks[i] for i in heard)
    piece = piece.replace(notes=on_grid, pedal=pedal, tracks=tracks)
    again = read_midi_bytes(to_midi_bytes(piece), limits=ROOMY)
    assert again.repairs == ()
    if shares_channels(again):  # whose pedal is that of all
        again, piece = (p.replace(pedal=p.pedal[:0]) for p in (again, piece))
    assert again == piece


def shares_channels(piece):
    """Whether two tracks of a piece, as it was read, are of one port and channel."""
    places = [(one.port, one.channel) for one in piece.original.instruments]
    return len(set(places)) < len(places)
