# Rules: what may be written, where, when. For nogil use from the generation loop.

from lstm_music.generate.given cimport Given
from lstm_music.tokens.automaton cimport Automaton

cdef enum:
    N_TRACKS = 16

# Columns of the limits of a track; 0: none.
cdef enum:
    POLYPHONY = 0  # most notes at once
    SHORTEST = 1  # steps
    LONGEST = 2  # steps
    GRID = 3  # onsets stand on multiples of so many steps from the bar line
    FEWEST = 4  # onsets a bar
    MOST = 5  # onsets a bar; -1: no limit
    REST = 6  # longest silence in steps; -1: no limit
    PLAYER = 7  # 1: two hands on keys, 2: a drummer
    N_LIMITS = 8

# What the rules must know of the notes so far.
cdef struct Tally:
    int bar
    int[N_TRACKS] onsets  # of new notes in this bar
    long[N_TRACKS] struck  # the last onset of a new note; -1 none
    long[N_TRACKS] sounds_until
    int[N_TRACKS] counted  # notes of the order of pitches that are written
    unsigned char[N_TRACKS][128] ahead  # keys given at the present onset that are still untold
    long[N_TRACKS] full_from  # when given notes leave no room for another


cdef class Rules:
    cdef readonly object places
    cdef const int[:, ::1] _places  # track, start, end
    cdef const int[::1] _rings
    cdef int n_places
    cdef int[N_TRACKS + 1] place_first
    cdef const unsigned char[:, ::1] _pitches  # (16, 128)
    cdef const int[:, ::1] _limits  # (16, N_LIMITS)
    cdef const int[:, ::1] _chords  # onset, 12 bits
    cdef int n_chords
    cdef bint strict_chords
    cdef const int[:, ::1] _order  # track, number of the chord, pitch
    cdef int[N_TRACKS + 1] order_first
    cdef readonly long end_steps  # of the last place

    cdef void clear(self, Tally* tally) noexcept nogil
    # A note of the present track, given or new, is complete.
    cdef void note(self, Tally* tally, Automaton music, long until, bint is_new) noexcept nogil
    cdef void moved(self, Tally* tally, Automaton music) noexcept nogil
    # Get ready for a choice, the given events before one being told; before all questions below.
    cdef void look_ahead(self, Tally* tally, Automaton music, Given given, int event) \
        noexcept nogil
    cdef long _full_from(self, Automaton music, Given given, int event, int track) noexcept nogil
    # When the note that is being written must end, to leave room and hands for what is given.
    cdef long let_go_by(
        self, const Tally* tally, Automaton music, Given given, int event, int track, long until
    ) noexcept nogil
    # The end of the place in which a track may be written at a time; 0: it may not.
    cdef long open_until(self, int track, long steps) noexcept nogil
    # How far a note that begins at a time may ring; 0: none may begin.
    cdef long rings_until(self, int track, long steps) noexcept nogil
    cdef bint may_write(self, const Tally* tally, Automaton music, int track, long onset) \
        noexcept nogil
    cdef bint may_sound(
        self, const Tally* tally, Automaton music, int track, int pitch, long onset
    ) noexcept nogil
    # Whether something may begin at a later onset, no given event lying between.
    cdef bint may_begin(self, const Tally* tally, Automaton music, long onset) noexcept nogil
    # Where the first place begins that starts after a time; -1: none does.
    cdef long next_start(self, long steps) noexcept nogil
    # Whether the note that is being written may end just there.
    cdef bint may_end(self, Automaton music, int track, long end) noexcept nogil
    cdef int shortest(self, int track) noexcept nogil
    cdef int longest(self, int track) noexcept nogil
    cdef bint _fits_grid(self, Automaton music, int track, long onset) noexcept nogil
    cdef bint _is_playable(
        self, const Tally* tally, Automaton music, int track, int pitch, long onset
    ) noexcept nogil
    cdef bint _fits_chord(self, Automaton music, int pitch, long onset) noexcept nogil
    cdef int _position(self, Automaton music, long onset) noexcept nogil
    cdef int _polyphony(self, Automaton music, int track, long onset) noexcept nogil
    cdef int _onsets_in_bar(self, const Tally* tally, Automaton music, int track, long onset) \
        noexcept nogil
    cdef int _order_at(self, const Tally* tally, int track, long onset) noexcept nogil
    # Whether a pitch belongs to the chord of a time; without a chord each does.
    cdef bint is_chord_tone(self, int pitch, long onset) noexcept nogil
