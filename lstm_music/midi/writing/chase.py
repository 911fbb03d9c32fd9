"""What the channels of a MIDI file are set to at a moment, which players call chasing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.midi.writing.messages import Events

PROGRAM, PRESSURE, BEND = 128, 129, 130  # kinds of setting beside the controllers 0 to 127
BEND_CENTRE = 0x2000
BANK_MSB, MODULATION, VOLUME, EXPRESSION, BANK_LSB = 0, 1, 7, 11, 32
SUSTAIN, SOSTENUTO = 64, 66
RESET_ALL = 121
PORT_META = 0x21

PARAMETERS = (6, 38, 96, 97, 98, 99, 100, 101)
AT_REST = (MODULATION, SUSTAIN, SOSTENUTO, 120, RESET_ALL, 123)
NOT_COPIED = frozenset({BANK_MSB, BANK_LSB, *PARAMETERS, *AT_REST, 122, 124, 125, 126, 127})

_KINDS = {0xC: PROGRAM, 0xD: PRESSURE, 0xE: BEND}
_RESET = frozenset({MODULATION, EXPRESSION, SUSTAIN, SOSTENUTO, 67, PRESSURE, BEND})
"""What controller 121 puts back (MIDI RP-015); the rest stays."""

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
    """

    def __init__(self, events: Events) -> None:
        kind = events["status"] >> 4
        is_on = (kind == 0x9) & (events["data2"] > 0)
        self.onsets = np.sort(events["ticks"][is_on])
        settings = events[kind >= 0xB]
        settings = settings[np.argsort(settings["ticks"], kind="stable")]
        self.ticks = settings["ticks"]
        self._mtrks = settings["mtrk"]
        kinds = settings["status"] >> 4
        self._kinds = settings["data1"].astype(np.int64)
        for nibble, other in _KINDS.items():
            self._kinds[kinds == nibble] = other
        self._values = np.where(kinds == 0xB, settings["data2"], settings["data1"]).astype(np.int64)
        is_bend = kinds == 0xE
        self._values[is_bend] += settings["data2"][is_bend].astype(np.int64) << 7

    def value(self, kind: int, ticks: int) -> int | None:
        """The latest setting of a kind at or before ``ticks``; None if it has its default."""
        return self._value(kind, int(np.searchsorted(self.ticks, ticks, side="right")))

    def _value(self, kind: int, stop: int) -> int | None:
        i = self._last(kind, stop)
        if i is None or (kind in _RESET and (self._last(RESET_ALL, stop) or -1) > i):
            return None
        return int(self._values[i])

    def _last(self, kind: int, stop: int, mtrk: int | None = None) -> int | None:
        """Index of the last setting of a kind before the index ``stop``, of one chunk or of any."""
        is_it = self._kinds[:stop] == kind
        if mtrk is not None:
            is_it &= self._mtrks[:stop] == mtrk
        found = np.flatnonzero(is_it)
        return int(found[-1]) if len(found) else None

    def sound(self, ticks: int, mtrk: int | None = None) -> Sound:
        """Program and bank of a note, the bank being the one set before the program.

        Parameters
        ----------
        ticks : when it begins; the latest program counts.
        mtrk : its track chunk, whose program counts where several stand at one tick; None: the
            last of them does, as for a player that merges the chunks.
        """
        stop = int(np.searchsorted(self.ticks, ticks, side="right"))
        latest = self._last(PROGRAM, stop)
        if latest is None:
            return Sound(0, 0)
        own = None if mtrk is None else self._last(PROGRAM, stop, mtrk)
        if own is not None and self.ticks[own] == self.ticks[latest]:
            latest = own
        msb, lsb = (self._value(kind, latest) or 0 for kind in (BANK_MSB, BANK_LSB))
        return Sound(int(self._values[latest]), msb << 7 | lsb)

    def controls(self, ticks: int) -> list[tuple[int, int]]:
        """(controller, value) of each that is set, but for banks, pedals, modes and parameters."""
        past = self._kinds[: int(np.searchsorted(self.ticks, ticks, side="right"))]
        kinds = [k for k in np.unique(past).tolist() if k < PROGRAM and k not in NOT_COPIED]
        values = [(kind, self.value(kind, ticks)) for kind in kinds]
        return [(kind, value) for kind, value in values if value is not None]

    def changes_between(self, after: int, until: int) -> bool:
        """Whether the file sets anything in (after, until]."""
        first, last = np.searchsorted(self.ticks, [after, until], side="right")
        return bool(last > first)

    def loudness_restored(self, ticks: int) -> list[tuple[int, int]]:
        """(controller, value) that end a fade-out: volume and expression of its loudest note.

        Empty while what is in force at ``ticks`` is not below an eighth of that.
        """
        onsets = self.onsets[self.onsets <= ticks]
        if not len(onsets):
            return []
        levels = [self._at(kind, onsets) for kind in _LOUDNESS]
        loudest = int(np.argmax(levels[0] * levels[1]))
        then = [int(level[loudest]) for level in levels]
        now = [self._at(kind, np.array([ticks])).item() for kind in _LOUDNESS]
        if now[0] * now[1] >= _FADED * then[0] * then[1]:
            return []
        return [(kind, was) for kind, was, is_now in zip(_LOUDNESS, then, now) if was != is_now]

    def _at(self, kind: int, ticks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Volume or expression at each of many times."""
        found = np.flatnonzero(self._kinds == kind)
        i = np.searchsorted(self.ticks[found], ticks, side="right") - 1
        values = np.append(self._values[found], _LOUDNESS[kind])
        return np.where(i < 0, _LOUDNESS[kind], values[i])
