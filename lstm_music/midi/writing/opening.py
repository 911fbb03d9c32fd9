"""The file into which later bars of a piece are written alone: the state in force, no music.

What a player must have heard of the file so far stands at its beginning: names, ports, system
exclusives, meter, key and tempo, and of each channel its bank, program, controllers and registered
parameters. Bends, pressure, modulation and pedals begin at rest.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lstm_music.midi.private import OURS
from lstm_music.midi.writing import chase, meta
from lstm_music.midi.writing.additions import Additions, additions
from lstm_music.midi.writing.messages import Events, Messages, chunk, header
from lstm_music.midi.writing.original_file import OriginalFile
from lstm_music.midi.writing.track_bytes import encode_track
from lstm_music.music.excerpt import excerpt
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import Piece

_META = 0xFF
_KEPT_METAS = (0x02, 0x03, 0x04, 0x08, 0x09, 0x20, 0x21, 0x54, 0x7F)  # names, ports, devices, ...
_SEQUENCER_OWN = 0x7F
_LAST_METAS = (_TEMPO, _METER, _KEY) = (0x51, 0x58, 0x59)
_SYSEX = (0xF0, 0xF7)


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
    added = additions(piece)
    pedal = piece.pedal if added is None else added.pedal  # the file's own may go on after it
    pedal = pedal[pedal["onset_steps"] >= start_steps].copy()  # at rest before it
    pedal["onset_steps"] -= start_steps
    cut = cut.replace(pedal=pedal)
    as_read = cut.replace(
        notes=cut.notes[:0], pedal=cut.pedal[:0], meters=cut.meters[:1], tempos=cut.tempos[:1]
    )
    original = piece.original
    file = OriginalFile(original)
    start_ticks = file.ticks(start_steps)
    knots = original.knots_steps - start_steps, original.knots_ticks - start_ticks
    overruled = set() if added is None else _overruled(added, start_steps)
    if len(original.knots_steps) > 2 and not file.raw.in_frames:
        # A free performance: from here on the file can count its beats.
        quarters = STEPS_PER_QUARTER * file.raw.quarters
        knots = np.array([0.0, quarters]), np.array([0.0, file.raw.ticks])
        overruled.add(_TEMPO)
    opening = replace(
        original,
        data=_opening(file, as_read, start_ticks, overruled),
        knots_steps=knots[0],
        knots_ticks=knots[1],
        as_read=as_read.replace(length_steps=0, key_changes=()),
    )
    return cut.replace(original=opening)


def _overruled(added: Additions, start_steps: int) -> set[int]:
    """Of tempo and key, what the piece has otherwise than its file by then."""
    overruled = {_TEMPO} if any(t.onset_steps <= start_steps for t in added.tempos) else set()
    return overruled | ({_KEY} if any(k.onset_steps <= start_steps for k in added.keys) else set())


def _opening(
    file: OriginalFile, piece: Piece, start_ticks: int, overruled: Collection[int]
) -> bytes:
    """The file with what is in force at ``start_ticks``, at tick 0, and what it sets later.

    Of the kinds ``overruled`` it has what the piece has, and not the file's own.
    """
    events = file.events
    kept = _in_force(file, start_ticks)
    kept &= (events["status"] != _META) | ~np.isin(events["data1"], list(overruled))
    messages = Messages()
    _add_heading(messages, file, file.events[kept], piece)
    kept |= _set_later(file, start_ticks)
    events = _heard_in_time(file, kept, start_ticks)
    for place in np.unique(file.places[file.places >= 0]).tolist():
        port, channel = place >> 4, place & 0x0F
        for kind, value in file.channel(port, channel).loudness_restored(start_ticks):
            mtrk = int(file.events["mtrk"][file.places == place][0])
            messages.add(mtrk, 0, meta.control_change(channel, kind, value))
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
    kept |= is_control & np.isin(data1, chase.PARAMETERS) & ~_undone(file, start_ticks)
    settings = np.flatnonzero(
        (past & (message == 0xC))
        | (is_control & ~np.isin(data1, (*chase.PARAMETERS, *chase.AT_REST)))
    )
    settings = settings[~_undone(file, start_ticks)[settings]]
    kinds = np.where(message[settings] == 0xC, chase.PROGRAM, data1[settings]).astype(np.int64)
    place = file.places[settings] << 32 | events["mtrk"][settings].astype(np.int64) << 8
    channel = place if file.original.mtrk >= 0 else file.places[settings] << 32
    is_latest = _is_latest(channel | kinds, events["ticks"][settings].astype(np.int64))
    kept[settings[_last_of_each(place | kinds) & is_latest]] = True
    for bank in chase.BANKS:  # the bank of a program is the one set before it
        for i in settings[_last_of_each(place | kinds) & (kinds == chase.PROGRAM)].tolist():
            mine = settings[(settings < i) & (kinds == bank) & (place == place[settings == i])]
            kept[mine[-1:]] |= kept[i]
    for i in np.flatnonzero(is_meta & (data1 == _SEQUENCER_OWN)).tolist():
        start = int(events["offset"][i]) + 1  # behind the type
        said = file.data[start : start + int(events["size"][i]) - 1]
        length = next((n for n, byte in enumerate(said, 1) if byte < 0x80), 0)
        kept[i] &= not said[length:].startswith(OURS)
    return kept


def _undone(file: OriginalFile, start_ticks: int) -> npt.NDArray[np.bool_]:
    """Which settings a reset of their channel or their synthesizer has undone since."""
    events, places = file.events, file.places
    undone = np.zeros(len(events), bool)
    is_reset = (events["status"] >> 4 == 0xB) & (events["data1"] == chase.RESET_ALL)
    is_reset &= events["ticks"] <= start_ticks
    is_control = (events["status"] >> 4 == 0xB) & np.isin(events["data1"], list(chase.RESET))
    for place in np.unique(places[places >= 0]).tolist():
        mine = places == place
        channel = file.channel(place >> 4, place & 0x0F)
        undone |= mine & (events["ticks"] < channel.reset_ticks(start_ticks))
        resets = np.flatnonzero(mine & is_reset)
        for i in {int(events["mtrk"][j]): j for j in resets.tolist()}.values():  # each chunk's last
            before = (events["ticks"] < events["ticks"][i]) | (
                (events["mtrk"] == events["mtrk"][i]) & (np.arange(len(events)) < i)
            )
            undone |= mine & is_control & before
    return undone


def _is_latest(keys: npt.NDArray[np.int64], ticks: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether nothing of the same key is later."""
    kinds, inverse = np.unique(keys, return_inverse=True)
    latest = np.full(len(kinds), -1, np.int64)
    np.maximum.at(latest, inverse, ticks)
    is_latest: npt.NDArray[np.bool_] = ticks == latest[inverse]
    return is_latest


