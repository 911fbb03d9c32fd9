"""Events of a track, in C: each is read from the bytes and told to the ``Scan``."""

from lstm_music.midi.channels cimport clamped, controller, exclusive, set_program
from lstm_music.midi.found cimport (
    CUT, END_OF_TRACK, FAULT_EVENTS, FAULT_TIME, FAULT_VLQ, GO_ON, IS_BENT, LONG_NUMBER, LOST,
    MARK_KEY, MARK_METER, MARK_NAME, MARK_PRIVATE, MARK_TEMPO, META_LONG, META_SHORT, NO_STATUS,
    OFFSET_VALUE, PITCH_BYTE, SYSTEM_MESSAGE, VLQ_BYTES, VLQ_MOST_BYTES, Outcome, Scan,
    add_change, fail, mend, set_port, touch,
)
from lstm_music.midi.sounding cimport note_off, note_on

cdef enum:
    OUR_MAKER = 0x7D  # see lstm_music.midi.private

# Kinds of meta event.
cdef enum:
    SEQUENCE_NUMBER = 0x00
    TRACK_NAME = 0x03
    CHANNEL_PREFIX = 0x20
    PORT_PREFIX = 0x21
    END_MARK = 0x2F
    TEMPO = 0x51
    SMPTE_OFFSET = 0x54
    METER = 0x58
    KEY = 0x59
    SEQUENCER_OWN = 0x7F


cdef inline Py_ssize_t big_endian(const unsigned char* p, int n) noexcept nogil:
    cdef Py_ssize_t value = 0
    cdef int i
    for i in range(n):
        value = value << 8 | p[i]
    return value


cdef inline Outcome read_vlq(Scan* s, int* value) noexcept nogil:
    """A number of 7 bits a byte, the last without its high bit: below 2**28."""
    cdef Py_ssize_t start = s.pos
    cdef unsigned char byte
    cdef int number = 0
    cdef int i
    for i in range(VLQ_MOST_BYTES):
        if s.pos >= s.end:
            return CUT
        if number >= 1 << 21:
            break
        byte = s.data[s.pos]
        s.pos += 1
        number = number << 7 | (byte & 0x7F)
        if byte < 0x80:
            if i >= VLQ_BYTES:
                mend(s, LONG_NUMBER, start)
            value[0] = number
            return GO_ON
    return fail(s, FAULT_VLQ, start)


cdef inline Outcome channel_event(Scan* s) noexcept nogil:
    """The data bytes of a channel message; its status is in ``s.status``."""
    cdef int channel = s.status & 0x0F
    cdef int message = s.status >> 4
    cdef Py_ssize_t start = s.pos
    cdef int value
    cdef int n_data = 1 if message == 0xC or message == 0xD else 2
    if s.end - s.pos < n_data:
        return CUT
    s.pos += n_data
    if message == 0x8 or message == 0x9:
        if s.data[start] > 0x7F:
            mend(s, PITCH_BYTE, start)
            return GO_ON
        value = clamped(s, start + 1)
        if message == 0x9 and value > 0:
            return note_on(s, channel, s.data[start], value, start)
        note_off(s, &s.channels[channel], s.data[start])  # one without a note is harmless
    elif message == 0xC:
        return set_program(s, channel, start)
    elif message == 0xB:
        return controller(s, channel, s.data[start], start)
    else:
        clamped(s, start)  # what it says is not kept
        if message != 0xA:
            touch(s, channel).pattern.flags |= IS_BENT
        if n_data == 2:
            clamped(s, start + 1)
    return GO_ON


cdef inline int meta_length(int kind, int length) noexcept nogil:
    """The bytes that a meta event of this kind has; ``length`` where any number is right."""
    if kind == SEQUENCE_NUMBER:
        return 2 if length else 0
    if kind == CHANNEL_PREFIX or kind == PORT_PREFIX:
        return 1
    if kind == TEMPO:
        return 3
    if kind == SMPTE_OFFSET:
        return 5
    if kind == METER:
        return 4
    if kind == KEY:
        return 2
    return length


