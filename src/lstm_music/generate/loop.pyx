"""From the beginning to the last open bar without the GIL: step, mask, sample, advance.

One ``Generator`` is one sequence of tokens under construction. It owns a grammar automaton, a
network stepper and a sampler, whose random numbers depend on (rng_seed, sequence, token index)
alone: not on which thread runs it or what runs beside it.

Given events are heard in their turn: the sampler may choose any legal token that does not jump
over the next one, and where it chooses the event's own, the rest of the event follows.
"""

from libc.math cimport exp, log
from libc.stdint cimport int32_t, uint8_t

import numpy as np

from lstm_music.generate.given cimport (
    DURATION, KIND, NOTE, ONSET, PEDAL_DOWN, PEDAL_UP, SLOT, TEMPO, TRACK, VALUE, Given,
)
from lstm_music.generate.rules cimport N_TRACKS, Rules, Tally
from lstm_music.kernels.sampler cimport Sampler
from lstm_music.kernels.step cimport (
    MOST_TOGETHER, Mind, Plan, Stepper, hear_together, predict_together,
)
from lstm_music.tokens.automaton cimport Automaton

from lstm_music.errors import ConfigError, TokenError
from lstm_music.generate.groups import token_groups
from lstm_music.tokens.grammar import FOLLOWS
from lstm_music.tokens.vocabulary import DEFAULT

MOST_AT_ONCE = MOST_TOGETHER
NEVER = (1 << 31) - 1  # no onset is so late
GROUPS = token_groups(DEFAULT)
GROUPS.setflags(write=False)

cdef enum Status:
    RUNNING = 0
    FINISHED = 1  # nothing more may be written, or the notes asked for are there
    STUCK = -1  # given music is left, but nothing may stand here
    FULL = 2  # the token buffer or the automaton's note list is full

cdef struct Tables:
    int V, shift, long_token, end, pitch, drum, stop, track, duration, velocity, timing
    int pedal_up, pedal_down, numerator, tempo, tempo_stop, velocity_stop, timing_stop
    int in_note, after_duration, after_timing, in_shift

cdef Tables T


def _fill_tables():
    first = {name: DEFAULT[name].start for name, _ in DEFAULT.ranges}
    states = list(FOLLOWS)
    T.V, T.shift, T.long_token, T.end = DEFAULT.n_tokens, first["shift"], first["long"], first["end"]
    T.pitch, T.drum, T.stop = first["pitch"], first["drum"], DEFAULT["drum"].stop
    T.track, T.duration, T.velocity = first["track"], first["duration"], first["velocity"]
    T.timing, T.pedal_up, T.pedal_down = first["timing"], first["pedal_up"], first["pedal_down"]
    T.numerator, T.tempo, T.tempo_stop = first["numerator"], first["tempo"], DEFAULT["tempo"].stop
    T.velocity_stop, T.timing_stop = DEFAULT["velocity"].stop, DEFAULT["timing"].stop
    T.in_note, T.after_duration = states.index("in note"), states.index("after duration")
    T.after_timing, T.in_shift = states.index("after timing"), states.index("in shift")


_fill_tables()


