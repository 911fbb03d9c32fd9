"""What a synthesizer hears of a file: the notes with what their channel is set to.

All chunks are heard together; at one tick the earlier chunk comes first. Ports are ignored.
"""

from collections import defaultdict
from typing import NamedTuple

from smf_events import list_events

REST = {1: 0, 7: 100, 11: 127, 64: 0, 65: 0, 66: 0, 67: 0, "bend": 0x2000, "pressure": 0}
_RESET_BY_121 = (1, 11, 64, 65, 66, 67, "bend", "pressure")
_SYSTEM_RESETS = (b"\x7e\x7f\x09\x01", b"\x41\x10\x42\x12\x40\x00\x7f", b"\x43\x10\x4c\x00\x00\x7e")


class Heard(NamedTuple):
    """A note; ``state`` maps controllers (10 is the pan), "bend" and "pressure" to values."""

    tick: int
    end: int
    channel: int
    pitch: int
    program: int
    bank: tuple[int, int]
    state: dict


class _Channel:
    def __init__(self):
        self.program, self.bank, self.state, self.parameter = 0, (0, 0), dict(REST), None
        self.sounding = defaultdict(list)

    def control(self, tick, number, value):
        if number == 121:
            self.state.update({kind: REST[kind] for kind in _RESET_BY_121})
        elif number in (120, 123):
            self._silence(tick)
        elif number in (100, 101):
            self.parameter = (self.parameter or {}) | {number: value}
        elif number in (6, 38):
            self.state[number, *sorted((self.parameter or {}).items())] = value
        else:
            self.state[number] = value

    def _silence(self, tick):
        for notes in self.sounding.values():
            for note in notes:
                note["end"] = tick
            notes.clear()


def play(data):
    """The notes of a file, in the order in which they begin."""
    rows = [
        (tick, number, i, event)
        for number, events in enumerate(list_events(data, strict=False).tracks)
        for i, (tick, event) in enumerate(events)
    ]
    channels, notes = defaultdict(_Channel), []
    for tick, _, _, event in sorted(rows, key=lambda row: row[:3]):
        if event[0] == 0xF0 and any(reset in event for reset in _SYSTEM_RESETS):
            channels.clear()
        if event[0] < 0xF0:
            _hear(channels[event[0] & 0x0F], tick, event, notes)
    return [Heard(**note) for note in notes]


def _hear(channel, tick, event, notes):
    kind, first, second = event[0] >> 4, event[1], event[-1]
    if kind == 0x9 and second:
        told = {"program": channel.program, "bank": channel.bank, "state": dict(channel.state)}
        notes.append({"tick": tick, "end": -1, "channel": event[0] & 0x0F, "pitch": first, **told})
        channel.sounding[first].append(notes[-1])
    elif kind in (0x8, 0x9):
        if channel.sounding[first]:
            channel.sounding[first].pop(0)["end"] = tick
    elif kind == 0xB:
        channel.control(tick, first, second)
    elif kind == 0xC:
        channel.program = first
        channel.bank = channel.state.get(0, 0), channel.state.get(32, 0)
    elif kind == 0xD:
        channel.state["pressure"] = first
    elif kind == 0xE:
        channel.state["bend"] = first | second << 7
