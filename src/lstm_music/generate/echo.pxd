# Drum bars that are to resemble earlier ones. For nogil use from the generation loop.

from libc.stdint cimport uint8_t

from lstm_music.tokens.automaton cimport Automaton

cdef enum:
    WINDOW = 18  # 16ths: the present one, those that a shift of four quarters reaches, and one


# What earlier bars have, and what of it has not been struck yet, from the present 16th on.
cdef struct Due:
    uint8_t[WINDOW][128] keys  # 1: had, 2: had and struck
    int[WINDOW] left  # how many keys are had and not struck


cdef class Echo:
    cdef const int[::1] _shifts  # (N,)
    cdef const float[::1] _pulls  # (N,)
    cdef long _start

    # Add to the logits of what may come next, moves in time and strokes, what is likelier here.
    cdef void lean(self, float* logits, const uint8_t* allowed, Automaton music) noexcept nogil
    cdef long _slot(self, long onset_steps) noexcept nogil
    cdef void _look(self, Due* due, Automaton music, long now) noexcept nogil
    cdef float _of_move(self, const Due* due, long now, long until) noexcept nogil
    cdef float _of_stroke(self, const Due* due, long now, int key) noexcept nogil
