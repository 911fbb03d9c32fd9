"""What the scanner finds in a MIDI file, before it is music: notes and marks in ticks."""

from __future__ import annotations

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
        ("port", "u1"),  # 0 where the chunk names none
        ("flags", "u1"),  # IS_DRUM, IS_BENT
        ("offset", "i4"),  # byte offset of its first data byte in the file
    ],
    align=True,
)

IS_DRUM = 1
"""Flag of a note of a drum part."""
IS_BENT = 2
"""Flag of a note with a bend or pressure of its channel since the note before on it."""

MARK_DTYPE = np.dtype(
    [
        ("ticks", "i4"),
        ("value", "i4"),  # see the kinds below
        ("offset", "i4"),  # byte offset of the event, or of the text, in the file
        ("mtrk", "u2"),
        ("kind", "u1"),
        ("channel", "u1"),
        ("port", "u1"),
    ],
    align=True,
)

CHUNK_DTYPE = np.dtype(
    [
        ("header", "i4"),  # byte offset of a track chunk's header,
        ("start", "i4"),  # of its first event,
        ("stop", "i4"),  # behind its last event that was understood, the end mark included,
        ("after", "i4"),  # and where the next chunk may begin
        ("ticks", "i4"),  # time of its last event, the end mark included
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
"""Our own data (meta 0x7F under 0x7D); ``value`` and ``offset`` as for a name."""
MARK_PROGRAM = 6
"""``value``: 0..127."""
MARK_BANK = 7
"""``value``: MSB << 7 | LSB (controllers 0 and 32), both as the chunk has set them so far."""
MARK_SILENCE = 8
"""All sound off or all notes off (controllers 120 and 123)."""
MARK_RELEASE = 9
"""Reset all controllers (controller 121), which lifts the pedal."""
MARK_PART = 10
"""``value``: above 0 where system exclusive (GS, XG) makes the channel a drum part, else 0."""
MARK_RESET = 11
"""``value``: which system's reset, as below; it concerns every channel of its port."""
MARK_ZONE = 12
"""``value``: members of the MPE zone that the first or the last channel announces; 0: no zone."""

RESET_GM2, RESET_GS, RESET_XG = 1, 2, 3
"""Values of a MARK_RESET; 0 is that of General MIDI."""


class Repair(NamedTuple):
    """One kind of damage that was mended: its name, how often, and where first."""

    kind: str
    times: int
    offset: int

    @property
    def text(self) -> str:
        """What a person is told of it, without number and place."""
        return REPAIR_SENTENCES[self.kind]


def mend(repairs: list[Repair], kind: str, offset: int) -> None:
    """Count a repair; ``offset`` counts if it is the first of its kind."""
    for i, repair in enumerate(repairs):
        if repair.kind == kind:
            repairs[i] = repair._replace(times=repair.times + 1)
            return
    repairs.append(Repair(kind, 1, offset))


def sentence(repair: Repair) -> str:
    """What a person is told of a repair."""
    times = f"{repair.times} times, first at byte" if repair.times > 1 else "byte"
    return f"{repair.text} ({times} {repair.offset})"


class RawMidi(NamedTuple):
    """The events of one file that matter to music.

    Parameters
    ----------
    ticks, quarters : so many ticks last so many quarter notes; both 1 or more.
    in_frames : times are by the clock (SMPTE), not by the beat.
    start, end : where in the file the header chunk stands, and where the MIDI bytes end.
    format : 0 (one track chunk), 1 (several, played together) or 2 (each a piece of its own).
    n_mtrks : track chunks found.
    has_banks : whether a bank other than 0 is selected anywhere.
    mpe_signs : notes that are IS_BENT, and zones announced; 0 where there can be no MPE.
    notes : (N,) RAW_NOTE_DTYPE, by track chunk, then in the order in which they begin.
    pedal : (P,) MARK_DTYPE of MARK_PEDAL: of format 2 by track chunk, else where several chunks
        have some by time; then in the order of the file.
    settings : (S,) MARK_DTYPE of MARK_PROGRAM and the kinds after it, in the same order.
    marks : (M,) MARK_DTYPE of every other kind, in the same order.
    chunks : (n_mtrks,) CHUNK_DTYPE, where each track chunk lies.
    repairs : what was mended, at most one entry a kind.
    """

    ticks: int
    quarters: int
    in_frames: bool
    start: int
    end: int
    format: int
    n_mtrks: int
    has_banks: bool
    mpe_signs: int
    notes: npt.NDArray[np.void]
    pedal: npt.NDArray[np.void]
    settings: npt.NDArray[np.void]
    marks: npt.NDArray[np.void]
    chunks: npt.NDArray[np.void]
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
    "meta_short": "a meta event, such as a tempo, was too short and was ignored",
    "meta_long": "a meta event, such as a tempo, was too long; its first bytes were read",
    "offset_value": "an SMPTE offset that is no time of day was ignored",
    "unclosed_note": "a note never ended; it was closed where the music ends",
    "empty_note": "a note had no length; it was given one step",
    "long_number": "a number was written in more than the 4 bytes MIDI allows",
    "wrapper_length": "a length in the RIFF wrapper was wrong",
    "mac_binary": "a MacBinary header before the file was skipped",
    "header_length": "the header's length was wrong",
    "format_unknown": "the format is none of 0, 1 and 2; it was read as 1",
    "format_0_tracks": "a file of format 0 has more than the one track it may have",
    "other_patterns": "the file holds several separate pieces; this is the first with notes",
    "tempo_in_frames": "a tempo was ignored, as times in SMPTE frames run by the clock",
    "tempo_zero": "a tempo of zero was ignored",
    "meter_off_grid": "a meter that cannot be written down was ignored",
    "key_unknown": "a key signature that does not exist was ignored",
}
"""Every kind of repair and what a person is told. The scanner's come first, as in found.pxd."""

FAULT_SENTENCES = (
    "not enough memory",
    "a time or length is larger than the 28 bits MIDI allows",
    "the file holds more than {max_tracks} tracks",
    "the file holds more than {max_events} events",
    "the file holds more than {max_notes} notes",
    "the music runs on past {max_quarters} quarter notes",
    "the file holds more than {max_changes} changes of tempo, meter, key and name",
)
"""What ends a scan, numbered as in found.pxd; braces are filled from the ``Limits``."""
