"""The grammar of tokens as an automaton, and the musical context it carries along.

``lstm_music.tokens.grammar.FOLLOWS`` says which kinds of token may stand where; ``_may`` adds
what depends on the music: tracks and pitches rise, nothing is said twice (the meter, tempo,
velocity or track in force), no key is struck while it sounds, and so on. Together they admit
exactly the sequences that ``encode`` writes: every token sequence that ends is the one encoding
of one canonical piece. At every point before the end some token is legal.
"""

import numpy as np

from cython cimport final

from libc.string cimport memset

from lstm_music.music.meter import DENOMINATORS
from lstm_music.music.piece import MAX_TIMING_96THS, TIMING_PER_STEP
from lstm_music.tokens.grammar import (
    BODY_LEADS,
    FOLLOWS,
    HEADER_LEADS,
    as_tokens,
    illegal,
    out_of_capacity,
)
from lstm_music.tokens.streams import MAX_TRACKS
from lstm_music.tokens.vocabulary import (
    DEFAULT,
    DRUM_PROGRAM,
    MAX_LONGS,
    MAX_ONSET_STEPS,
    RADIX_STEPS,
    START_VELOCITY_BIN,
    VELOCITY_BIN_WIDTH,
)

from lstm_music.tokens.score cimport Score

cdef enum:
    OK = 0
    ILLEGAL = -1
    OUT_OF_CAPACITY = -2
    V = 897
    RADIX = 96
    VELOCITY_WIDTH = 8
    MAX_TIMING = 16
    TIMING_A_STEP = 4

# Kinds of token, in the vocabulary's order.
cdef enum:
    START, END, BODY, LONG, PEDAL_DOWN, PEDAL_UP, STYLE, NUMERATOR, DENOMINATOR, KEY, TEMPO, PICKUP
    PROGRAM, TRACK, SHIFT, DURATION, VELOCITY, PITCH, DRUM, TIMING, LATER_STYLE
    N_KINDS

# States: the rows of FOLLOWS, in order.
cdef enum:
    BEFORE_START, AFTER_START, AFTER_STYLE, AFTER_NUMERATOR, AFTER_DENOMINATOR, AFTER_KEY
    AFTER_TEMPO, AFTER_PICKUP, IN_PROGRAMS
    AT_ONSET, IN_METER, AFTER_METER, AFTER_NEW_TEMPO, AFTER_TRACK, AFTER_PEDAL
    IN_NOTE, AFTER_DURATION, AFTER_VELOCITY, AFTER_TIMING, IN_SHIFT, AFTER_END
    N_STATES

cdef struct Tables:
    bint[N_STATES][N_KINDS] follows
    int[2][N_KINDS] leads  # state after each kind, in the header and in the body
    int[N_KINDS + 1] first  # token of each kind; V at the end
    unsigned char[V] kind
    int[6] denominators

cdef Tables T


def _fill_tables():
    names = [name for name, _ in DEFAULT.ranges]
    sizes = (len(names), len(FOLLOWS), DEFAULT.n_tokens, RADIX_STEPS, VELOCITY_BIN_WIDTH,
             MAX_TIMING_96THS, TIMING_PER_STEP, MAX_TRACKS)
    if sizes != (N_KINDS, N_STATES, V, RADIX, VELOCITY_WIDTH, MAX_TIMING, TIMING_A_STEP, 16):
        raise ImportError("automaton.pyx and vocabulary.py disagree; build the package again")
    for kind, name in enumerate(names):
        T.first[kind] = DEFAULT[name].start
        for token in DEFAULT[name]:
            T.kind[token] = kind
        for state, kinds in enumerate(FOLLOWS.values()):
            T.follows[state][kind] = name in kinds.split()
        for in_body, leads in enumerate((HEADER_LEADS, BODY_LEADS)):
            T.leads[in_body][kind] = list(FOLLOWS).index(leads.get(name, "after end"))
    T.first[N_KINDS] = V
    for i, denominator in enumerate(DENOMINATORS):
        T.denominators[i] = denominator


