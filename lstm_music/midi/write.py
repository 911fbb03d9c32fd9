"""Writing a Piece as a Standard MIDI File: type 1, a conductor track, one track an instrument.

Every instrument has a channel of its own; where there are more than 15, those of one program
share one. Reading the file back gives the same Piece, but for what MIDI cannot say: tracks without
notes and the style are lost, and of notes of one pitch in one track that sound together the one
that began first ends first.
"""

from __future__ import annotations

import io
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import mido
import numpy as np
import numpy.typing as npt

from lstm_music.errors import MidiError
from lstm_music.files import atomic_write
from lstm_music.midi.private import Pickup, pickup_payload
from lstm_music.music.grid import STEPS_PER_QUARTER, STEPS_PER_WHOLE
from lstm_music.music.key import Key
from lstm_music.music.meter import DENOMINATORS, MAX_NUMERATOR, Meter
from lstm_music.music.piece import TIMING_PER_STEP, Piece
from lstm_music.types import NoteArray

TICKS_PER_QUARTER = 480
TICKS_PER_STEP = TICKS_PER_QUARTER // STEPS_PER_QUARTER
TICKS_PER_96TH = TICKS_PER_STEP // TIMING_PER_STEP

_Ticks = npt.NDArray[np.int64]

_DRUM_CHANNEL = 9
_PITCHED_CHANNELS = tuple(c for c in range(16) if c != _DRUM_CHANNEL)
_RELEASE_VELOCITY = 64
_MAX_USEC_PER_QUARTER = 2**24 - 1
_MAX_DELTA_TICKS = 2**28 - 1

# What comes first at one tick: a note must end before the next of its pitch begins, and begin
# with its own program and pedal.
_OFF, _PROGRAM, _PEDAL, _ON = range(4)


@dataclass(slots=True)
class _Timed:
    """The messages of one track chunk with their time, before they become deltas."""

    items: list[tuple[int, int, mido.Message | mido.MetaMessage]] = field(default_factory=list)

    def add(self, steps: int, message: mido.Message | mido.MetaMessage, rank: int = 0) -> None:
        self.add_at(steps * TICKS_PER_STEP, message, rank)

    def add_at(self, ticks: int, message: mido.Message | mido.MetaMessage, rank: int) -> None:
        self.items.append((ticks, rank, message))

    def chunk(self) -> mido.MidiTrack:
        track, now = mido.MidiTrack(), 0
        for ticks, _, message in sorted(self.items, key=lambda item: item[:2]):
            if ticks - now > _MAX_DELTA_TICKS:
                raise MidiError(f"a gap of {ticks - now} ticks is longer than MIDI allows")
            message.time = ticks - now
            track.append(message)
            now = ticks
        return track


def write_midi(
    piece: Piece, path: str | os.PathLike[str], *, force: bool = False, text: str = ""
) -> None:
    """Write a MIDI file, whole or not at all.

    Parameters
    ----------
    piece : the music.
    path : the file.
    force : whether a file of that name may be replaced.
    text : kept in the file as a cue point, for example how the piece was made.

    Raises
    ------
    OutputExistsError : the file exists and ``force`` is False.
    OutputError : the folder is missing or not writable, or the disk is full.
    MidiError : the piece holds what MIDI cannot say.
    """
    atomic_write(path, to_midi_bytes(piece, text=text), overwrite=force)


