# What may stand next: the grammar, what is given and the rules taken together.

from libc.stdint cimport uint8_t

from lstm_music.generate.dues cimport Dues
from lstm_music.generate.echo cimport Echo
from lstm_music.generate.given cimport Given
from lstm_music.generate.leans cimport Leans
from lstm_music.generate.rules cimport Rules, Tally
from lstm_music.generate.voice_leading cimport Lines, VoiceLeading
from lstm_music.tokens.automaton cimport Automaton


cdef class Task:
    cdef Automaton automaton
    cdef Given given
    cdef Rules rules
    cdef Dues dues
    cdef Leans leans  # None: to nothing
    cdef Echo echo  # None: of nothing
    cdef VoiceLeading voices  # None: they lead as they like
    cdef Tally tally
    cdef Lines lines
    cdef uint8_t[::1] legal  # (V,) by the grammar
    cdef uint8_t[::1] allowed  # (V,) by all
    cdef uint8_t[::1] _forbidden
    cdef int event  # the next given one
    cdef int only  # the token that may stand next if there is but one; else -1
    cdef bint in_event  # it has begun
    cdef bint after_given  # what stands last is a given event, complete
    cdef bint begins
    cdef long n_notes
    cdef bint goes_on  # another task is to follow: the piece may not end
    cdef long bar_steps  # the longest wait between two onsets where nothing is given

    cdef void begin(
        self, Given given, Rules rules, long bar_steps, Leans leans, VoiceLeading voices,
        bint goes_on
    )
    # Other rules for the same places, between two events.
    cdef void change(self, Rules rules, Leans leans, VoiceLeading voices)
    cdef void copy_from(self, Task other)
    cdef int given_token(self) noexcept nogil
    # To be called before and after the automaton reads a token.
    cdef void before(self, int token) noexcept nogil
    cdef void after(self) noexcept nogil
    # Whether a token leads beyond all that is given and open.
    cdef bint leaves(self, int token) noexcept nogil
    # Find out what may stand next: `allowed`, and `only`.
    cdef void choose(self) noexcept nogil
    # Natural logarithm of the share of the legal that is allowed.
    cdef double share_allowed(self, const float* logits) noexcept nogil
    cdef void _mask(self) noexcept nogil
    cdef void _forbid(self, int first, int stop) noexcept nogil
    cdef void _admit_given(self, int owing) noexcept nogil
    cdef void _mask_slot(self, int own) noexcept nogil
    cdef bint _is_drums(self, int track) noexcept nogil
    cdef void _mask_tracks(self, bint here, int owing) noexcept nogil
    cdef bint _writes(self, bint here, int track) noexcept nogil
    cdef bint _strikes(self, int track, int pitch) noexcept nogil
    cdef void _mask_pitches(self, bint here, int owing) noexcept nogil
    cdef void _lead_voices(self, long until, bint must) noexcept nogil
    cdef void _mask_pedals(self, int owing) noexcept nogil
    cdef void _mask_shifts(self, bint here, int owing) noexcept nogil
    cdef bint _may_begin_from(self, long reach, long latest) noexcept nogil
    cdef bint _may_wait_until(
        self, long onset, long latest, long start, long given, bint is_last
    ) noexcept nogil
    cdef void _mask_durations(self) noexcept nogil
