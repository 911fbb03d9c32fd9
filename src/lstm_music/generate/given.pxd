# Given events: what stands in the result as it is. For nogil use from the generation loop.

from lstm_music.tokens.automaton cimport Automaton

# Kinds of event, in the order in which they are told at one onset, and within a track.
cdef enum:
    METER = 0
    TEMPO = 1
    PEDAL_UP = 2
    PEDAL_DOWN = 3
    NOTE = 4
    SLOT = 5  # a note whose pitch is open

# Columns of an event.
cdef enum:
    ONSET = 0
    KIND = 1
    TRACK = 2  # of a meter or tempo -1
    VALUE = 3  # numerator - 1, tempo bin or pitch; of a slot the pitch that it had
    MORE = 4  # index of the meter's denominator
    DURATION = 5  # steps
    VELOCITY = 6  # bin
    TIMING = 7  # value of the token; -1 none
    N_COLUMNS = 8


cdef class Given:
    cdef readonly object events
    cdef const int[:, ::1] _events
    cdef int n  # whose turn comes
    cdef int n_all

    # Whether an event stands at the present onset.
    cdef bint is_here(self, int event, Automaton music) noexcept nogil
    # Whether a token, read next, begins the event.
    cdef bint begins(self, int event, Automaton music, int token) noexcept nogil
    # The token that goes on with an event that has begun; -1: it is complete.
    cdef int next_token(self, int event, Automaton music) noexcept nogil
    # The token that leads to an event that has not begun, nothing being written before it.
    cdef int lead_token(self, int event, Automaton music) noexcept nogil
    # Highest pitch that a slot may take, so that it stays below the given note above it.
    cdef int highest_pitch(self, int event) noexcept nogil
    # How many slots follow this one above it, with no given note in between.
    cdef int slots_above(self, int event) noexcept nogil
    # When the next given note of a key begins in a track; beyond all onsets if none does.
    cdef long next_onset_of(self, int event, int track, int pitch) noexcept nogil
    # Whether an event is of the onset and track of another.
    cdef bint _is_beside(self, int i, int event) noexcept nogil
