"""A MIDI file taken apart into events, and put together again with some of its chunks exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.midi.limits import Limits
from lstm_music.midi.mpe import join_zones, silent_channels
from lstm_music.midi.names import decode_name
from lstm_music.midi.raw import MARK_METER, MARK_PART, MARK_PRIVATE, MARK_RESET, RawMidi
from lstm_music.midi.scan import scan
from lstm_music.midi.writing import chase
from lstm_music.midi.writing.file_notes import (
    NEVER,
    events_of_notes,
    events_that_end,
    file_notes,
)
from lstm_music.midi.writing.messages import Events, Ticks, chunk, header
from lstm_music.midi.writing.track_bytes import encode_track, list_events
from lstm_music.music.distinct import distinct
from lstm_music.music.original import Instrument, Original
from lstm_music.music.piece import Piece, Track

_READ_ONCE = Limits(*[2**31 - 1 for _ in fields(Limits)])  # it was within limits when it was read
_HEADER_BYTES = 14
_CHUNK_HEADER_BYTES = 8
_DRUM_CHANNEL = 9
_META, _TRACK_NAME = 0xFF, 0x03
_CONDUCTING = (0x51, 0x58, 0x59)  # tempo, meter, key


class EmptyTrack(NamedTuple):
    """A track chunk that has a name and no notes; channel -1 where it has no message either."""

    mtrk: int
    name: str
    channel: int
    program: int

    @property
    def is_drum(self) -> bool:
        """Whether it is on the drums' channel."""
        return self.channel == _DRUM_CHANNEL


