# What is told of a piece besides its past. For nogil use from the automaton.

from lstm_music.music.order cimport Note
from lstm_music.tokens.given_text cimport GivenText

cdef enum:
    N_LEADS = 4

# Where the music stands that is to be told of.
cdef struct View:
    long onset_steps
    int rank  # of the last track or note named at this onset: track << 8, plus 1 + pitch; or -1
    int track
    int n_tracks
    int bar
    bint in_body
    bint[16] drums  # which tracks are

# What is found once an onset, and where the given music goes on.
cdef struct Outlook:
    int next_given  # the first given note that has not been heard
    int chord  # index of the chord here; -1 none
    long[N_LEADS] lead_steps  # the same place so many bars ahead; -1 before there is music
    int[N_LEADS] leads  # the first given note there or later


cdef class Conditioning:
    cdef const Note[::1] _given
    cdef int n_given, n_chords
    cdef const int[::1] _track_notes  # indices into _given, track by track
    cdef int[17] _track_first
    cdef const int[:, ::1] _places  # track, start, end
    cdef int[17] _place_first
    cdef const unsigned char[:, :, ::1] _wishes  # bar, track, kind
    cdef const unsigned char[::1] _onsets  # wished a bar
    cdef const int[:, ::1] _chords  # onset, root, quality
    cdef readonly GivenText text
    cdef readonly object given, places, wishes, wished_onsets, chords

    # When the place that is open in a track at a time closes; 0 if none is.
    cdef long open_until(self, int track, long steps) noexcept nogil
    # Whether something may be written from a place on, before the next given note.
    cdef bint is_open_before(self, int next_given, const View* at) noexcept nogil
    # The first given note after a place; `after` is one that lies before it or there.
    cdef int next_after(self, int after, long onset_steps, int rank) noexcept nogil
    # Whether the given note there, or one soon after it, is the one of this rank.
    cdef bint is_given(self, int next_given, long onset_steps, int rank) noexcept nogil
    # Leads and chord of an onset; once an onset, not once a token.
    cdef void look_ahead(self, Outlook* o, long onset_steps, long bar_steps) noexcept nogil
    # Write the rows of its streams.
    cdef void rows(self, Outlook* o, const View* at, int* out) noexcept nogil
    cdef int _first_from(self, long onset_steps) noexcept nogil
    cdef int _next_of_track(self, int track, int next_given) noexcept nogil
    cdef int* _place_rows(self, const View* at, int* out) noexcept nogil
    cdef int* _given_rows(self, Outlook* o, const View* at, int* out) noexcept nogil
    cdef int* _lead_rows(self, int lead, Outlook* o, const View* at, int* out) noexcept nogil
    cdef void _wish_rows(self, Outlook* o, const View* at, int* out) noexcept nogil
    cdef int _pitch_row(self, int note, const View* at) noexcept nogil
