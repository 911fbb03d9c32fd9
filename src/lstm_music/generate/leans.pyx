"""What is wished roughly: pitches and durations that are made likelier, and nothing forbidden."""

from libc.math cimport fabs, log2
from libc.stdint cimport uint8_t

import numpy as np

from lstm_music.generate.mass cimport log_mass
from lstm_music.generate.rules cimport Rules
from lstm_music.tokens.automaton cimport Automaton

from lstm_music.tokens.grammar import FOLLOWS
from lstm_music.tokens.vocabulary import DEFAULT

cdef enum:
    DRUMS = 128

cdef float REGISTER_WIDTH = 4  # semitones: the deviation of what leans towards a mean pitch
cdef float DURATION_PULL = 3  # nats for twice or half of what a duration leans towards
cdef float MOST = 8  # nats

cdef int FIRST_PITCH = DEFAULT["pitch"].start
cdef int FIRST_DRUM = DEFAULT["drum"].start
cdef int FIRST_DURATION = DEFAULT["duration"].start
cdef int IN_NOTE = list(FOLLOWS).index("in note")


cdef class Leans:
    """What the notes of each track lean towards. Read-only, like the rules that it goes with.

    Parameters
    ----------
    rules : they know the chords.
    pitches : (16, 128) float32, added to the logits of a track's pitches; None: nothing is.
    wishes : (16, 3) float32, mean pitch, duration in steps and notes an onset; 0: none; None: none.
    chord : what is added to the logits of pitches outside the chord, nats.
    """

    def __init__(self, Rules rules not None, pitches=None, wishes=None, float chord=0.0):
        self.rules = rules
        pulls = np.zeros((16, 128)) if pitches is None else pitches
        self._pitches = np.ascontiguousarray(pulls, np.float32)
        wished = np.zeros((16, 3)) if wishes is None else wishes
        self._wishes = np.ascontiguousarray(wished, np.float32)
        self._chord = chord

    cdef void lean(self, float* logits, const uint8_t* allowed, Automaton music) noexcept nogil:
        """What is added to pitches leaves the chance that any of them comes next as it is."""
        cdef int track = music.s.track, i
        cdef int first = FIRST_DRUM if music.s.programs[track] == DRUMS else FIRST_PITCH
        cdef double before, after
        if music.g.expects == IN_NOTE:
            for i in range(96):
                logits[FIRST_DURATION + i] += self.of_duration(track, 96 * music.g.longs + i + 1)
            return
        before = log_mass(logits, allowed, first, first + 128)
        for i in range(128):
            if allowed[first + i]:
                logits[first + i] += self.of_pitch(music, track, i)
        after = log_mass(logits, allowed, first, first + 128)
        before += self.of_another(music, track)
        for i in range(128):
            logits[first + i] += <float>(before - after)

    cdef float of_pitch(self, Automaton music, int track, int pitch) noexcept nogil:
        cdef float bias = self._pitches[track, pitch], off
        if music.s.programs[track] == DRUMS:
            return bias
        if self._chord and not self.rules.is_chord_tone(pitch, music.onset_steps):
            bias += self._chord
        if self._wishes[track, 0] > 0:
            off = (pitch - self._wishes[track, 0]) / REGISTER_WIDTH
            bias -= off * off / 2
        return bias

    cdef float of_another(self, Automaton music, int track) noexcept nogil:
        cdef int pitch, n = 0
        cdef float missing
        if self._wishes[track, 2] <= 0 or track != music.s.track or not music.g.used_track:
            return 0
        for pitch in range(128):
            n += music.is_struck(track, pitch)
        missing = MOST * (self._wishes[track, 2] - n - 0.5)
        return max(min(missing, MOST), -MOST) if n else 0

    cdef float of_duration(self, int track, int steps) noexcept nogil:
        if self._wishes[track, 1] <= 0:
            return 0
        return -DURATION_PULL * fabs(log2(steps / self._wishes[track, 1]))