cdef class Generator:
    """One sequence under construction.

    Parameters
    ----------
    automaton : grammar state; owned by this generator from now on.
    stepper : network state; owned by this generator from now on.
    forbidden : (V,) uint8, 1 = never sample this token (given and forced ones may be forbidden).
    sampling : a ``lstm_music.nn.sampling.Sampling``.
    rng_seed, sequence : the Philox key and the stream within it.
    capacity : most tokens to hold, forced ones included.

    Attributes
    ----------
    has_ended : the network has drawn END in the last bar; the token itself is not appended.
    log_prob : natural log-probability of what was drawn, before temperature and filters.
    weigh : whether to find out how likely the network finds what it has no choice about.
    given_log_prob : natural logarithm of that while ``weigh`` was on: of the share of the legal
        tokens that was allowed at each step. These are the weights of a particle filter whose
        particles are drawn from the allowed ones.
    """

    cdef Automaton automaton
    cdef Stepper stepper
    cdef uint8_t[::1] _forbidden
    cdef uint8_t[::1] _legal
    cdef uint8_t[::1] _allowed
    cdef float[::1] _logits
    cdef int[::1] _rows
    cdef int32_t[::1] _tokens
    cdef Sampler _sampler
    cdef Given _given
    cdef Rules _rules
    cdef Tally _tally
    cdef int n_tokens, event, only
    cdef bint in_event, after_given
    cdef public bint weigh
    cdef long bar_steps
    cdef int stop_notes, status
    cdef long stop_onset
    cdef readonly bint has_ended
    cdef readonly double log_prob, given_log_prob

    def __init__(
        self,
        Automaton automaton not None,
        Stepper stepper not None,
        forbidden,
        sampling,
        rng_seed,
        sequence,
        int capacity,
    ):
        self.automaton = automaton
        self.stepper = stepper
        self._forbidden = np.ascontiguousarray(forbidden, np.uint8)
        self._legal, self._allowed = np.zeros(T.V, np.uint8), np.zeros(T.V, np.uint8)
        self._logits = np.zeros(T.V, np.float32)
        self._rows = np.zeros(DEFAULT.n_streams, np.intc)
        self._tokens = np.zeros(capacity, np.int32)
        self._sampler = sampling.sampler(GROUPS, rng_seed=rng_seed, sequence=sequence)
        self.set_task(Given([]), Rules([], np.zeros((16, 128)), np.zeros((16, 8))), 0)
        self.set_pause(NEVER)

    @property
    def tokens(self):
        """(N,) int32: every token so far, a copy."""
        return np.array(self._tokens[: self.n_tokens])

    @property
    def score(self):
        """The automaton: the music so far (notes, pedal, meters, programs, header)."""
        return self.automaton

    @property
    def capacity(self):
        """Most tokens it can hold."""
        return self._tokens.shape[0]

    @property
    def n_given(self):
        """How many of the given events have been heard."""
        return self.event

    def set_total_bars(self, int total_bars):
        """Tell the network how many bars the piece is to have; before the first token."""
        self.automaton.set_bars_left(total_bars)

    def set_conditioning(self, conditioning):
        """Tell the network what lies ahead; before the first token."""
        self.automaton.set_conditioning(conditioning)

    def set_task(self, Given given not None, Rules rules not None, long bar_steps):
        """What is given, and what may be written, where.

        Parameters
        ----------
        given : events in order; those before the present place must not be among them.
        rules : of what is written.
        bar_steps : the longest wait between two onsets where nothing is given, so that no bar
            stays empty.
        """
        self._given, self._rules, self.bar_steps = given, rules, bar_steps
        self.event, self.in_event = 0, False
        self.after_given = True  # what stands so far is complete
        rules.clear(&self._tally)

    def copy_state_from(self, Generator other not None):
        """Start where ``other`` stands: tokens, grammar, network, task."""
        if self._tokens.shape[0] < other.n_tokens:
            raise ConfigError(
                f"capacity must be at least {other.n_tokens} tokens, got {self._tokens.shape[0]}"
            )
        if self.automaton.copy_from(other.automaton) != 0:
            raise ConfigError(
                f"the automaton must hold {other.automaton.n_notes} notes, "
                f"got room for {self.automaton.capacity}"
            )
        self.stepper.copy_state_from(other.stepper)
        self._sampler.copy_state_from(other._sampler)
        self._tokens[: other.n_tokens] = other._tokens[: other.n_tokens]
        self.n_tokens = other.n_tokens
        self._given, self._rules, self.bar_steps = other._given, other._rules, other.bar_steps
        self._tally, self.event, self.in_event = other._tally, other.event, other.in_event
        self.log_prob, self.given_log_prob = other.log_prob, other.given_log_prob
        self.weigh, self.after_given = other.weigh, other.after_given

    def force(self, const int32_t[::1] tokens):
        """Append given tokens.

        Raises
        ------
        TokenError : one of them is illegal where it stands, or there is no room.
        """
        cdef int i, status = RUNNING
        with nogil:
            for i in range(tokens.shape[0]):
                status = self._append(tokens[i])
                if status != RUNNING:
                    break
                self.stepper.hear(&self._rows[0])
        if status == FULL:
            raise TokenError(f"the sequence is full at {self.n_tokens} tokens; ask for fewer bars")
        if status != RUNNING:
            raise TokenError(f"token {tokens[i]} is illegal at index {self.n_tokens}")

    def hear_given(self, long until_steps):
        """Append the given events that stand before a time, and nothing else.

        While ``weigh`` is on, ``given_log_prob`` tells how likely the network finds them.

        Raises
        ------
        TokenError : there is no room.
        """
        cdef int token, status = RUNNING
        with nogil:
            while status == RUNNING and self.event < self._given.n and (
                self._given._events[self.event, ONSET] < until_steps
            ):
                if self.in_event:
                    token = self._given.next_token(self.event, self.automaton)
                else:
                    token = self._given.lead_token(self.event, self.automaton)
                if self.weigh:
                    self.only = token
                    self.automaton.legal(&self._legal[0])
                    self.stepper.predict(&self._legal[0], &self._logits[0])
                    self.given_log_prob += self._share_allowed()
                status = self._append(token)
                if status == RUNNING:
                    self.stepper.hear(&self._rows[0])
        if status != RUNNING:
            raise TokenError(
                f"given event {self.event} of {self._given.n} cannot be heard at step "
                f"{self.automaton.onset_steps}, token {self.n_tokens} of {self._tokens.shape[0]}"
            )

    def sample(self, const uint8_t[::1] allowed):
        """Draw and append one token out of those that are legal and ``allowed`` (V,) uint8.

        Returns
        -------
        int : the token.

        Raises
        ------
        TokenError : nothing is legal and allowed.
        """
        cdef int token, i
        with nogil:
            self.automaton.legal(&self._allowed[0])
            for i in range(T.V):
                self._allowed[i] &= allowed[i]
            self.stepper.predict(&self._allowed[0], &self._logits[0])
            token = self._draw()
        if token < 0:
            raise TokenError("no token is both legal and allowed here")
        if self._append(token) != RUNNING:
            raise TokenError(f"the sequence is full at {self.n_tokens} tokens; ask for fewer bars")
        self.stepper.hear(&self._rows[0])
        return token

    def run(self, int max_notes=-1):
        """Compose until nothing more may be written, or ``max_notes`` more notes are there.

        Returns
        -------
        bool : True when the end is reached.

        Raises
        ------
        TokenError : the sequence outgrew its capacity.
        """
        run_together([self], max_notes)
        return self.status == FINISHED

    def set_pause(self, long onset_steps):
        """Where ``run_together`` is to pause: as soon as the next note stands there or later."""
        self.stop_onset = onset_steps

    cdef void _extend(self) noexcept nogil:
        """Append the only token that may stand here, or one drawn from the logits; ``status`` says
        how it stands then."""
        cdef int token = self.only
        if self.weigh:
            self.given_log_prob += self._share_allowed()
        if token < 0:
            token = self._draw()
        # Nothing may follow where all that is given has been heard and nothing is open.
        self.status = FINISHED if token >= 0 or self.event == self._given.n else STUCK
        self.has_ended = token == T.end
        if token < 0 or self.has_ended or self._leaves(token):
            return
        self.status = self._append(token)

    cdef bint _leaves(self, int token) noexcept nogil:
        """Whether a token leads beyond all that is given and open."""
        return self.event == self._given.n and T.shift <= token < T.shift + 96 and (
            self.automaton.onset_after(token) >= self._rules.end_steps
        )

    cdef bint _is_to_pause(self) noexcept nogil:
        self.status = RUNNING
        return (
            0 <= self.stop_notes <= self.automaton.n_notes
            or self.automaton.onset_steps >= self.stop_onset
        )

    cdef void _mask_next(self) noexcept nogil:
        """What may stand next: ``_allowed``; ``only`` is the token if there is but one."""
        cdef int i, n = 0
        self.only = -1
        self.automaton.legal(&self._legal[0])
        if self.in_event:
            self.only = self._given.next_token(self.event, self.automaton)
        if self.only < 0:
            for i in range(T.V):
                self._allowed[i] = self._legal[i]
            self._mask()
            for i in range(T.V):
                if self._allowed[i]:
                    n += 1
                    self.only = i
            if n != 1:
                self.only = -1

    cdef const uint8_t* _wanted(self) noexcept nogil:
        """Of which tokens logits are needed."""
        return &self._legal[0] if self.weigh else &self._allowed[0]

    cdef bint _needs_logits(self) noexcept nogil:
        return self.only < 0 or self.weigh

    cdef double _share_allowed(self) noexcept nogil:
        """Natural logarithm of the share of the legal that is allowed, as the network sees it."""
        cdef double top = -1e300, mass = 0.0, allowed = 0.0, weight
        cdef int i
        for i in range(T.V):
            if self._legal[i] and self._logits[i] > top:
                top = self._logits[i]
        for i in range(T.V):
            if self._legal[i]:
                weight = exp(self._logits[i] - top)
                mass += weight
                if i == self.only or self.only < 0 and self._allowed[i]:
                    allowed += weight
        return log(allowed / mass) if allowed > 0 else 0.0

    cdef void _mask(self) noexcept nogil:
        """Forbid what the caller forbids, what jumps over the next given event, and what the rules
        do not admit."""
        cdef int expects = self.automaton.g.expects
        cdef bint here = self._given.is_here(self.event, self.automaton)
        cdef int i, owing
        for i in range(T.V):
            self._allowed[i] &= 1 - self._forbidden[i]
        if expects == T.in_note:
            self._mask_durations()
            return
        if self.after_given:  # its loudness and timing are told
            for i in range(T.velocity, T.velocity_stop):
                self._allowed[i] = 0
            for i in range(T.timing, T.timing_stop):
                self._allowed[i] = 0
        self._rules.moved(&self._tally, self.automaton)
        owing = self._rules.owing(&self._tally, self.automaton)
        self._mask_tracks(here, owing)
        self._mask_pitches(here, owing)
        self._mask_pedals(owing)
        self._mask_shifts(here, owing)
        if here:
            self._admit_given(owing)

    cdef void _admit_given(self, int owing) noexcept nogil:
        """The token that leads to the given event of this onset."""
        cdef int kind = self._given._events[self.event, KIND]
        cdef int track = self._given._events[self.event, TRACK]
        cdef int value = self._given._events[self.event, VALUE]
        cdef int i
        if owing < track:
            return
        if track >= 0 and self.automaton.s.track != track:
            self._allowed[T.track + track] = self._legal[T.track + track]
            return
        if kind == SLOT:
            self._mask_slot(value)
            return
        for i in range(T.V):
            if self._legal[i] and self._given.begins(self.event, self.automaton, i):
                self._allowed[i] = 1

    cdef void _mask_slot(self, int own) noexcept nogil:
        """The pitches that a slot may take; its own if there is no other."""
        cdef int track = self.automaton.s.track
        cdef int first = T.drum if self._is_drums(track) else T.pitch
        cdef int top = self._given.highest_pitch(self.event), above
        cdef long until = self.automaton.onset_steps + self._given._events[self.event, DURATION]
        cdef int pitch, found = 0
        for pitch in range(128):
            if not self._legal[first + pitch] or pitch > top:
                continue
            if self._given.next_onset_of(self.event + 1, track, pitch) < until:
                continue
            if self._rules.may_sound(
                &self._tally, self.automaton, track, pitch, self.automaton.onset_steps
            ):
                self._allowed[first + pitch] = 1
                found += 1
        above = self._given.slots_above(self.event)
        for pitch in range(127, -1, -1):  # each slot above this one wants a pitch, too
            if above > 0 and found > 1 and self._allowed[first + pitch]:
                self._allowed[first + pitch] = 0
                above -= 1
                found -= 1
        if not found:
            self._allowed[first + own] = self._legal[first + own]
            for pitch in range(128):
                if not found and not self._allowed[first + own] and self._legal[first + pitch]:
                    self._allowed[first + pitch] = 1
                    found = 1

    cdef bint _is_drums(self, int track) noexcept nogil:
        return self.automaton.s.programs[track] == 128

    cdef void _mask_tracks(self, bint here, int owing) noexcept nogil:
        """A track may begin where something may be written in it, before what is given and owed."""
        cdef int track, last = owing
        cdef int now = self.automaton.s.track
        if here:
            last = min(last, self._given._events[self.event, TRACK])
        for track in range(N_TRACKS):
            if self._allowed[T.track + track]:
                self._allowed[T.track + track] = track <= last and self._writes(here, track, now)

    cdef bint _writes(self, bint here, int track, int now) noexcept nogil:
        """Whether a new note may be written in a track, before what is given at this onset."""
        cdef int pitch, top = 127
        if not self._rules.may_write(
                &self._tally, self.automaton, track, self.automaton.onset_steps
            ):
            return False
        if here and track >= self._given._events[self.event, TRACK]:
            if track > self._given._events[self.event, TRACK] or (
                self._given._events[self.event, KIND] != NOTE
            ):
                return False
            top = self._given._events[self.event, VALUE] - 1
        for pitch in range(top + 1):
            if self._strikes(track, pitch):
                return True
        return False

    cdef bint _strikes(self, int track, int pitch) noexcept nogil:
        """Whether a new note may have a pitch: the rules admit it, and it can last."""
        cdef long room
        if not self._rules.may_sound(
                &self._tally, self.automaton, track, pitch, self.automaton.onset_steps
            ):
            return False
        room = self._given.next_onset_of(self.event, track, pitch) - self.automaton.onset_steps
        return room >= self._rules.shortest(track)

    cdef void _mask_pitches(self, bint here, int owing) noexcept nogil:
        cdef int track = self.automaton.s.track
        cdef int first = T.drum if self._is_drums(track) else T.pitch
        cdef int pitch, top = 127
        cdef bint writes = False
        for pitch in range(128):  # not legal: nothing to do
            writes |= self._allowed[first + pitch]
        if not writes:
            return
        writes = track <= owing and self._rules.may_write(
            &self._tally, self.automaton, track, self.automaton.onset_steps
        )
        if here:
            if self._given._events[self.event, TRACK] < track:
                writes = False
            elif self._given._events[self.event, TRACK] == track:
                writes &= self._given._events[self.event, KIND] == NOTE
                top = self._given._events[self.event, VALUE] - 1
        for pitch in range(128):
            if self._allowed[first + pitch]:
                self._allowed[first + pitch] = writes and pitch <= top and (
                    self._strikes(track, pitch)
                )

    cdef void _mask_pedals(self, int owing) noexcept nogil:
        """New pedalling stands only behind all that is given, and in no track after one that
        owes a note."""
        cdef bint free = self.event == self._given.n and self.automaton.s.track <= owing and (
            self._rules.open_until(self.automaton.s.track, self.automaton.onset_steps) > 0
        )
        cdef int token
        self._allowed[T.pedal_up] &= free
        self._allowed[T.pedal_down] &= free
        for token in range(T.numerator, T.numerator + 64):
            self._allowed[token] = 0
        for token in range(T.tempo, T.tempo_stop):
            self._allowed[token] = 0

    cdef void _mask_shifts(self, bint here, int owing) noexcept nogil:
        """Time may pass to the next given onset, or to where something may be written before it."""
        cdef long now = self.automaton.onset_steps
        cdef long reach = now + 96 * self.automaton.g.longs  # where the LONGs so far lead
        cdef long end = self._rules.end_steps, given = -1, onset, latest, start
        cdef bint is_last = self.event == self._given.n and end - now <= self.bar_steps
        cdef bint moves = not here and owing == N_TRACKS
        cdef int i
        latest = self._rules.latest(&self._tally, self.automaton)
        self._allowed[T.end] &= is_last and moves and self.automaton.n_notes > 0 and latest >= end
        if not self._legal[T.shift]:
            return
        if not moves:
            self._allowed[T.long_token] = 0
            for i in range(T.shift, T.shift + 96):
                self._allowed[i] = 0
            return
        if self.event < self._given.n:
            given = self._given._events[self.event, ONSET]
        start = self._rules.next_start(now)
        for i in range(96):
            if self._allowed[T.shift + i]:
                onset = reach + 1 + i
                self._allowed[T.shift + i] = onset == given or (
                    (given < 0 or onset < given)
                    and self._may_wait_until(onset, latest, start, given, is_last)
                )
        if given > latest > now and 0 <= given - reach - 1 < 96 and (
            self._may_begin_from(reach, latest)
        ):  # what is owed comes before what is given
            self._allowed[T.shift + given - reach - 1] = 0
        # A LONG must lead to where time may pass to.
        onset = reach + 97
        self._allowed[T.long_token] &= (
            given >= onset
            or given < 0 and onset - now <= self.bar_steps and onset <= latest
            or given < 0 and start >= onset
        ) and not (given < 0 and start < 0 and onset > end)
        if given >= onset and latest < onset and latest > now:
            self._allowed[T.long_token] &= not self._may_begin_from(reach, latest)

    cdef bint _may_begin_from(self, long reach, long latest) noexcept nogil:
        """Whether some onset up to ``latest`` is allowed behind ``reach``."""
        cdef int i
        for i in range(96):
            if self._allowed[T.shift + i] and reach + 1 + i <= latest:
                return True
        return False

    cdef bint _may_wait_until(
        self, long onset, long latest, long start, long given, bint is_last
    ) noexcept nogil:
        """Whether the next onset may be a new one, so late."""
        cdef long end = self._rules.end_steps
        if onset > latest:
            return False
        if onset >= end:
            return given < 0 and is_last and (
                onset == end or onset - self.automaton.onset_steps <= self.bar_steps
            )
        if given < 0 and onset - self.automaton.onset_steps > self.bar_steps and onset != start:
            return False
        return self._rules.may_begin(&self._tally, self.automaton, onset)

    cdef void _mask_durations(self) noexcept nogil:
        """A new note ends when its place lets it, and before its key is struck again."""
        cdef int track = self.automaton.s.track, i
        cdef long now = self.automaton.onset_steps
        cdef long until = self._rules.rings_until(track, now)
        cdef long longest = self._rules.longest(track)
        cdef long shortest = self._rules.shortest(track), length
        if until == 0:
            return
        until = min(until, self._given.next_onset_of(self.event, track, self.automaton.g.pitch))
        until = min(until, now + longest) if longest else until
        until = min(until, max(
            self._rules.latest_end(&self._tally, self.automaton, track), now + shortest
        ))
        shortest = max(shortest, min(
            self._rules.earliest_end(&self._tally, self.automaton, track), until
        ) - now)
        for i in range(96):
            length = 96 * self.automaton.g.longs + 1 + i
            if length > until - now or length < shortest or (
                length < until - now
                and not self._rules.may_end(self.automaton, track, now + length)
            ):
                self._allowed[T.duration + i] = 0
        if 96 * (self.automaton.g.longs + 1) + 1 > until - now:
            self._allowed[T.long_token] = 0

    cdef int _draw(self) noexcept nogil:
        """Sample from the masked logits; -1 when nothing is allowed."""
        cdef int token
        if self._rules.has_bias:
            self._lean()
        token = self._sampler.draw(&self._allowed[0], &self._logits[0], self.n_tokens)
        if token >= 0:
            self.log_prob += self._sampler.last_log_prob
        return token

    cdef void _lean(self) noexcept nogil:
        """Add to the logits what the rules lean towards.

        What is added to pitches leaves the chance that any of them comes next as it is.
        """
        cdef int track = self.automaton.s.track, i
        cdef int first = T.drum if self._is_drums(track) else T.pitch
        cdef double before, after
        if self.automaton.g.expects == T.in_note:
            for i in range(96):
                self._logits[T.duration + i] += self._rules.duration_bias(
                    track, 96 * self.automaton.g.longs + i + 1
                )
            return
        before = self._log_mass(first)
        for i in range(128):
            if self._allowed[first + i]:
                self._logits[first + i] += self._rules.bias_of(self.automaton, track, i)
        after = self._log_mass(first)
        before += self._rules.chord_bias_of(self.automaton, track)
        for i in range(128):
            self._logits[first + i] += <float>(before - after)

    cdef double _log_mass(self, int first) noexcept nogil:
        """Natural logarithm of the mass of the 128 keys from a token on that are allowed."""
        cdef double top = -1e300, mass = 0.0
        cdef int i
        for i in range(first, first + 128):
            if self._allowed[i] and self._logits[i] > top:
                top = self._logits[i]
        for i in range(first, first + 128):
            if self._allowed[i]:
                mass += exp(self._logits[i] - top)
        return top + log(mass) if mass > 0 else 0.0

    cdef int _append(self, int token) noexcept nogil:
        """Append one token to all but the network, which is to hear ``_rows``; 0 on success."""
        cdef bint was_in_note = self.automaton.g.expects == T.in_note
        cdef bint begins = False
        cdef long n_notes = self.automaton.n_notes
        cdef int status
        if self.n_tokens >= self._tokens.shape[0]:
            return FULL
        if not self.in_event:
            begins = self._given.begins(self.event, self.automaton, token)
        status = self.automaton.advance(token)
        if status == -2:
            return FULL
        if status < 0:
            return -1
        self._tokens[self.n_tokens] = token
        self.n_tokens += 1
        self.automaton.rows(&self._rows[0])
        self._sampler.hear(token)
        if self.automaton.n_notes > n_notes:
            self._rules.note(
                &self._tally,
                self.automaton,
                self.automaton.onset_steps + self.automaton._notes[n_notes].duration_steps,
                not self.in_event or self._given._events[self.event, KIND] == SLOT,
            )
        self.in_event |= begins
        self.after_given = False
        if self.in_event and self._given.next_token(self.event, self.automaton) < 0:
            self.event += 1
            self.in_event, self.after_given = False, True
        return RUNNING


