# Dues: what must be written, and by when. For nogil use from the generation loop.

from lstm_music.generate.rules cimport Rules, Tally
from lstm_music.tokens.automaton cimport Automaton


cdef class Dues:
    cdef Rules rules

    # The first track that must have a note at this onset and has none; 16: none must.
    cdef int owing(self, const Tally* tally, Automaton music) noexcept nogil
    # The latest onset at which something must begin.
    cdef long latest(self, const Tally* tally, Automaton music) noexcept nogil
    # When the note that is being written may end: not later, and not earlier.
    cdef long latest_end(self, const Tally* tally, Automaton music, int track) noexcept nogil
    cdef long earliest_end(self, const Tally* tally, Automaton music, int track) noexcept nogil
    # When the key that was struck must be free again, since an order wants it once more.
    cdef long order_until(self, const Tally* tally, Automaton music, int track) noexcept nogil
    cdef long _due(self, const Tally* tally, Automaton music, int track) noexcept nogil
    cdef long _soonest(self, const Tally* tally, Automaton music, int track) noexcept nogil
    cdef int _chords_left(self, int track, int at) noexcept nogil
    cdef long _order_due(self, Automaton music, int track, int left, int grid) noexcept nogil
    cdef long _even_due(self, Automaton music, long bar, int fewest, int missing) noexcept nogil
