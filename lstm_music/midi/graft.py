"""Writing a piece into the MIDI file that it was read from.

Every event of the file stays at its tick, in its track chunk, in its order, byte for byte; only
end marks move. New notes stand behind what the file has at their tick, in the chunk and on the
port and channel of their track, and with the channel state that they need (``chase``).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from lstm_music.errors import MidiError
from lstm_music.midi import chase, meta
from lstm_music.midi.additions import Additions, additions
from lstm_music.midi.limits import Limits
from lstm_music.midi.messages import Events, Messages, Rank, Ticks, chunk, header
from lstm_music.midi.plain import RELEASE_VELOCITY
from lstm_music.midi.played import played_ticks
from lstm_music.midi.raw import RawMidi
from lstm_music.midi.scan import scan
from lstm_music.midi.track_bytes import encode_track, list_events
from lstm_music.music.original import Instrument, Original
from lstm_music.music.piece import Piece, Track

_READ_ONCE = Limits(*[2**31 - 1] * 9)  # the file was within somebody's limits when it was read
_HEADER_BYTES = 14
_CHUNK_HEADER_BYTES = 8
_DRUM_CHANNEL = 9
_NEUTRAL = (  # what blurs or bends the notes after it: kind, its neutral value, message
    (chase.BEND, chase.BEND_CENTRE, lambda channel: (0xE0 | channel, 0, 0x40)),
    (chase.PRESSURE, 0, lambda channel: (0xD0 | channel, 0)),
    (chase.MODULATION, 0, lambda channel: (0xB0 | channel, chase.MODULATION, 0)),
    (chase.SOSTENUTO, 0, lambda channel: (0xB0 | channel, chase.SOSTENUTO, 0)),
    (chase.SUSTAIN, 0, lambda channel: (0xB0 | channel, chase.SUSTAIN, 0)),
)


def graft(piece: Piece, text: str) -> bytes | None:
    """The file that a piece was read from, with what the piece has beyond it.

    Parameters
    ----------
    piece : the music, its values within what MIDI can say.
    text : kept as a cue point where the first addition stands.

    Returns
    -------
    bytes or None
        None if the piece has no original, or no longer holds all of it.

    Raises
    ------
    MidiError : an addition lies further away than MIDI can say.
    """
    added = additions(piece)
    if added is None or piece.original is None:
        return None
    file = File(piece.original)
    start = added.start_steps
    if start is None and not text:
        return file.written({})
    messages = Messages()
    if text:
        ticks = 0 if start is None else file.ticks(start)
        messages.add(file.first_chunk, ticks, meta.cue_point(text))
    if start is not None:
        _Addition(file, piece, added, messages).add_all()
    length = file.ticks(piece.length_steps) if piece.length_steps else 0
    extra = {i.mtrk for i in file.instruments_of(piece)} - set(range(file.raw.n_mtrks))
    chunks = messages.chunks(
        file.raw.n_mtrks + len(extra), length, events=file.events, ends=file.ends, data=file.data
    )
    return file.written(chunks)


class File:
    """A MIDI file taken apart into events."""

    def __init__(self, original: Original) -> None:
        self.original = original
        self.data = original.data
        self.raw: RawMidi = scan(self.data, _READ_ONCE)
        self.events, self.ends = list_events(self.data, self.raw.chunks)
        self.first_chunk = max(original.mtrk, 0)

    def ticks(self, steps: float) -> int:
        """The tick of a step of the piece."""
        return max(int(self.original.ticks(np.array([steps], np.float64))[0]), 0)

    @cached_property
    def ports(self) -> npt.NDArray[np.uint8]:
        """Port of each event."""
        return chase.ports_of(self.events, self.data)

    @cached_property
    def _channel_of(self) -> npt.NDArray[np.int64]:
        """Port and channel of each event, port << 4 | channel; -1 for system events."""
        is_channel = self.events["status"] < 0xF0
        both = self.ports.astype(np.int64) << 4 | self.events["status"] & 0x0F
        return np.where(is_channel, both, -1)

    def channel(self, port: int, channel: int) -> chase.Channel:
        """The settings of one channel; in a file of separate pieces those of this piece alone."""
        mine = self._channel_of == (port << 4 | channel)
        if self.original.mtrk >= 0:
            mine &= self.events["mtrk"] == self.original.mtrk
        return chase.Channel(self.events[mine])

    def instruments_of(self, piece: Piece) -> list[Instrument]:
        """Where each track of the piece stands: as in the file, new tracks on channels of their own.

        New tracks of a file of one chunk (format 0, or a piece of format 2) go into that chunk
        while there are channels; else each is a chunk of its own, on a further port if need be.
        """
        instruments = list(self.original.instruments)
        used = set(np.unique(self._channel_of).tolist())
        one_chunk = self.raw.format != 1
        for track in piece.tracks[len(instruments) :]:
            place = _free_channel(used, track)
            used.add(place)
            port, channel = place >> 4, place & 0x0F
            taken = max([self.raw.n_mtrks - 1, *(i.mtrk for i in instruments)])
            mtrk = self.first_chunk if one_chunk and not port else taken + 1
            instruments.append(
                Instrument(mtrk, channel, track.program, port=port, is_drum=track.is_drum)
            )
        return instruments

    def written(self, chunks: dict[int, bytes]) -> bytes:
        """The file with some of its track chunks exchanged, or further ones behind them.

        What is not exchanged comes back as it was, unless the file had to be mended.
        """
        raw, n = self.raw, self.raw.n_mtrks
        more = [chunks[mtrk] for mtrk in sorted(chunks) if mtrk >= n]
        if not raw.repairs and not chunks:
            return self.data
        n_chunks = n + len(more)
        midi_format = 1 if raw.format == 0 and n_chunks > 1 else raw.format
        parts = [header(midi_format, n_chunks, int.from_bytes(self.data[12:14], "big"))]
        pos = int(raw.chunks["header"][0]) if n else len(self.data)
        parts.append(_foreign_chunks(self.data, _HEADER_BYTES, pos))
        for mtrk, span in enumerate(raw.chunks.tolist()):
            begin, _, _, after = span
            if mtrk in chunks:
                parts.append(chunks[mtrk])
            elif raw.repairs:
                parts.append(self._encoded(mtrk))
            else:
                parts.append(self.data[begin:after])
            following = raw.chunks["header"][mtrk + 1] if mtrk + 1 < n else len(self.data)
            if mtrk + 1 == n:
                parts += more
            parts.append(_foreign_chunks(self.data, after, int(following)))
        return b"".join(parts)

    def _encoded(self, mtrk: int) -> bytes:
        first, last = np.searchsorted(self.events["mtrk"], [mtrk, mtrk + 1])
        return chunk(encode_track(self.events[first:last], self.data, b"", int(self.ends[mtrk])))


def _free_channel(used: set[int], track: Track) -> int:
    """A channel that nothing plays on, port << 4 | channel; drums share the tenth."""
    if track.is_drum:
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


class _Addition:
    """What is added to a file, as messages."""

    def __init__(self, file: File, piece: Piece, added: Additions, messages: Messages) -> None:
        self._file = file
        self._piece = piece
        self._added = added
        self._messages = messages
        self._instruments = file.instruments_of(piece)
        self._starts, self._ends = played_ticks(added.notes, file.original.ticks)

    def add_all(self) -> None:
        """Changes, the ends of hung notes, pedal, channel state, notes."""
        self._add_changes()
        self._end_hung_notes()
        self._add_pedal()
        self._make_way()
        for place in dict.fromkeys((i.port, i.channel) for i in self._instruments):
            self._add_state(*place)
        tracks = self._added.notes["track"]
        mtrks = np.array([i.mtrk for i in self._instruments])
        channels = np.array([i.channel for i in self._instruments])
        if len(tracks):
            self._messages.add_notes(
                mtrks[tracks],
                channels[tracks],
                self._added.notes,
                self._starts,
                self._ends,
                RELEASE_VELOCITY,
            )
        self._name_new_chunks()

    def _add_changes(self) -> None:
        add, file = self._messages.add, self._file
        for meter in self._added.meters:
            add(file.first_chunk, file.ticks(meter.onset_steps), meta.time_signature(meter))
        for change in self._added.keys:
            add(file.first_chunk, file.ticks(change.onset_steps), meta.key_signature(change.key))
        if not file.raw.in_frames:
            for tempo in self._added.tempos:
                ticks = file.ticks(tempo.onset_steps)
                add(file.first_chunk, ticks, meta.set_tempo(tempo.usec_per_quarter))

    def _name_new_chunks(self) -> None:
        """Name and port of each chunk that is new."""
        for track, instrument in zip(self._piece.tracks, self._instruments):
            if instrument.mtrk >= self._file.raw.n_mtrks:
                if track.name:
                    self._messages.add(instrument.mtrk, 0, meta.track_name(track.name), Rank.FILE)
                if instrument.port:
                    port = meta.midi_port(instrument.port)
                    self._messages.add(instrument.mtrk, 0, port, Rank.FILE)

    def _end_hung_notes(self) -> None:
        """A note that the file never ends would sound through what is added."""
        start = self._file.ticks(self._added.start_steps or 0)
        for mtrk, channel, pitch in hung_notes(self._file):
            off = (0x80 | channel, pitch, RELEASE_VELOCITY)
            self._messages.add(mtrk, start, off, Rank.OFF)

    def _add_pedal(self) -> None:
        seen = set()
        for steps, track, down in self._added.pedal.tolist():
            instrument = self._instruments[track]
            what = (steps, instrument.mtrk, instrument.channel, down)
            if what in seen:
                continue
            seen.add(what)
            pedal = meta.control_change(instrument.channel, meta.PEDAL, 127 if down else 0)
            self._messages.add(instrument.mtrk, self._file.ticks(steps), pedal, Rank.PEDAL)

    def _make_way(self) -> None:
        """A new note waits until a note of its key that still sounds in the file has ended."""
        notes = self._added.notes
        if not len(notes):
            return
        raw = self._file.raw.notes
        ringing = raw[(raw["end_ticks"] > self._starts.min()) & (raw["onset_ticks"] < self._ends.max())]
        for channel, pitch, onset, end in zip(
            *(ringing[name].tolist() for name in ("channel", "pitch_midi", "onset_ticks", "end_ticks"))
        ):
            on_channel = [i for i, one in enumerate(self._instruments) if one.channel == channel]
            same_key = (notes["pitch_midi"] == pitch) & np.isin(notes["track"], on_channel)
            late = same_key & (self._starts > onset) & (self._starts < end)
            length = self._ends[late] - self._starts[late]
            self._starts[late] = end
            self._ends[late] = np.maximum(self._ends[late], end + np.minimum(length, 1))

    def _add_state(self, port: int, channel: int) -> None:
        """Before the new notes of one channel: their sound, and nothing that bends or blurs them."""
        on_channel = [
            i for i, one in enumerate(self._instruments) if (one.port, one.channel) == (port, channel)
        ]
        mine = np.flatnonzero(np.isin(self._added.notes["track"], on_channel))
        if not len(mine):
            return
        mine = mine[np.argsort(self._starts[mine], kind="stable")]
        settings = self._file.channel(port, channel)
        self._add_sounds(settings, mine)
        first = int(self._starts[mine[0]])
        if len(settings.onsets) and settings.onsets[-1] >= first:
            return  # the file still plays there, and has set its channel for itself
        mtrk = self._instruments[int(self._added.notes["track"][mine[0]])].mtrk
        has_pedal = bool(np.isin(self._added.pedal["track"], on_channel).any())
        for kind, neutral, message in _NEUTRAL:
            if settings.value(kind, first) not in (None, neutral):
                if kind != chase.SUSTAIN or not has_pedal:
                    self._messages.add(mtrk, first, message(channel))
        for kind, value in settings.loudness_restored(first):
            self._messages.add(mtrk, first, meta.control_change(channel, kind, value))

    def _add_sounds(self, settings: chase.Channel, notes: Ticks) -> None:
        """Banks and programs where the channel has others than the notes need."""
        last_added: tuple[int, chase.Sound] | None = None
        for i in notes.tolist():
            instrument = self._instruments[int(self._added.notes["track"][i])]
            ticks = int(self._starts[i])
            now = settings.sound(instrument.mtrk, ticks)
            if last_added and not settings.changes_between(last_added[0], ticks):
                now = last_added[1]
            wanted = chase.Sound(instrument.program, instrument.bank)
            if now == wanted:
                continue
            is_free = not len(settings.onsets) and last_added is None
            at = 0 if is_free else ticks
            for kind, value in ((chase.BANK_MSB, wanted.bank >> 7), (chase.BANK_LSB, wanted.bank & 127)):
                if now.bank != wanted.bank:
                    message = meta.control_change(instrument.channel, kind, value)
                    self._messages.add(instrument.mtrk, at, message)
            program = meta.program_change(instrument.channel, wanted.program)
            self._messages.add(instrument.mtrk, at, program)
            last_added = ticks, wanted


def hung_notes(file: File) -> list[tuple[int, int, int]]:
    """(chunk, channel, pitch) of each note that the file never ends, as often as it does not."""
    if not any(repair.kind == "unclosed_note" for repair in file.raw.repairs):
        return []
    sounding: dict[tuple[int, int, int], int] = {}
    for mtrk, status, data1, data2 in zip(
        *(file.events[name].tolist() for name in ("mtrk", "status", "data1", "data2"))
    ):
        message, channel = status >> 4, status & 0x0F
        key = mtrk, channel, data1
        if message == 0x9 and data2:
            sounding[key] = sounding.get(key, 0) + 1
        elif message in (0x8, 0x9) and sounding.get(key):
            sounding[key] -= 1
        elif message == 0xB and data1 in (120, 123):
            for other in sounding:
                if other[:2] == key[:2]:
                    sounding[other] = 0
    return [key for key, times in sounding.items() for _ in range(times)]
