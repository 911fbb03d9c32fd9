"""Track chunks of a MIDI file to events and back, without a Python object an event.

What the scanner has understood (``RawMidi.chunks``) is listed with the bytes of each event, so
that a writer can put it down again as it was, and further events between.
"""

from libc.string cimport memcpy

cimport numpy as cnp
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from lstm_music.midi.found cimport Chunk

import numpy as np

from lstm_music.errors import MidiError
from lstm_music.midi.raw import CHUNK_DTYPE

cnp.import_array()

cdef enum:
    # Where the bytes of an event stand.
    INLINE = 0  # a channel message: status, data1, data2
    SEED = 1  # in the file
    ADDED = 2  # among what is added

    META = 0xFF
    END_MARK = 0x2F
    VLQ_MOST_BYTES = 8
    MAX_DELTA = (1 << 28) - 1
    EVENT_ROOM = 4 + 3  # a delta and a channel message

EVENT_DTYPE = np.dtype(
    [
        ("ticks", "i8"),
        ("offset", "i4"),  # of a system event: its bytes after the status stand there,
        ("size", "i4"),  # so many
        ("mtrk", "u2"),
        ("status", "u1"),
        ("is_running", "u1"),  # whether the file leaves the status to the event before
        ("data1", "u1"),  # of a channel message; of a meta event its type
        ("data2", "u1"),
        ("place", "u1"),  # INLINE, SEED or ADDED
    ],
    align=True,
)

cdef struct Event:
    long long ticks
    int offset
    int size
    unsigned short mtrk
    unsigned char status
    unsigned char is_running
    unsigned char data1
    unsigned char data2
    unsigned char place

cdef inline Py_ssize_t vlq(
    const unsigned char* data, Py_ssize_t stop, Py_ssize_t* pos
) noexcept nogil:
    """A number of 7 bits a byte; the scanner has seen that it is whole."""
    cdef Py_ssize_t value = 0
    cdef int _
    for _ in range(VLQ_MOST_BYTES):
        if pos[0] >= stop:
            break
        value = value << 7 | (data[pos[0]] & 0x7F)
        pos[0] += 1
        if data[pos[0] - 1] < 0x80:
            break
    return value


cdef inline unsigned char clamped(unsigned char byte) noexcept nogil:
    return 0x7F if byte > 0x7F else byte


cdef Py_ssize_t list_chunk(
    const unsigned char* data, const Chunk* chunk, int mtrk, Event* events, long long* end
) noexcept nogil:
    """How many events there are, the end mark left out; written only where ``events`` is there."""
    cdef Py_ssize_t pos = chunk.start
    cdef Py_ssize_t stop = chunk.stop
    cdef Py_ssize_t n = 0
    cdef Py_ssize_t start
    cdef Py_ssize_t size
    cdef long long ticks = 0
    cdef unsigned char status = 0
    cdef unsigned char byte
    cdef bint is_running
    cdef Event event
    event.mtrk = <unsigned short> mtrk
    while pos < stop:
        ticks += vlq(data, stop, &pos)
        if pos >= stop:
            break
        byte = data[pos]
        is_running = byte < 0x80
        if not is_running:
            pos += 1
        event.ticks = ticks
        event.offset = event.size = event.data1 = event.data2 = 0
        if byte >= 0xF0:
            event.status = byte
            event.is_running = False
            event.place = SEED
            start = pos
            if byte == META:
                event.data1 = data[pos]
                pos += 1
            elif byte != 0xF0 and byte != 0xF7:  # a wire message, which no file may hold
                pos += 2 if byte == 0xF2 else 1 if byte == 0xF1 or byte == 0xF3 else 0
                continue
            size = vlq(data, stop, &pos)
            if size > stop - pos:
                break
            pos += size
            if byte == META and event.data1 == END_MARK:
                break
            event.offset = <int> start
            event.size = <int> (pos - start)
        else:
            if not is_running:
                status = byte
            size = 1 if status >> 4 == 0xC or status >> 4 == 0xD else 2
            if size > stop - pos:
                break
            start = pos
            pos += size
            if data[start] > 0x7F and status >> 4 <= 0x9:
                continue  # a note above 127: the scanner drops it, too
            event.status = status
            event.is_running = is_running
            event.place = INLINE
            event.data1 = clamped(data[start])
            event.data2 = clamped(data[start + 1]) if size == 2 else 0
        if events != NULL:
            events[n] = event
        n += 1
    end[0] = ticks
    return n


