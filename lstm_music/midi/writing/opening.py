"""The file into which later bars of a piece are written alone: the state in force, no music.

What a player must have heard of the file so far stands at its beginning: names, ports, system
exclusives, meter, key and tempo, and of each channel its bank, program, controllers and registered
parameters. Bends, pressure, modulation and pedals begin at rest.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lstm_music.midi.writing import chase, meta
from lstm_music.midi.writing.messages import Events, Messages, chunk, header
from lstm_music.midi.writing.original_file import OriginalFile
from lstm_music.midi.writing.track_bytes import encode_track
from lstm_music.music.excerpt import excerpt
from lstm_music.music.piece import Piece

_META = 0xFF
_KEPT_METAS = (0x02, 0x03, 0x04, 0x08, 0x09, 0x20, 0x21, 0x54, 0x7F)  # names, ports, devices, ...
_LAST_METAS = (_TEMPO, _METER, _KEY) = (0x51, 0x58, 0x59)
_SYSEX = (0xF0, 0xF7)
_BANKS = (chase.BANK_MSB, chase.BANK_LSB)


def new_bars_alone(piece: Piece, start_steps: int) -> Piece:
    """The music from a bar line on, to be written into a file that begins as its original stands.

    Parameters
    ----------
    piece : any; one without an original is cut as `excerpt` does.
    start_steps : a bar line.
    """
    cut = excerpt(piece, start_steps).replace(length_steps=piece.length_steps - start_steps)
    if piece.original is None:
        return cut
    pedal = piece.pedal[piece.pedal["onset_steps"] >= start_steps].copy()  # at rest before it
    pedal["onset_steps"] -= start_steps
    cut = cut.replace(pedal=pedal)
    as_read = cut.replace(
        notes=cut.notes[:0], pedal=cut.pedal[:0], meters=cut.meters[:1], tempos=cut.tempos[:1]
    )
    original = piece.original
    start_ticks = int(original.ticks(np.array([start_steps], np.float64))[0])
    opening = replace(
        original,
        data=_opening(OriginalFile(original), as_read, start_ticks),
        knots_steps=original.knots_steps - start_steps,
        knots_ticks=original.knots_ticks - start_ticks,
        as_read=as_read.replace(length_steps=0, key_changes=()),
    )
    return cut.replace(original=opening)


def _opening(file: OriginalFile, piece: Piece, start_ticks: int) -> bytes:
    """The file with nothing but what is in force at ``start_ticks``, all of it at tick 0."""
    events = file.events[: len(file.events)].copy()
    kept = _in_force(file, start_ticks)
    messages = Messages()
    _add_heading(messages, file, events[kept], piece)
    for place in np.unique(file.places[file.places >= 0]).tolist():
        port, channel = place >> 4, place & 0x0F
        for kind, value in file.channel(port, channel).loudness_restored(start_ticks):
            mtrk = int(events["mtrk"][file.places == place][0])
            messages.add(mtrk, 0, meta.control_change(channel, kind, value))
    events = events[kept]
    events["ticks"] = 0
    n = file.raw.n_mtrks
    chunks = messages.chunks(n, events=events, ends=np.zeros(n, np.int64), data=file.data)
    division = int.from_bytes(file.data[12:14], "big")
    parts = [header(file.raw.format, n, division)]
    for mtrk in range(n):
        first, last = np.searchsorted(events["mtrk"], [mtrk, mtrk + 1])
        alone = chunk(encode_track(events[first:last], file.data, b"", 0))
        parts.append(chunks.get(mtrk, alone))
    return b"".join(parts)


def _in_force(file: OriginalFile, start_ticks: int) -> npt.NDArray[np.bool_]:
    """Which events set what is in force."""
    events = file.events
    past = events["ticks"] <= start_ticks
    status, data1 = events["status"], events["data1"]
    is_meta = past & (status == _META)
    kept: npt.NDArray[np.bool_] = (is_meta & np.isin(data1, _KEPT_METAS)) | (
        past & np.isin(status, _SYSEX)
    )
    for kind in _LAST_METAS:
        found = np.flatnonzero(is_meta & (data1 == kind))
        kept[found[np.argsort(events["ticks"][found], kind="stable")[-1:]]] = True
    message = status >> 4
    is_control = past & (message == 0xB)
    kept |= is_control & np.isin(data1, chase.PARAMETERS)
    settings = np.flatnonzero(
        (past & (message == 0xC))
        | (is_control & ~np.isin(data1, (*chase.PARAMETERS, *chase.AT_REST)))
    )
    kinds = np.where(message[settings] == 0xC, chase.PROGRAM, data1[settings]).astype(np.int64)
    place = file.places[settings] << 32 | events["mtrk"][settings].astype(np.int64) << 8
    kept[settings[_last_of_each(place | kinds)]] = True
    for bank in _BANKS:  # the bank of a program is the one set before it
        for i in settings[_last_of_each(place | kinds) & (kinds == chase.PROGRAM)].tolist():
            mine = settings[(settings < i) & (kinds == bank) & (place == place[settings == i])]
            kept[mine[-1:]] = True
    return kept


def _last_of_each(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether a key does not come again."""
    last = np.zeros(len(keys), bool)
    _, first = np.unique(keys[::-1], return_index=True)
    last[len(keys) - 1 - first] = True
    return last


def _add_heading(messages: Messages, file: OriginalFile, kept: Events, piece: Piece) -> None:
    """Tempo, meter and key, where the file says none or the piece is known to have another."""
    metas = kept[kept["status"] == _META]
    said = set(metas["data1"].tolist())
    if _TEMPO not in said and not file.raw.in_frames:
        tempo = meta.set_tempo(piece.tempos[0].usec_per_quarter)
        messages.add(file.first_chunk, 0, tempo)
    meter = meta.time_signature(piece.meters[0])
    told = [file.data[i : i + 4] for i in metas["offset"][metas["data1"] == _METER].tolist()]
    if told != [meter[1:5]]:  # type, length, numerator, power of the denominator
        messages.add(file.first_chunk, 0, meter)
    if _KEY not in said and piece.key is not None:
        messages.add(file.first_chunk, 0, meta.key_signature(piece.key))
