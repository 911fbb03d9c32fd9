"""The layouts of NOTE_DTYPE and PEDAL_DTYPE of lstm_music.music.piece, for compiled modules."""

cdef packed struct Note:
    int onset
    int duration
    unsigned char pitch
    unsigned char velocity
    unsigned short track
    signed char timing

cdef packed struct Pedal:
    int onset
    unsigned short track
    unsigned char down
