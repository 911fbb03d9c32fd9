"""Bytes of a Standard MIDI File to notes and marks, in one bounds-checked pass.

The pass is linear in the bytes: no length found in the file is ever allocated or trusted, and
every read is checked against the end of the track. What can be mended is mended and counted
(``raw.REPAIR_SENTENCES``); what cannot is a ``MidiError`` with its byte offset.

Notes of one pitch that overlap in one channel of one track are closed first in, first out.
"""

from libc.stdlib cimport free, realloc
from libc.string cimport memchr, memcmp, memcpy, memset

import numpy as np

from lstm_music.errors import MidiError
from lstm_music.midi.raw import (
    MARK_DTYPE,
    MARK_KEY,
    MARK_METER,
    MARK_NAME,
    MARK_PEDAL,
    MARK_PRIVATE,
    MARK_TEMPO,
    RAW_NOTE_DTYPE,
    RawMidi,
    Repair,
)

# Repairs, in this order. A name must have its sentence in raw.REPAIR_SENTENCES.
REPAIRS = (
    "track_count",
    "track_length",
    "chunk_length",
    "lost_chunk",
    "trailing_bytes",
    "no_end_of_track",
    "after_end_of_track",
    "event_cut",
    "no_status",
    "system_message",
    "pitch_byte",
    "data_byte",
    "meta_short",
    "unclosed_note",
)

cdef enum:
    TRACK_COUNT
    TRACK_LENGTH
    CHUNK_LENGTH
    LOST_CHUNK
    TRAILING_BYTES
    NO_END_OF_TRACK
    AFTER_END_OF_TRACK
    EVENT_CUT
    NO_STATUS
    SYSTEM_MESSAGE
    PITCH_BYTE
    DATA_BYTE
    META_SHORT
    UNCLOSED_NOTE
    N_REPAIRS

# Faults, in this order; the braces are filled from the limits.
FAULTS = (
    "not enough memory",
    "a time or length is longer than the 4 bytes MIDI allows",
    "the file holds more than {max_tracks} tracks",
    "the file holds more than {max_events} events",
    "the file holds more than {max_notes} notes",
    "the music runs on past {max_quarters} quarter notes",
)

cdef enum:
    FAULT_MEMORY
    FAULT_VLQ
    FAULT_TRACKS
    FAULT_EVENTS
    FAULT_NOTES
    FAULT_TIME

# What reading one thing can end with.
cdef enum Outcome:
    GO_ON
    END_OF_TRACK
    CUT  # the bytes end inside an event
    FAULT

cdef enum:
    CHANNELS = 16
    PITCHES = 128
    HEADER_BYTES = 14
    CHUNK_HEADER_BYTES = 8
    VLQ_BYTES = 4
    NONE = -1

# The layouts of raw.RAW_NOTE_DTYPE and raw.MARK_DTYPE.
cdef struct Note:
    int onset
    int end  # while the note sounds: the next sounding note of its pitch, or NONE
    unsigned short mtrk
    unsigned char channel
    unsigned char program
    unsigned char pitch
    unsigned char velocity

cdef struct Mark:
    int ticks
    int value
    int offset
    unsigned short mtrk
    unsigned char kind
    unsigned char channel

cdef struct Kinds:
    unsigned char tempo
    unsigned char meter
    unsigned char key
    unsigned char pedal
    unsigned char name
    unsigned char private

cdef struct Scan:
    # The bytes, and where we are.
    const unsigned char* data
    Py_ssize_t size
    Py_ssize_t pos
    Py_ssize_t end  # of the present track; pos <= end <= size always holds
    # The present track.
    int mtrk
    int tick
    unsigned char status  # running status, 0 when there is none
    unsigned char program[CHANNELS]
    bint program_set[CHANNELS]
    bint has_notes[CHANNELS]
    # First and last sounding note of each channel and pitch: a queue linked through Note.end.
    int oldest[CHANNELS * PITCHES]
    int newest[CHANNELS * PITCHES]
    # Programs set by tracks without notes of that channel: they hold for the tracks after.
    unsigned char setup_program[CHANNELS]
    # What was found.
    Note* notes
    int n_notes
    int note_room
    Mark* marks
    int n_marks
    int mark_room
    int n_events
    Kinds kinds
    # Limits.
    int max_tick
    int max_tracks
    int max_events
    int max_notes
    # Damage.
    int repair_count[N_REPAIRS]
    Py_ssize_t repair_offset[N_REPAIRS]
    int fault
    Py_ssize_t fault_offset


cdef inline void mend(Scan* s, int kind, Py_ssize_t offset) noexcept nogil:
    if s.repair_count[kind] == 0:
        s.repair_offset[kind] = offset
    s.repair_count[kind] += 1


