"""Reading a MIDI file as a Piece: scanned bytes, rounded to the grid, made into tracks.

What a file leaves open is settled so: an instrument is one (track chunk, port, channel, program,
drums or not) that has notes; notes of one pitch that overlap in one channel end first in, first
out; of several changes of one kind at one step the last holds; the sustain pedal belongs to every
instrument of its port and channel.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from lstm_music.errors import MidiError
from lstm_music.midi.changes import Changes, added_places, read_changes
from lstm_music.midi.channel_state import Events, with_banks
from lstm_music.midi.end_marks import told_length
from lstm_music.midi.grid import pedal_to_grid, to_grid
from lstm_music.midi.limits import DEFAULT_LIMITS, Limits
from lstm_music.midi.mpe import join_zones
from lstm_music.midi.raw import RawMidi, Repair, mend, sentence
from lstm_music.midi.regular_file import read_regular
from lstm_music.midi.scan import scan
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.listening.drum_parts import with_drum_parts
from lstm_music.music.order import extremes, in_order, most_at_once
from lstm_music.music.original import Instrument, Original
from lstm_music.music.piece import Piece, Tempo, Track

_Result = TypeVar("_Result")


def read_midi(
    path: str | os.PathLike[str], *, strict: bool = False, limits: Limits = DEFAULT_LIMITS
) -> Piece:
    """Read a Standard MIDI File, also one in a RIFF wrapper; docs/reading.md has the rules.

    Parameters
    ----------
    path : the file; a regular one (a pipe or a device could block for ever).
    strict : refuse what would have to be mended.
    limits : how much the file may hold.

    Returns
    -------
    Piece
        Notes and changes on the grid; ``repairs`` says what was mended, ``unstated`` what the
        file leaves open, and ``max_timing_error_steps`` how far an onset lay from the grid. Of a
        file of several separate pieces (format 2), the first that has notes.

    Raises
    ------
    MidiError : the file cannot be opened, is not MIDI, is beyond mending, or has no notes.
        Its ``path`` and ``offset`` say where.
    """
    return _with_path(
        path,
        limits,
        lambda data, name: read_midi_bytes(data, source=name, strict=strict, limits=limits),
    )


def read_midi_pieces(
    path: str | os.PathLike[str], *, strict: bool = False, limits: Limits = DEFAULT_LIMITS
) -> list[Piece]:
    """Read every piece of a Standard MIDI File: each pattern with notes of a format 2 file.

    Parameters
    ----------
    path, strict, limits : as of ``read_midi``.

    Returns
    -------
    list of Piece
        At least one; exactly one for formats 0 and 1.

    Raises
    ------
    MidiError : as from ``read_midi``.
    """
    return _with_path(
        path,
        limits,
        lambda data, name: read_midi_pieces_bytes(data, source=name, strict=strict, limits=limits),
    )


def read_midi_bytes(
    data: bytes, *, source: str = "", strict: bool = False, limits: Limits = DEFAULT_LIMITS
) -> Piece:
    """Read the content of a Standard MIDI File.

    Parameters
    ----------
    data : the whole file.
    source : where it came from; kept in the Piece.
    strict, limits : as of ``read_midi``.

    Returns
    -------
    Piece
        As from ``read_midi``.

    Raises
    ------
    MidiError : as from ``read_midi``, without a path.
    """
    raw = scan(data, limits)
    repairs = list(raw.repairs)
    if raw.format == 2 and raw.n_mtrks > 1:
        mend(repairs, "other_patterns", raw.start + 8)
    return _piece(data, _patterns(raw)[0], repairs, source, strict, limits)


def read_midi_pieces_bytes(
    data: bytes, *, source: str = "", strict: bool = False, limits: Limits = DEFAULT_LIMITS
) -> list[Piece]:
    """Read every piece in the content of a Standard MIDI File.

    Parameters
    ----------
    data, source, strict, limits : as of ``read_midi_bytes``.

    Returns
    -------
    list of Piece
        As from ``read_midi_pieces``.

    Raises
    ------
    MidiError : as from ``read_midi``, without a path.
    """
    raw = scan(data, limits)
    return [
        _piece(data, pattern, list(raw.repairs), source, strict, limits)
        for pattern in _patterns(raw)
    ]


def _with_path(
    path: str | os.PathLike[str], limits: Limits, read: Callable[[bytes, str], _Result]
) -> _Result:
    data = read_regular(path, limits.max_bytes)
    try:
        return read(data, os.fsdecode(path))
    except MidiError as error:
        raise MidiError(error.reason, path=path, offset=error.offset) from error


def _patterns(raw: RawMidi) -> list[RawMidi]:
    """The pieces that the file holds: one, or each track chunk with notes of a format 2 file."""
    if not len(raw.notes):
        raise MidiError("no notes in it")
    if raw.format != 2:
        return [raw]
    chunks = np.unique(raw.notes["mtrk"])
    cuts = [
        (
            array,
            np.searchsorted(array["mtrk"], chunks),
            np.searchsorted(array["mtrk"], chunks, "right"),
        )
        for array in (raw.notes, raw.pedal, raw.settings, raw.marks)
    ]
    patterns = []
    for i in range(len(chunks)):
        notes, pedal, settings, marks = (array[start[i] : end[i]] for array, start, end in cuts)
        patterns.append(raw._replace(notes=notes, pedal=pedal, settings=settings, marks=marks))
    return patterns


def _piece(
    data: bytes, raw: RawMidi, repairs: list[Repair], source: str, strict: bool, limits: Limits
) -> Piece:
    changes = read_changes(data, raw, repairs)
    raw = join_zones(raw)
    found, instruments, error = to_grid(raw.notes, raw.ticks, raw.quarters, limits.max_tracks)
    if raw.has_banks:
        events = Events(raw.notes, raw.pedal, raw.settings, raw.format == 2)
        instruments = with_banks(events, instruments)
    notes = in_order(found)
    pedal = pedal_to_grid(raw.pedal, instruments, raw.ticks, raw.quarters, limits.max_events)
    if most_at_once(notes) > limits.max_at_once:
        raise MidiError(f"more than {limits.max_at_once} notes begin at once")
    if strict and repairs:
        first = min(repairs, key=lambda repair: repair.offset)
        reason = f"strict reading refuses a file that needs repairs: {first.text}"
        raise MidiError(reason, offset=first.offset)
    end_steps = extremes(notes)[3]
    length_steps = told_length(raw, changes.meters, changes.pickup_steps, end_steps)
    piece = Piece(
        notes=notes,
        tracks=_tracks(instruments, changes.names),
        meters=changes.meters,
        tempos=changes.tempos,
        key=changes.key,
        key_changes=changes.key_changes,
        pedal=pedal,
        pickup_steps=changes.pickup_steps,
        title=_title(raw, instruments[0].mtrk, changes),
        source=source,
        repairs=tuple(map(sentence, repairs)),
        max_timing_error_steps=error,
        settled_bars=changes.settled_bars,
        added_places=added_places(changes, instruments, raw, max(end_steps, length_steps)),
        unstated=changes.unstated,
        length_steps=length_steps,
        original=_original(data, raw, instruments),
    )
    if _seconds(piece.tempos, end_steps) > limits.max_seconds:
        raise MidiError(f"the music lasts longer than {limits.max_seconds} seconds")
    return with_drum_parts(piece)


def _tracks(instruments: list[Instrument], names: dict[int, str]) -> tuple[Track, ...]:
    return tuple(
        [
            Track(instrument.program, instrument.is_drum, names.get(instrument.mtrk, ""))
            for instrument in instruments
        ]
    )


def _original(data: bytes, raw: RawMidi, instruments: list[Instrument]) -> Original:
    return Original(
        data=data[raw.start : raw.end],
        instruments=tuple(instruments),
        knots_steps=_knots(STEPS_PER_QUARTER * raw.quarters),
        knots_ticks=_knots(raw.ticks),
        mtrk=instruments[0].mtrk if raw.format == 2 else -1,
    )


@lru_cache(maxsize=64)
def _knots(end: int) -> npt.NDArray[np.float64]:
    knots = np.array([0.0, end])
    knots.flags.writeable = False  # many pieces share it
    return knots


def _title(raw: RawMidi, first_mtrk: int, changes: Changes) -> str:
    """The name of the first chunk, unless that is an instrument among others."""
    if raw.format == 1:
        return changes.names.get(0, "") if first_mtrk else ""
    return changes.names.get(first_mtrk, "")


def _seconds(tempos: tuple[Tempo, ...], end_steps: int) -> float:
    total, onset = 0, end_steps
    for tempo in reversed(tempos):
        if tempo.onset_steps < onset:
            total += (onset - tempo.onset_steps) * tempo.usec_per_quarter
            onset = tempo.onset_steps
    return total / STEPS_PER_QUARTER * 1e-6
