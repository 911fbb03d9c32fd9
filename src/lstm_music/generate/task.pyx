"""What may stand next: the grammar, what is given and the rules taken together.

Given events are heard in their turn: any legal token may be chosen that does not jump over the next
one, and where the event's own is chosen, the rest of the event follows.
"""

import numpy as np

from lstm_music.generate.dues cimport Dues
from lstm_music.generate.given cimport (
    DURATION, KIND, NOTE, ONSET, SLOT, TRACK, VALUE, Given,
)
from lstm_music.generate.leans cimport Leans
from lstm_music.generate.mass cimport log_share
from lstm_music.generate.rules cimport N_TRACKS, Rules
from lstm_music.generate.voice_leading cimport VoiceLeading
from lstm_music.tokens.automaton cimport Automaton

from lstm_music.tokens.grammar import FOLLOWS
from lstm_music.tokens.vocabulary import DEFAULT

cdef struct Tables:
    int V, shift, long_token, end, pitch, drum, track, duration, velocity, timing
    int pedal_up, pedal_down, numerator, tempo, tempo_stop, velocity_stop, timing_stop
    int in_note

cdef Tables T


def _fill_tables():
    first = {name: DEFAULT[name].start for name, _ in DEFAULT.ranges}
    T.V, T.shift = DEFAULT.n_tokens, first["shift"]
    T.long_token, T.end = first["long"], first["end"]
    T.pitch, T.drum = first["pitch"], first["drum"]
    T.track, T.duration, T.velocity = first["track"], first["duration"], first["velocity"]
    T.timing, T.pedal_up, T.pedal_down = first["timing"], first["pedal_up"], first["pedal_down"]
    T.numerator, T.tempo, T.tempo_stop = first["numerator"], first["tempo"], DEFAULT["tempo"].stop
    T.velocity_stop, T.timing_stop = DEFAULT["velocity"].stop, DEFAULT["timing"].stop
    T.in_note = list(FOLLOWS).index("in note")


_fill_tables()


