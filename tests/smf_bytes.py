"""MIDI bytes for tests, written as a commented hexdump."""


def unhex(dump: str) -> bytes:
    """Bytes of a hexdump; what follows ``#`` in a line is a comment."""
    return bytes.fromhex(" ".join(line.partition("#")[0] for line in dump.splitlines()))


def chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "big") + body


def smf(*tracks: str, midi_format: int = 1, division: int = 96) -> bytes:
    """A well-formed file around the tracks' hexdumps; their end marks are theirs to write."""
    numbers = (midi_format, len(tracks), division)
    header = chunk(b"MThd", b"".join(n.to_bytes(2, "big") for n in numbers))
    return header + b"".join(chunk(b"MTrk", unhex(track)) for track in tracks)


def riff(midi, *, data_off_by=0, file_off_by=0, before=b"", after=b""):
    """An RMID file around the MIDI bytes, its lengths right or not."""
    data = b"data" + (len(midi) + data_off_by).to_bytes(4, "little") + midi + bytes(len(midi) % 2)
    content = b"RMID" + before + data + after
    return b"RIFF" + (len(content) + file_off_by).to_bytes(4, "little") + content


END = " 00 FF 2F 00"
NOTE = " 00 90 3C 40  60 80 3C 40"
"""One C4 of a quarter note at 96 ticks a quarter."""
