# What is made likelier without forbidding anything. For nogil use from the generation loop.

from libc.stdint cimport uint8_t

from lstm_music.generate.rules cimport Rules
from lstm_music.tokens.automaton cimport Automaton


cdef class Leans:
    cdef Rules rules
    cdef const float[:, ::1] _pitches  # (16, 128)
    cdef const float[:, ::1] _wishes  # (16, 3): mean pitch, duration, notes an onset
    cdef float _chord

    # Add to the logits of the allowed tokens what is made likelier.
    cdef void lean(self, float* logits, const uint8_t* allowed, Automaton music) noexcept nogil
    # What is added to the logit of a pitch, against other pitches.
    cdef float of_pitch(self, Automaton music, int track, int pitch) noexcept nogil
    # What is added to the logits of all pitches, against going on without another note.
    cdef float of_another(self, Automaton music, int track) noexcept nogil
    # What is added to the logit of a duration.
    cdef float of_duration(self, int track, int steps) noexcept nogil