_fill_tables()

cdef int _MAX_LONGS = MAX_LONGS
cdef long _MAX_ONSET = MAX_ONSET_STEPS
cdef int _DRUM_PROGRAM = DRUM_PROGRAM
cdef int _START_VELOCITY = START_VELOCITY_BIN


cdef inline int _velocity(int velocity) noexcept nogil:
    """MIDI velocity at the centre of a bin."""
    return VELOCITY_WIDTH * velocity + VELOCITY_WIDTH // 2


cdef inline int _timing(int value) noexcept nogil:
    """96ths of a quarter note that a timing token moves a note by; never 0."""
    return value - MAX_TIMING + (value >= MAX_TIMING)


@final
cdef class Automaton(Score):
    """Reads tokens one by one, refuses illegal ones, and knows the context after each.

    Parameters
    ----------
    capacity : how many notes, and how many changes of each kind, there is room for.

    Examples
    --------
    >>> automaton = Automaton(8)
    >>> automaton.extend([DEFAULT["start"][0]])
    >>> [DEFAULT.name(t) for t in np.flatnonzero(automaton.legal_py())][:3]
    ['style unknown', 'style chorale', 'style folk']
    """

    def __cinit__(self, long capacity):
        self.reset()

    cdef void reset(self) noexcept nogil:
        cdef int track
        self.clear()
        memset(&self.g, 0, sizeof(self.g))
        for track in range(16):
            self.g.velocity[track] = _START_VELOCITY
        self._fresh_onset()

    cdef int copy_from(self, Automaton other):
        cdef int status = self.copy_score(other)
        if status == OK:
            self.g = other.g
        return status

    cdef bint ended(self) noexcept nogil:
        return self.g.expects == AFTER_END

    cdef bint is_struck(self, int track, int key) noexcept nogil:
        cdef long i = self.n_notes - 1
        while i >= 0 and self._notes[i].onset_steps == self.onset_steps:
            if self._notes[i].track == track and self._notes[i].pitch_midi == key:
                return True
            i -= 1
        return False

    cdef bint is_free(self) noexcept nogil:
        cdef bint in_note = self.g.expects == IN_NOTE
        cdef bint after_note = AFTER_DURATION <= self.g.expects <= AFTER_VELOCITY
        if self.conditioning is None:
            return True
        if not self.s.in_body or self.g.expects == IN_METER:
            return self.conditioning.n_given == 0
        if (in_note or after_note) and not self.g.in_given:
            return True
        return not in_note and self.is_open_before_given()

    cdef long onset_after(self, int token) noexcept nogil:
        cdef int longs = self.g.longs if self.g.expects == IN_SHIFT else 0
        if token == T.first[LONG] and self.g.expects != IN_NOTE:
            return self.onset_steps + RADIX * (longs + 1) + 1
        if T.first[SHIFT] <= token < T.first[SHIFT + 1]:
            return self.onset_steps + RADIX * longs + token - T.first[SHIFT] + 1
        return self.onset_steps

    cdef void legal(self, unsigned char* mask) noexcept nogil:
        cdef int kind, token
        memset(mask, 0, V)
        for kind in range(N_KINDS):
            if not T.follows[self.g.expects][kind]:
                continue
            if kind == SHIFT or kind == DURATION:  # large ranges, all or none
                memset(&mask[T.first[kind]], self._may(kind, 0), RADIX)
                continue
            for token in range(T.first[kind], T.first[kind + 1]):
                mask[token] = self._may(kind, token - T.first[kind])

    cdef int advance(self, int token) noexcept nogil:
        cdef int kind, value, status
        if not 0 <= token < V:
            return ILLEGAL
        kind = T.kind[token]
        value = token - T.first[kind]
        if not (T.follows[self.g.expects][kind] and self._may(kind, value)):
            return ILLEGAL
        status = self._store(kind, value)
        if status == OK:
            if self.s.in_body:
                self.repeats.push(token, value if kind == PITCH else -1)
            self._enter(kind, value)
            self.s.token = token
        return status

    cdef bint _may(self, int kind, int value) noexcept nogil:
        """Whether the music so far admits this token, where FOLLOWS admits its kind."""
        cdef int track = self.s.track
        cdef bint drums = self.s.programs[track] == _DRUM_PROGRAM
        if kind == PITCH or kind == DRUM:
            return (
                drums == (kind == DRUM)
                and value > self.g.pitch
                and self.g.note_end[track][value] <= self.onset_steps
            )
        if kind == SHIFT:  # after a shift something happens; but the first may open the body
            return self.g.expects != AT_ONSET or self.onset_steps == 0
        if kind == LONG:
            if self.g.longs == _MAX_LONGS:
                return False
            if self.g.expects == AFTER_TEMPO:
                return RADIX * (self.g.longs + 1) < self._bar_steps()
            return self.g.expects != AT_ONSET or self.onset_steps == 0
        if kind == VELOCITY:
            return value != self.g.velocity[track]
        if kind == TRACK:
            if value >= self.s.n_tracks:
                return False
            return value > track if self.g.used_track else value != track
        if kind == PEDAL_UP:
            return self.g.pedal_down[track] and self.g.pedals == 0
        if kind == PEDAL_DOWN:
            return not self.g.pedal_down[track]
        if kind == TEMPO:
            return not self.s.in_body or (self.onset_steps > 0 and value != self.g.tempo)
        if kind == NUMERATOR:
            return not self.s.in_body or self.onset_steps > 0
        if kind == DENOMINATOR:
            return not self.s.in_body or self._is_new_meter(T.denominators[value])
        if kind == PICKUP:
            return RADIX * self.g.longs + value < self._bar_steps()
        if kind == PROGRAM:
            return self.s.n_tracks < 16
        if kind == TIMING:  # nothing sounds before the start
            return TIMING_A_STEP * self.onset_steps + _timing(value) >= 0
        if kind == END:
            return self.g.n_sounded == self.s.n_tracks
        return True

    cdef int _bar_steps(self) noexcept nogil:
        return self.g.numerator * RADIX // self.g.denominator

    cdef bint _is_new_meter(self, int denominator) noexcept nogil:
        """Whether the meter half said changes anything: the same one only off the bar line."""
        return (
            self.s.bar_position != 0
            or denominator != self._sections[self.s.n_sections - 1].denominator
            or self.g.numerator != self._sections[self.s.n_sections - 1].numerator
        )

    cdef int _store(self, int kind, int value) noexcept nogil:
        """Write the token's music into the score; the only step that can lack room."""
        cdef int track = self.s.track
        cdef long time = RADIX * self.g.longs + value + 1
        if kind == DURATION:
            return self.add_note(self.g.pitch, time, _velocity(self.g.velocity[track]))
        if kind == SHIFT:
            if self.onset_steps + time > _MAX_ONSET:
                return OUT_OF_CAPACITY
            self.move_to(self.onset_steps + time)
        elif kind == PEDAL_UP or kind == PEDAL_DOWN:
            return self.add_pedal(kind == PEDAL_DOWN)
        elif kind == TEMPO:
            return self.add_tempo(value)
        elif kind == DENOMINATOR and self.s.in_body:
            return self.add_meter(self.g.numerator, T.denominators[value])
        elif kind == PICKUP:
            self.s.pickup_steps = RADIX * self.g.longs + value
            return self.add_meter(self.g.numerator, self.g.denominator)
        return OK

    cdef void _fresh_onset(self) noexcept nogil:
        self.g.pitch = -1
        self.g.pedals = 0
        self.g.used_track = False

    cdef void _enter(self, int kind, int value) noexcept nogil:
        """Take the state that the token leads to."""
        cdef int track = self.s.track
        if kind == LONG:
            self.g.longs += 1
            if self.g.expects != IN_NOTE and self.g.expects != AFTER_TEMPO:
                self.g.expects = IN_SHIFT
            return
        self.g.expects = T.leads[self.s.in_body][kind]
        if kind == PITCH or kind == DRUM:
            self.g.pitch = value
            self.g.used_track = True
            self.s.rank = (track << 8) + 1 + value
            self.g.in_given = self.conditioning is not None and self.conditioning.is_given(
                self.s.outlook.next_given, self.onset_steps, self.s.rank
            )
            if kind == PITCH:
                self.s.pitch = value
        elif kind == DURATION:
            self.g.note_end[track][self.g.pitch] = (
                <int>self.onset_steps + RADIX * self.g.longs + value + 1
            )
            self.g.n_sounded += not self.g.has_note[track]
            self.g.has_note[track] = True
        elif kind == VELOCITY:
            self.g.velocity[track] = value
            self._notes[self.n_notes - 1].velocity = <unsigned char>_velocity(value)
        elif kind == TIMING:
            self._notes[self.n_notes - 1].timing_96ths = <signed char>_timing(value)
        elif kind == SHIFT:
            self._fresh_onset()
        elif kind == TRACK:
            self.s.track = value
            self.s.rank = value << 8
            self._fresh_onset()
        elif kind == PEDAL_UP or kind == PEDAL_DOWN:
            self.g.pedal_down[track] = kind == PEDAL_DOWN
            self.g.pedals += 1
            self.g.used_track = True
        elif kind == NUMERATOR:
            self.g.numerator = value + 1
        elif kind == DENOMINATOR:
            self.g.denominator = T.denominators[value]
        elif kind == TEMPO:
            self.g.tempo = value
        elif kind == STYLE:
            self.s.style = value
        elif kind == LATER_STYLE:
            self.s.style = T.first[STYLE + 1] - T.first[STYLE] + value
        elif kind == KEY:
            self.s.key = value
        elif kind == PROGRAM:
            self.s.programs[self.s.n_tracks] = value
            self.s.n_tracks += 1
        elif kind == BODY:
            self.s.in_body = True
        self.g.longs = 0  # they belonged to this token

    # The same from Python.

    def advance_py(self, int token):
        """Read one token: 0 accepted, -1 illegal here, -2 no room; unchanged unless 0."""
        return self.advance(token)

    def legal_py(self):
        """(n_tokens,) bool: which tokens may come next. Capacity is not considered."""
        mask = np.empty(V, np.uint8)
        cdef unsigned char[::1] view = mask
        self.legal(&view[0])
        return mask.view(np.bool_)

    def onset_after_py(self, int token):
        """Onset after ``token``: of SHIFT with the LONGs before it; of LONG the earliest."""
        return self.onset_after(token)

    def reset_py(self):
        """Forget everything, ``set_bars_left`` included."""
        self.reset()

    def copy_from_py(self, Automaton other not None):
        """Become equal to ``other`` and independent of it: 0, or -2 when it does not fit."""
        return self.copy_from(other)

    @property
    def is_ended(self):
        """Whether END has been read."""
        return self.ended()

    def extend(self, tokens):
        """Read several tokens.

        Parameters
        ----------
        tokens : (N,) int32, or anything that becomes that.

        Raises
        ------
        TokenError : a token is illegal (says where, which, and what may stand there), or there
            is no room. The tokens before it have been read.
        """
        cdef const int[::1] view = as_tokens(tokens)
        cdef Py_ssize_t i
        for i in range(view.shape[0]):
            self.read(i, view[i])

    cdef int read(self, Py_ssize_t position, int token) except -1:
        """Read a token, or raise the TokenError that says what may stand there."""
        cdef int status = self.advance(token)
        if status == OUT_OF_CAPACITY:
            raise out_of_capacity(position, token, self.capacity)
        if status != OK:
            raise illegal(position, token, self.legal_py())
        return 0
