"""Random track chunks that share channels, and a slow and obvious reading of them."""

from typing import NamedTuple

GM_ON, GS_RESET = (
    bytes.fromhex("7E7F0901F7"),
    bytes.fromhex("41104212400 07F0041F7".replace(" ", "")),
)
XG_ON = bytes.fromhex("43104C00007E00F7")
CHANNELS = (0, 1, 9)
KINDS = ("on", "on", "on", "off", "off", "program", "bank", "pedal", "release", "silence")
RARE_KINDS = ("part", "reset", "port")


class Event(NamedTuple):
    """One event of a file; ``order`` counts the events of its chunk."""

    tick: int
    chunk: int
    order: int
    port: int
    kind: str
    channel: int
    value: int


def random_events(rng, n_chunks, n_events, rare):
    """Events of each chunk, in file order; ``rare``: share of system exclusive and port events."""
    events = []
    for chunk in range(n_chunks):
        tick = port = 0
        for order in range(n_events):
            tick += int(rng.choice([0, 0, 1, 3, 10]))
            kinds = RARE_KINDS if rng.random() < rare else KINDS
            kind = str(rng.choice(kinds))
            value = {
                "on": rng.integers(60, 63),
                "off": rng.integers(60, 63),
                "program": rng.integers(0, 4),
                "bank": rng.choice([0, 1, 120, 121, 127]),
                "pedal": rng.choice([0, 127]),
                "part": rng.integers(0, 3),
                "reset": rng.choice([0, 0, 3]),
                "port": rng.integers(0, 2),
            }.get(kind, 0)
            if kind == "port":
                port = int(value)
            channel = int(rng.choice(CHANNELS))
            events.append(Event(tick, chunk, order, port, kind, channel, int(value)))
    return events


def to_bytes(event):
    """The event without its delta."""
    channel, value = event.channel, event.value
    if event.kind in {"on", "off"}:
        return bytes([(0x90 if event.kind == "on" else 0x80) | channel, value, 64])
    if event.kind == "program":
        return bytes([0xC0 | channel, value])
    if event.kind == "port":
        return bytes([0xFF, 0x21, 1, value])
    if event.kind == "part":
        part = {9: 0}.get(channel, channel + 1)
        return sysex(bytes([0x41, 0x10, 0x42, 0x12, 0x40, 0x10 | part, 0x15, value, 0, 0xF7]))
    if event.kind == "reset":
        return sysex({0: GM_ON, 3: XG_ON}[value])
    controller = {"bank": 0, "pedal": 64, "release": 121, "silence": 123}[event.kind]
    return bytes([0xB0 | channel, controller, value])


def sysex(payload):
    return bytes([0xF0, len(payload)]) + payload


def to_file(events, n_chunks, midi_format):
    """The file that holds the events, 96 ticks a quarter."""
    chunks = []
    for chunk in range(n_chunks):
        body, now = b"", 0
        for event in events:
            if event.chunk == chunk:
                body += bytes([event.tick - now]) + to_bytes(event)
                now = event.tick
        body += bytes.fromhex("00FF2F00")
        chunks.append(b"MTrk" + len(body).to_bytes(4, "big") + body)
    head = b"".join(n.to_bytes(2, "big") for n in (midi_format, n_chunks, 96))
    return b"MThd" + (6).to_bytes(4, "big") + head + b"".join(chunks)


def in_force(kind, at, events):
    """The setting of a kind that holds at an event, or None."""
    place = (at.port, at.channel)
    settings = [e for e in events if e.kind == kind and (e.port, e.channel) == place]
    own = [e for e in settings if e.chunk == at.chunk and e.order < at.order]
    others = [e for e in settings if e.chunk != at.chunk and e.tick <= at.tick]
    found = own[-1] if own else None
    if others:
        latest = max(others, key=lambda e: (e.tick, e.chunk, e.order))
        if found is None or latest.tick > found.tick:
            found = latest
    resets = [
        e.tick for e in events if (e.kind, e.port) == ("reset", at.port) and e.tick <= at.tick
    ]
    return None if found and resets and found.tick < max(resets) else found


def sound(note, events):
    """(program, bank, drums or not) of a note-on."""
    program = in_force("program", note, events)
    bank = in_force("bank", program or note, events)
    part = in_force("part", note, events)
    bank_number = bank.value if bank else 0
    is_drum = note.channel == 9 and bank_number != 121 and not (part and part.value == 0)
    is_drum = is_drum or bank_number in {120, 126, 127} or bool(part and part.value)
    return program.value if program else 0, bank_number, is_drum


def ends(events):
    """When each note-on of one piece ends, by chunk and order; None where nothing ends it."""
    found = {}
    for note in events:
        if note.kind == "on":
            found[note.chunk, note.order] = None
    sounding = {}
    for event in events:
        key = (event.chunk, event.port, event.channel)
        if event.kind == "on":
            sounding.setdefault((*key, event.value), []).append(event)
        elif event.kind == "off" and sounding.get((*key, event.value)):
            begun = sounding[*key, event.value].pop(0)
            found[begun.chunk, begun.order] = event.tick
        elif event.kind == "silence":
            for (*which, _), notes in sounding.items():
                if tuple(which) == key:
                    while notes:
                        begun = notes.pop(0)
                        found[begun.chunk, begun.order] = event.tick
    for note in events:
        if note.kind == "on":
            later = [
                e.tick
                for e in events
                if e.kind == "silence"
                and (e.port, e.channel) == (note.port, note.channel)
                and e.tick > note.tick
            ]
            known = found[note.chunk, note.order]
            cuts = later if known is None else [*later, known]
            found[note.chunk, note.order] = min(cuts) if cuts else None
    return found


def closed(events, found):
    """The ends, with the notes that nothing ends closed where the music does."""
    notes = [e for e in events if e.kind == "on"]
    ticks = [e.tick for e in notes] + [end for end in found.values() if end is not None]
    last = max(ticks, default=0)
    stop = {e.chunk: e.tick for e in events}  # of the last event of each chunk
    for note in notes:
        if found[note.chunk, note.order] is None:
            longest = min(stop[note.chunk], note.tick + 4 * 96)
            found[note.chunk, note.order] = last if note.tick < last else longest
    return found


def pedal_states(events, place):
    """(tick, whether the pedal is down at its end) for a port and channel, where it changes."""
    down, states = set(), []
    for tick in sorted({e.tick for e in events}):
        now = sorted(e for e in events if e.tick == tick and e.port == place[0])
        if any(e.kind == "reset" for e in now):
            down.clear()
        for e in now:
            if e.channel == place[1] and e.kind in {"pedal", "release"}:
                down.clear()
                if e.kind == "pedal" and e.value >= 64:
                    down.add(place)
        if bool(down) != (states[-1][1] if states else False):
            states.append((tick, bool(down)))
    return states
