# What each track did last, and at the same place some bars before.

cdef packed struct Note:  # music.piece.NOTE_DTYPE
    int onset_steps
    int duration_steps
    unsigned char pitch_midi
    unsigned char velocity
    unsigned short track
    signed char timing_96ths

cdef enum:
    N_OWN_LAGS = 3
    N_OWN_STREAMS = 22

# All notes of a track at one onset.
cdef struct Chord:
    int onset_steps
    int low
    int high
    int count  # 0: there is none
    int duration_steps  # of the note added last

cdef struct TrackMemory:
    Chord now  # the latest one; the present onset's once a note is written
    Chord before
    int end_steps  # when the last note stops sounding

# The notes, and where in the list of onsets one lag looks; as in the score.
cdef struct Past:
    const Note* notes
    const int* first_notes  # of each onset
    long n_notes
    int n_onsets
    long onset_steps  # the present one
    int track  # the present one
    int named  # the track named last at the present onset; -1 none
    bint is_drums

cdef void remember(TrackMemory* memory, const Note* note) noexcept nogil
# Write the values of the streams; the first ten, then four of each lag.
cdef void own_rows(const TrackMemory* memory, const Past* past, int* out) noexcept nogil
cdef void own_lag_rows(
    const TrackMemory* memory, const Past* past, long place_steps, int at, int after, int* out
) noexcept nogil
