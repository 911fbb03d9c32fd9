"""What a MIDI file says beside its notes: meters, tempos, key, names, pickup bar."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple, TypeVar

from lstm_music.midi.names import decode_name
from lstm_music.midi.private import AddedPlace, Pickup, parse_added, parse_pickup
from lstm_music.midi.raw import (
    MARK_KEY,
    MARK_METER,
    MARK_NAME,
    MARK_PRIVATE,
    MARK_TEMPO,
    RawMidi,
    Repair,
    mend,
)
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.key import Key, KeyChange
from lstm_music.music.meter import DENOMINATORS, MAX_NUMERATOR, Meter
from lstm_music.music.original import Instrument
from lstm_music.music.piece import Tempo

_UNSTATED = {
    (no_meter, no_tempo): frozenset(["meter"] * no_meter + ["tempo"] * no_tempo)
    for no_meter in (False, True)
    for no_tempo in (False, True)
}
_DEFAULT_METER = Meter(0, 4, 4)
_DEFAULT_TEMPO = Tempo(0)
_Change = TypeVar("_Change")


class Changes(NamedTuple):
    """The fields of a ``Piece`` of these names, and the name of each track chunk that has one.

    ``added`` is where we have added music: places, or a step from which on all is ours.
    """

    meters: tuple[Meter, ...]
    tempos: tuple[Tempo, ...]
    key: Key | None
    key_changes: tuple[KeyChange, ...]
    pickup_steps: int
    settled_bars: tuple[tuple[Meter, ...], int] | None
    added: tuple[AddedPlace, ...] | int
    unstated: frozenset[str]
    names: dict[int, str]


def read_changes(data: bytes, raw: RawMidi, repairs: list[Repair]) -> Changes:
    """Put the marks of a file on the grid, in order of time; of several at one step the last holds.

    Parameters
    ----------
    data : the whole file, for its texts.
    raw : what the scanner found in it.
    repairs : grows by what makes no sense and was left out.
    """
    meters: dict[int, Meter] = {}
    tempos: dict[int, Tempo] = {}
    keys: dict[int, Key] = {}
    names: dict[int, str] = {}
    pickups: list[Pickup] = []
    added: tuple[AddedPlace, ...] | None = None
    ours_from = 0
    per_tick, ticks = 2 * STEPS_PER_QUARTER * raw.quarters, raw.ticks
    for tick, value, offset, mtrk, kind, *_ in sorted(raw.marks.tolist(), key=itemgetter(0)):
        step = (tick * per_tick + ticks) // (2 * ticks)  # halves go up
        if kind == MARK_NAME:
            if mtrk not in names and (text := decode_name(data[offset : offset + value])):
                names[mtrk] = text
        elif kind == MARK_KEY:
            if key := _key(value):
                keys[step] = key
            else:
                mend(repairs, "key_unknown", offset)
        elif kind == MARK_METER:
            if meter := _meter(step, value):
                meters[step] = meter
            else:
                mend(repairs, "meter_off_grid", offset)
        elif kind == MARK_TEMPO:
            if raw.in_frames:
                mend(repairs, "tempo_in_frames", offset)
            elif value:
                tempos[step] = Tempo(step, value)
            else:
                mend(repairs, "tempo_zero", offset)
        elif kind == MARK_PRIVATE:
            payload = data[offset : offset + value]
            if pickup := parse_pickup(payload):
                pickups.append(pickup)
                ours_from = step
            elif (places := parse_added(payload)) is not None:
                added = places  # the latest, which names those before, too
    stated = _from_start(meters, _DEFAULT_METER)
    settled = _settled(stated, pickups)
    bars, pickup_steps = settled or (stated, 0)
    return Changes(
        meters=bars,
        tempos=_from_start(tempos, _DEFAULT_TEMPO),
        key=keys[min(keys)] if keys else None,
        key_changes=_key_changes(keys),
        pickup_steps=pickup_steps,
        settled_bars=settled,
        added=ours_from if added is None else added,
        unstated=_UNSTATED[not (meters or settled), not tempos],
        names=names,
    )


def added_places(
    changes: Changes, instruments: list[Instrument], raw: RawMidi, end_steps: int
) -> tuple[tuple[int, int, int], ...]:
    """``Piece.added_places``: what a file says of them; instruments without notes have none.

    Parameters
    ----------
    changes : of the file.
    instruments : of each track.
    raw : the scanned file, for its ticks.
    end_steps : where the music ends.
    """
    if isinstance(changes.added, int):
        if not changes.added:
            return ()
        return tuple((track, changes.added, end_steps) for track in range(len(instruments)))
    tracks = {
        (one.mtrk, one.port, one.channel, one.program, int(one.is_drum)): track
        for track, one in enumerate(instruments)
    }
    per_tick, ticks = 2 * STEPS_PER_QUARTER * raw.quarters, raw.ticks
    return tuple(
        (
            tracks[place.instrument],
            (place.start_ticks * per_tick + ticks) // (2 * ticks),
            (place.end_ticks * per_tick + ticks) // (2 * ticks),
        )
        for place in changes.added
        if place.instrument in tracks
    )


def _key_changes(keys: dict[int, Key]) -> tuple[KeyChange, ...]:
    """The later keys, without those that repeat the one before; the first holds from step 0 on."""
    onsets = sorted(keys)
    return tuple(
        KeyChange(onset, keys[onset])
        for before, onset in pairwise(onsets)
        if keys[onset] != keys[before]
    )


def _from_start(changes: dict[int, _Change], default: _Change) -> tuple[_Change, ...]:
    return tuple(changes.values()) if 0 in changes else (default, *changes.values())


# Most files say the same: the values, which nobody can change, are made once.
@lru_cache(maxsize=256)
def _meter(step: int, value: int) -> Meter | None:
    numerator, power = value >> 8, value & 0xFF
    if 1 <= numerator <= MAX_NUMERATOR and power < len(DENOMINATORS):
        return Meter(step, numerator, DENOMINATORS[power])
    return None


@lru_cache(maxsize=256)
def _key(value: int) -> Key | None:
    sharps, mode = (value >> 8 ^ 0x80) - 0x80, value & 0xFF  # the byte is signed
    if -7 <= sharps <= 7 and mode <= 1:
        return Key(sharps, ("major", "minor")[mode])
    return None


def _settled(
    meters: tuple[Meter, ...], pickups: list[Pickup]
) -> tuple[tuple[Meter, ...], int] | None:
    """Meters and pickup that a file of ours says are settled; undoes what ``write`` does to them.

    None where no event of ours fits the meters of the file: somebody has edited it since.
    """
    for pickup in reversed(pickups):  # the latest, where a file was continued several times
        if pickup.own_bar and len(meters) == 1:
            continue
        full = meters[1] if pickup.own_bar else meters[0]
        is_there = not pickup.own_bar or full.onset_steps == pickup.steps
        first = replace(pickup.meter or full, onset_steps=0)
        if is_there and pickup.steps < first.bar_steps:
            bars = (first, *meters[1 + pickup.own_bar :])
            return _without_repeats(bars) if pickup.restated else bars, pickup.steps
    return None


def _without_repeats(meters: tuple[Meter, ...]) -> tuple[Meter, ...]:
    """The meters that are another than the one before."""
    return meters[:1] + tuple(
        meter
        for before, meter in pairwise(meters)
        if (meter.numerator, meter.denominator) != (before.numerator, before.denominator)
    )
