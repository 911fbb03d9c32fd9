"""Which events of a file a note of a piece stands for.

Every row of a piece as it was read is one note of its file. Rows are put in the order of the notes
again, and notes are paired with their events as the scanner pairs them: of one key the first in is
the first out. Taking out such a pair leaves all others paired as they were.
"""

from __future__ import annotations

from collections import defaultdict, deque

import numpy as np
import numpy.typing as npt

from lstm_music.errors import MidiError
from lstm_music.midi.grid import MAX_TRACKS, to_grid
from lstm_music.midi.mpe import join_zones
from lstm_music.midi.raw import RawMidi
from lstm_music.midi.writing.messages import Events
from lstm_music.music.original import Original
from lstm_music.music.piece import TIMING_PER_STEP

NEVER = -1
"""In place of the event that ends a note: none does."""

_SILENCED = -2

_SILENCES = (120, 123)
_TOLERANCE_96THS = 4  # of notes that were moved to other beats: rounded twice
_Ints = npt.NDArray[np.int64]


def file_notes(original: Original, raw: RawMidi, rows: _Ints) -> _Ints:
    """The numbers in ``raw.notes`` of some rows of the piece as it was read.

    Parameters
    ----------
    original : of the piece.
    raw : its file, scanned.
    rows : (R,) numbers in ``original.as_read.notes``.

    Returns
    -------
    (R,) int64.

    Raises
    ------
    MidiError : the piece as it was read is not what the file holds.
    """
    if not len(rows) or original.as_read is None:
        return np.empty(0, np.int64)
    mine = np.arange(len(raw.notes))
    if original.mtrk >= 0:
        mine = np.flatnonzero(raw.notes["mtrk"] == original.mtrk)
        parts = {name: getattr(raw, name) for name in ("notes", "pedal", "settings")}
        raw = raw._replace(**{n: p[p["mtrk"] == original.mtrk] for n, p in parts.items()})
    read = original.as_read.notes
    found, _, _ = to_grid(join_zones(raw).notes, raw.ticks, raw.quarters, MAX_TRACKS)
    if len(found) == len(read):
        of_file, of_piece = _in_time(found), _in_time(read)
        if _are_the_same(found[of_file], read[of_piece], original, raw.notes[of_file]):
            place = np.empty(len(read), np.int64)
            place[of_piece] = of_file
            return mine[place[rows]]
    raise MidiError(
        "notes of the piece as it was read (original.as_read) are not where its file has them, so "
        "none can be taken out of it: read the file again, or write the piece as a file of its "
        "own with piece.replace(original=None)"
    )


def _in_time(notes: Events) -> _Ints:
    """The order by track, pitch, velocity, and then by time, which no alignment turns round."""
    played = TIMING_PER_STEP * notes["onset_steps"].astype(np.int64) + notes["timing_96ths"]
    end = notes["onset_steps"] + notes["duration_steps"]
    return np.lexsort([end, played, notes["velocity"], notes["pitch_midi"], notes["track"]])


def _are_the_same(found: Events, read: Events, original: Original, raw_notes: Events) -> bool:
    """Whether notes of a file and rows of a piece, in one order, are the same notes."""
    if len(original.knots_steps) == 2:  # the steps are those of the file
        return bool((found == read).all())
    if any((found[name] != read[name]).any() for name in ("track", "pitch_midi", "velocity")):
        return False
    played = read["onset_steps"] + read["timing_96ths"] / TIMING_PER_STEP
    off = _TOLERANCE_96THS / TIMING_PER_STEP
    earliest, latest = original.ticks(played - off), original.ticks(played + off)
    onset = raw_notes["onset_ticks"]
    return bool(((earliest <= onset) & (onset <= latest)).all())


def events_that_end(ends: _Ints) -> _Ints:
    """The numbers of all events that end notes, from the ends of these as `events_of_notes` has
    them.
    """
    return np.concatenate([ends[ends >= 0], _SILENCED - ends[ends <= _SILENCED]])


def events_of_notes(events: Events, places: _Ints) -> tuple[_Ints, _Ints]:
    """Where each note begins and ends among the events of a file.

    Parameters
    ----------
    events : (E,) EVENT_DTYPE, by track chunk.
    places : (E,) port and channel of each.

    Returns
    -------
    begins, ends : (N,) numbers of events, in the order of ``RawMidi.notes``. An end may be NEVER,
        or, where event ``i`` silences all that sounds in its chunk and channel, -2 - i.
    """
    message = events["status"] >> 4
    is_silence = (message == 0xB) & np.isin(events["data1"], _SILENCES)
    is_on = (message == 0x9) & (events["data2"] > 0)
    begins = np.flatnonzero(is_on)
    ends = np.full(len(begins), NEVER)
    sounding: dict[tuple[int, int], dict[int, deque[int]]] = defaultdict(dict)
    note = 0
    rows = np.flatnonzero((message == 0x8) | (message == 0x9) | is_silence)
    columns = (events["mtrk"], places, events["data1"], is_on, is_silence)
    each = zip(rows.tolist(), *(column[rows].tolist() for column in columns))
    for i, mtrk, place, pitch, on, silence in each:
        keys = sounding[mtrk, place]
        if on:
            keys.setdefault(pitch, deque()).append(note)
            note += 1
        elif silence:
            for silenced in keys.values():
                ends[list(silenced)] = _SILENCED - i
            keys.clear()
        elif keys.get(pitch):
            ends[keys[pitch].popleft()] = i
    return begins, ends
