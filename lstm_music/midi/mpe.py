"""MPE (MIDI Polyphonic Expression): a zone of channels, one a note, that is one instrument.

A file may announce its zones (registered parameter 6). Where it does not, the notes of a chunk are
one if its channels take turns with notes of one program, each bent or pressed on its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.midi.channel_state import Events, set_states
from lstm_music.midi.raw import (
    IS_BENT,
    IS_DRUM,
    MARK_BANK,
    MARK_PART,
    MARK_PROGRAM,
    MARK_ZONE,
    RawMidi,
)

_LAST_CHANNEL = 15
_DRUM_CHANNEL = 9
_ANY_CHUNK = -1

_LEAST_CHANNELS = 3
_LEAST_BENT = 0.6  # share of the notes with a bend or pressure since the note before
_LEAST_COUNT = 0.25  # notes of the least used channel for one of the most used
_LEAST_TURNS = 0.6  # share of the notes that follow one of another channel
_MOST_OVERLAPS = 0.05  # share of the notes that begin while their channel still sounds
_MOST_BY_CHANNEL = 0.5  # share of the variance of pitch that the channel explains: voices

_Rows = npt.NDArray[np.void]
_Ints = npt.NDArray[np.int64]


class _Zone(NamedTuple):
    """Channels of a port that are one instrument, in one track chunk or in any."""

    mtrk: int
    port: int
    channels: frozenset[int]


def join_zones(raw: RawMidi) -> RawMidi:
    """The file with the notes and pedal of every MPE zone on one channel, its lowest with notes.

    Parameters
    ----------
    raw : as scanned; the same is returned where there is no zone.
    """
    if not raw.mpe_signs:
        return raw
    zones, zone, with_notes = _zones(raw)
    is_member = zone >= 0
    if not is_member.any():
        return raw
    notes, pedal, settings = raw.notes.copy(), raw.pedal.copy(), raw.settings.copy()
    lowest = np.full(len(zones), _LAST_CHANNEL, np.uint8)
    np.minimum.at(lowest, zone[is_member], notes["channel"][is_member])
    notes["channel"][is_member] = lowest[zone[is_member]]
    is_state = np.isin(settings["kind"], (MARK_PROGRAM, MARK_BANK, MARK_PART))
    for marks, which in ((pedal, True), (settings, is_state)):
        zone = _zones_of(marks, zones, with_notes)
        moved = (zone >= 0) & which
        marks["channel"][moved] = lowest[zone[moved]]
    set_states(Events(notes, pedal, settings, raw.format == 2))
    notes["flags"][is_member] &= ~np.uint8(IS_DRUM)
    return raw._replace(notes=notes, pedal=pedal, settings=settings)


def silent_channels(raw: RawMidi) -> dict[tuple[int, int], tuple[int, ...]]:
    """Of each zone, by port and lowest channel with notes, the channels that have none.

    Its manager is among them, whose bends and pedal are those of all its notes.
    """
    if not raw.mpe_signs:
        return {}
    zones, zone, _ = _zones(raw)
    found = {}
    for i in np.unique(zone[zone >= 0]).tolist():
        heard = set(raw.notes["channel"][zone == i].tolist())
        found[zones[i].port, min(heard)] = tuple(sorted(zones[i].channels - heard))
    return found


def _zones(raw: RawMidi) -> tuple[list[_Zone], _Ints, set[int]]:
    """The zones, which one each note belongs to (or -1), and the chunks that have notes."""
    zones = _announced(raw) or _unannounced(raw)
    with_notes = set(raw.notes["mtrk"].tolist())
    return zones, _zones_of(raw.notes, zones, with_notes), with_notes


def _zones_of(rows: _Rows, zones: list[_Zone], with_notes: set[int]) -> _Ints:
    """The number of the zone that each row belongs to, or -1.

    A chunk without notes only sets things up: what it says of a channel is for any zone.
    """
    number: dict[tuple[int, int, int], int] = {}
    for i, zone in enumerate(zones):
        for channel in zone.channels:
            number[zone.mtrk, zone.port, channel] = i
            number.setdefault((_ANY_CHUNK, zone.port, channel), i)
    here = [zone for zone in zones if zone.mtrk != _ANY_CHUNK]
    only_here = {(zone.port, channel) for zone in here for channel in zone.channels}
    lane = (
        rows["mtrk"].astype(np.int64) << 12 | rows["port"].astype(np.int64) << 4 | rows["channel"]
    )
    lanes, inverse = np.unique(lane, return_inverse=True)
    found = []
    for one in lanes.tolist():
        mtrk, port, channel = one >> 12, one >> 4 & 0xFF, one & 0xF
        i = number.get((mtrk, port, channel), -1)
        if i < 0 and ((port, channel) not in only_here or mtrk not in with_notes):
            i = number.get((_ANY_CHUNK, port, channel), -1)
        found.append(i)
    return np.array(found, np.int64)[inverse]


def _announced(raw: RawMidi) -> list[_Zone]:
    """Zones by registered parameter 6. One that a chunk without notes announces is for all."""
    found: dict[tuple[int, int, int], frozenset[int]] = {}
    is_zone = raw.settings["kind"] == MARK_ZONE
    if not is_zone.any():
        return []
    with_notes = set(raw.notes["mtrk"].tolist())
    for mark in raw.settings[is_zone]:
        n, manager = min(int(mark["value"]), _LAST_CHANNEL), int(mark["channel"])
        if n:
            mtrk = int(mark["mtrk"]) if int(mark["mtrk"]) in with_notes else _ANY_CHUNK
            last = manager - n if manager else n
            channels = frozenset(range(min(manager, last), max(manager, last) + 1))
            found[mtrk, int(mark["port"]), manager] = channels
    return [_Zone(mtrk, port, channels) for (mtrk, port, _), channels in found.items()]


def _unannounced(raw: RawMidi) -> list[_Zone]:
    notes = raw.notes
    place = notes["mtrk"].astype(np.int64) << 8 | notes["port"]
    order = np.argsort(place, kind="stable")
    places, starts = np.unique(place[order], return_index=True)
    is_bent = notes["flags"] & IS_BENT > 0
    heard = set(zip(notes["port"].tolist(), notes["channel"].tolist(), strict=True))
    zones = []
    for one, group in zip(places.tolist(), np.split(order, starts[1:]), strict=True):
        if is_bent[group].any() and _is_zone(notes[group]):
            mtrk, port = one >> 8, one & 0xFF
            channels = set(notes["channel"][group].tolist())
            manager = set() if (port, 0) in heard else {0}
            zones.append(_Zone(mtrk, port, frozenset(channels | manager)))
    return zones


def _is_zone(notes: _Rows) -> bool:
    """Whether notes of one chunk and port, in the order of the file, are of one instrument."""
    channel = notes["channel"]
    counts = np.bincount(channel)
    counts = counts[counts > 0]
    if len(counts) < _LEAST_CHANNELS or counts.min() < _LEAST_COUNT * counts.max():
        return False
    is_bent, is_drum = notes["flags"] & IS_BENT > 0, notes["flags"] & IS_DRUM > 0
    if is_bent.mean() < _LEAST_BENT or is_drum[channel != _DRUM_CHANNEL].any():
        return False
    if len(np.unique(notes["program"])) > 1:
        return False
    if np.mean(channel[1:] != channel[:-1]) < _LEAST_TURNS:
        return False
    order = np.lexsort([notes["onset_ticks"], channel])
    same = channel[order][1:] == channel[order][:-1]
    overlaps = notes["end_ticks"][order][:-1] > notes["onset_ticks"][order][1:]
    return bool((overlaps & same).sum() <= _MOST_OVERLAPS * len(notes)) and not _are_voices(notes)


def _are_voices(notes: _Rows) -> bool:
    """Whether each channel keeps to a register of its own, as the voices of a score do."""
    pitch = notes["pitch_midi"].astype(np.float64)
    counts = np.bincount(notes["channel"])
    means = np.bincount(notes["channel"], pitch) / np.maximum(counts, 1)
    between = (counts * (means - pitch.mean()) ** 2).sum()
    return bool(between > _MOST_BY_CHANNEL * ((pitch - pitch.mean()) ** 2).sum())