class OriginalFile:
    """A MIDI file taken apart into events.

    Parameters
    ----------
    original : of a piece.
    removed : rows of the piece as it was read whose notes are taken out.

    Raises
    ------
    MidiError : these rows are not in the file.
    """

    def __init__(self, original: Original, removed: Sequence[int] | Ticks = ()) -> None:
        self.original = original
        self.data = original.data
        self.raw: RawMidi = scan(self.data, _READ_ONCE)
        self.events, self.ends = list_events(self.data, self.raw.chunks)
        self.first_chunk = max(original.mtrk, 0)
        self.notes = self.raw.notes
        self.taken_out = self.notes[:0]
        self._channels = join_zones(self.raw).notes["channel"]
        self.shortened: frozenset[int] = frozenset()
        if len(removed):
            self._take_out(np.asarray(removed, np.int64))
        if original.until_steps is not None:
            self._cut(self.ticks(original.until_steps))

    def _take_out(self, rows: Ticks) -> None:
        """Leave out the notes of some rows: ``taken_out``; ``shortened`` are their chunks."""
        numbers = file_notes(self.original, self.raw, rows)
        self.taken_out = self.notes[numbers]
        places = _places(self.events, chase.ports_of(self.events, self.data))
        begins, ends = events_of_notes(self.events, places)
        gone = np.concatenate([begins[numbers], ends[numbers][ends[numbers] >= 0]])
        self.shortened = frozenset(self.events["mtrk"][gone].tolist())
        self.events = np.delete(self.events, gone)
        self.notes = np.delete(self.notes, numbers)
        self._channels = np.delete(self._channels, numbers)

    def _cut(self, until: int) -> None:
        """Leave out all from a tick on but for the ends of notes; in a file of separate pieces of
        this piece alone.
        """
        mtrk = self.original.mtrk
        places = _places(self.events, chase.ports_of(self.events, self.data))
        begins, ends = events_of_notes(self.events, places)
        kept = self.events["ticks"] < until
        kept[begins] = kept[events_that_end(ends)] = True
        is_mine = (
            np.ones(self.raw.n_mtrks, bool) if mtrk < 0 else np.arange(self.raw.n_mtrks) == mtrk
        )
        kept |= ~is_mine[self.events["mtrk"]]
        shorter = is_mine & (self.ends > until)
        self.events = self.events[kept]
        self.ends = np.where(shorter, until, self.ends)
        self.shortened |= frozenset(np.flatnonzero(shorter).tolist())
        self.notes = self.notes.copy()
        never = ends == NEVER
        self.notes["end_ticks"][never] = np.minimum(self.notes["end_ticks"][never], until)
        parts = {"marks": self.raw.marks, "settings": self.raw.settings, "pedal": self.raw.pedal}
        self.raw = self.raw._replace(
            **{
                name: part[(part["ticks"] < until) | ~is_mine[part["mtrk"]]]
                for name, part in parts.items()
            }
        )

    @cached_property
    def open_notes(self) -> npt.NDArray[np.int64]:
        """The numbers in ``notes`` of those that the file never ends."""
        if not any(repair.kind == "unclosed_note" for repair in self.raw.repairs):
            return np.empty(0, np.int64)
        return np.flatnonzero(events_of_notes(self.events, self.places)[1] == NEVER)

    def open_ends(self, start: int) -> Ticks:
        """Where each of ``open_notes`` is to end, so that it does not sound through what is added.

        Parameters
        ----------
        start : tick of the first addition.

        Returns
        -------
        Ticks, not before ``start`` nor at the note's own onset; and not before the last event of
        another chunk that ends this key.
        """
        notes = self.notes[self.open_notes]
        ends = np.maximum(np.maximum(notes["end_ticks"], notes["onset_ticks"] + 1), start)
        message = self.events["status"] >> 4
        is_off = (message == 0x8) | ((message == 0x9) & (self.events["data2"] == 0))
        for i, note in enumerate(notes):
            place = int(note["port"]) << 4 | int(note["channel"])
            mine = is_off & (self.places == place) & (self.events["data1"] == note["pitch_midi"])
            ends[i] = max(ends[i], self.events["ticks"][mine].max(initial=0))
        return np.asarray(ends, np.int64)

    def ticks(self, steps: float) -> int:
        """The tick of a step of the piece."""
        return max(int(self.original.ticks(np.array([steps], np.float64))[0]), 0)

    @cached_property
    def meter_ticks(self) -> frozenset[int]:
        """Where the file states a meter."""
        marks = self.raw.marks
        return frozenset(marks["ticks"][marks["kind"] == MARK_METER].tolist())

    def last_onset(self, instrument: Instrument) -> int:
        """When the last note of its channel, or of its MPE zone, begins; -1 without one."""
        mine = (self.notes["port"] == instrument.port) & (self._channels == instrument.channel)
        if self.original.mtrk >= 0:
            mine &= self.notes["mtrk"] == self.original.mtrk
        return int(self.notes["onset_ticks"][mine].max(initial=-1))

    @cached_property
    def own_mark_ticks(self) -> int:
        """Where the last mark of ours stands in the file; 0 without one."""
        marks = self.raw.marks
        mine = marks["kind"] == MARK_PRIVATE
        if self.original.mtrk >= 0:
            mine &= marks["mtrk"] == self.original.mtrk
        return int(marks["ticks"][mine].max(initial=0))

    def meter_chunk(self, ticks: int) -> int:
        """The track chunk in which a meter overrules all that the file states at that time."""
        marks = self.raw.marks
        there = marks["mtrk"][(marks["kind"] == MARK_METER) & (marks["ticks"] == ticks)]
        return max(self.first_chunk, *map(int, there.tolist()), 0)

    @cached_property
    def silent_channels(self) -> dict[tuple[int, int], tuple[int, ...]]:
        """Of each MPE zone the channels without notes; see ``mpe.silent_channels``."""
        return silent_channels(self.raw)

    @cached_property
    def ports(self) -> npt.NDArray[np.uint8]:
        """Port of each event."""
        return chase.ports_of(self.events, self.data)

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """Port and channel of each event, port << 4 | channel; -1 for system events."""
        return _places(self.events, self.ports)

    @property
    def used_places(self) -> set[int]:
        """Port and channel, port << 4 | channel, of all that the file says anything to."""
        parts = self.raw.settings[self.raw.settings["kind"] == MARK_PART]  # by system exclusive
        drums = parts["port"].astype(np.int64) << 4 | parts["channel"]
        return set(distinct(self.places).tolist()) | set(drums.tolist())

    def channel(self, port: int, channel: int) -> chase.Channel:
        """The settings of one channel; in a file of separate pieces those of this piece alone."""
        mine = self.places == (port << 4 | channel)
        if self.original.mtrk >= 0:
            mine &= self.events["mtrk"] == self.original.mtrk
        resets = self.raw.settings[self.raw.settings["kind"] == MARK_RESET]
        resets = resets[resets["port"] == port]
        if self.original.mtrk >= 0:
            resets = resets[resets["mtrk"] == self.original.mtrk]
        return chase.Channel(self.events[mine], resets[np.argsort(resets["ticks"], kind="stable")])

    def instruments_of(self, piece: Piece) -> list[Instrument]:
        """Where each track of the piece stands: as in the file, new tracks on free channels.

        A new track that has the name of an empty one of the file (`empty_tracks`) stands there.
        Each other is a chunk of its own behind those of the file; only a piece of a file of
        separate pieces (format 2) keeps to its chunk. Drums are on channel 10. Where every channel
        is taken, a track shares that of one of its program, or plays on a further port.
        """
        instruments = list(self.original.instruments)
        used = self.used_places
        empty = {one.name: one for one in reversed(self.empty_tracks)}
        for track in piece.tracks[len(instruments) :]:
            if track.name and track.name in empty:
                instruments.append(self._in_empty_track(empty.pop(track.name), track, used))
                continue
            place = free_channel(used, is_drum=track.is_drum)
            bank = 0
            if place >> 4:
                same = [i for i in instruments if i.program == track.program and not i.is_drum]
                if same:
                    place, bank = same[0].port << 4 | same[0].channel, same[0].bank
            used.add(place)
            taken = max([self.raw.n_mtrks - 1, *(i.mtrk for i in instruments)])
            mtrk = self.first_chunk if self.original.mtrk >= 0 else taken + 1
            instruments.append(
                Instrument(mtrk, place & 0x0F, track.program, place >> 4, bank, track.is_drum)
            )
        return instruments

    def _in_empty_track(self, there: EmptyTrack, track: Track, used: set[int]) -> Instrument:
        """Where a new track stands that has an empty chunk waiting for it."""
        channel = there.channel
        if channel < 0:
            place = free_channel({p for p in used if p >> 4 == 0}, is_drum=track.is_drum)
            channel = place & 0x0F
            used.add(channel)
        return Instrument(there.mtrk, channel, track.program, 0, 0, track.is_drum)

    @cached_property
    def empty_tracks(self) -> tuple[EmptyTrack, ...]:
        """The chunks with a name and without notes, but for the one that tells the tempo."""
        events, found = self.events, []
        is_meta = events["status"] == _META
        is_on = (events["status"] >> 4 == 0x9) & (events["data2"] > 0)
        for mtrk in range(self.raw.n_mtrks):
            mine = events["mtrk"] == mtrk
            names = np.flatnonzero(mine & is_meta & (events["data1"] == _TRACK_NAME))
            is_conductor = (mine & is_meta & np.isin(events["data1"], _CONDUCTING)).any()
            if not len(names) or is_conductor or (mine & is_on).any():
                continue
            places = events["status"][mine & (events["status"] < 0xF0)] & 0x0F
            programs = events["data1"][mine & (events["status"] >> 4 == 0xC)]
            channel = int(places[0]) if len(places) else -1
            program = int(programs[0]) if len(programs) else 0
            found.append(EmptyTrack(mtrk, self._text(int(names[0])), channel, program))
        return tuple(found)

    def _text(self, event: int) -> str:
        """The text of a meta event."""
        start, size = int(self.events["offset"][event]), int(self.events["size"][event])
        body = self.data[start + 1 : start + size]  # behind the kind: the length, then the text
        length = 1 + next(i for i, byte in enumerate(body) if byte < 0x80)
        return decode_name(bytes(body[length:]))

    def port_at(self, mtrk: int, ticks: int) -> int:
        """The port that a track chunk plays on after all its events up to ``ticks``; 0 if new."""
        first, last = np.searchsorted(self.events["mtrk"], [mtrk, mtrk + 1])
        past = int(np.searchsorted(self.events["ticks"][first:last], ticks, side="right"))
        return int(self.ports[first + past - 1]) if past else 0

    def written(self, chunks: dict[int, bytes]) -> bytes:
        """The file with some of its track chunks exchanged, or further ones behind them.

        What is not exchanged comes back as it was, unless the file had to be mended.
        """
        raw, n = self.raw, self.raw.n_mtrks
        chunks = {mtrk: self.encoded(mtrk) for mtrk in self.shortened} | chunks
        more = [chunks[mtrk] for mtrk in sorted(chunks) if mtrk >= n]
        if not raw.repairs and not chunks:
            return self.data
        n_chunks = n + len(more)
        midi_format = 1 if raw.format == 0 and n_chunks > 1 else raw.format
        parts = [header(midi_format, n_chunks, int.from_bytes(self.data[12:14], "big"))]
        pos = int(raw.chunks["header"][0]) if n else len(self.data)
        parts.append(_foreign_chunks(self.data, _HEADER_BYTES, pos))
        begins, afters = (raw.chunks[name].tolist() for name in ("header", "after"))
        for mtrk, (begin, after) in enumerate(zip(begins, afters)):
            if mtrk in chunks:
                parts.append(chunks[mtrk])
            elif raw.repairs:
                parts.append(self.encoded(mtrk))
            else:
                parts.append(self.data[begin:after])
            if mtrk + 1 == n:
                parts += more
            following = begins[mtrk + 1] if mtrk + 1 < n else len(self.data)
            parts.append(_foreign_chunks(self.data, after, following))
        return b"".join(parts)

    def encoded(self, mtrk: int) -> bytes:
        """A track chunk put together from its events."""
        first, last = np.searchsorted(self.events["mtrk"], [mtrk, mtrk + 1])
        return chunk(encode_track(self.events[first:last], self.data, b"", int(self.ends[mtrk])))


def _places(events: Events, ports: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    both = ports.astype(np.int64) << 4 | events["status"] & 0x0F
    return np.where(events["status"] < 0xF0, both, -1)


def free_channel(used: set[int], *, is_drum: bool = False) -> int:
    """A channel that nothing plays on, port << 4 | channel; drums share the tenth."""
    if is_drum:
        return _DRUM_CHANNEL
    return next(c for c in range(1 << 12) if c not in used and c & 0x0F != _DRUM_CHANNEL)


def _foreign_chunks(data: bytes, start: int, stop: int) -> bytes:
    """The whole chunks of other kinds that lie in a stretch of a file, without what is no chunk."""
    pos = start
    while stop - pos >= _CHUNK_HEADER_BYTES and data[pos : pos + 4].isascii():
        if not data[pos : pos + 4].decode("ascii").isprintable():
            break
        end = pos + _CHUNK_HEADER_BYTES + int.from_bytes(data[pos + 4 : pos + 8], "big")
        if end > stop:
            break
        pos = end
    return data[start:pos]
