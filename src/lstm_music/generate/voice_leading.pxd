# Voice leading: no parallels and no crossings between parts. For nogil use from the loop.

from libc.stdint cimport uint8_t

from lstm_music.generate.given cimport Given
from lstm_music.generate.rules cimport N_TRACKS
from lstm_music.tokens.automaton cimport Automaton

cdef enum:
    TOP = 0  # the highest note of a track that sounds
    BOTTOM = 1  # the lowest; a track without chords has but one
    N_OUTER = 2

# How the outer notes of each track have moved so far; pitches, -1: none.
cdef struct Lines:
    long[N_TRACKS] onset  # of the newest notes; -1 none
    long[N_TRACKS] sounds_until
    int[N_TRACKS][N_OUTER] before  # at the track's onset before its newest; -1 after a rest
    int[N_TRACKS][N_OUTER] newest

# What is given and still to come; pitches, -1: none.
cdef struct Ahead:
    int[N_TRACKS][N_OUTER] here  # at the present onset
    int[N_TRACKS] highest  # of what sounds or begins while the new note must sound
    int[N_TRACKS] lowest
    long seam  # when the present track goes on as given; -1: not soon
    int[N_TRACKS][N_OUTER] at_seam
    int[N_TRACKS][N_OUTER] before_seam  # the last given notes before it
    bint[N_TRACKS] is_open  # a note whose pitch is open comes before the seam, or there

# How an outer note of a track moves.
cdef struct Move:
    int track, before, after


cdef class VoiceLeading:
    cdef const uint8_t[::1] _has_parts  # (16,)
    cdef const uint8_t[:, ::1] _above  # (16, 16)

    cdef void clear(self, Lines* lines) noexcept nogil
    # A note of the present track, given or new, is complete.
    cdef void note(self, Lines* lines, Automaton music, long until) noexcept nogil
    # Of the allowed pitches (128,) of the present track keep those that break nothing, or, where
    # a note must be, those that break least. It must sound until a time.
    cdef void narrow(
        self, const Lines* lines, Automaton music, Given given, int event, long until,
        uint8_t* allowed, bint must
    ) noexcept nogil
    # How long a pitch of the present track may sound, not beyond a time, before a given note
    # would cross it.
    cdef long uncrossed_until(
        self, Automaton music, Given given, int event, int pitch, long until
    ) noexcept nogil
    cdef void _look_ahead(
        self, Ahead* ahead, Automaton music, Given given, int event, long until
    ) noexcept nogil
    cdef int _moves_here(
        self, const Lines* lines, const Ahead* ahead, Automaton music, Move* moves
    ) noexcept nogil
    cdef int _moves_at_seam(
        self, const Lines* lines, const Ahead* ahead, int track, Move* moves
    ) noexcept nogil
    cdef bint _crosses(self, const Ahead* ahead, int track, int pitch) noexcept nogil
