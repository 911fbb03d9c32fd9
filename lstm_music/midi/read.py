"""Reading a MIDI file as a Piece: scanned bytes, rounded to the grid, made into tracks.

What a file leaves open is settled so: an instrument is one (track chunk, channel, program) that
has notes; notes of one pitch that overlap in one channel end first in, first out; of several
changes of one kind at one step the last holds; the sustain pedal belongs to every instrument of
its channel and track chunk.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lstm_music.errors import MidiError
from lstm_music.midi.limits import DEFAULT_LIMITS, Limits
from lstm_music.midi.private import parse_pickup
from lstm_music.midi.raw import (
    MARK_KEY,
    MARK_METER,
    MARK_NAME,
    MARK_PEDAL,
    MARK_PRIVATE,
    MARK_TEMPO,
    REPAIR_SENTENCES,
    RawMidi,
    Repair,
)
from lstm_music.midi.scan import scan
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.key import Key
from lstm_music.music.meter import DENOMINATORS, MAX_NUMERATOR, Meter
from lstm_music.music.piece import NOTE_DTYPE, PEDAL_DTYPE, Piece, Tempo, Track

DRUM_CHANNEL = 9
PEDAL_DOWN_FROM = 64
MAX_NAME_LENGTH = 1000

_FOREIGN_FILES = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive (a compressed MusicXML score is named .mxl)"),
    (b"RIFF", "a RIFF file (WAV sound, or MIDI in a RIFF wrapper, which is not read)"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"fLaC", "a FLAC recording"),
    (b"<", "XML or HTML text"),
)


def read_midi(path: str | os.PathLike[str], *, limits: Limits = DEFAULT_LIMITS) -> Piece:
    """Read a Standard MIDI File, format 0 or 1.

    Parameters
    ----------
    path : the file; a regular one (a pipe or a device could block for ever).
    limits : how much the file may hold.

    Returns
    -------
    Piece
        Notes and changes on the grid; ``repairs`` says what was mended, and
        ``max_timing_error_steps`` how far an onset lay from the grid.

    Raises
    ------
    MidiError : the file cannot be opened, is not MIDI, is beyond mending, or has no notes.
        Its ``path`` and ``offset`` say where.
    """
    try:
        data = _read_bytes(path, limits)
        return read_midi_bytes(data, source=os.fsdecode(path), limits=limits)
    except MidiError as error:
        raise MidiError(error.reason, path=path, offset=error.offset) from error


def read_midi_bytes(data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS) -> Piece:
    """Read the content of a Standard MIDI File.

    Parameters
    ----------
    data : the whole file.
    source : where it came from; kept in the Piece.
    limits : how much it may hold.

    Returns
    -------
    Piece
        As from ``read_midi``.

    Raises
    ------
    MidiError : as from ``read_midi``, without a path.
    """
    _refuse_foreign(data)
    raw = scan(data, limits)
    if not len(raw.notes):
        raise MidiError("no notes in it")
    repairs = list(raw.repairs)
    meters = _meters(raw, repairs)
    tempos = _tempos(raw, repairs)
    key = _key(raw, repairs)
    meters, pickup_steps = _pickup(data, raw, meters)
    names = _names(data, raw)
    tracks, notes, pedal = _instruments(raw, names, limits)
    has_conductor = raw.format == 0 or not (raw.notes["mtrk"] == 0).any()
    return Piece(
        notes=notes,
        tracks=tracks,
        meters=meters,
        tempos=tempos,
        key=key,
        pedal=pedal,
        pickup_steps=pickup_steps,
        title=names.get(0, "") if has_conductor else "",
        source=source,
        repairs=tuple(map(_sentence, repairs)),
        max_timing_error_steps=_timing_error(raw),
    )


def _read_bytes(path: str | os.PathLike[str], limits: Limits) -> bytes:
    # Non-blocking: opening a pipe that nobody writes to would otherwise never return.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise MidiError("a folder, pipe or device, not a regular file")
        with os.fdopen(descriptor, "rb") as file:
            # One byte more than allowed: enough for the scanner to refuse it.
            return file.read(limits.max_bytes + 1)
    except OSError as error:
        raise MidiError(f"cannot be read ({error.strerror or error})") from error
    except ValueError as error:  # a null byte in the name
        raise MidiError(f"not a file name ({error})") from error


def _refuse_foreign(data: bytes) -> None:
    if not data:
        raise MidiError("the file is empty")
    for magic, what in _FOREIGN_FILES:
        if data.startswith(magic):
            raise MidiError(f"not a MIDI file, it is {what}", offset=0)


def _steps(ticks: npt.NDArray[np.int32], ticks_per_quarter: int) -> npt.NDArray[np.int64]:
    """Nearest grid step of each time; halves go up."""
    doubled = 2 * STEPS_PER_QUARTER * ticks.astype(np.int64)
    return (doubled + ticks_per_quarter) // (2 * ticks_per_quarter)


def _timing_error(raw: RawMidi) -> float:
    """Largest distance of an onset from the grid, in steps."""
    ticks = raw.notes["onset_ticks"]
    exact = ticks.astype(np.int64) * STEPS_PER_QUARTER
    rounded = _steps(ticks, raw.ticks_per_quarter) * raw.ticks_per_quarter
    return float(np.abs(exact - rounded).max()) / raw.ticks_per_quarter


def _marks(raw: RawMidi, kind: int) -> list[tuple[int, int, int]]:
    """(step, value, byte offset) of every mark of a kind, in order of time, then of the file."""
    marks = raw.marks[raw.marks["kind"] == kind]
    marks = marks[np.argsort(marks["ticks"], kind="stable")]
    steps = _steps(marks["ticks"], raw.ticks_per_quarter)
    return list(zip(steps.tolist(), marks["value"].tolist(), marks["offset"].tolist()))


def _mend(repairs: list[Repair], kind: str, offset: int) -> None:
    for i, repair in enumerate(repairs):
        if repair.kind == kind:
            repairs[i] = repair._replace(times=repair.times + 1)
            return
    repairs.append(Repair(kind, 1, offset))


def _sentence(repair: Repair) -> str:
    times = f"{repair.times} times, first at byte" if repair.times > 1 else "byte"
    return f"{REPAIR_SENTENCES[repair.kind]} ({times} {repair.offset})"


def _meters(raw: RawMidi, repairs: list[Repair]) -> tuple[Meter, ...]:
    found = {0: Meter(0, 4, 4)}
    for step, value, offset in _marks(raw, MARK_METER):
        numerator, power = value >> 8, value & 0xFF
        if 1 <= numerator <= MAX_NUMERATOR and power < len(DENOMINATORS):
            found[step] = Meter(step, numerator, DENOMINATORS[power])
        else:
            _mend(repairs, "meter_off_grid", offset)
    return tuple(found.values())


def _tempos(raw: RawMidi, repairs: list[Repair]) -> tuple[Tempo, ...]:
    found = {0: Tempo(0)}
    for step, usec_per_quarter, offset in _marks(raw, MARK_TEMPO):
        if usec_per_quarter:
            found[step] = Tempo(step, usec_per_quarter)
        else:
            _mend(repairs, "tempo_zero", offset)
    return tuple(found.values())


def _key(raw: RawMidi, repairs: list[Repair]) -> Key | None:
    """The first key signature; of several at one time the last, as for the other changes."""
    found: dict[int, Key] = {}
    for step, value, offset in _marks(raw, MARK_KEY):
        sharps, mode = (value >> 8 ^ 0x80) - 0x80, value & 0xFF  # the byte is signed
        if -7 <= sharps <= 7 and mode <= 1:
            found[step] = Key(sharps, ("major", "minor")[mode])
        else:
            _mend(repairs, "key_unknown", offset)
    return found[min(found)] if found else None


def _pickup(data: bytes, raw: RawMidi, meters: tuple[Meter, ...]) -> tuple[tuple[Meter, ...], int]:
    """Undo what ``write`` does to a pickup bar; only a file of ours says that it has one."""
    for mark in raw.marks[raw.marks["kind"] == MARK_PRIVATE]:
        start = int(mark["offset"])
        pickup = parse_pickup(data[start : start + int(mark["value"])])
        if pickup is None or (pickup.own_bar and len(meters) == 1):
            continue
        full = meters[1] if pickup.own_bar else meters[0]
        is_there = not pickup.own_bar or full.onset_steps == pickup.steps
        if is_there and pickup.steps < full.bar_steps:
            return (replace(full, onset_steps=0), *meters[1 + pickup.own_bar :]), pickup.steps
    return meters, 0


def _names(data: bytes, raw: RawMidi) -> dict[int, str]:
    """The name of each track chunk that has one."""
    names: dict[int, str] = {}
    for mark in raw.marks[raw.marks["kind"] == MARK_NAME]:
        start = int(mark["offset"])
        text = _text(data[start : start + int(mark["value"])])
        if text:
            names.setdefault(int(mark["mtrk"]), text)
    return names


def _text(data: bytes) -> str:
    """Text of unknown encoding: UTF-8 if it is that, else Latin-1; without control characters."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "", text).strip()[:MAX_NAME_LENGTH]


