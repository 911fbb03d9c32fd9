"""Bytes of a Standard MIDI File to notes and marks, in one bounds-checked pass.

The pass is linear in the bytes: no length found in the file is ever allocated or trusted, and
every read is checked against the end of the track. What can be mended is mended and counted
(``raw.REPAIR_SENTENCES``); what cannot is a ``MidiError`` with its byte offset.

Notes of one pitch that overlap in one channel of one track are closed first in, first out.
Where several track chunks share a channel, ``channel_state`` settles what each note plays.
"""

from libc.stdlib cimport free
from libc.string cimport memchr, memcmp, memcpy, memset

cimport numpy as cnp
from lstm_music.midi.events cimport big_endian, read_event
from lstm_music.midi.found cimport (
    AFTER_END_OF_TRACK, CHANNELS, CHUNK_HEADER_BYTES, CUT, END_OF_TRACK, EVENT_CUT, FAULT,
    FAULT_TRACKS, GO_ON, LOST, LOST_CHUNK, N_REPAIRS, NO_END_OF_TRACK, NONE, TRACK_COUNT,
    FAULT_MEMORY, TRACK_LENGTH, TRAILING_BYTES, UNCLOSED_NOTE, Channel, Chunk, Outcome, Scan, fail,
    mend, more_room, set_port,
)
from lstm_music.midi.sounding cimport leave_open

from dataclasses import asdict

import numpy as np

from lstm_music.errors import MidiError
from lstm_music.midi.channel_state import (
    Events,
    close_open_notes,
    end_at_silences,
    pedal_by_time,
    set_states,
)
from lstm_music.midi.container import find_midi
from lstm_music.midi.header import read_header
from lstm_music.midi.raw import (
    CHUNK_DTYPE,
    FAULT_SENTENCES,
    MARK_DTYPE,
    RAW_NOTE_DTYPE,
    REPAIR_SENTENCES,
    RawMidi,
    Repair,
)

cnp.import_array()

SCANNER_REPAIRS = tuple(REPAIR_SENTENCES)[:N_REPAIRS]


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


cdef Outcome add_chunk(Scan* s, Py_ssize_t header) noexcept nogil:
    """Make room for the track chunk ``s.mtrk``, whose header stands at ``header``."""
    cdef void* moved
    if s.mtrk == s.chunk_room:
        moved = more_room(s.chunks, &s.chunk_room, sizeof(Chunk))
        if moved == NULL:
            return fail(s, FAULT_MEMORY, header)
        s.chunks = <Chunk*> moved
    s.chunks[s.mtrk].header = <int> header
    s.chunks[s.mtrk].start = <int> (header + CHUNK_HEADER_BYTES)
    return GO_ON


cdef Outcome begin_track(Scan* s) noexcept nogil:
    s.tick = 0
    s.status = 0
    return set_port(s, 0, s.pos)


cdef void end_track(Scan* s) noexcept nogil:
    cdef int i
    cdef int channel
    cdef Channel* own
    for i in range(s.n_named):
        for channel in range(CHANNELS):
            own = &s.ports[s.named[i]][channel]
            if own.n_sounding:
                leave_open(s, own)
    s.chunks[s.mtrk].ticks = s.tick
    s.mtrk += 1


cdef bint must_settle(Scan* s) noexcept nogil:
    """Whether the state of a channel is more than what the chunk of each note says of it."""
    cdef int i
    cdef int channel
    cdef Channel* own
    if s.resolve or (s.has_gs and s.has_special_bank):
        return True
    for i in range(s.n_named):
        for channel in range(CHANNELS):
            own = &s.ports[s.named[i]][channel]
            if own.is_shared and own.has_state:
                return True
    return False


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
    if add_chunk(s, header) == FAULT:
        return FAULT
    s.pos = event = start
    s.end = declared if believed else s.size
    if begin_track(s) == FAULT:
        return FAULT
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
    s.chunks[s.mtrk].stop = <int> (s.pos if outcome != CUT and outcome != LOST else event)
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
            s.chunks[s.mtrk - 1].after = <int> s.pos
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
    if n:
        memcpy(cnp.PyArray_DATA(array), items, n * <Py_ssize_t> array.itemsize)
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
    window = find_midi(data)
    header = read_header(data, window)
    # Steps of the grid (24 a quarter) must fit in 31 bits, too.
    quarters = min(limits.max_quarters, 2**31 // 24 - 1)
    cdef long long max_tick = quarters * header.ticks // header.quarters
    cdef Outcome outcome
    cdef Scan s
    memset(&s, 0, sizeof(Scan))
    s.data = data
    s.size = window.end
    s.pos = header.end
    s.separate = header.format == 2
    s.max_tick = <int> min(max_tick, 2**31 - 1)
    s.max_tracks = min(limits.max_tracks, 2**16 - 1)
    s.max_events = limits.max_events
    s.max_notes = limits.max_notes
    s.max_changes = limits.max_changes
    try:
        with nogil:
            outcome = read_chunks(&s)
        if outcome == FAULT:
            reason = FAULT_SENTENCES[s.fault].format_map(asdict(limits))
            raise MidiError(reason, offset=s.fault_offset)
        if s.mtrk != header.n_tracks:
            mend(&s, TRACK_COUNT, header.start + 10)
        events = Events(
            notes=_array(s.notes, s.n_notes, RAW_NOTE_DTYPE),
            pedal=_array(s.pedal.items, s.pedal.n, MARK_DTYPE),
            settings=_array(s.settings.items, s.settings.n, MARK_DTYPE),
            separate=s.separate,
        )
        chunks = _array(s.chunks, s.mtrk, CHUNK_DTYPE)
        if must_settle(&s):
            end_at_silences(events)
            set_states(events)
        if s.pedal.n and (
            s.has_releases or s.pedal.items[0].mtrk != s.pedal.items[s.pedal.n - 1].mtrk
        ):
            events = events._replace(pedal=pedal_by_time(events))
        if s.n_unclosed:
            quarter = header.ticks // header.quarters
            s.repair_count[UNCLOSED_NOTE], s.repair_offset[UNCLOSED_NOTE] = close_open_notes(
                events, chunks, quarter
            )
        repairs = list(header.repairs)
        if header.format == 0 and s.mtrk > 1:
            repairs.append(Repair("format_0_tracks", 1, header.start + 8))
        repairs += [
            Repair(SCANNER_REPAIRS[i], s.repair_count[i], s.repair_offset[i])
            for i in range(N_REPAIRS) if s.repair_count[i]
        ]
        return RawMidi(
            ticks=header.ticks,
            quarters=header.quarters,
            in_frames=header.in_frames,
            start=header.start,
            end=window.end,
            format=header.format,
            n_mtrks=s.mtrk,
            mpe_signs=s.mpe_signs,
            has_banks=s.has_banks,
            notes=events.notes,
            pedal=events.pedal,
            settings=events.settings,
            marks=_array(s.marks.items, s.marks.n, MARK_DTYPE),
            chunks=chunks,
            repairs=tuple(repairs),
        )
    finally:
        free(s.notes)
        free(s.pedal.items)
        free(s.marks.items)
        free(s.settings.items)
        free(s.chunks)
        for i in range(1, s.n_named):
            free(s.ports[s.named[i]])
