"""Bytes of a Standard MIDI File to notes and marks, in one bounds-checked pass.

The pass is linear in the bytes: no length found in the file is ever allocated or trusted, and
every read is checked against the end of the track. What can be mended is mended and counted
(``raw.REPAIR_SENTENCES``); what cannot is a ``MidiError`` with its byte offset.

Notes of one pitch that overlap in one channel of one track are closed first in, first out.
"""

from libc.stdlib cimport free
from libc.string cimport memchr, memcmp, memcpy, memset

from lstm_music.midi.found cimport (
    AFTER_END_OF_TRACK, CHANNELS, CHUNK_HEADER_BYTES, CUT, DATA_BYTE,
    END_OF_TRACK, EVENT_CUT, FAULT, FAULT_EVENTS, FAULT_TIME, FAULT_TRACKS,
    FAULT_VLQ, GO_ON, LOST, LOST_CHUNK, MARK_KEY, MARK_METER, MARK_NAME, MARK_PEDAL, MARK_PRIVATE,
    MARK_TEMPO, META_SHORT, N_REPAIRS, NO_END_OF_TRACK, NO_STATUS, NONE, PITCH_BYTE, PITCHES,
    SYSTEM_MESSAGE, TRACK_COUNT, TRACK_LENGTH, TRAILING_BYTES, UNCLOSED_NOTE, VLQ_BYTES,
    Outcome, Scan, add_mark, fail, mend, note_off, note_on,
)

from dataclasses import asdict

import numpy as np

from lstm_music.errors import MidiError
from lstm_music.midi.header import read_header
from lstm_music.midi.raw import (
    FAULT_SENTENCES,
    MARK_DTYPE,
    RAW_NOTE_DTYPE,
    REPAIR_SENTENCES,
    RawMidi,
    Repair,
)


cdef inline Py_ssize_t big_endian(const unsigned char* p, int n) noexcept nogil:
    cdef Py_ssize_t value = 0
    cdef int i
    for i in range(n):
        value = value << 8 | p[i]
    return value


cdef inline Outcome read_vlq(Scan* s, int* value) noexcept nogil:
    """A number of 7 bits a byte, the last without its high bit: below 2**28."""
    cdef Py_ssize_t start = s.pos
    cdef int number = 0
    cdef int _i
    for _i in range(VLQ_BYTES):
        if s.pos >= s.end:
            return CUT
        number = number << 7 | (s.data[s.pos] & 0x7F)
        s.pos += 1
        if s.data[s.pos - 1] < 0x80:
            value[0] = number
            return GO_ON
    return fail(s, FAULT_VLQ, start)


cdef inline int clamped(Scan* s, Py_ssize_t offset) noexcept nogil:
    """The data byte at ``offset``, at most 127."""
    if s.data[offset] > 0x7F:
        mend(s, DATA_BYTE, offset)
        return 0x7F
    return s.data[offset]


cdef Outcome channel_event(Scan* s) noexcept nogil:
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
        note_off(s, channel, s.data[start])  # an off without an on is common and harmless
    elif message == 0xC:
        s.program[channel] = <unsigned char> clamped(s, start)
        s.program_set[channel] = True
    elif message == 0xB and s.data[start] == 64:
        return add_mark(s, MARK_PEDAL, <unsigned char> channel, clamped(s, start + 1), start)
    return GO_ON


cdef Outcome meta_event(Scan* s) noexcept nogil:
    """Type, length and payload; ``s.pos`` stands at the type."""
    cdef Py_ssize_t start
    cdef int kind
    cdef int length
    cdef int least = 0
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
    if kind == 0x2F:
        return END_OF_TRACK
    if kind == 0x51:
        least = 3
    elif kind == 0x58 or kind == 0x59:
        least = 2
    if length < least:
        mend(s, META_SHORT, start)
    elif kind == 0x51:
        return add_mark(s, MARK_TEMPO, 0, <int> big_endian(s.data + start, 3), start)
    elif kind == 0x58:
        return add_mark(s, MARK_METER, 0, <int> big_endian(s.data + start, 2), start)
    elif kind == 0x59:
        return add_mark(s, MARK_KEY, 0, <int> big_endian(s.data + start, 2), start)
    elif kind == 0x03:
        return add_mark(s, MARK_NAME, 0, length, start)
    elif kind == 0x7F:
        return add_mark(s, MARK_PRIVATE, 0, length, start)
    return GO_ON