def to_midi_bytes(piece: Piece, *, text: str = "") -> bytes:
    """The piece as a Standard MIDI File of 480 ticks a quarter note.

    Parameters
    ----------
    piece : the music.
    text : kept in the file as a cue point.

    Returns
    -------
    bytes
        The same for the same piece and text.

    Raises
    ------
    MidiError : a pitch, velocity, tempo or gap is outside what MIDI can say.
    """
    _check(piece)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER)
    file.tracks.append(_conductor(piece, text).chunk())
    file.tracks.extend(chunk.chunk() for chunk in _instruments(piece))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _check(piece: Piece) -> None:
    """Refuse values that mido would let through as other events, or not at all."""
    notes = piece.notes
    if len(notes):
        if notes["pitch_midi"].max() > 127:
            raise MidiError(f"pitches must be 0..127, got {notes['pitch_midi'].max()}")
        if notes["velocity"].min() < 1 or notes["velocity"].max() > 127:
            wrong = notes["velocity"][(notes["velocity"] < 1) | (notes["velocity"] > 127)][0]
            raise MidiError(f"velocities must be 1..127, got {wrong}")
    for tempo in piece.tempos:
        if not 1 <= tempo.usec_per_quarter <= _MAX_USEC_PER_QUARTER:
            raise MidiError(
                f"a tempo must be 1..{_MAX_USEC_PER_QUARTER} microseconds a quarter note "
                f"(3.6 bpm or faster), got {tempo.usec_per_quarter}"
            )


def _midi_text(text: str) -> str:
    """Text whose Latin-1 bytes, which mido writes, are the UTF-8 bytes of ``text``.

    mido's own ``charset`` is a global that another thread may be using.
    """
    return text.encode("utf-8", "replace").decode("latin-1")


def _conductor(piece: Piece, text: str) -> _Timed:
    chunk = _Timed()
    if piece.title:
        chunk.add(0, mido.MetaMessage("track_name", name=_midi_text(piece.title)))
    if text:
        # A plain text event would be engraved into the score by notation programs.
        chunk.add(0, mido.MetaMessage("cue_marker", text=_midi_text(text)))
    meters = _bar_line_meters(piece)
    if piece.pickup_steps:
        pickup = Pickup(piece.pickup_steps, own_bar=len(meters) > len(piece.meters))
        payload = tuple(pickup_payload(pickup))
        chunk.add(0, mido.MetaMessage("sequencer_specific", data=payload))
    if piece.key is not None:
        chunk.add(0, mido.MetaMessage("key_signature", key=_key_name(piece.key)))
    for meter in meters:
        chunk.add(meter.onset_steps, _time_signature(meter))
    for tempo in piece.tempos:
        message = mido.MetaMessage("set_tempo", tempo=tempo.usec_per_quarter)
        chunk.add(tempo.onset_steps, message)
    return chunk


def _key_name(key: Key) -> str:
    """``Key`` as mido names it: ``"Bb"``, ``"F#m"``."""
    tonic, mode = str(key).split()
    return tonic + ("m" if mode == "minor" else "")


def _time_signature(meter: Meter) -> mido.MetaMessage:
    compound = meter.denominator >= 8 and meter.numerator % 3 == 0 and meter.numerator > 3
    clocks = 24 * 4 * (3 if compound else 1) // meter.denominator  # of the metronome
    return mido.MetaMessage(
        "time_signature",
        numerator=meter.numerator,
        denominator=meter.denominator,
        clocks_per_click=clocks,
    )


def _bar_line_meters(piece: Piece) -> tuple[Meter, ...]:
    """The meters, with a pickup as a short bar of its own, as notation programs expect it."""
    first, *rest = piece.meters
    if not piece.pickup_steps or (rest and rest[0].onset_steps <= piece.pickup_steps):
        return piece.meters
    for denominator in DENOMINATORS[2:]:  # 1/4 rather than 0.5/2
        numerator, left = divmod(piece.pickup_steps * denominator, STEPS_PER_WHOLE)
        if not left and numerator <= MAX_NUMERATOR:
            short = Meter(0, numerator, denominator)
            full = Meter(piece.pickup_steps, first.numerator, first.denominator)
            return (short, full, *rest)
    return piece.meters  # no such meter: a pickup of a triplet


