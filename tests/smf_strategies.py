"""Random MIDI files for Hypothesis, with every kind of event that a file may hold."""

from hypothesis import strategies as st

_data = st.integers(0, 127)
_channel = st.integers(0, 15)
_TEXTS = range(0x01, 0x0A)


def number(value):
    """A variable-length quantity."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(0x80 | value & 0x7F)
    return bytes(reversed(groups))


def meta(kind, payload):
    return bytes([0xFF, kind]) + number(len(payload)) + payload


@st.composite
def channel_messages(draw, statuses=(0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0)):
    status = draw(st.sampled_from(statuses)) | draw(st.integers(0, 2) | _channel)
    first = draw(st.integers(58, 63)) if status < 0xB0 else draw(_data)
    if status >> 4 in (0xC, 0xD):
        return bytes([status, first])
    return bytes([status, first, draw(_data)])


_settings = st.builds(
    lambda channel, number, value: bytes([0xB0 | channel, number, value]),
    st.integers(0, 2),
    st.sampled_from([0, 1, 6, 7, 10, 11, 32, 38, 64, 66, 67, 96, 98, 99, 100, 101, 121, 123]),
    _data,
)
_metas = st.one_of(
    st.builds(meta, st.sampled_from(_TEXTS), st.binary(max_size=12)),
    st.builds(meta, st.just(0x20), st.builds(lambda c: bytes([c]), _channel)),
    st.builds(meta, st.just(0x21), st.builds(lambda p: bytes([p]), st.integers(0, 3))),
    st.builds(
        meta, st.just(0x51), st.integers(1, 2**24 - 1).map(lambda usec: usec.to_bytes(3, "big"))
    ),
    st.builds(meta, st.just(0x54), st.just(bytes([0x60, 1, 2, 3, 4]))),
    st.builds(
        lambda top, power: meta(0x58, bytes([top, power, 24, 8])),
        st.integers(1, 12),
        st.integers(1, 4),
    ),
    st.builds(
        lambda sharps, mode: meta(0x59, bytes([sharps & 0xFF, mode])),
        st.integers(-7, 7),
        st.integers(0, 1),
    ),
    st.builds(meta, st.just(0x7F), st.binary(max_size=8)),
    st.builds(meta, st.sampled_from([0x0A, 0x40, 0x60, 0x7E]), st.binary(max_size=8)),
)
_sysex = st.one_of(
    st.binary(max_size=8).map(lambda body: b"\xf0" + number(len(body) + 1) + body + b"\xf7"),
    st.binary(max_size=8).map(lambda body: b"\xf7" + number(len(body)) + body),
    st.just(bytes.fromhex("f0 0a 41 10 42 12 40 11 15 02 18 f7")),
)
events = st.one_of(
    channel_messages(), channel_messages((0x90, 0x80)), _settings, _settings, _metas, _sysex
)


@st.composite
def tracks(draw, with_note=False):
    """Content of a track chunk; running status now and then."""
    body, running = b"", None
    pairs = draw(st.lists(st.tuples(st.integers(0, 400), events), max_size=25))
    if with_note:
        note = [(0, bytes([0x90, 60, 80])), (120, bytes([0x80, 60, 0]))]
        pairs = [*pairs, *note]
    for delta, event in pairs:
        body += number(delta)
        if event[0] < 0xF0:
            hides_status = event[0] == running and draw(st.booleans())
            body += event[1:] if hides_status else event
            running = event[0]
        else:
            body += event
            running = None
    return body + number(draw(st.integers(0, 2000))) + b"\xff\x2f\x00"


def chunk(name, body):
    return name + len(body).to_bytes(4, "big") + body


@st.composite
def files(draw):
    """A whole file, formats 0 and 1, undamaged, with at least one note."""
    n = draw(st.integers(1, 4))
    format_ = 0 if n == 1 and draw(st.booleans()) else 1
    division = draw(st.sampled_from([24, 96, 120, 480, 960, 32767, 0xE728]))  # the last: frames
    with_note = draw(st.integers(0, n - 1))
    chunks = [chunk(b"MTrk", draw(tracks(with_note=i == with_note))) for i in range(n)]
    if draw(st.integers(0, 9)) == 0:
        chunks.insert(draw(st.integers(0, n)), chunk(b"XFIH", draw(st.binary(max_size=9))))
    head = format_.to_bytes(2, "big") + n.to_bytes(2, "big") + division.to_bytes(2, "big")
    return chunk(b"MThd", head) + b"".join(chunks)