cdef Outcome system_event(Scan* s, unsigned char status) noexcept nogil:
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
        return GO_ON
    # A wire message that has no place in a file, with the data it would have on the wire.
    mend(s, SYSTEM_MESSAGE, s.pos - 1)
    length = 2 if status == 0xF2 else 1 if status == 0xF1 or status == 0xF3 else 0
    if length > s.end - s.pos:
        return CUT
    s.pos += length
    return GO_ON


cdef Outcome read_event(Scan* s) noexcept nogil:
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


cdef inline bint at_track(Scan* s, Py_ssize_t pos) noexcept nogil:
    """Whether a track chunk's header stands at ``pos``."""
    return s.size - pos >= CHUNK_HEADER_BYTES and memcmp(s.data + pos, b"MTrk", 4) == 0


cdef bint at_chunk(Scan* s, Py_ssize_t pos) noexcept nogil:
    """Whether a track's header, or a whole chunk of another kind, stands at ``pos``."""
    cdef int i
    if s.size - pos < CHUNK_HEADER_BYTES:
        return False
    for i in range(4):
        if not 0x20 <= s.data[pos + i] < 0x7F:
            return False
    if at_track(s, pos):
        return True
    return big_endian(s.data + pos + 4, 4) <= s.size - pos - CHUNK_HEADER_BYTES


cdef Py_ssize_t find_track(Scan* s, Py_ssize_t pos) noexcept nogil:
    """Where the next track chunk's header stands, or NONE."""
    cdef const void* hit
    while s.size - pos >= CHUNK_HEADER_BYTES:
        hit = memchr(s.data + pos, 0x4D, s.size - pos)  # "M"
        if hit == NULL:
            return NONE
        pos = <const unsigned char*> hit - s.data
        if at_track(s, pos):
            return pos
        pos += 1
    return NONE


cdef void begin_track(Scan* s) noexcept nogil:
    s.tick = 0
    s.status = 0
    memcpy(s.program, s.setup_program, sizeof(s.program))
    memset(s.program_set, 0, sizeof(s.program_set))
    memset(s.has_notes, 0, sizeof(s.has_notes))


cdef void end_track(Scan* s) noexcept nogil:
    """Close what still sounds, and hand on the programs that this track only set up."""
    cdef int channel
    cdef int pitch
    for channel in range(CHANNELS):
        if s.has_notes[channel]:
            for pitch in range(PITCHES):
                while note_off(s, channel, pitch):
                    mend(s, UNCLOSED_NOTE, s.pos)
        elif s.program_set[channel]:
            s.setup_program[channel] = s.program[channel]
    s.mtrk += 1


cdef Outcome read_track(Scan* s) noexcept nogil:
    """One track chunk; ``s.pos`` stands at its header, and moves to where the next may be."""
    cdef Py_ssize_t header = s.pos
    cdef Py_ssize_t length = big_endian(s.data + header + 4, 4)
    cdef Py_ssize_t start = header + CHUNK_HEADER_BYTES
    cdef Py_ssize_t declared = start + length
    # The length is believed if the file, or something like a chunk, follows where it says.
    cdef bint believed = declared == s.size or (declared < s.size and at_chunk(s, declared))
    cdef Py_ssize_t event
    cdef Outcome outcome = GO_ON
    if s.mtrk >= s.max_tracks:
        return fail(s, FAULT_TRACKS, header)
    s.pos = event = start
    s.end = declared if believed else s.size
    begin_track(s)
    while outcome == GO_ON and s.pos < s.end:
        event = s.pos
        if not believed and at_track(s, event):
            break
        outcome = read_event(s)
    if outcome == FAULT:
        return FAULT
    if outcome == CUT:
        mend(s, EVENT_CUT, event)
    elif outcome == GO_ON:
        mend(s, NO_END_OF_TRACK, s.pos)
    end_track(s)
    if believed:
        if outcome == END_OF_TRACK and s.pos != declared:
            mend(s, AFTER_END_OF_TRACK, s.pos)
        s.pos = declared
        return GO_ON
    if outcome == CUT or outcome == LOST:
        # A wrong length inside the event may hide tracks: look for them from the event on.
        s.pos = find_track(s, event)
        if s.pos == NONE:
            s.pos = s.size
    if s.pos != declared:
        mend(s, TRACK_LENGTH, header + 4)
    return GO_ON