cdef inline Outcome fail(Scan* s, int fault, Py_ssize_t offset) noexcept nogil:
    s.fault = fault
    s.fault_offset = offset
    return FAULT


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
    cdef int i
    for i in range(VLQ_BYTES):
        if s.pos >= s.end:
            return CUT
        number = number << 7 | (s.data[s.pos] & 0x7F)
        s.pos += 1
        if s.data[s.pos - 1] < 0x80:
            value[0] = number
            return GO_ON
    return fail(s, FAULT_VLQ, start)


cdef void* more_room(void* items, int* room, size_t item_bytes) noexcept nogil:
    cdef int wanted = 2 * room[0] if room[0] else 1024
    cdef void* moved = realloc(items, wanted * item_bytes)
    if moved != NULL:
        room[0] = wanted
    return moved


cdef Outcome add_mark(
    Scan* s, unsigned char kind, unsigned char channel, int value, Py_ssize_t offset
) noexcept nogil:
    cdef void* moved
    cdef Mark* mark
    if s.n_marks == s.mark_room:
        moved = more_room(s.marks, &s.mark_room, sizeof(Mark))
        if moved == NULL:
            return fail(s, FAULT_MEMORY, offset)
        s.marks = <Mark*> moved
    mark = &s.marks[s.n_marks]
    mark.ticks = s.tick
    mark.value = value
    mark.offset = <int> offset
    mark.mtrk = <unsigned short> s.mtrk
    mark.kind = kind
    mark.channel = channel
    s.n_marks += 1
    return GO_ON


cdef Outcome note_on(
    Scan* s, int channel, int pitch, int velocity, Py_ssize_t offset
) noexcept nogil:
    cdef int slot = channel * PITCHES + pitch
    cdef void* moved
    cdef Note* note
    if s.n_notes >= s.max_notes:
        return fail(s, FAULT_NOTES, offset)
    if s.n_notes == s.note_room:
        moved = more_room(s.notes, &s.note_room, sizeof(Note))
        if moved == NULL:
            return fail(s, FAULT_MEMORY, offset)
        s.notes = <Note*> moved
    note = &s.notes[s.n_notes]
    note.onset = s.tick
    note.end = NONE
    note.mtrk = <unsigned short> s.mtrk
    note.channel = <unsigned char> channel
    note.program = s.program[channel]
    note.pitch = <unsigned char> pitch
    note.velocity = <unsigned char> velocity
    if s.oldest[slot] == NONE:
        s.oldest[slot] = s.n_notes
    else:
        s.notes[s.newest[slot]].end = s.n_notes
    s.newest[slot] = s.n_notes
    s.has_notes[channel] = True
    s.n_notes += 1
    return GO_ON


cdef inline bint note_off(Scan* s, int channel, int pitch) noexcept nogil:
    """End the oldest sounding note of this pitch; False if there is none."""
    cdef int slot = channel * PITCHES + pitch
    cdef int note = s.oldest[slot]
    if note == NONE:
        return False
    s.oldest[slot] = s.notes[note].end
    s.notes[note].end = s.tick
    return True


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
        return add_mark(s, s.kinds.pedal, <unsigned char> channel, clamped(s, start + 1), start)
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
        return add_mark(s, s.kinds.tempo, 0, <int> big_endian(s.data + start, 3), start)
    elif kind == 0x58:
        return add_mark(s, s.kinds.meter, 0, <int> big_endian(s.data + start, 2), start)
    elif kind == 0x59:
        return add_mark(s, s.kinds.key, 0, <int> big_endian(s.data + start, 2), start)
    elif kind == 0x03:
        return add_mark(s, s.kinds.name, 0, length, start)
    elif kind == 0x7F:
        return add_mark(s, s.kinds.private, 0, length, start)
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
        return CUT
    return channel_event(s)


cdef inline bint at_track(Scan* s, Py_ssize_t pos) noexcept nogil:
    """Whether a track chunk's header stands at ``pos``."""
    return s.size - pos >= CHUNK_HEADER_BYTES and memcmp(s.data + pos, b"MTrk", 4) == 0


cdef bint at_chunk(Scan* s, Py_ssize_t pos) noexcept nogil:
    """Whether a chunk's header may stand at ``pos``: four printable letters and a length."""
    cdef int i
    if s.size - pos < CHUNK_HEADER_BYTES:
        return False
    for i in range(4):
        if not 0x20 <= s.data[pos + i] < 0x7F:
            return False
    return True


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
        # The cut may be a wrong length that hides tracks: look for them from the event on.
        mend(s, EVENT_CUT, event)
        s.pos = find_track(s, event)
        if s.pos == NONE:
            s.pos = s.size
    elif outcome == GO_ON:
        mend(s, NO_END_OF_TRACK, s.pos)
    end_track(s)
    if not believed:
        if s.pos != declared:
            mend(s, TRACK_LENGTH, header + 4)
    elif s.pos != declared:
        if outcome == END_OF_TRACK:
            mend(s, AFTER_END_OF_TRACK, s.pos)
        s.pos = declared
    return GO_ON