def _channels(piece: Piece) -> list[int]:
    """A channel for each track."""
    pitched = [i for i, track in enumerate(piece.tracks) if not track.is_drum]
    if len(pitched) <= len(_PITCHED_CHANNELS):
        group = {i: n for n, i in enumerate(pitched)}
    else:
        programs = list(dict.fromkeys(piece.tracks[i].program for i in pitched))
        group = {i: programs.index(piece.tracks[i].program) for i in pitched}
    return [
        _PITCHED_CHANNELS[group[i] % len(_PITCHED_CHANNELS)] if i in group else _DRUM_CHANNEL
        for i in range(len(piece.tracks))
    ]


def _instruments(piece: Piece) -> Iterable[_Timed]:
    """One chunk a track: name, key, programs, pedal, notes."""
    chunks = [_Timed() for _ in piece.tracks]
    channels = _channels(piece)
    for chunk, track in zip(chunks, piece.tracks):
        if track.name:
            chunk.add(0, mido.MetaMessage("track_name", name=_midi_text(track.name)))
        if piece.key is not None and not track.is_drum:
            # MuseScore 3 heeds the key of an instrument's own track only, and guesses without.
            chunk.add(0, mido.MetaMessage("key_signature", key=_key_name(piece.key)))
    for steps, i in _program_changes(piece, channels):
        program = piece.tracks[i].program
        message = mido.Message("program_change", channel=channels[i], program=program)
        chunks[i].add(steps, message, _PROGRAM)
    for steps, i, down in piece.pedal.tolist():
        value = 127 if down else 0
        message = mido.Message("control_change", channel=channels[i], control=64, value=value)
        chunks[i].add(steps, message, _PEDAL)
    starts, ends = (ticks.tolist() for ticks in _played_ticks(piece.notes))
    for start, end, note in zip(starts, ends, piece.notes.tolist()):
        _, _, pitch, velocity, i, _ = note
        on = mido.Message("note_on", channel=channels[i], note=pitch, velocity=velocity)
        off = mido.Message("note_off", channel=channels[i], note=pitch, velocity=_RELEASE_VELOCITY)
        chunks[i].add_at(start, on, _ON)
        chunks[i].add_at(end, off, _OFF)
    return chunks


def _played_ticks(notes: NoteArray) -> tuple[_Ticks, _Ticks]:
    """Start and end of each note as it is played: both moved by its timing.

    A note that would touch the next of its pitch by its timing alone makes way for it, as a player
    must lift a key to strike it again.
    """
    onset = notes["onset_steps"].astype(np.int64) * TICKS_PER_STEP
    start = np.maximum(onset + notes["timing_96ths"].astype(np.int64) * TICKS_PER_96TH, 0)
    length = notes["duration_steps"].astype(np.int64) * TICKS_PER_STEP
    end = start + length
    if notes["timing_96ths"].any():
        order = np.lexsort([onset, notes["pitch_midi"], notes["track"]])
        this, following = order[:-1], order[1:]
        same_key = (notes["track"][this] == notes["track"][following]) & (
            notes["pitch_midi"][this] == notes["pitch_midi"][following]
        )
        apart = same_key & (onset[this] + length[this] <= onset[following])
        end[this[apart]] = np.minimum(end[this[apart]], start[following[apart]])
    return start, np.maximum(end, start + 1)


def _program_changes(piece: Piece, channels: list[int]) -> list[tuple[int, int]]:
    """(step, track) of each program change.

    A track with a channel to itself sets its program at the start. On a shared channel each track
    sets it before its first note, and again where another track has changed it.
    """
    sharers: dict[int, set[int]] = defaultdict(set)
    for i, channel in enumerate(channels):
        sharers[channel].add(piece.tracks[i].program)
    changes = [(0, i) for i, channel in enumerate(channels) if len(sharers[channel]) == 1]
    current: dict[int, int] = {}
    begun = {i for _, i in changes}
    for steps, i in zip(piece.notes["onset_steps"].tolist(), piece.notes["track"].tolist()):
        if len(sharers[channels[i]]) == 1:
            continue
        if i not in begun or current[channels[i]] != piece.tracks[i].program:
            changes.append((steps, i))
            begun.add(i)
            current[channels[i]] = piece.tracks[i].program
    return changes
