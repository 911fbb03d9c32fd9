"""What each note plays where that is more than its own track chunk says.

Channels are resolved by time over all chunks of a file. A note has the latest program (and bank)
that was set at or before it on its port and channel. Of settings at one tick those of the note's
own chunk win, then the last in the file. A synthesizer's reset undoes what was set before its tick.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.midi.raw import (
    IS_DRUM,
    MARK_BANK,
    MARK_PART,
    MARK_PEDAL,
    MARK_PROGRAM,
    MARK_RELEASE,
    MARK_RESET,
    MARK_SILENCE,
    RESET_GM2,
    RESET_GS,
    RESET_XG,
)
from lstm_music.music.original import Instrument

_DRUM_CHANNEL = 9
_GM2_MELODIC = 121
_DRUM_BANKS = (120, 126, 127)
_PEDAL_DOWN_FROM = 64
_QUARTERS_LEFT = 4
_TICK_BITS = 31  # of a time or an offset; a channel takes 28 bits more
_NEVER = -1

_Ints = npt.NDArray[np.int64]
_Rows = npt.NDArray[np.void]


class Events(NamedTuple):
    """Notes, pedal changes and settings as in ``RawMidi``; ``separate``: each chunk is a piece."""

    notes: _Rows
    pedal: _Rows
    settings: _Rows
    separate: bool


class _Where(NamedTuple):
    """Of some events: numbers of channel, and of channel and chunk; ticks; byte offset."""

    channel: _Ints
    lane: _Ints
    ticks: _Ints
    offset: _Ints


def end_at_silences(events: Events) -> None:
    """End the notes that sound when any chunk silences their channel.

    Parameters
    ----------
    events : notes that never end have an end of -1. Changed in place.
    """
    silences = _where(_of(events.settings, MARK_SILENCE), events.separate)
    if not len(silences.ticks):
        return
    notes, at = events.notes, _where(events.notes, events.separate)
    keys = np.sort(silences.channel << _TICK_BITS | silences.ticks)
    i = np.searchsorted(keys, at.channel << _TICK_BITS | at.ticks, "right")
    hit = keys[np.minimum(i, len(keys) - 1)]
    ticks = hit & (2**_TICK_BITS - 1)
    end = notes["end_ticks"].astype(np.int64)
    end[end < 0] = 2**_TICK_BITS
    cut = (i < len(keys)) & (hit >> _TICK_BITS == at.channel) & (ticks < end)
    notes["end_ticks"][cut] = ticks[cut]


def set_states(events: Events) -> None:
    """Give every note its program, bank and ``is_drum``, by all chunks that use its channel.

    Parameters
    ----------
    events : changed in place.
    """
    notes, settings, separate = events.notes, events.settings, events.separate
    at = _where(notes, separate)
    resets = _of(settings, MARK_RESET)
    since = _resets(resets, separate)
    notes["program"], bank = _programs_and_banks(settings, at, since, separate)
    parts = _of(settings, MARK_PART)
    part = _values(parts, _in_force(_where(parts, separate), at, since), -1)
    systems = set(resets["value"].tolist())
    with_banks = RESET_GS not in systems or bool(systems & {RESET_XG, RESET_GM2})
    is_drum = _is_drum(notes["channel"], bank >> 7, part, with_banks)
    notes["flags"] = notes["flags"] & ~np.uint8(IS_DRUM) | is_drum * np.uint8(IS_DRUM)


def with_banks(events: Events, instruments: list[Instrument]) -> list[Instrument]:
    """The instruments with the bank that was in force when their first note began.

    Parameters
    ----------
    events : with every note's program set.
    instruments : of these notes, in order of appearance.
    """
    notes, settings, separate = events.notes, events.settings, events.separate
    names = ("mtrk", "channel", "program", "port")
    who = zip(*(notes[name].tolist() for name in names), (notes["flags"] & IS_DRUM).tolist())
    first: dict[tuple[int, ...], int] = {}
    for i, one in enumerate(who):
        first.setdefault(one, i)
    at = _where(notes[list(first.values())], separate)
    since = _resets(_of(settings, MARK_RESET), separate)
    _, banks = _programs_and_banks(settings, at, since, separate)
    return [
        instrument._replace(bank=bank)
        for instrument, bank in zip(instruments, banks.tolist(), strict=True)
    ]


def _programs_and_banks(
    settings: _Rows, at: _Where, since: _Ints, separate: bool
) -> tuple[_Ints, _Ints]:
    """What holds at some events; a bank waits for the next program change, if there is any."""
    programs, banks = _of(settings, MARK_PROGRAM), _of(settings, MARK_BANK)
    changes, choices = _where(programs, separate), _where(banks, separate)
    program = _in_force(changes, at, since)
    taken = _values(banks, _in_force(choices, changes, since), 0)
    bank = _values(banks, _in_force(choices, at, since), 0)
    return _values(programs, program, 0), np.where(program < 0, bank, _taken(taken, program))


def _is_drum(
    channel: npt.NDArray[np.uint8], bank: _Ints, part: _Ints, with_banks: bool
) -> npt.NDArray[np.bool_]:
    """Drum parts. Only GS uses the numbers of the drum banks for others, as 127 for the MT-32."""
    by_channel = (channel == _DRUM_CHANNEL) & (bank != _GM2_MELODIC) & (part != 0)
    by_bank = np.isin(bank, _DRUM_BANKS) & with_banks
    found: npt.NDArray[np.bool_] = by_channel | by_bank | (part > 0)
    return found


def close_open_notes(events: Events, chunks: _Rows, ticks_per_quarter: int) -> tuple[int, int]:
    """End the notes that never end (end -1) where the music of their piece ends.

    That is the last beginning or end of a note. A note that begins just there goes on to the end
    of its chunk, but for a whole note at most.

    Parameters
    ----------
    events : the notes are changed in place.
    chunks : (n_mtrks,) CHUNK_DTYPE.
    ticks_per_quarter : of the file.

    Returns
    -------
    tuple of int
        How many there were, and the byte at which the chunk of the first ends.
    """
    notes = events.notes
    open_ = np.flatnonzero(notes["end_ticks"] < 0)
    if not len(open_):
        return 0, 0
    piece = notes["mtrk"].astype(np.int64) * events.separate
    last = np.zeros(int(piece.max()) + 1, np.int64)
    np.maximum.at(last, piece, notes["onset_ticks"])
    np.maximum.at(last, piece, notes["end_ticks"])
    onset, mtrk, last = (
        notes["onset_ticks"][open_].astype(np.int64),
        notes["mtrk"][open_],
        last[piece[open_]],
    )
    longest = np.minimum(chunks["ticks"][mtrk], onset + _QUARTERS_LEFT * ticks_per_quarter)
    notes["end_ticks"][open_] = np.where(onset < last, last, longest)
    return len(open_), int(chunks["stop"][mtrk[0]])


def pedal_by_time(events: Events) -> _Rows:
    """The pedal changes of all chunks together, with those that resets make.

    Parameters
    ----------
    events : as the scanner found them.

    Returns
    -------
    ndarray
        MARK_DTYPE of MARK_PEDAL: by chunk if each is a piece, by time, and as in the file.
    """
    pedal, separate = events.pedal, events.separate
    releases = _of(events.settings, MARK_RELEASE)
    if len(releases):
        pedal = _with_releases(pedal, releases, separate)
    resets = _of(events.settings, MARK_RESET)
    resets = resets[resets["ticks"] > 0]
    if len(resets):
        pedal = _with_resets(pedal, resets, separate)
    if not separate and pedal["mtrk"].min() < pedal["mtrk"].max():
        pedal = _without_copies(pedal)
    keys = [pedal["offset"], pedal["ticks"]] + [pedal["mtrk"]] * separate
    return pedal[np.lexsort(keys)]


def _with_releases(pedal: _Rows, releases: _Rows, separate: bool) -> _Rows:
    """With a lift for each controller 121 that finds the pedal pressed."""
    both = np.concatenate([pedal, releases])
    channel = _where(both, separate).channel
    order = np.lexsort([both["offset"], both["ticks"], channel])
    both, channel = both[order], channel[order]
    kept = both["kind"] == MARK_PEDAL
    kept[1:] |= (both["value"][:-1] >= _PEDAL_DOWN_FROM) & (channel[1:] == channel[:-1])
    both["kind"] = MARK_PEDAL  # the value of a release is 0
    return np.asarray(both[kept])


def _without_copies(pedal: _Rows) -> _Rows:
    """With the pedal of a channel once where several chunks have it at one tick, as many files do.

    Where they do not say the same, it is what they do in the end: of a lift and a press after it
    both, else the last.
    """
    at = _where(pedal, separate=False)
    order = np.lexsort([pedal["offset"], at.ticks, at.channel])
    pedal = pedal[order]
    channel, ticks, lane = at.channel[order], at.ticks[order], at.lane[order]
    index, is_up = np.arange(len(pedal)), pedal["value"] < _PEDAL_DOWN_FROM
    starts = np.concatenate([[True], (channel[1:] != channel[:-1]) | (ticks[1:] != ticks[:-1])])
    firsts, group = np.flatnonzero(starts), np.cumsum(starts) - 1
    is_first = lane == lane[firsts][group]  # of the first chunk of those that have some
    runs = starts | np.concatenate([[True], lane[1:] != lane[:-1]])
    model = firsts[group] + index - np.maximum.accumulate(np.where(runs, index, 0))
    same = is_first[model] & (is_up == is_up[model]) & (group[model] == group)
    n_all, n_first, n_chunks = (np.bincount(group, one) for one in (None, is_first, runs))
    alike = np.logical_and.reduceat(same, firsts) & (n_all == n_first * n_chunks)
    last_lift = np.maximum.reduceat(np.where(is_up, index, _NEVER), firsts)
    in_the_end = np.append(starts[1:], True)
    in_the_end[last_lift[last_lift >= 0]] = True
    return np.asarray(pedal[np.where(alike[group], is_first, in_the_end)])


def _with_resets(pedal: _Rows, resets: _Rows, separate: bool) -> _Rows:
    """With a lift for each pedal that is pressed when its synthesizer is reset."""
    channel = _where(pedal, separate).channel
    order = np.lexsort([pedal["offset"], pedal["ticks"], channel])
    pedal, channel = pedal[order], channel[order]
    next_ticks = np.full(len(pedal), 2**_TICK_BITS)
    same = channel[1:] == channel[:-1]
    next_ticks[:-1][same] = pedal["ticks"][1:][same]
    keys = np.sort(_resets(resets, separate))
    port = channel >> 4
    found = np.searchsorted(keys, port << _TICK_BITS | pedal["ticks"], "right")
    hit = keys[np.minimum(found, len(keys) - 1)]
    ticks = hit & (2**_TICK_BITS - 1)
    lifted = (pedal["value"] >= _PEDAL_DOWN_FROM) & (found < len(keys))
    lifted &= (hit >> _TICK_BITS == port) & (ticks < next_ticks)
    lifts = pedal[lifted]
    lifts["ticks"], lifts["value"] = ticks[lifted], 0
    return np.concatenate([pedal, lifts])


def _of(settings: _Rows, kind: int) -> _Rows:
    return np.asarray(settings[settings["kind"] == kind])


def _where(rows: _Rows, separate: bool) -> _Where:
    names = rows.dtype.names or ()
    ticks = rows["onset_ticks" if "onset_ticks" in names else "ticks"]
    channel = rows["port"].astype(np.int64) << 4 | rows["channel"]
    lane = channel | rows["mtrk"].astype(np.int64) << 12
    return _Where(lane if separate else channel, lane, ticks.astype(np.int64), rows["offset"])


def _resets(resets: _Rows, separate: bool) -> _Ints:
    """Port and ticks of each as one number, sorted."""
    at = _where(resets, separate)
    return np.sort(at.channel >> 4 << _TICK_BITS | at.ticks)


def _values(settings: _Rows, index: _Ints, default: int) -> _Ints:
    """What the settings of these numbers say; ``default`` for none."""
    return _taken(settings["value"].astype(np.int64), index, default)


def _taken(values: _Ints, index: _Ints, default: int = 0) -> _Ints:
    return np.append(values, default)[index]  # -1 is the last


def _in_force(settings: _Where, at: _Where, resets: _Ints) -> _Ints:
    """Number of the setting that holds at each event, -1 for none; settings in file order."""
    if not len(settings.ticks):
        return np.full(len(at.ticks), _NEVER)
    own = _own(settings, at)
    other = _of_others(settings, at)
    ticks = np.append(settings.ticks, _NEVER)
    found = np.where(ticks[other] > ticks[own], other, own)
    if len(resets):
        last = np.searchsorted(resets, at.channel >> 4 << _TICK_BITS | at.ticks, "right") - 1
        reset = resets[last]
        is_reset = (last >= 0) & (reset >> _TICK_BITS == at.channel >> 4)
        found[is_reset & (ticks[found] < reset & (2**_TICK_BITS - 1))] = _NEVER
    return found


def _own(settings: _Where, at: _Where) -> _Ints:
    """Number of the last setting before each event in its own chunk, -1 for none."""
    keys = settings.lane << _TICK_BITS | settings.offset
    order = np.argsort(keys, kind="stable")
    i = np.searchsorted(keys[order], at.lane << _TICK_BITS | at.offset) - 1
    found = order[i]
    return np.where((i >= 0) & (settings.lane[found] == at.lane), found, _NEVER)


def _of_others(settings: _Where, at: _Where) -> _Ints:
    """Number of the latest setting at or before each event by another chunk, -1 for none."""
    keys = settings.channel << _TICK_BITS | settings.ticks
    order = np.argsort(keys, kind="stable")
    lane = settings.lane[order]
    # For each, in order of time, the one before all those of the same chunk that lead up to it.
    starts = np.concatenate([[True], lane[1:] != lane[:-1]])
    before = np.maximum.accumulate(np.where(starts, np.arange(len(lane)), 0)) - 1
    i = np.searchsorted(keys[order], at.channel << _TICK_BITS | at.ticks, "right") - 1
    i = np.where((i >= 0) & (lane[i] == at.lane), before[i], i)
    found = order[i]
    return np.where((i >= 0) & (settings.channel[found] == at.channel), found, _NEVER)
