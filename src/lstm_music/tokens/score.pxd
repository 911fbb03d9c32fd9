# The music written so far, and what a reader of it sees at the present place.

from lstm_music.tokens.conditioning cimport Conditioning, Outlook, View
from lstm_music.tokens.lookback cimport Note, Past, Place, Section, TrackMemory
from lstm_music.tokens.repeats cimport Repeats


cdef packed struct Pedal:  # music.piece.PEDAL_DTYPE
    int onset_steps
    unsigned short track
    unsigned char down

cdef packed struct TempoChange:
    int onset_steps
    int tempo  # bin

cdef struct ScoreState:
    int n_onsets
    int n_sections
    int n_tempos
    int n_pedals
    int n_at_onset  # notes complete at the present onset
    int token  # the last one; -1 before the first
    int bar
    int bar_position
    int beat_strength
    int total_bars  # that the piece is to have; 0 unknown
    bint in_body
    int style
    int key  # value of its token; 0 unknown
    int pitch  # the newest that is no drum's; -1 none
    int pickup_steps
    int track
    int n_tracks
    int[16] programs  # 128: drums
    int[12] pitch_class_end  # when the last note of the class stops sounding
    Place[4] lags
    int rank  # of what was named last at the present onset, as in conditioning.View
    Outlook outlook
    TrackMemory[16] memories
    int[16][128] latest  # newest note of each key of each track, plus 1; 0: none


cdef class Score:
    cdef readonly long onset_steps
    cdef readonly long n_notes
    cdef readonly long capacity
    cdef ScoreState s
    cdef Repeats repeats
    cdef readonly Conditioning conditioning  # None: nothing lies ahead, everything is open
    cdef Note[::1] _notes
    cdef Pedal[::1] _pedals
    cdef TempoChange[::1] _tempos
    cdef Section[::1] _sections
    cdef int[::1] _onsets
    cdef int[::1] _first_notes  # first note of each onset
    cdef int[::1] _before  # of each note: the one before it of its key and track; -1 none

    cdef void clear(self) noexcept nogil
    cdef int copy_score(self, Score other)
    cdef void move_to(self, long onset_steps) noexcept nogil
    cdef int add_meter(self, int numerator, int denominator) noexcept nogil
    cdef int add_tempo(self, int tempo) noexcept nogil
    cdef int add_pedal(self, bint down) noexcept nogil
    cdef int add_note(self, int pitch, long duration_steps, int velocity) noexcept nogil
    cdef void rows(self, int* out) noexcept nogil
    cdef void _look_around(self) noexcept nogil
    cdef Past _past(self) noexcept nogil
    cdef void view(self, View* at) noexcept nogil
    cdef bint is_open_before_given(self) noexcept nogil