cdef Outcome read_chunks(Scan* s) noexcept nogil:
    """Every track chunk after the header; other chunks are stepped over."""
    cdef Py_ssize_t found
    while s.pos < s.size:
        if at_track(s, s.pos):
            if read_track(s) == FAULT:
                return FAULT
        elif at_chunk(s, s.pos):
            s.pos += CHUNK_HEADER_BYTES + big_endian(s.data + s.pos + 4, 4)
        else:
            found = find_track(s, s.pos)
            mend(s, TRAILING_BYTES if found == NONE else LOST_CHUNK, s.pos)
            s.pos = s.size if found == NONE else found
    return GO_ON


cdef _array(const void* items, Py_ssize_t n, dtype):
    """A copy of ``n`` C structs as a structured array of the same layout."""
    array = np.empty(n, dtype)
    cdef unsigned char[::1] raw
    if n:
        raw = array.view(np.uint8)
        memcpy(&raw[0], items, n * <Py_ssize_t> dtype.itemsize)
    return array


def scan(bytes data not None, limits not None):
    """Read the notes and marks of a MIDI file.

    Parameters
    ----------
    data : the whole file.
    limits : ``lstm_music.midi.limits.Limits``.

    Returns
    -------
    RawMidi
        Times in ticks from the start.

    Raises
    ------
    MidiError : the bytes cannot be read as MIDI, or hold more than the limits allow.
    """
    max_bytes = min(limits.max_bytes, 2**31 - 1)  # offsets are kept in 31 bits
    if len(data) > max_bytes:
        raise MidiError(f"the file is larger than {max_bytes} bytes", offset=max_bytes)
    header = read_header(data)
    # Steps of the grid (24 a quarter) must fit in 31 bits, too.
    cdef long long max_tick = min(limits.max_quarters, 2**31 // 24 - 1) * header.ticks_per_quarter
    cdef Outcome outcome
    cdef Scan s
    memset(&s, 0, sizeof(Scan))
    memset(s.oldest, 0xFF, sizeof(s.oldest))  # NONE everywhere; a track leaves it so
    s.data = data
    s.size = len(data)
    s.pos = header.end
    s.max_tick = <int> min(max_tick, 2**31 - 1)
    s.max_tracks = min(limits.max_tracks, 2**16 - 1)
    s.max_events = limits.max_events
    s.max_notes = limits.max_notes
    try:
        with nogil:
            outcome = read_chunks(&s)
        if outcome == FAULT:
            reason = FAULT_SENTENCES[s.fault].format_map(asdict(limits))
            raise MidiError(reason, offset=s.fault_offset)
        if s.mtrk != header.n_tracks:
            mend(&s, TRACK_COUNT, 10)
        kinds = tuple(REPAIR_SENTENCES)[:N_REPAIRS]
        return RawMidi(
            ticks_per_quarter=header.ticks_per_quarter,
            format=header.format,
            n_mtrks=s.mtrk,
            notes=_array(s.notes, s.n_notes, RAW_NOTE_DTYPE),
            marks=_array(s.marks, s.n_marks, MARK_DTYPE),
            repairs=tuple(
                Repair(kind, s.repair_count[i], s.repair_offset[i])
                for i, kind in enumerate(kinds) if s.repair_count[i]
            ),
        )
    finally:
        free(s.notes)
        free(s.marks)
