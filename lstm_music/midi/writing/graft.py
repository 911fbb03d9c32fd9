"""Writing a piece into the MIDI file that it was read from.

Every event of the file stays at its tick, in its track chunk, in its order, byte for byte; only
end marks move. New notes stand behind what the file has at their tick, in the chunk and on the
port and channel of their track, and with the channel state that they need (``chase``).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import numpy as np

from lstm_music.midi.private import Pickup
from lstm_music.midi.writing import chase, meta
from lstm_music.midi.writing.additions import Additions, additions
from lstm_music.midi.writing.messages import Events, Messages, Rank, Ticks
from lstm_music.midi.writing.original_file import OriginalFile, free_channel
from lstm_music.midi.writing.plain import RELEASE_VELOCITY, bar_line_meters
from lstm_music.midi.writing.played import played_ticks
from lstm_music.music.original import Instrument
from lstm_music.music.piece import Piece

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
    text : kept as a cue point on the bar line of the first addition.

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
    file = OriginalFile(piece.original)
    start = added.start_steps
    if start is None and not text:
        return file.written({})
    messages = Messages()
    bar_ticks = 0 if start is None else file.ticks(piece.bar_lines.bar_start(start))
    if text:
        messages.add(file.first_chunk, bar_ticks, meta.cue_point(text))
    if len(piece.original.knots_steps) == 2:  # else a reader must look for the beats again
        settled = meta.pickup_event(_settled_bars(file, piece))
        messages.add(file.first_chunk, bar_ticks, settled)
    if start is not None:
        _Addition(file, piece, added, messages).add_all()
    length = file.ticks(piece.length_steps) if piece.length_steps else 0
    extra = {i.mtrk for i in file.instruments_of(piece)} - set(range(file.raw.n_mtrks))
    chunks = messages.chunks(
        file.raw.n_mtrks + len(extra), length, events=file.events, ends=file.ends, data=file.data
    )
    return file.written(chunks)


def _settled_bars(file: OriginalFile, piece: Piece) -> Pickup:
    """What keeps a reader of the output from looking for its meter and pickup anew."""
    if file.original.chosen_meter:
        return Pickup(piece.pickup_steps, own_bar=False, meter=piece.meters[0], restated=True)
    ticks = file.ticks(piece.pickup_steps)
    own_bar = piece.pickup_steps > 0 and ticks in file.meter_ticks
    return Pickup(piece.pickup_steps, own_bar, None if own_bar else piece.meters[0])


class _Addition:
    """What is added to a file, as messages."""

    def __init__(
        self, file: OriginalFile, piece: Piece, added: Additions, messages: Messages
    ) -> None:
        self._file = file
        self._piece = piece
        self._added = added
        self._messages = messages
        self._instruments = file.instruments_of(piece)
        self._starts, self._ends = played_ticks(added.notes, file.original.ticks)
        self._left: dict[tuple[int, int], tuple[int, int]] = {}
        self._separate()

    def _separate(self) -> None:
        """Give tracks that would fight over the sound of one channel channels of their own.

        The one whose sound the channel has keeps it. ``_left`` tells which channel each new one
        was taken for, as (port, channel).
        """
        with_notes = np.unique(self._added.notes["track"]).tolist()
        used = self._file.used_places | {i.port << 4 | i.channel for i in self._instruments}
        shared: dict[tuple[int, int], list[int]] = {}
        for track in with_notes:
            one = self._instruments[track]
            shared.setdefault((one.port, one.channel), []).append(track)
        for place, tracks in shared.items():
            sounds = [_sound(self._instruments[track]) for track in tracks]
            now = self._file.channel(*place).sound(int(self._starts.min()))
            kept = now if now in sounds else sounds[0]
            for track, sound in zip(tracks, sounds):
                free = free_channel(used)
                if sound != kept and not self._instruments[track].is_drum and free >> 4 == place[0]:
                    one = self._instruments[track]
                    self._instruments[track] = one._replace(channel=free & 0x0F)
                    self._left[place[0], free & 0x0F] = place
                    used.add(free)

    def add_all(self) -> None:
        """Changes, the ends of hung notes, pedal, channel state, notes."""
        self._add_chosen_meter()
        self._add_changes()
        self._end_hung_notes()
        self._add_pedal()
        self._make_way()
        self._wait_for_later_chunks()
        for place in dict.fromkeys((i.port, i.channel) for i in self._instruments):
            self._add_state(*place)
        self._add_notes()
        self._name_new_chunks()

    def _add(
        self, instrument: Instrument, ticks: int, message: Iterable[int], rank: Rank = Rank.STATE
    ) -> None:
        """Add a message of a track; its chunk may play on another port at that time."""
        mtrk = instrument.mtrk
        port = self._file.port_at(mtrk, ticks)
        if port == instrument.port or mtrk >= self._file.raw.n_mtrks:
            self._messages.add(mtrk, ticks, message, rank)
            return
        for part in (meta.midi_port(instrument.port), message, meta.midi_port(port)):
            self._messages.add(mtrk, ticks, part, rank)

    def _add_notes(self) -> None:
        notes = self._added.notes
        if not len(notes):
            return
        tracks = notes["track"]
        if self._file.ports.any():
            for note, start, end in zip(notes, self._starts.tolist(), self._ends.tolist()):
                instrument = self._instruments[int(note["track"])]
                on = (0x90 | instrument.channel, int(note["pitch_midi"]), int(note["velocity"]))
                off = (0x80 | instrument.channel, int(note["pitch_midi"]), RELEASE_VELOCITY)
                self._add(instrument, start, on, Rank.ON)
                self._add(instrument, end, off, Rank.OFF)
            return
        mtrks = np.array([instrument.mtrk for instrument in self._instruments])[tracks]
        channels = np.array([instrument.channel for instrument in self._instruments])[tracks]
        self._messages.add_notes(mtrks, channels, notes, self._starts, self._ends, RELEASE_VELOCITY)

    def _add_chosen_meter(self) -> None:
        if self._file.original.chosen_meter is None:
            return
        file, piece = self._file, self._piece
        chosen = {file.ticks(meter.onset_steps): meter for meter in bar_line_meters(piece)}
        begin = file.ticks(piece.pickup_steps)
        stated = {ticks for ticks in file.meter_ticks if ticks > begin} - set(chosen)
        if stated and self._added.start_steps is not None:
            stated.add(file.ticks(piece.bar_lines.bar_start(self._added.start_steps)))
        for ticks in sorted({at for at in chosen if at <= begin} | stated):
            meter = chosen[max(at for at in chosen if at <= ticks)]
            self._messages.add(file.meter_chunk(ticks), ticks, meta.time_signature(meter))

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
            what = (steps, instrument.mtrk, instrument.port, instrument.channel, down)
            if what in seen:
                continue
            seen.add(what)
            pedal = meta.control_change(instrument.channel, meta.PEDAL, 127 if down else 0)
            self._add(instrument, self._file.ticks(steps), pedal, Rank.PEDAL)

    def _make_way(self) -> None:
        """A new note waits until a note of its key that still sounds in the file has ended."""
        notes = self._added.notes
        if not len(notes):
            return
        raw = self._file.raw.notes
        is_near = (raw["end_ticks"] > self._starts.min()) & (raw["onset_ticks"] < self._ends.max())
        channels = np.array([instrument.channel for instrument in self._instruments])
        for note in raw[is_near]:
            onset, end = int(note["onset_ticks"]), int(note["end_ticks"])
            same_key = (notes["pitch_midi"] == note["pitch_midi"]) & (
                channels[notes["track"]] == note["channel"]
            )
            late = same_key & (self._starts > onset) & (self._starts < end)
            self._starts[late] = end
            self._ends[late] = np.maximum(self._ends[late], end + 1)

    def _wait_for_later_chunks(self) -> None:
        """A new note waits a tick where a later chunk silences or changes its channel.

        At one tick that is heard after the note, whatever stands before it in its own chunk.
        """
        tracks = self._added.notes["track"]
        for track in np.unique(tracks).tolist():
            one = self._instruments[track]
            settings = self._file.channel(one.port, one.channel)
            changes = settings.changes_of_later_chunks(one.mtrk)
            late = (tracks == track) & np.isin(self._starts, changes)
            self._starts[late] += 1
            self._ends[late] = np.maximum(self._ends[late], self._starts[late] + 1)

    def _add_state(self, port: int, channel: int) -> None:
        """What the new notes of one channel need: their sound, nothing bent, nothing blurred."""
        is_mine = [(i.port, i.channel) == (port, channel) for i in self._instruments]
        mine = np.flatnonzero(np.array(is_mine)[self._added.notes["track"]])
        if not len(mine):
            return
        mine = mine[np.argsort(self._starts[mine], kind="stable")]
        settings = self._file.channel(port, channel)
        first = int(self._starts[mine[0]])
        instrument = self._instruments[int(self._added.notes["track"][mine[0]])]
        if (port, channel) in self._left:
            left = self._file.channel(*self._left[port, channel])
            restored = dict(left.loudness_restored(first))
            for kind, value in (dict(left.controls(first)) | restored).items():
                self._add(instrument, first, meta.control_change(channel, kind, value))
        self._add_sounds(settings, mine)
        if len(settings.onsets) and settings.onsets[-1] >= first:
            return  # the file still plays there, and has set its channel for itself
        pedal = self._added.pedal[np.array(is_mine)[self._added.pedal["track"]]]
        self._put_to_rest(instrument, first, pedal)
        for silent in self._file.silent_channels.get((port, channel), ()):
            self._put_to_rest(instrument._replace(channel=silent), first, pedal[:0])

    def _put_to_rest(self, instrument: Instrument, first: int, pedal: Events) -> None:
        """Undo what the file, whose notes are over, bends, holds or fades on a channel.

        Parameters
        ----------
        first : when the first new note begins.
        pedal : what is added on the channel; it counts, not what the file does meanwhile.
        """
        channel = instrument.channel
        settings = self._file.channel(instrument.port, channel)
        for kind, neutral, message in _NEUTRAL:
            is_ours = kind == chase.SUSTAIN and len(pedal)
            if not is_ours and settings.value(kind, first) not in (None, neutral):
                self._add(instrument, first, message(channel))
        pressed = [(self._file.ticks(int(c["onset_steps"])), bool(c["down"])) for c in pedal]
        begin = min([first, *(ticks for ticks, _ in pressed)])
        later = [  # of the same tick it is heard after what an earlier chunk has there
            (ticks + (mtrk > instrument.mtrk), kind, value)
            for ticks, mtrk, kind, value in settings.later(begin, int(self._ends.max()))
        ]
        restored = dict(settings.loudness_restored(first))
        for kind, value in restored.items():
            self._add(instrument, first, meta.control_change(channel, kind, value))
        for ticks, kind, value in later:
            if kind == chase.SUSTAIN and ticks > begin:
                down = [is_down for at, is_down in pressed if at <= ticks][-1:] == [True]
                if value != 127 * down:
                    ours = meta.control_change(channel, meta.PEDAL, 127 * down)
                    self._add(instrument, ticks, ours, Rank.PEDAL)
            if kind in restored and ticks > first and value != restored[kind]:
                again = meta.control_change(channel, kind, restored[kind])
                self._add(instrument, ticks, again)
            for other, neutral, neutral_message in _NEUTRAL[:-1]:
                if kind == other and value != neutral and ticks > first:
                    self._add(instrument, ticks, neutral_message(channel))

    def _add_sounds(self, settings: chase.Channel, notes: Ticks) -> None:
        """Banks and programs where the channel has others than the notes need.

        Where notes of several sounds begin at one tick, each sets its own: that of a note's own
        chunk counts.
        """
        added: tuple[int, chase.Sound | None] | None = None
        for ticks, group in groupby(notes.tolist(), lambda i: int(self._starts[i])):
            tracks = dict.fromkeys(int(self._added.notes["track"][i]) for i in group)
            instruments = [self._instruments[track] for track in tracks]
            is_one = len({_sound(one) for one in instruments}) == 1
            for one in instruments:
                now = {settings.sound(ticks), settings.sound(ticks, one.mtrk)}
                next_bank: int | None = settings.next_bank(ticks)
                if added and not settings.changes_between(added[0], ticks):
                    now = {added[1]} if added[1] else set()
                    next_bank = added[1].bank if added[1] else None
                wanted = _sound(one)
                if now == {wanted} and is_one:
                    continue
                is_new_chunk = one.mtrk >= self._file.raw.n_mtrks
                at = 0 if is_new_chunk and added is None else ticks
                banks = {*(sound.bank for sound in now), next_bank}
                for message in _sound_messages(one.channel, wanted, banks != {wanted.bank}):
                    self._add(one, at, message)
                added = ticks, wanted
            if not is_one:
                added = ticks, None  # which of them the channel has is for the player to say


def _sound(instrument: Instrument) -> chase.Sound:
    return chase.Sound(instrument.program, instrument.bank)


def _sound_messages(channel: int, sound: chase.Sound, with_bank: bool) -> list[bytes]:
    banks = ((chase.BANK_MSB, sound.bank >> 7), (chase.BANK_LSB, sound.bank & 0x7F))
    selected = [meta.control_change(channel, *bank) for bank in banks] if with_bank else []
    return [*selected, meta.program_change(channel, sound.program)]


def hung_notes(file: OriginalFile) -> list[tuple[int, int, int]]:
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
