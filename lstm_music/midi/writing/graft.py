"""Writing a piece into the MIDI file that it was read from.

Every event of the file stays at its tick, in its track chunk, in its order, byte for byte, but for
the beginnings and ends of notes that the piece no longer has; only end marks move. New notes stand
behind what the file has at their tick, in the chunk and on the port and channel of their track
(``room``), and with the channel state that they need (``channel_needs``).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lstm_music.midi.private import AddedPlace, Pickup
from lstm_music.midi.writing import meta
from lstm_music.midi.writing.additions import Additions, additions
from lstm_music.midi.writing.channel_needs import ChannelNeeds, separate
from lstm_music.midi.writing.messages import Messages, Rank
from lstm_music.midi.writing.original_file import OriginalFile
from lstm_music.midi.writing.plain import RELEASE_VELOCITY, bar_line_meters
from lstm_music.midi.writing.played import in_their_places, played_ticks
from lstm_music.midi.writing.room import with_room
from lstm_music.music.distinct import distinct
from lstm_music.music.original import Instrument
from lstm_music.music.piece import Piece


def graft(piece: Piece, text: str) -> bytes | None:
    """The file that a piece was read from, with the notes that the piece has.

    Parameters
    ----------
    piece : the music, its values within what MIDI can say.
    text : kept as a cue point on the bar line of the first addition.

    Returns
    -------
    bytes or None
        None if the piece has no original, or is another in more than its notes.

    Raises
    ------
    MidiError : an addition lies further away than MIDI can say, or a note that is gone is not
        found in the file.
    """
    added = additions(piece)
    if added is None or piece.original is None:
        return None
    file = OriginalFile(piece.original, added.removed)
    start = _first_change(piece, added)
    if start is None and not text:
        return file.written({})
    messages = Messages()
    bar_ticks = 0 if start is None else file.ticks(piece.bar_lines.bar_start(start))
    if text:
        messages.add(file.first_chunk, bar_ticks, meta.cue_point(text))
    instruments = file.instruments_of(piece)
    if added.start_steps is not None or piece.original.until_steps is not None:
        _Addition(file, piece, added, instruments, messages).add_all()
    mark_ticks = max(bar_ticks, file.own_mark_ticks)  # of several marks the latest counts
    if len(piece.original.knots_steps) == 2:  # else a reader must look for the beats again
        settled = meta.pickup_event(_settled_bars(file, piece))
        messages.add(file.first_chunk, mark_ticks, settled)
    places = _added_places(file, piece, instruments)
    if places or mark_ticks:  # without the second mark all behind the first counts as ours
        messages.add(file.first_chunk, mark_ticks, meta.added_event(places))
    length = file.ticks(piece.length_steps) if piece.length_steps else 0
    chunks = messages.chunks(
        file.raw.n_mtrks, length, events=file.events, ends=file.ends, data=file.data
    )
    return file.written(chunks)


def _first_change(piece: Piece, added: Additions) -> int | None:
    """Where the file is cut, or the first addition stands, or else the first note that is gone."""
    if piece.original is not None and piece.original.until_steps is not None:
        return piece.original.until_steps
    read = None if piece.original is None else piece.original.as_read
    if added.start_steps is None and len(added.removed) and read is not None:
        return int(read.notes["onset_steps"][added.removed[0]])
    return added.start_steps


def _added_places(
    file: OriginalFile, piece: Piece, instruments: list[Instrument]
) -> list[AddedPlace]:
    """``Piece.added_places`` as the file has them."""
    places = []
    for track, start, end in piece.added_places:
        one = instruments[track]
        instrument = (one.mtrk, one.port, one.channel, one.program, int(one.is_drum))
        places.append(AddedPlace(instrument, file.ticks(start), file.ticks(end)))
    return places


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
        self,
        file: OriginalFile,
        piece: Piece,
        added: Additions,
        instruments: list[Instrument],
        messages: Messages,
    ) -> None:
        self._file = file
        self._piece = piece
        self._messages = messages
        self._instruments = instruments
        starts, ends = played_ticks(added.notes, file.original.ticks)
        gone = added.notes[:0]
        if file.original.as_read is not None:
            gone = file.original.as_read.notes[added.removed]
        ticks = file.taken_out["onset_ticks"], file.taken_out["end_ticks"]
        starts, ends, is_there = in_their_places(added.notes, (starts, ends), gone, ticks)
        with_notes = distinct(added.notes["track"]).tolist()
        first = int(starts.min()) if len(starts) else 0
        left = separate(file, instruments, with_notes, first)
        begins = (added.start_steps, file.original.until_steps, 0)
        self._start = file.ticks(next(steps for steps in begins if steps is not None))
        room = with_room(
            file, instruments, added.notes, starts, ends, self._start, in_place=is_there
        )
        self._starts, self._ends = room.starts[room.kept], room.ends[room.kept]
        self._added = added._replace(notes=added.notes[room.kept])
        self._needs = ChannelNeeds(
            file, self._add, self._added, instruments, self._starts, self._ends, left
        )

    def add_all(self) -> None:
        """Changes, the ends of hung notes, pedal, channel state, notes."""
        self._add_chosen_meter()
        self._add_changes()
        self._end_hung_notes()
        self._add_pedal()
        self._needs.add_all()
        self._add_notes()
        self._name_new_chunks()

    def _add(
        self, instrument: Instrument, ticks: int, message: Iterable[int], rank: Rank = Rank.STATE
    ) -> None:
        """Add a message of a track; its chunk may play on another port at that time."""
        mtrk = instrument.mtrk
        port = self._file.port_at(
            mtrk, ticks - (rank == Rank.OFF)
        )  # before what the file has there
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
        open_notes = self._file.notes[self._file.open_notes]
        for note, ticks in zip(open_notes, self._file.open_ends(self._start).tolist()):
            off = (0x80 | int(note["channel"]), int(note["pitch_midi"]), RELEASE_VELOCITY)
            self._messages.add(int(note["mtrk"]), ticks, off, Rank.OFF)

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
