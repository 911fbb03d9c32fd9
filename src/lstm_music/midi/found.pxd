"""What a scan keeps while it runs, in C: where it is, notes, marks and damage."""

from libc.stdlib cimport malloc, realloc
from libc.string cimport memset

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
    PORTS = 256
    DRUM_CHANNEL = 9
    NO_NUMBER = 0x3FFF  # the registered parameter that is none
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
    MARK_PROGRAM
    MARK_BANK
    MARK_SILENCE
    MARK_RELEASE
    MARK_PART
    MARK_RESET
    MARK_ZONE

# Banks (controller 0) that say what a channel plays.
cdef enum:
    GM2_DRUMS = 120
    GM2_MELODIC = 121
    XG_EFFECTS = 126
    XG_DRUMS = 127

# Values of MARK_RESET.
cdef enum:
    RESET_GM
    RESET_GM2
    RESET_GS
    RESET_XG

# Flags of a note, as in raw.
cdef enum:
    IS_DRUM = 1
    IS_BENT = 2

# The layouts of raw.RAW_NOTE_DTYPE and raw.MARK_DTYPE.
cdef struct Note:
    int onset
    int end  # while the note sounds: the next sounding note of its pitch, or NONE
    unsigned short mtrk
    unsigned char channel
    unsigned char program
    unsigned char pitch
    unsigned char velocity
    unsigned char port
    unsigned char flags
    int offset

cdef struct Mark:
    int ticks
    int value
    int offset
    unsigned short mtrk
    unsigned char kind
    unsigned char channel
    unsigned char port

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
    int ticks

cdef struct Channel:
    # Its state by the events of one track chunk alone, and which chunk that is.
    int mtrk
    Note pattern  # what is known of its next note
    bint program_set
    unsigned short bank  # selected; a program change takes it
    unsigned short number  # registered parameter that a data entry sets
    # Sounding notes; the first and last of each pitch: a queue linked through Note.end.
    int n_sounding
    int oldest[PITCHES]
    int newest[PITCHES]
    # Whether several chunks use it, and whether what one says could matter to another.
    bint is_shared
    bint has_state

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
    unsigned char port
    Channel* channels  # of this port
    Channel* ports[PORTS]  # NULL until a chunk names it
    unsigned char named[PORTS]  # those that are not
    int n_named
    Channel first_port[CHANNELS]
    bint separate  # every track is a piece of its own
    bint resolve  # channels must be resolved over all chunks
    bint has_gs
    bint has_special_bank  # one that says drums, or no drums
    int n_unclosed
    bint has_banks
    bint has_releases  # resets that may lift a pedal
    int mpe_signs  # notes after a bend or pressure, and zones announced
    # What was found.
    Note* notes
    int n_notes
    int note_room
    Marks marks
    Marks pedal
    Marks settings
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
    mark.port = s.port
    marks.n += 1
    return GO_ON


cdef inline Outcome add_change(
    Scan* s, unsigned char kind, int value, Py_ssize_t offset
) noexcept nogil:
    if s.marks.n >= s.max_changes:
        return fail(s, FAULT_CHANGES, offset)
    return add_mark(s, &s.marks, kind, 0, value, offset)


cdef inline Outcome set_port(Scan* s, unsigned char port, Py_ssize_t offset) noexcept nogil:
    cdef Channel* made
    cdef int i
    if s.ports[port] == NULL:
        s.ports[port] = s.first_port  # all that most files have
        if s.n_named:
            s.ports[port] = <Channel*> malloc(CHANNELS * sizeof(Channel))
        if s.ports[port] == NULL:
            return fail(s, FAULT_MEMORY, offset)
        for i in range(CHANNELS):
            made = &s.ports[port][i]
            made.mtrk = NONE
            made.n_sounding = 0
            made.is_shared = made.has_state = False
            memset(made.oldest, 0xFF, sizeof(made.oldest))  # NONE
        s.named[s.n_named] = port
        s.n_named += 1
    s.port = port
    s.channels = s.ports[port]
    return GO_ON


cdef inline Channel* touch(Scan* s, int channel) noexcept nogil:
    """A channel of this port, its state as this chunk alone has set it."""
    cdef Channel* found = &s.channels[channel]
    if found.mtrk != s.mtrk:
        found.is_shared = found.mtrk != NONE and not s.separate
        found.mtrk = s.mtrk
        found.program_set = False
        found.bank = 0
        found.number = NO_NUMBER
        memset(&found.pattern, 0, sizeof(Note))
        found.pattern.mtrk = <unsigned short> s.mtrk
        found.pattern.channel = <unsigned char> channel
        found.pattern.port = s.port
        found.pattern.flags = IS_DRUM if channel == DRUM_CHANNEL else 0
    return found


cdef inline Outcome add_setting(
    Scan* s, unsigned char kind, int channel, int value, Py_ssize_t offset
) noexcept nogil:
    return add_mark(s, &s.settings, kind, <unsigned char> channel, value, offset)