def run_together(generators, int max_notes=-1):
    """``Generator.run`` for several of the same weights, which are read once for all of them.

    Each gets the tokens that it would get alone.

    Parameters
    ----------
    generators : 1..MOST_AT_ONCE, none twice, each with its own task.
    max_notes : as there, the same for all.

    Raises
    ------
    TokenError : a sequence outgrew its capacity.
    ConfigError : too many or none, one twice, or other weights.
    """
    cdef void* who[MOST_TOGETHER]
    cdef Generator one
    cdef int i, n = len(generators)
    weights = {(<Generator> generator).stepper.weights for generator in generators}
    if not 1 <= n <= MOST_TOGETHER or len(weights) != 1 or len(set(generators)) < n:
        raise ConfigError(f"1 to {MOST_TOGETHER} generators of the same weights run together")
    for i in range(n):
        one = generators[i]
        one.stop_notes = one.automaton.n_notes + max_notes if max_notes >= 0 else -1
        who[i] = <void*> one
    with nogil:
        _run_together(&one.stepper.plan, n, who)
    for one in generators:
        if one.status == STUCK:
            raise TokenError(
                f"nothing may stand at step {one.automaton.onset_steps} before given event "
                f"{one.event} of {one._given.n}; this is a fault of the rules"
            )
        if one.status == FULL:
            raise TokenError(
                f"the music outgrew {one._tokens.shape[0]} tokens before step "
                f"{one._rules.end_steps}; ask for fewer bars"
            )


