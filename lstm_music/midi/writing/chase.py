"""What the channels of a MIDI file are set to at a moment, which players call chasing."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.midi.writing.messages import Events

PROGRAM, PRESSURE, BEND = 128, 129, 130  # kinds of setting beside the controllers 0 to 127
BEND_CENTRE = 0x2000
BANK_MSB, MODULATION, VOLUME, EXPRESSION, BANK_LSB = 0, 1, 7, 11, 32
BANKS = (BANK_MSB, BANK_LSB)
SUSTAIN, SOSTENUTO = 64, 66
RESET_ALL = 121
PORT_META = 0x21

PARAMETERS = (6, 38, 96, 97, 98, 99, 100, 101)
AT_REST = (MODULATION, SUSTAIN, SOSTENUTO, 120, RESET_ALL, 123)
NOT_COPIED = frozenset({BANK_MSB, BANK_LSB, *PARAMETERS, *AT_REST, 122, 124, 125, 126, 127})

_KINDS = {0xC: PROGRAM, 0xD: PRESSURE, 0xE: BEND}
RESET = frozenset({MODULATION, EXPRESSION, SUSTAIN, 65, SOSTENUTO, 67, PRESSURE, BEND})
"""What controller 121 puts back (MIDI RP-015); the rest stays."""

_HEARD = {MODULATION, VOLUME, EXPRESSION, SUSTAIN, SOSTENUTO, 120, RESET_ALL, *range(123, 128)}
_INAUDIBLE = frozenset(range(128)) - _HEARD
"""Controllers that may wait until a note has begun."""

_LOUDNESS = {VOLUME: 100, EXPRESSION: 127}
"""With what a channel has unless told (General MIDI)."""

_FADED = 1 / 8  # of its loudest


class Sound(NamedTuple):
    """A program 0..127 and a bank, MSB << 7 | LSB."""

    program: int
    bank: int


def ports_of(events: Events, data: bytes) -> npt.NDArray[np.uint8]:
    """The port of each event: what its track chunk has named last (meta 0x21), 0 before.

    Parameters
    ----------
    events : (N,) EVENT_DTYPE, by track chunk.
    data : their file.
    """
    ports = np.zeros(len(events), np.uint8)
    named = np.flatnonzero((events["status"] == 0xFF) & (events["data1"] == PORT_META))
    for i in named.tolist():
        end = int(events["offset"][i]) + int(events["size"][i])
        if events["size"][i] < 3:  # type, length, and no port
            continue
        last = int(np.searchsorted(events["mtrk"], events["mtrk"][i], side="right"))
        ports[i:last] = data[end - 1] & 0x7F
    return ports


class Channel:
    """What one channel of one port is set to, by the time, through all track chunks.

    Parameters
    ----------
    events : (N,) EVENT_DTYPE; those of this channel alone, in order of the file.
    resets : (R,) MARK_DTYPE by time; what was set before the tick of one is undone (GM, GS, XG).
    """

    def __init__(self, events: Events, resets: npt.NDArray[np.void]) -> None:
        kind = events["status"] >> 4
        is_on = (kind == 0x9) & (events["data2"] > 0)
        self.onsets = np.sort(events["ticks"][is_on])
        settings = events[kind >= 0xB]
        settings = settings[np.argsort(settings["ticks"], kind="stable")]
        self.ticks = settings["ticks"]
        self.mtrks = settings["mtrk"]
        self._resets = resets
        kinds = settings["status"] >> 4
        self.kinds = settings["data1"].astype(np.int64)
        for nibble, other in _KINDS.items():
            self.kinds[kinds == nibble] = other
        self._values = np.where(kinds == 0xB, settings["data2"], settings["data1"]).astype(np.int64)
        is_bend = kinds == 0xE
        self._values[is_bend] += settings["data2"][is_bend].astype(np.int64) << 7

    def value(self, kind: int, ticks: int) -> int | None:
        """The latest setting of a kind at or before ``ticks``; None if it has its default."""
        return self._value(kind, self._stop(ticks), self.reset_ticks(ticks))

    def _stop(self, ticks: int) -> int:
        """How many settings stand at or before ``ticks``."""
        return int(np.searchsorted(self.ticks, ticks, side="right"))

    def reset_ticks(self, ticks: int) -> int:
        """The last reset at or before ``ticks``; -1 for none."""
        past = int(np.searchsorted(self._resets["ticks"], ticks, side="right"))
        return int(self._resets["ticks"][past - 1]) if past else -1

    def _value(self, kind: int, stop: int, since: int) -> int | None:
        i = self._last(kind, stop, since)
        if i is None or (kind in RESET and (self._last(RESET_ALL, stop, since) or -1) > i):
            return None
        return int(self._values[i])

    def _last(self, kind: int, stop: int, since: int, mtrk: int | None = None) -> int | None:
        """Index of the last setting of a kind from the tick ``since`` to the index ``stop``.

        That is one of the chunk ``mtrk``, or of any.
        """
        is_it = (self.kinds[:stop] == kind) & (self.ticks[:stop] >= since)
        if mtrk is not None:
            is_it &= self.mtrks[:stop] == mtrk
        found = np.flatnonzero(is_it)
        return int(found[-1]) if len(found) else None

    def sound(self, ticks: int, mtrk: int | None = None) -> Sound:
        """Program and bank of a note, the bank being the one set before the program.

        Without a program a bank counts at once.

        Parameters
        ----------
        ticks : when it begins; the latest program counts.
        mtrk : its track chunk, whose program counts where several stand at one tick; None: the
            last of them does, as for a player that merges the chunks.
        """
        stop, since = self._stop(ticks), self.reset_ticks(ticks)
        latest = self._last(PROGRAM, stop, since)
        if latest is None:
            return Sound(0, self._bank(stop, since))
        own = None if mtrk is None else self._last(PROGRAM, stop, since, mtrk)
        if own is not None and self.ticks[own] == self.ticks[latest]:
            latest = own
        return Sound(int(self._values[latest]), self._bank(latest, since))

    def next_bank(self, ticks: int) -> int:
        """The bank that a program change at ``ticks`` would take."""
        return self._bank(self._stop(ticks), self.reset_ticks(ticks))

    def _bank(self, stop: int, since: int) -> int:
        msb, lsb = (self._value(kind, stop, since) or 0 for kind in (BANK_MSB, BANK_LSB))
        return msb << 7 | lsb

    def controls(self, ticks: int) -> list[tuple[int, int]]:
        """(controller, value) of each that is set, but for banks, pedals, modes and parameters."""
        past = self.kinds[: self._stop(ticks)]
        kinds = [k for k in np.unique(past).tolist() if k < PROGRAM and k not in NOT_COPIED]
        values = [(kind, self.value(kind, ticks)) for kind in kinds]
        return [(kind, value) for kind, value in values if value is not None]

    def later(self, after: int, until: int) -> list[tuple[int, int, int, int]]:
        """(ticks, chunk, kind, value) of each setting in [after, until)."""
        first, last = np.searchsorted(self.ticks, [after, until])
        columns = (self.ticks, self.mtrks, self.kinds, self._values)
        return list(zip(*(column[first:last].tolist() for column in columns)))

    def changes_of_later_chunks(self, mtrk: int) -> npt.NDArray[np.int64]:
        """The ticks at which chunks after this one silence the channel or alter how it sounds."""
        later = (self.mtrks > mtrk) & ~np.isin(self.kinds, list(_INAUDIBLE))
        resets = self._resets["ticks"][self._resets["mtrk"] > mtrk]
        return np.concatenate([self.ticks[later], resets.astype(np.int64)])

    def next_onset(self, ticks: int) -> int | None:
        """When the file's first note from ``ticks`` on begins; None if there is none."""
        i = int(np.searchsorted(self.onsets, ticks))
        return int(self.onsets[i]) if i < len(self.onsets) else None

    def changes_between(self, after: int, until: int, kinds: Collection[int]) -> bool:
        """Whether the file sets one of these kinds, or resets all, in (after, until]."""
        first, last = np.searchsorted(self.ticks, [after, until], side="right")
        is_set = np.isin(self.kinds[first:last], list(kinds)).any()
        return bool(is_set) or self.reset_ticks(until) > after

    def loudness_restored(self, ticks: int) -> list[tuple[int, int]]:
        """(controller, value) that end a fade-out: volume and expression of its loudest note.

        Empty unless what is in force at ``ticks``, or at any time later, is below an eighth of it.
        """
        onsets = self.onsets[self.onsets <= ticks]
        if not len(onsets):
            return []
        levels = [self._at(kind, onsets) for kind in _LOUDNESS]
        loudest = int(np.argmax(levels[0] * levels[1]))
        then = [int(level[loudest]) for level in levels]
        later = self.ticks[np.isin(self.kinds, list(_LOUDNESS)) & (self.ticks > ticks)]
        now = [self._at(kind, np.append(ticks, later)) for kind in _LOUDNESS]
        if (now[0] * now[1]).min() >= _FADED * then[0] * then[1]:
            return []
        return [
            (kind, was) for kind, was, is_now in zip(_LOUDNESS, then, now) if (is_now != was).any()
        ]

    def _at(self, kind: int, ticks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Volume or expression at each of many times."""
        found = np.flatnonzero(self.kinds == kind)
        i = np.searchsorted(self.ticks[found], ticks, side="right") - 1
        values = np.append(self._values[found], _LOUDNESS[kind])
        return np.where(i < 0, _LOUDNESS[kind], values[i])
