"""Drums that go on as they did: strokes of earlier bars are made likelier, and nothing forbidden.

A drummer plays a pattern again, but never quite: strokes come a little early or late, one is left
out, another added. So bars are compared by 16ths: an earlier bar says which drums each 16th of a
new one is to have. To leave one of them out, or to strike another, costs so many nats, a pull.
When in the 16th a drum is struck, and how loudly, the network says alone.
"""

from libc.math cimport exp, log
from libc.stdint cimport uint8_t
from libc.string cimport memset

import numpy as np

from lstm_music.generate.mass cimport log_mass
from lstm_music.tokens.automaton cimport Automaton

from lstm_music.errors import ShapeError
from lstm_music.music.instruments.drum_keys import PAD_KEYS
from lstm_music.tokens.grammar import FOLLOWS
from lstm_music.tokens.vocabulary import DEFAULT

cdef enum:
    SIXTEENTH = 6  # steps
    HALF = 3
    HAD = 1
    STRUCK = 2
    MOST_SHIFTS = 4  # in a window: bars in it

cdef float PASSED_OVER = 0.5  # of a pull: a key below one that is struck can only come late
cdef float ELSEWHERE = 0.5  # of a pull: what is added where nothing stood, between the others

cdef int FIRST_SHIFT = DEFAULT["shift"].start
cdef int FIRST_DRUM = DEFAULT["drum"].start
cdef int LONG = DEFAULT["long"].start
cdef int END = DEFAULT["end"].start
cdef int IN_NOTE = list(FOLLOWS).index("in note")
cdef int N_TOKENS = DEFAULT.n_tokens

cdef uint8_t[128] KIT  # the General MIDI key of each

for _key in range(128):
    KIT[_key] = PAD_KEYS.get(_key, _key)


cdef class Echo:
    """Which earlier bars new ones resemble, and how much. Read-only.

    For pieces of one track, of drums. The lengths of the bars are whole numbers of 16ths.

    Parameters
    ----------
    start_steps : where the first new bar begins.
    shifts : (N,) for each 16th from there on, how many steps before it what it resembles stands,
        0: nowhere.
    pulls : (N,) nats by which a stroke that is left out, or added, is less likely.

    Raises
    ------
    ShapeError : not two rows of one length.
    """

    def __init__(self, long start_steps, shifts, pulls):
        if np.ndim(shifts) != 1 or np.shape(shifts) != np.shape(pulls):
            raise ShapeError(
                f"shifts and pulls must be rows of one length, got {np.shape(shifts)} and "
                f"{np.shape(pulls)}"
            )
        self._start = start_steps
        self._shifts = np.ascontiguousarray(shifts, np.intc)
        self._pulls = np.ascontiguousarray(pulls, np.float32)

    cdef void lean(self, float* logits, const uint8_t* allowed, Automaton music) noexcept nogil:
        """What is added leaves the chance that the present stroke is complete as it is."""
        cdef long now = self._slot(music.onset_steps), base
        cdef Due due
        cdef int i
        cdef double before, after
        if music.g.expects == IN_NOTE or now + WINDOW <= 0 or now >= self._shifts.shape[0]:
            return
        before = _mass_of_next(logits, allowed)
        if before <= -1e300:
            return
        self._look(&due, music, now)
        base = music.onset_steps + 96 * music.g.longs
        for i in range(96):
            if allowed[FIRST_SHIFT + i]:
                logits[FIRST_SHIFT + i] += self._of_move(&due, now, self._slot(base + i + 1))
        for i in range(128):
            if allowed[FIRST_DRUM + i]:
                logits[FIRST_DRUM + i] += self._of_stroke(&due, now, i)
        logits[LONG] += self._of_move(&due, now, now + WINDOW)
        logits[END] += self._of_move(&due, now, now + WINDOW)
        after = _mass_of_next(logits, allowed)
        for i in range(N_TOKENS):
            if allowed[i] and _is_next(i):
                logits[i] += <float>(before - after)

    cdef long _slot(self, long onset_steps) noexcept nogil:
        """The nearest 16th, counted from the first new bar; negative before it."""
        return (onset_steps - self._start + HALF + 65536 * SIXTEENTH) // SIXTEENTH - 65536

    cdef void _look(self, Due* due, Automaton music, long now) noexcept nogil:
        cdef int[MOST_SHIFTS] shifts
        cdef int n_shifts = 0, key, k, i
        cdef long first = max(now, 0), stop = min(now + WINDOW, self._shifts.shape[0]), slot, note
        cdef long onset, earliest = music.onset_steps - SIXTEENTH
        memset(due, 0, sizeof(Due))
        for slot in range(first, stop):
            if self._shifts[slot] and n_shifts < MOST_SHIFTS and (
                not n_shifts or shifts[n_shifts - 1] != self._shifts[slot]
            ):
                shifts[n_shifts] = self._shifts[slot]
                n_shifts += 1
                onset = self._start + slot * SIXTEENTH - self._shifts[slot] - HALF
                earliest = min(earliest, onset)
        for note in range(music.n_notes - 1, -1, -1):
            onset = music._notes[note].onset_steps
            if onset < earliest:
                break
            key = KIT[music._notes[note].pitch_midi]
            for i in range(n_shifts):
                slot = self._slot(onset + shifts[i])
                if first <= slot < stop and self._shifts[slot] == shifts[i]:
                    due.keys[slot - now][key] |= HAD
            if self._slot(onset) == now:
                due.keys[0][key] |= STRUCK
        for k in range(WINDOW):
            for key in range(128):
                due.left[k] += due.keys[k][key] == HAD

    cdef float _of_move(self, const Due* due, long now, long until) noexcept nogil:
        """What is left out where time moves on, and whether what comes can only be added."""
        cdef long slot
        cdef float cost = 0
        for slot in range(max(now, 0), min(until, min(now + WINDOW, self._shifts.shape[0]))):
            cost += due.left[slot - now] * self._pulls[slot]
        if until < now + WINDOW and 0 <= until < self._shifts.shape[0] and (
            self._shifts[until] and not due.left[until - now]
        ):
            cost += ELSEWHERE * self._pulls[until]
        return -cost

    cdef float _of_stroke(self, const Due* due, long now, int key) noexcept nogil:
        cdef int below
        cdef float cost = 0
        if now < 0 or not self._shifts[now]:
            return 0
        if due.keys[0][KIT[key]] != HAD:
            cost += 1
        for below in range(key):
            if due.keys[0][below] == HAD:
                cost += PASSED_OVER
        return -cost * self._pulls[now]


cdef bint _is_next(int token) noexcept nogil:
    """Whether a token goes on to another stroke, another onset or the end."""
    return (
        FIRST_SHIFT <= token < FIRST_SHIFT + 96
        or FIRST_DRUM <= token < FIRST_DRUM + 128
        or token == LONG
        or token == END
    )


cdef double _mass_of_next(const float* logits, const uint8_t* allowed) noexcept nogil:
    cdef double[4] masses
    cdef double top
    masses[0] = log_mass(logits, allowed, FIRST_SHIFT, FIRST_SHIFT + 96)
    masses[1] = log_mass(logits, allowed, FIRST_DRUM, FIRST_DRUM + 128)
    masses[2] = log_mass(logits, allowed, LONG, LONG + 1)
    masses[3] = log_mass(logits, allowed, END, END + 1)
    top = max(max(masses[0], masses[1]), max(masses[2], masses[3]))
    if top <= -1e300:
        return top
    return top + log(
        exp(masses[0] - top) + exp(masses[1] - top) + exp(masses[2] - top) + exp(masses[3] - top)
    )
