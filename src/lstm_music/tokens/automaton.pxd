# The grammar: which token may come next. For nogil use from the generation loop.

from cython cimport final

from lstm_music.tokens.score cimport Score

cdef struct GrammarState:
    int expects  # a row of the grammar table
    int longs  # LONG tokens waiting for the time they belong to
    int numerator  # of the meter whose denominator is awaited
    int denominator
    int tempo
    int pitch  # last one of this track at this onset; -1 none
    int pedals  # pedal changes of this track at this onset
    bint used_track  # the current track has something at this onset
    int n_sounded  # tracks with at least one note
    bint[16] has_note
    bint[16] pedal_down
    bint in_given  # the note named last is a given one
    int[16] velocity  # bin
    int[16][128] note_end  # when each key of each track stops sounding


@final
cdef class Automaton(Score):
    cdef GrammarState g

    # 0: accepted; -1: not legal here; -2: legal, but no room. Unchanged unless 0.
    cdef int advance(self, int token) noexcept nogil
    # Read a token, or raise the TokenError of the one at this position in a sequence.
    cdef int read(self, Py_ssize_t position, int token) except -1
    # mask (n_tokens,) receives 1 for legal, 0 for not. Capacity is not considered.
    cdef void legal(self, unsigned char* mask) noexcept nogil
    # Onset after `token`: for SHIFT with the LONGs before it, for LONG the earliest that
    # can follow; the present onset for every other token.
    cdef long onset_after(self, int token) noexcept nogil
    # Everything as in other; 0, or -2 and unchanged when other holds more than fits here.
    cdef int copy_from(self, Automaton other)
    cdef void reset(self) noexcept nogil
    cdef bint ended(self) noexcept nogil
    # Whether the next token is a choice: given music and the header before it are none.
    cdef bint is_free(self) noexcept nogil
    # Whether a key of a track was struck at the present onset.
    cdef bint is_struck(self, int track, int key) noexcept nogil
    cdef bint _may(self, int kind, int value) noexcept nogil
    cdef int _store(self, int kind, int value) noexcept nogil
    cdef int _bar_steps(self) noexcept nogil
    cdef bint _is_new_meter(self, int denominator) noexcept nogil
    cdef void _enter(self, int kind, int value) noexcept nogil
    cdef void _fresh_onset(self) noexcept nogil
