"""A Piece as a Standard MIDI File of its own: type 1, a conductor track, one track an instrument.

Every instrument has a channel of its own; where there are more than 15, those of one program
share one. Reading the file back gives the same Piece, but for what MIDI cannot say: tracks without
notes and the style are lost, and of notes of one pitch in one track that sound together the one
that began first ends first.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from lstm_music.midi.private import AddedPlace, Pickup
from lstm_music.midi.writing import meta
from lstm_music.midi.writing.messages import Messages, Rank, header
from lstm_music.midi.writing.played import Ticks, played_ticks
from lstm_music.music.grid import STEPS_PER_QUARTER, STEPS_PER_WHOLE
from lstm_music.music.meter import DENOMINATORS, MAX_NUMERATOR, Meter
from lstm_music.music.piece import Piece

TICKS_PER_QUARTER = 480
TICKS_PER_STEP = TICKS_PER_QUARTER // STEPS_PER_QUARTER
RELEASE_VELOCITY = 64

_DRUM_CHANNEL = 9
_PITCHED_CHANNELS = tuple(c for c in range(16) if c != _DRUM_CHANNEL)


def plain_file(piece: Piece, text: str) -> bytes:
    """The piece as a file of 480 ticks a quarter note.

    Parameters
    ----------
    piece : the music, its values within what MIDI can say.
    text : kept as a cue point.

    Raises
    ------
    MidiError : a gap is longer than MIDI can say.
    """
    messages = Messages()
    _add_conductor(messages, piece, text)
    _add_instruments(messages, piece)
    n_chunks = 1 + len(piece.tracks)
    chunks = messages.chunks(n_chunks, piece.length_steps * TICKS_PER_STEP)
    return b"".join([header(1, n_chunks, TICKS_PER_QUARTER), *chunks.values()])


def _added_places(piece: Piece) -> list[AddedPlace]:
    """``Piece.added_places`` as the file has them."""
    channels = channels_of(piece)
    return [
        AddedPlace(
            (1 + i, 0, channels[i], piece.tracks[i].program, int(piece.tracks[i].is_drum)),
            *(steps * TICKS_PER_STEP for steps in place),
        )
        for i, *place in piece.added_places
    ]


def _to_ticks(steps: npt.NDArray[np.float64]) -> Ticks:
    return np.rint(steps * TICKS_PER_STEP).astype(np.int64)


def _add_conductor(messages: Messages, piece: Piece, text: str) -> None:
    """Chunk 0: title, meters, keys, tempos."""
    if piece.title:
        messages.add(0, 0, meta.track_name(piece.title))
    if text:
        messages.add(0, 0, meta.cue_point(text))
    meters = bar_line_meters(piece)
    pickup = Pickup(piece.pickup_steps, own_bar=len(meters) > len(piece.meters))
    messages.add(0, 0, meta.pickup_event(pickup))
    if piece.added_places:
        messages.add(0, 0, meta.added_event(_added_places(piece)))
    _add_keys(messages, 0, piece)
    for meter in meters:
        messages.add(0, meter.onset_steps * TICKS_PER_STEP, meta.time_signature(meter))
    for tempo in piece.tempos:
        ticks = tempo.onset_steps * TICKS_PER_STEP
        messages.add(0, ticks, meta.set_tempo(tempo.usec_per_quarter))


def _add_keys(messages: Messages, mtrk: int, piece: Piece) -> None:
    if piece.key is not None:
        messages.add(mtrk, 0, meta.key_signature(piece.key))
    for change in piece.key_changes:
        messages.add(mtrk, change.onset_steps * TICKS_PER_STEP, meta.key_signature(change.key))


def bar_line_meters(piece: Piece) -> tuple[Meter, ...]:
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


def channels_of(piece: Piece) -> list[int]:
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


def _add_instruments(messages: Messages, piece: Piece) -> None:
    """One chunk a track: name, key, programs, pedal, notes."""
    channels = channels_of(piece)
    for mtrk, track in enumerate(piece.tracks, start=1):
        if track.name:
            messages.add(mtrk, 0, meta.track_name(track.name))
        if not track.is_drum:
            # MuseScore 3 heeds the key of an instrument's own track only, and guesses without.
            _add_keys(messages, mtrk, piece)
    starts, ends = played_ticks(piece.notes, _to_ticks)
    for ticks, i in _program_changes(piece, channels, starts):
        program = meta.program_change(channels[i], piece.tracks[i].program)
        messages.add(1 + i, ticks, program)
    for steps, i, down in piece.pedal.tolist():
        pedal = meta.control_change(channels[i], meta.PEDAL, 127 if down else 0)
        messages.add(1 + i, steps * TICKS_PER_STEP, pedal, Rank.PEDAL)
    tracks = piece.notes["track"].astype(np.int64)
    of_note = np.array(channels, np.int64)[tracks] if len(tracks) else tracks
    messages.add_notes(1 + tracks, of_note, piece.notes, starts, ends, RELEASE_VELOCITY)


def _program_changes(piece: Piece, channels: list[int], starts: Ticks) -> list[tuple[int, int]]:
    """(tick, track) of each program change.

    A track with a channel to itself sets its program at the start. On a channel of several programs
    a track sets its own before a note when the channel has another, or gets another at that tick:
    of several programs at one tick that of a note's own chunk counts.
    """
    programs: dict[int, set[int]] = defaultdict(set)
    for track, channel in zip(piece.tracks, channels):
        programs[channel].add(track.program)
    changes = [(0, i) for i, channel in enumerate(channels) if len(programs[channel]) == 1]
    playing: dict[tuple[int, int], list[int]] = defaultdict(list)  # tracks by tick and channel
    for ticks, i in sorted(zip(starts.tolist(), piece.notes["track"].tolist())):
        if len(programs[channels[i]]) > 1:
            playing[ticks, channels[i]].append(i)
    current: dict[int, int | None] = {}
    begun: set[int] = set()
    for (ticks, channel), tracks in playing.items():
        wanted = {piece.tracks[i].program for i in tracks}
        for i in dict.fromkeys(tracks):
            if len(wanted) > 1 or i not in begun or current[channel] not in wanted:
                changes.append((ticks, i))
                begun.add(i)
                current[channel] = piece.tracks[i].program
        if len(wanted) > 1:
            current[channel] = None  # which of them it has is for the player to say
    return changes
