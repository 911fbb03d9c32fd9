# One sequence of tokens under construction.

from libc.stdint cimport int32_t, uint8_t

from lstm_music.generate.task cimport Task
from lstm_music.kernels.sampler cimport Sampler
from lstm_music.kernels.step cimport Stepper
from lstm_music.tokens.automaton cimport Automaton

cdef enum Status:
    RUNNING = 0
    FINISHED = 1  # nothing more may be written, or the notes asked for are there
    PAUSED = 3  # the next token leads to the edge or beyond; it is drawn again where it goes on
    STUCK = -1  # given music is left, but nothing may stand here
    FULL = 2  # the token buffer or the automaton's note list is full


cdef class Generator:
    cdef Automaton automaton
    cdef Stepper stepper
    cdef Task task
    cdef float[::1] _logits
    cdef int[::1] _rows
    cdef int32_t[::1] _tokens
    cdef Sampler _sampler
    cdef object _draws  # rng_seed and sequence
    cdef int n_tokens
    cdef public bint weigh
    cdef int stop_notes, status
    cdef long stop_onset, edge
    cdef readonly bint has_ended
    cdef readonly double log_prob, given_log_prob

    cdef void _extend(self) noexcept nogil
    cdef bint _is_to_pause(self) noexcept nogil
    cdef const uint8_t* _wanted(self) noexcept nogil
    cdef int _draw(self) noexcept nogil
    cdef int _append(self, int token) noexcept nogil