cdef void _run_together(const Plan* plan, int n, void** who) noexcept nogil:
    """Until none is running, or each that is is to pause; ``who`` are Generators."""
    cdef Mind* minds[MOST_TOGETHER]
    cdef const int* rows[MOST_TOGETHER]
    cdef const uint8_t* masks[MOST_TOGETHER]
    cdef float* logits[MOST_TOGETHER]
    cdef int i, left, asked
    while True:
        left = 0
        for i in range(n):
            if not (<Generator> who[i])._is_to_pause():
                who[left] = who[i]
                left += 1
        n = left
        if n == 0:
            return
        asked = 0
        for i in range(n):
            (<Generator> who[i])._mask_next()
            if (<Generator> who[i])._needs_logits():
                minds[asked] = &(<Generator> who[i]).stepper.mind
                masks[asked] = (<Generator> who[i])._wanted()
                logits[asked] = &(<Generator> who[i])._logits[0]
                asked += 1
        if asked:
            predict_together(plan, asked, minds, masks, logits)
        left = 0
        for i in range(n):
            (<Generator> who[i])._extend()
            if (<Generator> who[i]).status == RUNNING:
                who[left] = who[i]
                minds[left] = &(<Generator> who[i]).stepper.mind
                rows[left] = &(<Generator> who[i])._rows[0]
                left += 1
        n = left
        if n:
            hear_together(plan, n, minds, rows)
