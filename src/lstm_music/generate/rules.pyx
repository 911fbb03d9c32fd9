"""Rules: what may be written, where and when, as masks that the generation loop applies.

A rule that asks for something (a density, no rests) gives way where nothing may be written: a
sequence can always go on.
"""

import numpy as np

from libc.string cimport memset

from lstm_music.generate.given cimport DURATION, KIND, NOTE, ONSET, TRACK, VALUE, Given
from lstm_music.generate.reach cimport hands_reach, is_foot
from lstm_music.tokens.automaton cimport Automaton

from lstm_music.errors import ShapeError

cdef enum:
    DRUMS = 128
    HANDS_ON_KEYS = 1

cdef long NEVER = 1 << 30  # beyond all onsets; a C long may have 32 bits

HANDS, DRUMMER = HANDS_ON_KEYS, 2
"""Values of the limit ``player``."""


cdef class Rules:
    """What a result must keep to. Read-only; any number of generators share one.

    Parameters
    ----------
    places : (P, 3) int, track, start and end in steps of what may be written, in order.
    pitches : (16, 128) uint8, 1 for the pitches that a track may have.
    limits : (16, 8) int, see ``rules.pxd`` for the columns.
    chords : (C, 2) int, onset and a bit for each pitch class of the chord from there on.
    strict_chords : on a beat only tones of its chord may begin.
    order : (N, 3) int, track, number of a chord and pitch: the pitches that a track has, in this
        order, the notes of a chord together; tracks without any are free.
    end_steps : where the music ends; None: where the last place does.
    rings : (P,) int, how far a note of each place may ring; None: to the end of its place.

    Raises
    ------
    ShapeError : another shape.
    """

    def __init__(self, places, pitches, limits, chords=(), bint strict_chords=True, order=(),
                 end_steps=None, rings=None):
        self.places = np.array(places, np.intc).reshape(-1, 3)
        self.n_places = len(self.places)
        last = self.places[:, 2].max() if self.n_places else 0
        self.end_steps = last if end_steps is None else end_steps
        self._places = _never_empty(self.places)
        rung = self.places[:, 2] if rings is None else np.array(rings, np.intc)
        if rung.shape != (self.n_places,) or (rung < self.places[:, 2]).any():
            raise ShapeError(f"rings must be {self.n_places} times, not before the ends of places")
        self._rings = _never_empty(np.ascontiguousarray(rung))
        for name, table, shape in (("pitches", pitches, (16, 128)), ("limits", limits, (16, 8))):
            if np.shape(table) != shape:
                raise ShapeError(f"{name} must be of shape {shape}, got {np.shape(table)}")
        self._pitches = np.ascontiguousarray(pitches, np.uint8)
        self._limits = np.ascontiguousarray(limits, np.intc)
        by_onset = np.array(chords, np.intc).reshape(-1, 2)
        self.n_chords, self._chords = len(by_onset), _never_empty(by_onset)
        self.strict_chords = strict_chords
        pitch_order = np.array(order, np.intc).reshape(-1, 3)
        self._order = _never_empty(pitch_order)
        firsts = np.searchsorted(pitch_order[:, 0], range(17))
        place_firsts = np.searchsorted(self.places[:, 0], range(17))
        for i in range(17):
            self.place_first[i], self.order_first[i] = place_firsts[i], firsts[i]

    cdef void clear(self, Tally* tally) noexcept nogil:
        cdef int track
        memset(tally, 0, sizeof(Tally))
        tally.bar = -1
        for track in range(N_TRACKS):
            tally.struck[track] = -1
            tally.full_from[track] = NEVER

    cdef void note(self, Tally* tally, Automaton music, long until, bint is_new) noexcept nogil:
        cdef int track = music.s.track
        cdef long now = music.onset_steps
        self.moved(tally, music)
        tally.sounds_until[track] = max(tally.sounds_until[track], until)
        if not is_new:
            return
        if self.open_until(track, now) and self._order_at(tally, track, now) >= 0:
            tally.counted[track] += 1
        tally.onsets[track] += tally.struck[track] != now
        tally.struck[track] = now

    cdef void moved(self, Tally* tally, Automaton music) noexcept nogil:
        """Begin to count anew in a new bar."""
        if tally.bar != music.s.bar:
            tally.bar = music.s.bar
            memset(tally.onsets, 0, sizeof(tally.onsets))

    cdef void look_ahead(self, Tally* tally, Automaton music, Given given, int event) \
            noexcept nogil:
        """Find out what is given at the present onset and still untold, and when each track that
        may be written in will be full of given notes."""
        cdef int track, i
        self.moved(tally, music)
        memset(tally.ahead, 0, sizeof(tally.ahead))
        for i in range(event, given.n_all):
            if given._events[i, ONSET] > music.onset_steps:
                break
            if given._events[i, KIND] == NOTE:
                tally.ahead[given._events[i, TRACK]][given._events[i, VALUE]] = 1
        for track in range(music.s.n_tracks):
            tally.full_from[track] = self._full_from(music, given, event, track)

    cdef long _full_from(self, Automaton music, Given given, int event, int track) noexcept nogil:
        """The first onset, not before the present one, at which one note more than those given
        would be too many in a track; NEVER if it is beyond where a note may ring."""
        cdef long[128] ends
        cdef long now = music.onset_steps, until = self.rings_until(track, now), onset
        cdef int most = self._limits[track, POLYPHONY], i, pitch, sounding
        if most <= 0 or until == 0:
            return NEVER
        for pitch in range(128):
            ends[pitch] = music.g.note_end[track][pitch]
        for i in range(event, given.n_all):
            onset = given._events[i, ONSET]
            if onset >= until:
                break
            if given._events[i, TRACK] != track or given._events[i, KIND] < NOTE:
                continue
            ends[given._events[i, VALUE]] = onset + given._events[i, DURATION]
            sounding = 0
            for pitch in range(128):
                sounding += ends[pitch] > onset
            if sounding >= most:
                return onset
        return NEVER

    cdef long let_go_by(
        self, const Tally* tally, Automaton music, Given given, int event, int track, long until
    ) noexcept nogil:
        """When the note that is being written must end, no later than ``until``, to leave room and
        hands for what is given."""
        cdef long[128] ends
        cdef long onset
        cdef int i, pitch
        until = min(until, tally.full_from[track])
        if self._limits[track, PLAYER] != HANDS_ON_KEYS:
            return until
        for pitch in range(128):
            ends[pitch] = music.g.note_end[track][pitch]
        ends[music.g.pitch] = until
        for i in range(event, given.n_all):
            onset = given._events[i, ONSET]
            if onset >= until:
                break
            if given._events[i, TRACK] != track or given._events[i, KIND] != NOTE:
                continue
            ends[given._events[i, VALUE]] = onset + given._events[i, DURATION]
            if onset > music.onset_steps and not _held_by_hands(ends, onset):
                return onset
        return until

    cdef long open_until(self, int track, long steps) noexcept nogil:
        cdef int i
        for i in range(self.place_first[track], self.place_first[track + 1]):
            if self._places[i, 1] <= steps < self._places[i, 2]:
                return self._places[i, 2]
        return 0

    cdef long rings_until(self, int track, long steps) noexcept nogil:
        cdef int i
        for i in range(self.place_first[track], self.place_first[track + 1]):
            if self._places[i, 1] <= steps < self._places[i, 2]:
                return self._rings[i]
        return 0

    cdef long next_start(self, long steps) noexcept nogil:
        cdef long first = -1
        cdef int i
        for i in range(self.n_places):
            if self._places[i, 1] > steps and (first < 0 or self._places[i, 1] < first):
                first = self._places[i, 1]
        return first

    cdef int shortest(self, int track) noexcept nogil:
        return max(self._limits[track, SHORTEST], 1)

    cdef int longest(self, int track) noexcept nogil:
        return self._limits[track, LONGEST]

    cdef bint may_write(self, const Tally* tally, Automaton music, int track, long onset) \
            noexcept nogil:
        """Whether a note may begin in a track at an onset, the present or a later one."""
        cdef const int* limits = &self._limits[track, 0]
        cdef int bar_steps = music._sections[music.s.n_sections - 1].bar_steps
        cdef int pitch, left
        if min(self.open_until(track, onset), tally.full_from[track]) - onset < (
            self.shortest(track)
        ):
            return False
        if not self._fits_grid(music, track, onset):
            return False
        if tally.struck[track] != onset:
            left = limits[MOST] - self._onsets_in_bar(tally, music, track, onset)
            if limits[MOST] >= 0 and left <= 0:
                return False
            if limits[REST] == 0 and limits[MOST] > 0 and limits[LONGEST] > 0 and (
                self._position(music, onset) + left * limits[LONGEST] < bar_steps
            ):
                return False  # so early that the onsets left could not fill the bar
        if 0 < limits[POLYPHONY] <= self._polyphony(music, track, onset):
            return False
        for pitch in range(128):
            if self.may_sound(tally, music, track, pitch, onset):
                return True
        return False

    cdef bint may_begin(self, const Tally* tally, Automaton music, long onset) noexcept nogil:
        cdef int track
        for track in range(music.s.n_tracks):
            if self.may_write(tally, music, track, onset):
                return True
        return False

    cdef bint may_sound(
        self, const Tally* tally, Automaton music, int track, int pitch, long onset
    ) noexcept nogil:
        """Whether a key may be struck; where and how often may_write says."""
        cdef bint drums = music.s.programs[track] == DRUMS
        cdef int at
        if not self._pitches[track, pitch] or music.g.note_end[track][pitch] > onset:
            return False
        if onset == music.onset_steps and track == music.s.track and pitch <= music.g.pitch:
            return False
        if self.n_chords and self.strict_chords and not drums and (
            not self._fits_chord(music, pitch, onset)
        ):
            return False
        if self._limits[track, PLAYER] and not (
            self._is_playable(tally, music, track, pitch, onset)
        ):
            return False
        if self.order_first[track] == self.order_first[track + 1]:
            return True
        at = self._order_at(tally, track, onset)
        return at >= 0 and self._order[at, 2] == pitch

    cdef int _onsets_in_bar(
        self, const Tally* tally, Automaton music, int track, long onset
    ) noexcept nogil:
        """How many onsets a track has in the bar of an onset so far."""
        cdef int bar_steps = music._sections[music.s.n_sections - 1].bar_steps
        if tally.bar != music.s.bar or (
            music.s.bar_position + onset - music.onset_steps >= bar_steps
        ):
            return 0
        return tally.onsets[track]

    cdef int _order_at(self, const Tally* tally, int track, long onset) noexcept nogil:
        """Row of the next note of a track's order, if it may stand at this onset; else -1."""
        cdef int at = self.order_first[track] + tally.counted[track]
        if at >= self.order_first[track + 1]:
            return -1
        if tally.struck[track] == onset and tally.counted[track] and (
            self._order[at, 1] != self._order[at - 1, 1]
        ):
            return -1  # the next chord wants an onset of its own
        return at

    cdef bint may_end(self, Automaton music, int track, long end) noexcept nogil:
        """Whether a note may end there: where there are no rests, on the grid of what follows."""
        return self._limits[track, REST] != 0 or self._fits_grid(music, track, end)

    cdef int _polyphony(self, Automaton music, int track, long onset) noexcept nogil:
        """Notes of a track that sound on at an onset, and those that begin there."""
        cdef int pitch, sounding = 0
        for pitch in range(128):
            sounding += music.g.note_end[track][pitch] > onset
        return sounding

    cdef bint _fits_grid(self, Automaton music, int track, long onset) noexcept nogil:
        cdef int grid = self._limits[track, GRID]
        return not grid or self._position(music, onset) % grid == 0

    cdef int _position(self, Automaton music, long onset) noexcept nogil:
        """Steps from the bar line to an onset, no meter changing before it."""
        cdef int bar_steps = music._sections[music.s.n_sections - 1].bar_steps
        return <int>(music.s.bar_position + onset - music.onset_steps) % bar_steps

    cdef bint _fits_chord(self, Automaton music, int pitch, long onset) noexcept nogil:
        """Whether a pitch may begin there: off the beat any, on it the tones of the chord."""
        cdef int numerator = music._sections[music.s.n_sections - 1].numerator
        cdef int denominator = music._sections[music.s.n_sections - 1].denominator
        cdef int beat = 96 // denominator
        if denominator >= 8 and numerator % 3 == 0 and numerator > 3:
            beat *= 3
        if self._position(music, onset) % beat:
            return True
        return self.is_chord_tone(pitch, onset)

    cdef bint is_chord_tone(self, int pitch, long onset) noexcept nogil:
        cdef int i = self.n_chords - 1
        if i < 0:
            return True
        while i > 0 and self._chords[i, 0] > onset:
            i -= 1
        return self._chords[i, 0] > onset or self._chords[i, 1] >> pitch % 12 & 1

    cdef bint _is_playable(
        self, const Tally* tally, Automaton music, int track, int pitch, long onset
    ) noexcept nogil:
        """Whether two hands, or two hands and two feet, can play a key beside what is held, and
        what is given at the same onset."""
        cdef int[129] held
        cdef int i, n = 0, hands = 0, feet = 0
        cdef bint is_now = onset == music.onset_steps
        for i in range(128):
            if i == pitch or music.g.note_end[track][i] > onset or (
                is_now and tally.ahead[track][i]
            ):
                held[n] = i
                n += 1
        if self._limits[track, PLAYER] == HANDS_ON_KEYS:
            return hands_reach(held, n)
        for i in range(n):  # drums are struck, not held: only those of this onset count
            if held[i] == pitch or is_now and (
                tally.ahead[track][held[i]] or music.is_struck(track, held[i])
            ):
                feet += is_foot(held[i])
                hands += not is_foot(held[i])
        return hands <= 2 and feet <= 2


cdef bint _held_by_hands(const long* ends, long onset) noexcept nogil:
    """Whether two hands can hold the keys that sound at an onset."""
    cdef int[128] held
    cdef int pitch, n = 0
    for pitch in range(128):
        if ends[pitch] > onset:
            held[n] = pitch
            n += 1
    return hands_reach(held, n)


def _never_empty(array):
    """An array whose first element has an address."""
    return array if len(array) else np.zeros((1, *array.shape[1:]), array.dtype)