def _set_later(file: OriginalFile, start_ticks: int) -> npt.NDArray[np.bool_]:
    """Which events set something while the new music plays, but for what that undoes."""
    events, kind = file.events, file.events["status"] >> 4
    found = (kind == 0xB) & ~np.isin(events["data1"], chase.AT_REST) | (kind == 0xC)
    faders = (kind == 0xB) & np.isin(events["data1"], (chase.VOLUME, chase.EXPRESSION))
    for place in np.unique(file.places[found & faders]).tolist():
        if file.channel(place >> 4, place & 0x0F).loudness_restored(start_ticks):
            found &= ~(faders & (file.places == place))
    later: npt.NDArray[np.bool_] = found | np.isin(events["status"], _SYSEX)
    return later & (events["ticks"] > start_ticks)


def _heard_in_time(file: OriginalFile, kept: npt.NDArray[np.bool_], start_ticks: int) -> Events:
    """The kept events from ``start_ticks`` on, each in a chunk that is heard before it is needed.

    At one tick the earlier chunks are heard first. What a chunk says of a channel on which an
    earlier one has notes goes into that one, and system exclusives into the first that plays, in
    order of time. A file of several ports or of separate pieces keeps its own order.
    """
    events = file.events[kept].copy()
    given = events["ticks"].copy()
    events["ticks"], events["is_running"] = np.maximum(given, start_ticks) - start_ticks, 0
    if file.original.mtrk < 0 and not file.ports.any():
        places, mtrks = file.places, file.events["mtrk"]
        is_on = (file.events["status"] >> 4 == 0x9) & (file.events["data2"] > 0)
        for place in np.unique(places[is_on]).tolist():
            mine = places[kept] == place
            first = mtrks[is_on & (places == place)].min()
            events["mtrk"][mine] = np.minimum(events["mtrk"][mine], first)
        is_sysex = np.isin(events["status"], _SYSEX)
        if is_sysex.any():
            events["mtrk"][is_sysex] = min(mtrks[is_on].min(), events["mtrk"][is_sysex].min())
        events = events[np.lexsort((given, ~is_sysex, events["ticks"], events["mtrk"]))]
    return events


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
