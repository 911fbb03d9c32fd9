"""MIDI messages to be written: gathered in any order, put down as track chunks."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from lstm_music.midi.writing.track_bytes import EVENT_DTYPE, encode_track
from lstm_music.music.distinct import distinct

_INLINE, _ADDED = 0, 2  # as in track_bytes
_HEADER = struct.Struct(">4sIHHH")
_CHUNK_HEADER = struct.Struct(">4sI")

Ticks = npt.NDArray[np.int64]
Events = npt.NDArray[np.void]


class Rank(IntEnum):
    """What comes first at one tick.

    A note ends before the next of its pitch begins, and begins with its own program and pedal,
    after which its channel may get back what it had. What a file has at that tick stands before
    what is added to it, but for the ends of notes.
    """

    OFF = 0
    FILE = 1
    STATE = 2
    PEDAL = 3
    ON = 4
    RESTORE = 5


class Messages:
    """Messages with their track chunks and times."""

    def __init__(self) -> None:
        self._rows: list[tuple[object, ...]] = []
        self._ranks: list[int] = []
        self._notes: list[Events] = []
        self._note_ranks: list[npt.NDArray[np.int64]] = []
        self._bytes = bytearray()

    def add(self, mtrk: int, ticks: int, message: Iterable[int], rank: Rank = Rank.STATE) -> None:
        """Add one message.

        Parameters
        ----------
        mtrk : number of its track chunk.
        ticks : its time, 0 or later.
        message : its bytes, the status first; of a meta event the type and length, too.
        rank : what it comes before at its tick.
        """
        status, *data = message
        if status < 0xF0:
            first, second = (*data, 0)[:2]
            self._rows.append((ticks, 0, 0, mtrk, status, 0, first, second, _INLINE))
        else:
            offset = len(self._bytes)
            self._bytes += bytes(data)
            self._rows.append((ticks, offset, len(data), mtrk, status, 0, 0, 0, _ADDED))
        self._ranks.append(rank)

    def add_notes(
        self,
        mtrks: npt.NDArray[np.integer],
        channels: npt.NDArray[np.integer],
        notes: npt.NDArray[np.void],
        starts: Ticks,
        ends: Ticks,
        release_velocity: int,
    ) -> None:
        """Add notes: (N,) NOTE_DTYPE for pitch and velocity, the rest as arrays of (N,)."""
        for status, ticks, velocity, rank in (
            (0x90, starts, notes["velocity"], Rank.ON),
            (0x80, ends, release_velocity, Rank.OFF),
        ):
            events = np.zeros(len(notes), EVENT_DTYPE)
            events["ticks"], events["mtrk"] = ticks, mtrks
            events["status"] = status | channels
            events["data1"], events["data2"] = notes["pitch_midi"], velocity
            self._notes.append(events)
            self._note_ranks.append(np.full(len(notes), int(rank)))

    def chunks(
        self,
        n_chunks: int,
        end_ticks: int = 0,
        *,
        events: Events | None = None,
        ends: Ticks | None = None,
        data: bytes = b"",
    ) -> dict[int, bytes]:
        """The track chunks that messages were added to, headers included.

        Parameters
        ----------
        n_chunks : track chunks in all; every one comes back when there is no file.
        end_ticks : where they end at least.
        events, ends, data : of the file that is added to, as from ``list_events``.

        Raises
        ------
        MidiError : a gap is longer than MIDI can say.
        """
        given = np.empty(0, EVENT_DTYPE) if events is None else events
        mine = np.concatenate([np.array(self._rows, EVENT_DTYPE), *self._notes])
        ranks = np.concatenate([np.array(self._ranks, np.int64), *self._note_ranks])
        order = np.lexsort((ranks, mine["ticks"], mine["mtrk"]))
        mine, ranks = mine[order], ranks[order]
        touched = range(n_chunks) if events is None else distinct(mine["mtrk"]).tolist()
        added, chunks = bytes(self._bytes), {}
        for mtrk in touched:
            file = _of_chunk(given, mtrk)
            first, last = np.searchsorted(mine["mtrk"], [mtrk, mtrk + 1])
            both = np.concatenate([file, mine[first:last]])
            rank = np.concatenate([np.full(len(file), int(Rank.FILE)), ranks[first:last]])
            both = both[np.lexsort((rank, both["ticks"]))]
            end = max(end_ticks, int(ends[mtrk]) if ends is not None and mtrk < len(ends) else 0)
            chunks[mtrk] = chunk(encode_track(both, data, added, end))
        return chunks


def _of_chunk(events: Events, mtrk: int) -> Events:
    first, last = np.searchsorted(events["mtrk"], [mtrk, mtrk + 1])
    return events[first:last]


def chunk(content: bytes) -> bytes:
    """A track chunk of this content."""
    return _CHUNK_HEADER.pack(b"MTrk", len(content)) + content


def header(midi_format: int, n_chunks: int, division: int) -> bytes:
    """A header chunk; ``division`` as it stands in a file (ticks a quarter note, or frames)."""
    return _HEADER.pack(b"MThd", 6, midi_format, n_chunks, division)
