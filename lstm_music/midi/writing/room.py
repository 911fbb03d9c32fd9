"""Room for new notes among those of a file: no key of a channel is struck while it sounds.

A new note waits until the file's note on its key has ended, and ends where the next begins. Where
the file plays on, one that would have to wait for more than half of its length is left out: its
key sounds there already. Of two new notes that strike a key at once, as two hands may, one is
written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.midi.writing.messages import Ticks
from lstm_music.midi.writing.original_file import OriginalFile
from lstm_music.music.distinct import distinct
from lstm_music.music.original import Instrument
from lstm_music.types import NoteArray


class Room(NamedTuple):
    """When new notes begin and end, (N,) in ticks, and which of them there is room for."""

    starts: Ticks
    ends: Ticks
    kept: npt.NDArray[np.bool_]


class _FileNote(NamedTuple):
    onset: int
    end: int
    mtrk: int


def with_room(
    file: OriginalFile,
    instruments: Sequence[Instrument],
    notes: NoteArray,
    starts: Ticks,
    ends: Ticks,
    open_until: int,
    *,
    in_place: npt.NDArray[np.bool_],
) -> Room:
    """Find room for new notes.

    Parameters
    ----------
    file : where they are added.
    instruments : of each track.
    notes : (N,) NOTE_DTYPE, the new ones.
    starts, ends : (N,) when they are to be played.
    open_until : where the notes that the file never ends will end at the earliest.
    in_place : (N,) which begin where the file had a note that is gone: what its channel is set to
        at that tick holds for them as it did for that one.
    """
    room = Room(starts.copy(), ends.copy(), np.ones(len(notes), bool))
    if not len(notes):
        return room
    keys = _file_notes(file, int(starts.min()), open_until)
    last, late = {}, {}
    for track in distinct(notes["track"]).tolist():
        one = instruments[track]
        channel = file.channel(one.port, one.channel)
        last[track] = file.last_onset(one)
        late[track] = set(channel.changes_of_later_chunks(one.mtrk).tolist())
    for i, (track, pitch) in enumerate(zip(notes["track"].tolist(), notes["pitch_midi"].tolist())):
        one, start, end = instruments[track], int(starts[i]), int(ends[i])
        theirs = keys.get((one.port, one.channel, pitch), ())
        plays_on = last[track] > start
        begin = _after(theirs, start, one.mtrk, waits_at_once=plays_on)
        # At one tick that is heard after the note, whatever stands before it in its own chunk.
        begin += begin in late[track] and not (in_place[i] and begin == start)
        stop = _before(theirs, begin, max(end, begin + 1), one.mtrk)
        room.starts[i], room.ends[i] = begin, stop
        waits_too_long = plays_on and 2 * (begin - start) > max(end - start, 2)
        room.kept[i] = stop > begin and not waits_too_long
    _keep_apart(room, notes, instruments)
    return room


def _keep_apart(room: Room, notes: NoteArray, instruments: Sequence[Instrument]) -> None:
    """End each new note before the next new one on its key, in whatever tracks the two are."""
    last: dict[tuple[int, int, int], int] = {}
    mtrks = np.array([one.mtrk for one in instruments])[notes["track"]]
    for i in np.lexsort([mtrks, room.starts]).tolist():
        if not room.kept[i]:
            continue
        one = instruments[int(notes["track"][i])]
        key = one.port, one.channel, int(notes["pitch_midi"][i])
        before = last.get(key)
        if before is not None:
            # At one tick the earlier chunk is heard first: it would begin what the later one ends.
            latest = int(room.starts[i]) - int(mtrks[before] > mtrks[i])
            if latest <= room.starts[before]:
                room.kept[i] = False
                room.ends[before] = max(room.ends[before], room.ends[i])
                continue
            room.ends[before] = min(room.ends[before], latest)
        last[key] = i


def _file_notes(
    file: OriginalFile, first: int, open_until: int
) -> dict[tuple[int, int, int], list[_FileNote]]:
    """The notes of the file that sound from a tick on, by port, channel and pitch.

    Those of a key stand in the order in which they begin.
    """
    raw = file.notes.copy()
    raw["end_ticks"][file.open_notes] = file.open_ends(open_until)
    if file.original.mtrk >= 0:
        raw = raw[raw["mtrk"] == file.original.mtrk]
    raw = raw[raw["end_ticks"] >= first]
    raw = raw[np.argsort(raw["onset_ticks"], kind="stable")]
    names = ("port", "channel", "pitch_midi", "onset_ticks", "end_ticks", "mtrk")
    keys = defaultdict(list)
    for port, channel, pitch, *note in zip(*(raw[name].tolist() for name in names)):
        keys[port, channel, pitch].append(_FileNote(*note))
    return keys


def _after(theirs: Sequence[_FileNote], start: int, mtrk: int, *, waits_at_once: bool) -> int:
    """When the key is free from ``start`` on.

    At one tick the earlier chunk is heard first: the end of a note in a later one than ours comes
    after ours has begun.
    """
    for note in theirs:
        end = note.end + (note.mtrk > mtrk)
        if start < end and (note.onset < start or (waits_at_once and note.onset == start)):
            start = end
    return start


def _before(theirs: Sequence[_FileNote], start: int, end: int, mtrk: int) -> int:
    """Where a note must end; not before one with which it begins, which would end instead."""
    for note in theirs:
        if note.onset > start:
            return min(end, note.onset - (note.mtrk < mtrk))
        if note.onset == start:
            end = max(end, note.end)
    return end