def _instruments(
    raw: RawMidi, names: dict[int, str], limits: Limits
) -> tuple[tuple[Track, ...], npt.NDArray[np.void], npt.NDArray[np.void]]:
    """Tracks in the order of the file; notes and pedal on the grid, naming them."""
    found = raw.notes
    mtrk, channel = found["mtrk"].astype(np.int64), found["channel"].astype(np.int64)
    codes = mtrk << 11 | channel << 7 | found["program"]
    distinct, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    if len(distinct) > min(limits.max_tracks, 2**16 - 1):
        raise MidiError(f"the file holds more than {limits.max_tracks} instruments")
    order = np.argsort(first)
    rank = np.empty(len(order), np.uint16)
    rank[order] = np.arange(len(order), dtype=np.uint16)
    in_order = distinct[order].tolist()
    tracks = tuple(
        Track(code & 0x7F, code >> 7 & 0xF == DRUM_CHANNEL, names.get(code >> 11, ""))
        for code in in_order
    )
    notes = np.empty(len(found), NOTE_DTYPE)
    onset = _steps(found["onset_ticks"], raw.ticks_per_quarter)
    end = _steps(found["end_ticks"], raw.ticks_per_quarter)
    notes["onset_steps"] = onset
    notes["duration_steps"] = np.maximum(end - onset, 1)
    notes["pitch_midi"] = found["pitch_midi"]
    notes["velocity"] = found["velocity"]
    notes["track"] = rank[inverse]
    notes["timing_96ths"] = 0
    return tracks, notes, _pedal(raw, in_order, limits)


def _pedal(raw: RawMidi, track_codes: list[int], limits: Limits) -> npt.NDArray[np.void]:
    """Each pedal change, once for every track that its channel and track chunk hold."""
    marks = raw.marks[raw.marks["kind"] == MARK_PEDAL]
    codes = marks["mtrk"].astype(np.int64) << 4 | marks["channel"]
    order = np.argsort(codes, kind="stable")
    marks, codes = marks[order], codes[order]
    wanted = np.array(track_codes) >> 7
    first, last = np.searchsorted(codes, wanted, "left"), np.searchsorted(codes, wanted, "right")
    if (last - first).sum() > limits.max_events:
        raise MidiError(f"the file holds more than {limits.max_events} pedal changes")
    chosen = np.concatenate([np.arange(a, b) for a, b in zip(first, last)])
    pedal = np.empty(len(chosen), PEDAL_DTYPE)
    pedal["onset_steps"] = _steps(marks["ticks"][chosen], raw.ticks_per_quarter)
    pedal["track"] = np.repeat(np.arange(len(wanted)), last - first)
    pedal["down"] = marks["value"][chosen] >= PEDAL_DOWN_FROM
    return pedal
