"""What a scan keeps while it runs, in C: where it is, notes, marks and damage."""

from libc.stdlib cimport realloc

# Kinds of repair; their names and sentences, in this order, begin raw.REPAIR_SENTENCES.
cdef enum:
    TRACK_COUNT
    TRACK_LENGTH
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
    META_LONG
    OFFSET_VALUE
    UNCLOSED_NOTE
    EMPTY_NOTE
    LONG_NUMBER
    N_REPAIRS

# What ends a scan; the sentences, in this order, are raw.FAULT_SENTENCES.
cdef enum:
    FAULT_MEMORY
    FAULT_VLQ
    FAULT_TRACKS
    FAULT_EVENTS
    FAULT_NOTES
    FAULT_TIME
    FAULT_CHANGES

# What reading one thing can end with.
cdef enum Outcome:
    GO_ON
    END_OF_TRACK
    CUT  # the bytes end inside an event
    LOST  # the rest of the track cannot be understood
    FAULT

cdef enum:
    CHANNELS = 16
    PITCHES = 128
    DRUM_CHANNEL = 9
    CHUNK_HEADER_BYTES = 8
    VLQ_BYTES = 4
    VLQ_MOST_BYTES = 8  # of a number that leads with zeros
    NONE = -1

# Kinds of mark, numbered as in raw.
cdef enum:
    MARK_TEMPO
    MARK_METER
    MARK_KEY
    MARK_PEDAL
    MARK_NAME
    MARK_PRIVATE

# The layouts of raw.RAW_NOTE_DTYPE and raw.MARK_DTYPE.
cdef struct Note:
    int onset
    int end  # while the note sounds: the next sounding note of its pitch, or NONE
    unsigned short mtrk
    unsigned char channel
    unsigned char program
    unsigned char pitch
    unsigned char velocity
    int offset

cdef struct Mark:
    int ticks
    int value
    int offset
    unsigned short mtrk
    unsigned char kind
    unsigned char channel

cdef struct Marks:
    Mark* items
    int n
    int room

# The layout of raw.CHUNK_DTYPE.
cdef struct Chunk:
    int header
    int start
    int stop
    int after

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
    int n_sounding[CHANNELS]
    # First and last sounding note of each channel and pitch: a queue linked through Note.end.
    int oldest[CHANNELS * PITCHES]
    int newest[CHANNELS * PITCHES]
    # Programs set by tracks without notes of that channel: they hold for the tracks after,
    # unless every track is a piece of its own.
    bint separate
    unsigned char setup_program[CHANNELS]
    # What was found.
    Note* notes
    int n_notes
    int note_room
    Marks marks
    Marks pedal
    Chunk* chunks
    int chunk_room
    int n_events
    # Limits.
    int max_tick
    int max_tracks
    int max_events
    int max_notes
    int max_changes
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


cdef inline void* more_room(void* items, int* room, size_t item_bytes) noexcept nogil:
    cdef int wanted = 2 * room[0] if room[0] else 1024
    cdef void* moved = realloc(items, wanted * item_bytes)
    if moved != NULL:
        room[0] = wanted
    return moved


cdef inline Outcome add_mark(
    Scan* s, Marks* marks, unsigned char kind, unsigned char channel, int value, Py_ssize_t offset
) noexcept nogil:
    cdef void* moved
    cdef Mark* mark
    if marks.n == marks.room:
        moved = more_room(marks.items, &marks.room, sizeof(Mark))
        if moved == NULL:
            return fail(s, FAULT_MEMORY, offset)
        marks.items = <Mark*> moved
    mark = &marks.items[marks.n]
    mark.ticks = s.tick
    mark.value = value
    mark.offset = <int> offset
    mark.mtrk = <unsigned short> s.mtrk
    mark.kind = kind
    mark.channel = channel
    marks.n += 1
    return GO_ON


cdef inline Outcome add_change(
    Scan* s, unsigned char kind, int value, Py_ssize_t offset
) noexcept nogil:
    if s.marks.n >= s.max_changes:
        return fail(s, FAULT_CHANGES, offset)
    return add_mark(s, &s.marks, kind, 0, value, offset)


cdef inline Outcome note_on(
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
    note.offset = <int> offset
    if s.oldest[slot] == NONE:
        s.oldest[slot] = s.n_notes
    else:
        s.notes[s.newest[slot]].end = s.n_notes
    s.newest[slot] = s.n_notes
    s.has_notes[channel] = True
    s.n_sounding[channel] += 1
    s.n_notes += 1
    return GO_ON


cdef inline bint note_off(Scan* s, int channel, int pitch) noexcept nogil:
    """End the oldest sounding note of this pitch; False if there is none."""
    cdef int slot = channel * PITCHES + pitch
    cdef int i = s.oldest[slot]
    cdef Note* note
    if i == NONE:
        return False
    note = &s.notes[i]
    s.oldest[slot] = note.end
    s.n_sounding[channel] -= 1
    note.end = s.tick
    if note.end == note.onset and channel != DRUM_CHANNEL:  # a drum stroke has no length
        mend(s, EMPTY_NOTE, note.offset)
    return True


cdef inline void silence(Scan* s, int channel) noexcept nogil:
    """End every sounding note of the channel."""
    cdef int pitch
    for pitch in range(PITCHES):
        if s.n_sounding[channel] == 0:
            return
        while note_off(s, channel, pitch):
            pass
