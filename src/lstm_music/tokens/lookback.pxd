# Looking back: at the same place some bars before, and at what each track did last.

cdef packed struct Note:  # music.piece.NOTE_DTYPE
    int onset_steps
    int duration_steps
    unsigned char pitch_midi
    unsigned char velocity
    unsigned short track
    signed char timing_96ths

# A stretch of bars of one meter.
cdef packed struct Section:
    int onset_steps
    int start_steps  # its first bar line; before time 0 when the piece opens with a pickup
    int bar_steps
    int first_bar
    int numerator
    int denominator

# Where one lag looks: "the same place so many bars before".
cdef struct Place:
    int onset_steps  # -1: before the piece
    int at  # index in the list of onsets; -1: no note begins there
    int near  # the onset next to it, NEAR_STEPS away at most; -1: there is none
    int after  # index of the first onset after it; may be the list's end

# The music so far, and where it stands.
cdef struct Past:
    const Note* notes
    const int* onsets
    const int* first_notes  # of each onset
    const int* before  # of each note: the one before it of its key and track; -1 none
    const int* latest  # of each key of the present track: its newest note, plus 1; 0 none
    const int* programs  # of each track; 128: drums
    long n_notes
    int n_onsets
    int n_at_onset  # notes complete at the present onset
    long onset_steps  # the present one
    int track  # the present one
    int named  # the track named last at the present onset; -1 none
    int key  # the key that it named last there; -1 none

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

cdef enum:
    N_LAGS = 4
    N_OWN_LAGS = 3
    N_OWN_STREAMS = 22
    N_NEAR_LAGS = 3
    N_STROKE_STREAMS = 12

# The place in `bar` that lies as far from its bar line as `bar_position`.
cdef void look_back(
    Place* place, int bar, int bar_position, const Section* sections, int n_sections,
    const Past* past
) noexcept nogil
# Take a new note of a track.
cdef void remember(TrackMemory* memory, const Note* note) noexcept nogil
# Add the values of all streams of the past: of the lags, of the present track, of its strokes.
cdef void past_rows(
    const Place* lags, const TrackMemory* memory, const Past* past, int* of_lags, int* own,
    int* strokes
) noexcept nogil