def list_events(bytes data not None, chunks not None, int mtrk=-1):
    """Every event of the track chunks of a MIDI file, but for the end marks.

    Left out is what the scanner does not understand either: wire messages and notes above 127.
    Data bytes above 127 are clamped.

    Parameters
    ----------
    data : the whole file.
    chunks : (C,) CHUNK_DTYPE, as the scanner found them in it.
    mtrk : list this chunk alone; -1: all.

    Returns
    -------
    events : (N,) EVENT_DTYPE, by track chunk, then in the order of the file.
    ends : (C,) int64, the tick of each chunk's end mark, or of its last event.
    """
    if chunks.dtype != CHUNK_DTYPE or not chunks.flags.c_contiguous:
        raise ValueError("chunks must be a contiguous array of CHUNK_DTYPE")
    cdef Py_ssize_t n_chunks = len(chunks)
    cdef const Chunk* spans = <const Chunk*> cnp.PyArray_DATA(chunks)
    cdef const unsigned char* source = data
    ends = np.zeros(n_chunks, np.int64)
    cdef long long* end = <long long*> cnp.PyArray_DATA(ends)
    cdef Py_ssize_t total = 0
    cdef Py_ssize_t i
    cdef Py_ssize_t first = max(mtrk, 0)
    cdef Py_ssize_t last = n_chunks if mtrk < 0 else mtrk + 1
    if last > n_chunks or (n_chunks and max(chunks["stop"]) > len(data)):
        raise ValueError("the chunks are not of this file")
    with nogil:
        for i in range(first, last):
            total += list_chunk(source, &spans[i], <int> i, NULL, &end[i])
    events = np.empty(total, EVENT_DTYPE)
    cdef Event* target = <Event*> cnp.PyArray_DATA(events)
    with nogil:
        for i in range(first, last):
            target += list_chunk(source, &spans[i], <int> i, target, &end[i])
    return events, ends


cdef inline unsigned char* write_vlq(unsigned char* to, long long value) noexcept nogil:
    cdef int shift = 21
    while shift > 0 and value >> shift == 0:
        shift -= 7
    while shift > 0:
        to[0] = <unsigned char> (0x80 | (value >> shift & 0x7F))
        to += 1
        shift -= 7
    to[0] = <unsigned char> (value & 0x7F)
    return to + 1


cdef unsigned char* write_events(
    const Event* events, Py_ssize_t n, const unsigned char* data, const unsigned char* added,
    long long end_ticks, unsigned char* to
) noexcept nogil:
    """The events and an end mark; NULL if a gap is longer than MIDI can say."""
    cdef long long now = 0
    cdef unsigned char status = 0
    cdef const Event* event
    cdef Py_ssize_t i
    for i in range(n):
        event = &events[i]
        if event.ticks - now > MAX_DELTA:
            return NULL
        to = write_vlq(to, event.ticks - now)
        now = event.ticks
        if event.place == INLINE:
            # A status that the file leaves out is left out where it still stands. It does not after
            # a system event: many files think so, but not every reader.
            if not (event.is_running and event.status == status):
                to[0] = event.status
                to += 1
            status = event.status
            to[0] = event.data1
            to += 1
            if status >> 4 != 0xC and status >> 4 != 0xD:
                to[0] = event.data2
                to += 1
            continue
        to[0] = event.status
        to += 1
        memcpy(to, (data if event.place == SEED else added) + event.offset, event.size)
        to += event.size
        status = 0
    if end_ticks - now > MAX_DELTA:
        return NULL
    to = write_vlq(to, max(end_ticks - now, 0))
    to[0], to[1], to[2] = META, END_MARK, 0
    return to + 3


def encode_track(events not None, bytes data not None, bytes added not None, long long end_ticks):
    """The content of a track chunk.

    Parameters
    ----------
    events : (N,) EVENT_DTYPE, C-contiguous, in order of time.
    data : the file whose events are among them.
    added : the bytes of the system events that are not in the file, each without its status.
    end_ticks : where the end mark stands, unless the last event is later.

    Returns
    -------
    bytes
        Without the chunk's header.

    Raises
    ------
    MidiError : a gap is longer than MIDI can say.
    """
    if events.dtype != EVENT_DTYPE or not events.flags.c_contiguous:
        raise ValueError("events must be a contiguous array of EVENT_DTYPE")
    cdef Py_ssize_t n = len(events)
    if n and (np.diff(events["ticks"]).min(initial=0) < 0 or events["ticks"][0] < 0):
        raise ValueError("events must be in order of time, from tick 0 on")
    ends = events["offset"].astype(np.int64) + events["size"]
    for place, source in ((SEED, data), (ADDED, added)):
        if n and ends[events["place"] == place].max(initial=0) > len(source):
            raise ValueError("an event lies outside its bytes")
    cdef Py_ssize_t room = EVENT_ROOM * (n + 1) + int(events["size"].sum(dtype=np.int64))
    cdef const Event* source_events = <const Event*> cnp.PyArray_DATA(events)
    cdef const unsigned char* seed = data
    cdef const unsigned char* more = added
    cdef bytes out = PyBytes_FromStringAndSize(NULL, room)
    cdef unsigned char* begin = <unsigned char*> PyBytes_AS_STRING(out)
    cdef unsigned char* stop
    with nogil:
        stop = write_events(source_events, n, seed, more, end_ticks, begin)
    if stop == NULL:
        raise MidiError("a gap is longer than MIDI allows: 268,435,455 ticks")
    return out[: stop - begin]