cdef inline bint is_time_of_day(const unsigned char* p) noexcept nogil:
    """Hours (with the frame rate above them), minutes, seconds, frames, hundredths."""
    return (
        p[0] < 0x80 and (p[0] & 0x1F) < 24 and p[1] < 60 and p[2] < 60 and p[3] < 30 and p[4] < 100
    )


cdef inline Outcome meta_event(Scan* s) noexcept nogil:
    """Type, length and payload; ``s.pos`` stands at the type."""
    cdef Py_ssize_t start
    cdef int kind
    cdef int length
    cdef int right
    cdef Outcome outcome
    if s.pos >= s.end:
        return CUT
    kind = s.data[s.pos]
    s.pos += 1
    outcome = read_vlq(s, &length)
    if outcome != GO_ON:
        return outcome
    if length > s.end - s.pos:
        return CUT
    start = s.pos
    s.pos += length
    if kind == END_MARK:
        return END_OF_TRACK
    right = meta_length(kind, length)
    if length < right:
        mend(s, META_SHORT, start)
        return GO_ON
    if length > right:
        mend(s, META_LONG, start)
    if kind == TEMPO:
        return add_change(s, MARK_TEMPO, <int> big_endian(s.data + start, 3), start)
    if kind == METER:
        return add_change(s, MARK_METER, <int> big_endian(s.data + start, 2), start)
    if kind == KEY:
        return add_change(s, MARK_KEY, <int> big_endian(s.data + start, 2), start)
    if kind == TRACK_NAME:
        return add_change(s, MARK_NAME, length, start)
    if kind == PORT_PREFIX:
        return set_port(s, s.data[start], start)
    if kind == SEQUENCER_OWN and length and s.data[start] == OUR_MAKER:
        return add_change(s, MARK_PRIVATE, length, start)
    if kind == SMPTE_OFFSET and not is_time_of_day(s.data + start):
        mend(s, OFFSET_VALUE, start)
    return GO_ON


cdef inline Outcome system_event(Scan* s, unsigned char status) noexcept nogil:
    """Statuses 0xF0 to 0xFF. They leave the running status alone, as most writers expect."""
    cdef Outcome outcome
    cdef int length
    if status == 0xFF:
        return meta_event(s)
    if status == 0xF0 or status == 0xF7:
        outcome = read_vlq(s, &length)
        if outcome != GO_ON:
            return outcome
        if length > s.end - s.pos:
            return CUT
        s.pos += length
        if status == 0xF0:
            return exclusive(s, s.data + s.pos - length, length, s.pos - length)
        return GO_ON
    # A wire message that has no place in a file, with the data it would have on the wire.
    mend(s, SYSTEM_MESSAGE, s.pos - 1)
    length = 2 if status == 0xF2 else 1 if status == 0xF1 or status == 0xF3 else 0
    if length > s.end - s.pos:
        return CUT
    s.pos += length
    return GO_ON


cdef inline Outcome read_event(Scan* s) noexcept nogil:
    cdef Py_ssize_t start = s.pos
    cdef unsigned char status
    cdef int delta
    cdef Outcome outcome = read_vlq(s, &delta)
    if outcome != GO_ON:
        return outcome
    if s.pos >= s.end:
        return CUT
    if delta > s.max_tick - s.tick:
        return fail(s, FAULT_TIME, start)
    if s.n_events >= s.max_events:
        return fail(s, FAULT_EVENTS, start)
    s.n_events += 1
    s.tick += delta
    status = s.data[s.pos]
    if status >= 0xF0:
        s.pos += 1
        return system_event(s, status)
    if status >= 0x80:
        s.pos += 1
        s.status = status
    elif s.status == 0:
        mend(s, NO_STATUS, s.pos)
        return LOST
    return channel_event(s)
