"""The events of a Standard MIDI File, listed by a strict reader that shares no code with ours.

``seed_stands`` holds a written file against the file that it continues.
"""

from collections import defaultdict, deque
from typing import NamedTuple

END_OF_TRACK = b"\xff\x2f\x00"
PORT = b"\xff\x21"
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}


class Smf(NamedTuple):
    """A file, taken apart.

    ``tracks`` holds the (tick, event) of each MTrk chunk; an event is its bytes as they stand in
    the file, with its status byte even where running status left it out. ``others`` holds the
    (name, body) of all other chunks after the header.
    """

    format: int
    division: bytes
    tracks: list[list[tuple[int, bytes]]]
    others: list[tuple[bytes, bytes]]


def list_events(data: bytes, *, strict: bool = True) -> Smf:
    """Take a file apart; ValueError if it is not exactly as the standard has it.

    If not ``strict``, running status may go on after a system event, as many files have it.
    """
    header, rest = _chunk(data, 0)
    if header[0] != b"MThd" or len(header[1]) < 6:
        raise ValueError(f"expected a header chunk, got {header}")
    if header[1][:2] > bytes([0, 2]):
        raise ValueError(f"the format must be 0, 1 or 2, got {header[1][:2].hex()}")
    tracks, others = [], []
    while rest < len(data):
        (name, body), rest = _chunk(data, rest)
        if name == b"MTrk":
            tracks.append(_track(body, strict))
        else:
            others.append((name, body))
    if (told := int.from_bytes(header[1][2:4], "big")) != len(tracks):
        raise ValueError(f"the header tells {told} tracks, the file has {len(tracks)}")
    return Smf(int.from_bytes(header[1][:2], "big"), header[1][4:6], tracks, others)


def seed_stands(
    seed: bytes, output: bytes, *, format_0_may_become_1: bool = False, strict: bool = True
) -> list[str]:
    """What of the seed's file the output lacks; empty if all of it stands where it stood.

    Every event but the end marks is looked for at its tick, in its chunk, in its order among
    the others, byte for byte. The output may hold further events, and further tracks at its end.
    """
    given, made = (list_events(data, strict=strict) for data in (seed, output))
    lacks = []
    if made.format != given.format and not (
        format_0_may_become_1 and (given.format, made.format) == (0, 1)
    ):
        lacks.append(f"format {given.format} became {made.format}")
    if made.division != given.division:
        lacks.append(f"division {given.division.hex()} became {made.division.hex()}")
    lacks += [f"no chunk {chunk!r} (in its order)" for chunk in _missing(given.others, made.others)]
    for i, events in enumerate(given.tracks):
        if i >= len(made.tracks):
            lacks.append(f"no track {i}")
            continue
        wanted = [event for event in events if event[1] != END_OF_TRACK]
        lacks += [
            f"track {i}: no {event.hex(' ')} at tick {tick} (in its order)"
            for tick, event in _missing(wanted, made.tracks[i])
        ]
    return lacks


def note_events(data):
    """Of each chunk [(number of the event that begins a note, of the one that ends it or None)]."""
    chunks = []
    for events in list_events(data, strict=False).tracks:
        notes, sounding, port = [], defaultdict(deque), 0
        for i, (_, message) in enumerate(events):
            kind, key = message[0] >> 4, (port, message[0] & 0x0F)
            if message[:2] == PORT and message[2]:
                port = message[3]
            elif kind == 0x9 and message[2]:
                sounding[*key, message[1]].append(len(notes))
                notes.append([i, None])
            elif kind in (0x8, 0x9) and sounding[*key, message[1]]:
                notes[sounding[*key, message[1]].popleft()][1] = i
            elif kind == 0xB and message[1] in (120, 123):
                for where in sounding:
                    if where[:2] == key:
                        sounding[where].clear()
        chunks.append(notes)
    return chunks


def _missing(wanted: list, present: list) -> list:
    """The items of ``wanted`` that ``present`` does not hold in the same order."""
    missing, at = [], 0
    for item in wanted:
        try:
            at = present.index(item, at) + 1
        except ValueError:
            missing.append(item)
    return missing


def _chunk(data: bytes, at: int) -> tuple[tuple[bytes, bytes], int]:
    start = at + 8
    end = start + int.from_bytes(data[at + 4 : start], "big")
    if start > len(data) or end > len(data):
        raise ValueError(f"the chunk at byte {at} reaches past the end of the file")
    if not all(0x20 <= byte < 0x7F for byte in data[at : at + 4]):
        raise ValueError(f"no chunk begins at byte {at}")
    return (data[at : at + 4], data[start:end]), end


def _track(body: bytes, strict: bool) -> list[tuple[int, bytes]]:
    events, at, tick, running = [], 0, 0, 0
    while at < len(body):
        delta, at = _number(body, at)
        tick += delta
        status = body[at] if at < len(body) else 0
        if status in {0xF0, 0xF7, 0xFF}:
            length, start = _number(body, at + (2 if status == 0xFF else 1))
            event, at = body[at : start + length], start + length
            running = 0 if strict else running
        else:
            if status >= 0x80:
                running, at = status, at + 1
            if running >> 4 not in _DATA_BYTES:
                raise ValueError(f"no event can begin with {status:#x} at byte {at} of a track")
            end = at + _DATA_BYTES[running >> 4]
            event, at = bytes([running]) + body[at:end], end
            if max(event[1:], default=0x80) >= 0x80:
                raise ValueError(f"a channel message with data past 127, {event.hex(' ')}")
        if at > len(body):
            raise ValueError("a track ends inside an event")
        events.append((tick, event))
    if [event for _, event in events].index(END_OF_TRACK) != len(events) - 1:
        raise ValueError("a track goes on after its end mark")
    return events


def _number(body: bytes, at: int) -> tuple[int, int]:
    """A variable-length quantity, and where it ends."""
    value = 0
    for i, byte in enumerate(body[at : at + 4], start=at + 1):
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, i
    raise ValueError(f"no number of at most four bytes at byte {at} of a track")
