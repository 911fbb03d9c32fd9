"""Given events: the music that stands in the result as it is, token by token in its turn."""

import numpy as np

from lstm_music.tokens.automaton cimport Automaton

from lstm_music.errors import ShapeError
from lstm_music.tokens.grammar import FOLLOWS
from lstm_music.tokens.vocabulary import DEFAULT

cdef enum:
    RADIX = 96
    DRUMS = 128

cdef long LATEST = 1 << 30  # beyond all onsets; a C long may have 32 bits

cdef struct Tables:
    int in_meter, in_note, after_duration, after_velocity  # states of the grammar
    int long_token, numerator, denominator, tempo, pedal_up, pedal_down, pitch, drum
    int duration, velocity, timing, track, shift  # first tokens

cdef Tables T


def _fill_tables():
    states, first = list(FOLLOWS), {name: DEFAULT[name].start for name, _ in DEFAULT.ranges}
    T.in_meter, T.in_note = states.index("in meter"), states.index("in note")
    T.after_duration = states.index("after duration")
    T.after_velocity = states.index("after velocity")
    T.long_token, T.numerator, T.denominator = first["long"], first["numerator"], (
        first["denominator"])
    T.tempo, T.pedal_up, T.pedal_down = first["tempo"], first["pedal_up"], first["pedal_down"]
    T.pitch, T.drum, T.duration = first["pitch"], first["drum"], first["duration"]
    T.velocity, T.timing = first["velocity"], first["timing"]
    T.track, T.shift = first["track"], first["shift"]


_fill_tables()


cdef class Given:
    """Events in the order in which tokens tell them. Read-only; any number of generators share one.

    Parameters
    ----------
    events : (N, 8) int, see ``given.pxd`` for the columns.
    until_steps : the turn of those from there on never comes; but no note may ring into them.
        None: all have theirs.

    Raises
    ------
    ShapeError : another shape, or onsets that do not rise.
    """

    def __init__(self, events, until_steps=None):
        table = np.ascontiguousarray(events, np.intc).reshape(-1, N_COLUMNS)
        if (np.diff(table[:, ONSET]) < 0).any():
            raise ShapeError("given events must be in order of time")
        self.events, self.n_all = table, len(table)
        until = table[:, ONSET].max(initial=0) + 1 if until_steps is None else until_steps
        self.n = np.searchsorted(table[:, ONSET], until)
        self._events = table if len(table) else np.zeros((1, N_COLUMNS), np.intc)

    cdef bint is_here(self, int event, Automaton music) noexcept nogil:
        return event < self.n and self._events[event, ONSET] == music.onset_steps

    cdef bint begins(self, int event, Automaton music, int token) noexcept nogil:
        cdef int kind, value
        if not self.is_here(event, music):
            return False
        kind, value = self._events[event, KIND], self._events[event, VALUE]
        if kind == METER:
            return token == T.numerator + value
        if kind == TEMPO:
            return token == T.tempo + value
        if music.s.track != self._events[event, TRACK]:
            return False
        if kind == PEDAL_UP or kind == PEDAL_DOWN:
            return token == (T.pedal_up if kind == PEDAL_UP else T.pedal_down)
        if kind == NOTE:
            return token == T.pitch + value or token == T.drum + value
        return T.pitch <= token < T.drum + 128

    cdef int next_token(self, int event, Automaton music) noexcept nogil:
        cdef int kind = self._events[event, KIND], expects = music.g.expects
        cdef int longs = (self._events[event, DURATION] - 1) // RADIX
        if kind == METER and expects == T.in_meter:
            return T.denominator + self._events[event, MORE]
        if kind < NOTE:
            return -1
        if expects == T.in_note:
            if music.g.longs < longs:
                return T.long_token
            return T.duration + (self._events[event, DURATION] - 1) % RADIX
        if expects == T.after_duration and (
            self._events[event, VELOCITY] != music.g.velocity[music.s.track]
        ):
            return T.velocity + self._events[event, VELOCITY]
        if expects == T.after_duration or expects == T.after_velocity:
            if self._events[event, TIMING] >= 0:
                return T.timing + self._events[event, TIMING]
        return -1

    cdef int lead_token(self, int event, Automaton music) noexcept nogil:
        cdef const int* row = &self._events[event, 0]
        cdef int wait = row[ONSET] - <int>music.onset_steps, first
        if wait > 0:
            if music.g.longs < (wait - 1) // RADIX:
                return T.long_token
            return T.shift + (wait - 1) % RADIX
        if row[KIND] == METER:
            return T.numerator + row[VALUE]
        if row[KIND] == TEMPO:
            return T.tempo + row[VALUE]
        if music.s.track != row[TRACK]:
            return T.track + row[TRACK]
        if row[KIND] == PEDAL_UP or row[KIND] == PEDAL_DOWN:
            return T.pedal_up if row[KIND] == PEDAL_UP else T.pedal_down
        first = T.drum if music.s.programs[music.s.track] == DRUMS else T.pitch
        return first + row[VALUE]

    cdef int highest_pitch(self, int event) noexcept nogil:
        cdef int i = event + 1 + self.slots_above(event)
        return self._events[i, VALUE] - 1 if self._is_beside(i, event) else 127

    cdef int slots_above(self, int event) noexcept nogil:
        cdef int i = event + 1
        while self._is_beside(i, event) and self._events[i, KIND] == SLOT:
            i += 1
        return i - event - 1

    cdef bint _is_beside(self, int i, int event) noexcept nogil:
        return i < self.n and (
            self._events[i, ONSET] == self._events[event, ONSET]
            and self._events[i, TRACK] == self._events[event, TRACK]
        )

    cdef long next_onset_of(self, int event, int track, int pitch) noexcept nogil:
        cdef int i
        for i in range(event, self.n_all):
            if (
                self._events[i, KIND] == NOTE
                and self._events[i, TRACK] == track
                and self._events[i, VALUE] == pitch
            ):
                return self._events[i, ONSET]
        return LATEST