cdef Outcome read_chunks(Scan* s) noexcept nogil:
    """Every track chunk after the header; other chunks are stepped over."""
    cdef Py_ssize_t found
    cdef Py_ssize_t length
    while s.pos < s.size:
        if at_track(s, s.pos):
            if read_track(s) == FAULT:
                return FAULT
        elif at_chunk(s, s.pos):
            length = big_endian(s.data + s.pos + 4, 4)
            if length > s.size - s.pos - CHUNK_HEADER_BYTES:
                mend(s, CHUNK_LENGTH, s.pos + 4)
                length = 0
            s.pos += CHUNK_HEADER_BYTES + length
        else:
            found = find_track(s, s.pos)
            mend(s, TRAILING_BYTES if found == NONE else LOST_CHUNK, s.pos)
            s.pos = s.size if found == NONE else found
    return GO_ON


def read_header(const unsigned char[::1] data not None):
    """The fields of the header chunk.

    Parameters
    ----------
    data : the whole file.

    Returns
    -------
    tuple[int, int, int, int]
        Format 0 or 1, number of tracks announced, ticks a quarter note (1..32767), and the
        offset of the chunk after the header.

    Raises
    ------
    MidiError : no header, or a format or time division that cannot be read.
    """
    cdef Py_ssize_t size = data.shape[0]
    if size < HEADER_BYTES or bytes(data[:4]) != b"MThd":
        raise MidiError(f"not a MIDI file: expected MThd and {HEADER_BYTES} bytes or more", offset=0)
    cdef Py_ssize_t length = big_endian(&data[4], 4)
    cdef int midi_format = <int> big_endian(&data[8], 2)
    cdef int division = <int> big_endian(&data[12], 2)
    if not 6 <= length <= size - CHUNK_HEADER_BYTES:
        raise MidiError(f"the header's length must be 6, got {length}", offset=4)
    if midi_format == 2:
        raise MidiError("format 2 (unrelated patterns) cannot be read; save it as format 1", offset=8)
    if midi_format > 2:
        raise MidiError(f"the format must be 0 or 1, got {midi_format}", offset=8)
    if division >= 0x8000:
        raise MidiError("times in SMPTE frames cannot be read; save it with ticks a beat", offset=12)
    if division == 0:
        raise MidiError("ticks a quarter note must be 1 or more, got 0", offset=12)
    return midi_format, big_endian(&data[10], 2), division, CHUNK_HEADER_BYTES + length


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
    midi_format, announced, ticks_per_quarter, first_chunk = read_header(data)
    # Steps of the grid (24 a quarter) must fit in 31 bits, too.
    cdef long long max_tick = min(limits.max_quarters, 2**31 // 24 - 1) * ticks_per_quarter
    cdef Outcome outcome
    cdef Scan s
    memset(&s, 0, sizeof(Scan))
    memset(s.oldest, 0xFF, sizeof(s.oldest))  # NONE everywhere; a track leaves it so
    s.data = data
    s.size = len(data)
    s.pos = first_chunk
    s.max_tick = <int> min(max_tick, 2**31 - 1)
    s.max_tracks = min(limits.max_tracks, 2**16 - 1)
    s.max_events = limits.max_events
    s.max_notes = limits.max_notes
    s.kinds = Kinds(
        tempo=MARK_TEMPO, meter=MARK_METER, key=MARK_KEY,
        pedal=MARK_PEDAL, name=MARK_NAME, private=MARK_PRIVATE,
    )
    try:
        with nogil:
            outcome = read_chunks(&s)
        if outcome == FAULT and s.fault == FAULT_MEMORY:
            raise MemoryError
        if outcome == FAULT:
            limit_values = {name: getattr(limits, name) for name in limits.__dataclass_fields__}
            raise MidiError(FAULTS[s.fault].format_map(limit_values), offset=s.fault_offset)
        if s.mtrk != announced:
            mend(&s, TRACK_COUNT, 10)
        return RawMidi(
            ticks_per_quarter=ticks_per_quarter,
            format=midi_format,
            n_mtrks=s.mtrk,
            notes=_array(s.notes, s.n_notes, RAW_NOTE_DTYPE),
            marks=_array(s.marks, s.n_marks, MARK_DTYPE),
            repairs=tuple(
                Repair(REPAIRS[i], s.repair_count[i], s.repair_offset[i])
                for i in range(N_REPAIRS) if s.repair_count[i]
            ),
        )
    finally:
        free(s.notes)
        free(s.marks)
