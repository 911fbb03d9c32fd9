"""Writing a piece into the MIDI file that it was read from.

Every event of the file stays at its tick, in its track chunk, in its order, byte for byte; only
end marks move. New notes stand behind what the file has at their tick, in the chunk and on the
port and channel of their track, and with the channel state that they need (``chase``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from lstm_music.midi.private import Pickup
from lstm_music.midi.writing import chase, meta
from lstm_music.midi.writing.additions import Additions, additions
from lstm_music.midi.writing.messages import Messages, Rank, Ticks
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
        for meter in bar_line_meters(self._piece):
            if meter.onset_steps <= self._piece.pickup_steps:
                ticks = self._file.ticks(meter.onset_steps)
                self._messages.add(self._file.first_chunk, ticks, meta.time_signature(meter))

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
            for kind, value in self._file.channel(*self._left[port, channel]).controls(first):
                self._add(instrument, first, meta.control_change(channel, kind, value))
        self._add_sounds(settings, mine)
        if len(settings.onsets) and settings.onsets[-1] >= first:
            return  # the file still plays there, and has set its channel for itself
        has_pedal = bool(np.array(is_mine)[self._added.pedal["track"]].any())
        for kind, neutral, message in _NEUTRAL:
            is_ours = kind == chase.SUSTAIN and has_pedal
            if not is_ours and settings.value(kind, first) not in (None, neutral):
                self._add(instrument, first, message(channel))
        for kind, value in settings.loudness_restored(first):
            self._add(instrument, first, meta.control_change(channel, kind, value))

    def _add_sounds(self, settings: chase.Channel, notes: Ticks) -> None:
        """Banks and programs where the channel has others than the notes need.

        Of several at one tick the one of a note's own chunk counts: each chunk tells its own then.
        """
        tracks = self._added.notes["track"]
        turns = {(int(self._starts[i]), int(tracks[i])) for i in notes.tolist()}
        at_once: dict[int, set[chase.Sound]] = defaultdict(set)
        for ticks, track in turns:
            at_once[ticks].add(_sound(self._instruments[track]))
        added: tuple[int, chase.Sound] | None = None
        for ticks, track in sorted(turns, key=lambda turn: (turn[0], self._instruments[turn[1]])):
            instrument = self._instruments[track]
            now = {settings.sound(ticks), settings.sound(ticks, instrument.mtrk)}
            if added and not settings.changes_between(added[0], ticks):
                now = {added[1]}
            wanted = _sound(instrument)
            others = (now | at_once[ticks]) - {wanted}
            if not others:
                continue
            is_new_chunk = instrument.mtrk >= self._file.raw.n_mtrks
            at = 0 if is_new_chunk and added is None else ticks
            for message in _sound_messages(
                instrument.channel, wanted, any(sound.bank != wanted.bank for sound in others)
            ):
                self._add(instrument, at, message)
            added = ticks, wanted


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