cdef class Task:
    """Where a sequence of tokens stands in its task, and what may come next.

    Parameters
    ----------
    automaton : the music so far; the generator's own.
    forbidden : (V,) uint8, 1 = never to be drawn (what is given may be forbidden).
    """

    def __init__(self, Automaton automaton not None, forbidden):
        self.automaton = automaton
        self._forbidden = np.ascontiguousarray(forbidden, np.uint8)
        self.legal, self.allowed = np.zeros(T.V, np.uint8), np.zeros(T.V, np.uint8)
        self.begin(
            Given([]), Rules([], np.zeros((16, 128)), np.zeros((16, 8))), 0, None, None, False
        )

    cdef void begin(
        self, Given given, Rules rules, long bar_steps, Leans leans, VoiceLeading voices,
        bint goes_on
    ):
        cdef bint is_new = not self.goes_on
        self.given, self.rules, self.dues = given, rules, Dues(rules)
        self.bar_steps, self.leans, self.voices, self.goes_on = bar_steps, leans, voices, goes_on
        self.event, self.in_event, self.after_given = 0, False, True  # what stands is complete
        rules.clear(&self.tally)
        if voices is not None and is_new:  # else parts go on over the seam
            voices.clear(&self.lines)

    cdef void change(self, Rules rules, Leans leans, VoiceLeading voices):
        if voices is not None and self.voices is None:  # nothing is known of the parts so far
            voices.clear(&self.lines)
        self.rules, self.dues, self.leans, self.voices = rules, Dues(rules), leans, voices

    cdef void copy_from(self, Task other):
        self.given, self.rules, self.bar_steps = other.given, other.rules, other.bar_steps
        self.tally, self.event, self.in_event = other.tally, other.event, other.in_event
        self.after_given, self.leans, self.dues = other.after_given, other.leans, other.dues
        self.goes_on, self.voices, self.lines = other.goes_on, other.voices, other.lines
        self.echo = other.echo

    cdef int given_token(self) noexcept nogil:
        """The token that leads to the next given event or goes on with it."""
        if self.in_event:
            return self.given.next_token(self.event, self.automaton)
        return self.given.lead_token(self.event, self.automaton)

    cdef void before(self, int token) noexcept nogil:
        self.begins = not self.in_event and self.given.begins(self.event, self.automaton, token)
        self.n_notes = self.automaton.n_notes

    cdef void after(self) noexcept nogil:
        cdef long i = self.n_notes, until
        if self.automaton.n_notes > i:
            until = self.automaton.onset_steps + self.automaton._notes[i].duration_steps
            self.rules.note(
                &self.tally,
                self.automaton,
                until,
                not self.in_event or self.given._events[self.event, KIND] == SLOT,
            )
            if self.voices is not None:
                self.voices.note(&self.lines, self.automaton, until)
        self.in_event |= self.begins
        self.after_given = False
        if self.in_event and self.given.next_token(self.event, self.automaton) < 0:
            self.event += 1
            self.in_event, self.after_given = False, True

    cdef bint leaves(self, int token) noexcept nogil:
        """Whether a token leads beyond all that is given and open."""
        return self.event == self.given.n and T.shift <= token < T.shift + 96 and (
            self.automaton.onset_after(token) >= self.rules.end_steps
        )

    cdef void choose(self) noexcept nogil:
        """What may stand next: ``_allowed``; ``only`` is the token if there is but one."""
        cdef int i, n = 0
        self.only = -1
        self.automaton.legal(&self.legal[0])
        if self.in_event:
            self.only = self.given.next_token(self.event, self.automaton)
        if self.only < 0:
            for i in range(T.V):
                self.allowed[i] = self.legal[i]
            self._mask()
            for i in range(T.V):
                if self.allowed[i]:
                    n += 1
                    self.only = i
            if n != 1:
                self.only = -1

    cdef double share_allowed(self, const float* logits) noexcept nogil:
        """Natural logarithm of the share of the legal that is allowed, as the network sees it."""
        return log_share(logits, &self.legal[0], &self.allowed[0], self.only, T.V)

    cdef void _mask(self) noexcept nogil:
        """Forbid what the caller forbids, what jumps over the next given event, and what the rules
        do not admit."""
        cdef int expects = self.automaton.g.expects
        cdef bint here = self.given.is_here(self.event, self.automaton)
        cdef int i, owing
        for i in range(T.V):
            self.allowed[i] &= 1 - self._forbidden[i]
        self.rules.look_ahead(&self.tally, self.automaton, self.given, self.event)
        if expects == T.in_note:
            self._mask_durations()
            return
        if self.after_given:  # its loudness and timing are told
            self._forbid(T.velocity, T.velocity_stop)
            self._forbid(T.timing, T.timing_stop)
        owing = self.dues.owing(&self.tally, self.automaton)
        self._mask_tracks(here, owing)
        self._mask_pitches(here, owing)
        self._mask_pedals(owing)
        self._mask_shifts(here, owing)
        if here:
            self._admit_given(owing)

    cdef void _forbid(self, int first, int stop) noexcept nogil:
        cdef int token
        for token in range(first, stop):
            self.allowed[token] = 0

    cdef void _admit_given(self, int owing) noexcept nogil:
        """The token that leads to the given event of this onset."""
        cdef int kind = self.given._events[self.event, KIND]
        cdef int track = self.given._events[self.event, TRACK]
        cdef int value = self.given._events[self.event, VALUE]
        cdef int i
        if owing < track:
            return
        if track >= 0 and self.automaton.s.track != track:
            self.allowed[T.track + track] = self.legal[T.track + track]
            return
        if kind == SLOT:
            self._mask_slot(value)
            return
        for i in range(T.V):
            if self.legal[i] and self.given.begins(self.event, self.automaton, i):
                self.allowed[i] = 1

    cdef void _mask_slot(self, int own) noexcept nogil:
        """The pitches that a slot may take; its own if there is no other."""
        cdef int track = self.automaton.s.track
        cdef int first = T.drum if self._is_drums(track) else T.pitch
        cdef int top = self.given.highest_pitch(self.event), above
        cdef long until = self.automaton.onset_steps + self.given._events[self.event, DURATION]
        cdef int pitch, found = 0
        for pitch in range(128):
            if not self.legal[first + pitch] or pitch > top:
                continue
            if self.given.next_onset_of(self.event + 1, track, pitch) < until:
                continue
            if self.rules.may_sound(
                &self.tally, self.automaton, track, pitch, self.automaton.onset_steps
            ):
                self.allowed[first + pitch] = 1
                found += 1
        above = self.given.slots_above(self.event)
        for pitch in range(127, -1, -1):  # each slot above this one wants a pitch, too
            if above > 0 and found > 1 and self.allowed[first + pitch]:
                self.allowed[first + pitch] = 0
                above -= 1
                found -= 1
        self._lead_voices(until, True)
        if not found:
            self.allowed[first + own] = self.legal[first + own]
            for pitch in range(128):
                if not found and not self.allowed[first + own] and self.legal[first + pitch]:
                    self.allowed[first + pitch] = 1
                    found = 1

    cdef bint _is_drums(self, int track) noexcept nogil:
        return self.automaton.s.programs[track] == 128

    cdef void _mask_tracks(self, bint here, int owing) noexcept nogil:
        """A track may begin where something may be written in it, before what is given and owed."""
        cdef int track, last = owing
        if here:
            last = min(last, self.given._events[self.event, TRACK])
        for track in range(N_TRACKS):
            if self.allowed[T.track + track]:
                self.allowed[T.track + track] = track <= last and self._writes(here, track)

    cdef bint _writes(self, bint here, int track) noexcept nogil:
        """Whether a new note may be written in a track, before what is given at this onset."""
        cdef int pitch, top = 127
        cdef long now = self.automaton.onset_steps
        if not self.rules.may_write(&self.tally, self.automaton, track, now):
            return False
        if here and track >= self.given._events[self.event, TRACK]:
            if track > self.given._events[self.event, TRACK] or (
                self.given._events[self.event, KIND] != NOTE
            ):
                return False
            top = self.given._events[self.event, VALUE] - 1
        for pitch in range(top + 1):
            if self._strikes(track, pitch):
                return True
        return False

    cdef bint _strikes(self, int track, int pitch) noexcept nogil:
        """Whether a new note may have a pitch: the rules admit it, and it can last."""
        cdef long now = self.automaton.onset_steps
        if not self.rules.may_sound(&self.tally, self.automaton, track, pitch, now):
            return False
        return self.given.next_onset_of(self.event, track, pitch) - now >= (
            self.rules.shortest(track)
        )

    cdef void _mask_pitches(self, bint here, int owing) noexcept nogil:
        cdef int track = self.automaton.s.track
        cdef int first = T.drum if self._is_drums(track) else T.pitch
        cdef int pitch, top = 127
        cdef bint writes = False, must = owing == track or not self.automaton.g.used_track
        for pitch in range(128):  # not legal: nothing to do
            writes |= self.allowed[first + pitch]
        if not writes:
            return
        writes = track <= owing and self.rules.may_write(
            &self.tally, self.automaton, track, self.automaton.onset_steps
        )
        if here:
            if self.given._events[self.event, TRACK] < track:
                writes = False
            elif self.given._events[self.event, TRACK] == track:
                writes &= self.given._events[self.event, KIND] == NOTE
                top = self.given._events[self.event, VALUE] - 1
                must = owing == track
        for pitch in range(128):
            if self.allowed[first + pitch]:
                self.allowed[first + pitch] = writes and pitch <= top and (
                    self._strikes(track, pitch)
                )
        self._lead_voices(self.automaton.onset_steps + 1, must)

    cdef void _lead_voices(self, long until, bint must) noexcept nogil:
        """Narrow the choice of a pitch that must sound until a time by voice leading."""
        cdef int first = T.drum if self._is_drums(self.automaton.s.track) else T.pitch
        if self.voices is not None:
            self.voices.narrow(
                &self.lines, self.automaton, self.given, self.event, until,
                &self.allowed[first], must,
            )

    cdef void _mask_pedals(self, int owing) noexcept nogil:
        """New pedalling stands only behind all that is given, and in no track after one that
        owes a note."""
        cdef bint free = self.event == self.given.n and self.automaton.s.track <= owing and (
            self.rules.open_until(self.automaton.s.track, self.automaton.onset_steps) > 0
        )
        self.allowed[T.pedal_up] &= free
        self.allowed[T.pedal_down] &= free
        self._forbid(T.numerator, T.numerator + 64)
        self._forbid(T.tempo, T.tempo_stop)

    cdef void _mask_shifts(self, bint here, int owing) noexcept nogil:
        """Time may pass to the next given onset, or to where something may be written before it."""
        cdef long now = self.automaton.onset_steps
        cdef long reach = now + 96 * self.automaton.g.longs  # where the LONGs so far lead
        cdef long end = self.rules.end_steps, given = -1, onset
        cdef long latest = self.dues.latest(&self.tally, self.automaton)
        cdef long start = self.rules.next_start(now)
        cdef bint is_last = self.event == self.given.n and end - now <= self.bar_steps
        cdef bint moves = not here and owing == N_TRACKS
        cdef int i
        self.allowed[T.end] &= is_last and moves and not self.goes_on and (
            self.automaton.n_notes > 0 and latest >= end
        )
        if not self.legal[T.shift]:
            return
        if not moves:
            self.allowed[T.long_token] = 0
            self._forbid(T.shift, T.shift + 96)
            return
        if self.event < self.given.n:
            given = self.given._events[self.event, ONSET]
        for i in range(96):
            if self.allowed[T.shift + i]:
                onset = reach + 1 + i
                self.allowed[T.shift + i] = onset == given or (
                    (given < 0 or onset < given)
                    and self._may_wait_until(onset, latest, start, given, is_last)
                )
        if given > latest > now and 0 <= given - reach - 1 < 96 and (
            self._may_begin_from(reach, latest)
        ):  # what is owed comes before what is given
            self.allowed[T.shift + given - reach - 1] = 0
        # A LONG must lead to where time may pass to.
        onset = reach + 97
        self.allowed[T.long_token] &= (
            given >= onset
            or given < 0 and onset - now <= self.bar_steps and onset <= latest
            or given < 0 and start >= onset
        ) and not (given < 0 and onset > end)
        if given >= onset and latest < onset and latest > now:
            self.allowed[T.long_token] &= not self._may_begin_from(reach, latest)

    cdef bint _may_begin_from(self, long reach, long latest) noexcept nogil:
        """Whether some onset up to ``latest`` is allowed behind ``reach``."""
        cdef int i
        for i in range(96):
            if self.allowed[T.shift + i] and reach + 1 + i <= latest:
                return True
        return False

    cdef bint _may_wait_until(
        self, long onset, long latest, long start, long given, bint is_last
    ) noexcept nogil:
        """Whether the next onset may be a new one, so late."""
        cdef long end = self.rules.end_steps
        if onset > latest:
            return False
        if onset >= end:
            return given < 0 and is_last and (
                onset == end or onset - self.automaton.onset_steps <= self.bar_steps
            )
        if given < 0 and onset - self.automaton.onset_steps > self.bar_steps and onset != start:
            return False
        return self.rules.may_begin(&self.tally, self.automaton, onset)

    cdef void _mask_durations(self) noexcept nogil:
        """A new note ends when its place lets it, and before its key is struck again."""
        cdef int track = self.automaton.s.track, i
        cdef long now = self.automaton.onset_steps
        cdef long until = self.rules.rings_until(track, now)
        cdef long longest = self.rules.longest(track)
        cdef long shortest = self.rules.shortest(track), length
        if until == 0:
            return
        until = min(until, self.given.next_onset_of(self.event, track, self.automaton.g.pitch))
        until = min(until, now + longest) if longest else until
        until = max(now + shortest, self.rules.let_go_by(
            &self.tally, self.automaton, self.given, self.event, track, until
        ))
        until = min(until, max(
            self.dues.latest_end(&self.tally, self.automaton, track), now + shortest
        ))
        if self.voices is not None:
            until = min(until, max(now + shortest, self.voices.uncrossed_until(
                self.automaton, self.given, self.event, self.automaton.g.pitch, until
            )))
        shortest = max(shortest, min(
            self.dues.earliest_end(&self.tally, self.automaton, track), until
        ) - now)
        for i in range(96):
            length = 96 * self.automaton.g.longs + 1 + i
            if length > until - now or length < shortest or (
                length < until - now
                and not self.rules.may_end(self.automaton, track, now + length)
            ):
                self.allowed[T.duration + i] = 0
        if 96 * (self.automaton.g.longs + 1) + 1 > until - now:
            self.allowed[T.long_token] = 0
