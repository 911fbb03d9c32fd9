"""The layout of lstm_music.music.piece.NOTE_DTYPE, for compiled modules."""

cdef packed struct Note:
    int onset
    int duration
    unsigned char pitch
    unsigned char velocity
    unsigned short track
    signed char timing
