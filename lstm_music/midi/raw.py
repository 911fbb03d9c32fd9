"""What the scanner finds in a MIDI file, before it is music: notes and marks in ticks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

RAW_NOTE_DTYPE = np.dtype(
    [
        ("onset_ticks", "i4"),
        ("end_ticks", "i4"),  # >= onset_ticks
        ("mtrk", "u2"),  # number of the track chunk, from 0
        ("channel", "u1"),  # 0..15; 9 is what the screen calls channel 10, the drums
        ("program", "u1"),  # 0..127, in force when the note began
        ("pitch_midi", "u1"),  # 0..127
        ("velocity", "u1"),  # 1..127
    ],
    align=True,
)

MARK_DTYPE = np.dtype(
    [
        ("ticks", "i4"),
        ("value", "i4"),  # see the kinds below
        ("offset", "i4"),  # byte offset of the event, or of the text, in the file
        ("mtrk", "u2"),
        ("kind", "u1"),
        ("channel", "u1"),
    ],
    align=True,
)

MARK_TEMPO = 0
"""``value``: microseconds a quarter note, 0..2**24 - 1."""
MARK_METER = 1
"""``value``: numerator << 8 | n, for a denominator of 2**n; each 0..255."""
MARK_KEY = 2
"""``value``: sharps as an unsigned byte << 8 | mode (0 major, 1 minor); each 0..255."""
MARK_PEDAL = 3
"""``value``: that of controller 64, 0..127."""
MARK_NAME = 4
"""``value``: length of the text in bytes, ``offset``: where it starts."""
MARK_PRIVATE = 5
"""A sequencer's own data (meta 0x7F); ``value`` and ``offset`` as for a name."""


class Repair(NamedTuple):
    """One kind of damage that was mended: its name, how often, and where first."""

    kind: str
    times: int
    offset: int


@dataclass(frozen=True, slots=True)
class RawMidi:
    """The events of one file that matter to music.

    Parameters
    ----------
    ticks_per_quarter : 1..32767.
    format : 0 (one track chunk) or 1 (several, played together).
    n_mtrks : track chunks found.
    notes : (N,) RAW_NOTE_DTYPE, by track chunk, then in the order in which they begin.
    marks : (M,) MARK_DTYPE, by track chunk, then in the order of the file.
    repairs : what was mended, at most one entry a kind.
    """

    ticks_per_quarter: int
    format: int
    n_mtrks: int
    notes: npt.NDArray[np.void]
    marks: npt.NDArray[np.void]
    repairs: tuple[Repair, ...]


REPAIR_SENTENCES: dict[str, str] = {
    "track_count": "the header announces another number of tracks than there are",
    "track_length": "a track's length was wrong",
    "lost_chunk": "bytes between tracks were skipped",
    "trailing_bytes": "bytes after the last track were ignored",
    "no_end_of_track": "a track had no end mark",
    "after_end_of_track": "events after a track's end mark were ignored",
    "event_cut": "an event was cut off; the rest of its track is lost",
    "no_status": "an event had no status byte; the rest of its track is lost",
    "system_message": "a system message that does not belong in a file was skipped",
    "pitch_byte": "a note above 127 was dropped",
    "data_byte": "a data byte above 127 was clamped",
    "meta_short": "a tempo, meter or key event was too short and was ignored",
    "unclosed_note": "a note never ended; it was closed at the end of its track",
    "tempo_zero": "a tempo of zero was ignored",
    "meter_off_grid": "a meter that cannot be written down was ignored",
    "key_unknown": "a key signature that does not exist was ignored",
}
"""Every kind of repair and what a person is told. The scanner's come first, as in found.pxd."""

FAULT_SENTENCES = (
    "not enough memory",
    "a time or length is longer than the 4 bytes MIDI allows",
    "the file holds more than {max_tracks} tracks",
    "the file holds more than {max_events} events",
    "the file holds more than {max_notes} notes",
    "the music runs on past {max_quarters} quarter notes",
)
"""What ends a scan, numbered as in found.pxd; braces are filled from the ``Limits``."""
