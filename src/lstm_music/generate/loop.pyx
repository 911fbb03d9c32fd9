"""From the beginning to the last open bar without the GIL: step, mask, sample, advance.

One ``Generator`` is one sequence of tokens under construction. It owns a grammar automaton, a
network stepper and a sampler, whose random numbers depend on (rng_seed, sequence, token index)
alone: not on which thread runs it or what runs beside it.
"""

from libc.stdint cimport int32_t, uint8_t

import numpy as np

from lstm_music.generate.echo cimport Echo
from lstm_music.generate.given cimport ONSET, Given
from lstm_music.generate.leans cimport Leans
from lstm_music.generate.rules cimport Rules
from lstm_music.generate.task cimport Task
from lstm_music.generate.voice_leading cimport VoiceLeading
from lstm_music.kernels.sampler cimport Sampler
from lstm_music.kernels.stretch cimport Stretch
from lstm_music.kernels.step cimport MOST_TOGETHER, Stepper
from lstm_music.tokens.automaton cimport Automaton

from lstm_music.errors import ConfigError, TokenError
from lstm_music.kernels.device_step import check_device, new_stretch
from lstm_music.generate.planning.groups import token_groups
from lstm_music.tokens.vocabulary import DEFAULT

MOST_AT_ONCE = MOST_TOGETHER
NEVER = (1 << 31) - 1  # no onset is so late
GROUPS = token_groups(DEFAULT)
GROUPS.setflags(write=False)

cdef int V = DEFAULT.n_tokens
cdef int END = DEFAULT["end"].start


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

    def __init__(
        self, Automaton automaton not None, Stepper stepper not None, forbidden, sampling,
        rng_seed, sequence, int capacity,
    ):
        self.automaton = automaton
        self.stepper = stepper
        self.task = Task(automaton, forbidden)
        self._logits = np.zeros(V, np.float32)
        self._rows = np.zeros(DEFAULT.n_streams, np.intc)
        self._tokens = np.zeros(capacity, np.int32)
        self._draws = {"rng_seed": rng_seed, "sequence": sequence}
        self._sampler = sampling.sampler(GROUPS, **self._draws)
        self.set_pause(NEVER)
        self.set_edge(NEVER)

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

    def set_total_bars(self, int total_bars):
        """Tell the network how many bars the piece is to have; before the first token."""
        self.automaton.set_bars_left(total_bars)

    def set_conditioning(self, conditioning):
        """Tell the network what lies ahead; before the first token."""
        self.automaton.set_conditioning(conditioning)

    def set_task(
        self,
        Given given not None,
        Rules rules not None,
        long bar_steps,
        Leans leans=None,
        VoiceLeading voices=None,
        bint goes_on=False,
    ):
        """What is given, and what may be written, where.

        Parameters
        ----------
        given : events in order; those before the present place must not be among them.
        rules : of what is written.
        bar_steps : the longest wait between two onsets where nothing is given, so that no bar
            stays empty.
        leans : what is made likelier; None: nothing.
        voices : how parts may move against each other; None: freely.
        goes_on : whether another task is to follow: the network may not end the piece.
        """
        self.task.begin(given, rules, bar_steps, leans, voices, goes_on)

    def set_echo(self, Echo echo):
        """Which bars of drums are to resemble earlier ones; None: none."""
        self.task.echo = echo

    def change(self, sampling, Rules rules not None, Leans leans=None, VoiceLeading voices=None):
        """Go on by other settings, and by other rules for the same places."""
        cdef Sampler before = self._sampler
        self._sampler = sampling.sampler(GROUPS, **self._draws)
        self._sampler.copy_state_from(before)
        self.task.change(rules, leans, voices)

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
        self.task.copy_from(other.task)
        self.log_prob, self.given_log_prob = other.log_prob, other.given_log_prob
        self.weigh = other.weigh

    def force(self, const int32_t[::1] tokens):
        """Append given tokens.

        Raises
        ------
        TokenError : one of them is illegal where it stands, or there is no room.
        """
        cdef int i = 0, status = RUNNING
        with nogil:
            for i in range(tokens.shape[0]):
                status = self._append(tokens[i])
                if status != RUNNING:
                    break
                self.stepper.advance(&self._rows[0])
        check_device(self.stepper.weights)
        if status == FULL:
            raise TokenError(f"the sequence is full at {self.n_tokens} tokens; ask for fewer bars")
        if status != RUNNING:
            raise TokenError(f"token {tokens[i]} is illegal at index {self.n_tokens}")

    def advance_given(self, long until_steps):
        """Append the given events that stand before a time, and nothing else.

        While ``weigh`` is on, ``given_log_prob`` tells how likely the network finds them.

        Raises
        ------
        TokenError : there is no room.
        """
        cdef int token, status = RUNNING
        cdef Stretch ahead = new_stretch(self.stepper)
        with nogil:
            while status == RUNNING and self.task.event < self.task.given.n and (
                self.task.given._events[self.task.event, ONSET] < until_steps
            ):
                token = self.task.given_token()
                if self.weigh:
                    ahead.flush()
                    self.task.only = token
                    self.automaton.legal(&self.task.legal[0])
                    self.stepper.predict(&self.task.legal[0], &self._logits[0])
                    self.given_log_prob += self.task.share_allowed(&self._logits[0])
                status = self._append(token)
                if status == RUNNING:
                    ahead.advance(&self._rows[0])
            ahead.flush()
        check_device(self.stepper.weights)
        if status != RUNNING:
            raise TokenError(
                f"given event {self.task.event} of {self.task.given.n} cannot be heard at step "
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
            self.automaton.legal(&self.task.allowed[0])
            for i in range(V):
                self.task.allowed[i] &= allowed[i]
            self.stepper.predict(&self.task.allowed[0], &self._logits[0])
            token = self._draw()
        check_device(self.stepper.weights)
        if token < 0:
            raise TokenError("no token is both legal and allowed here")
        if self._append(token) != RUNNING:
            raise TokenError(f"the sequence is full at {self.n_tokens} tokens; ask for fewer bars")
        self.stepper.advance(&self._rows[0])
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
        from lstm_music.generate.together import run_together  # which is made of generators

        run_together([self], max_notes)
        return self.status == FINISHED

    def set_pause(self, long onset_steps):
        """Where ``run_together`` is to pause: as soon as the next note stands there or later."""
        self.stop_onset = onset_steps

    def set_edge(self, long onset_steps):
        """What ``run_together`` is not to reach: it pauses before the move in time that does."""
        self.edge = onset_steps

    cdef void _extend(self) noexcept nogil:
        """Append the only token that may stand here, or one that is drawn, and set ``status``."""
        cdef int token = self.task.only
        cdef double log_prob = self.log_prob, given_log_prob = self.given_log_prob
        if self.weigh:
            self.given_log_prob += self.task.share_allowed(&self._logits[0])
        if token < 0:
            token = self._draw()
        # Nothing may follow where all that is given has been heard and nothing is open.
        self.status = FINISHED if token >= 0 or self.task.event == self.task.given.n else STUCK
        self.has_ended = token == END
        if token >= 0 and self.automaton.onset_after(token) >= self.edge:
            self.log_prob, self.given_log_prob, self.status = log_prob, given_log_prob, PAUSED
            return
        if token < 0 or self.has_ended or self.task.leaves(token):
            return
        self.status = self._append(token)

    cdef bint _is_to_pause(self) noexcept nogil:
        self.status = RUNNING
        return (
            0 <= self.stop_notes <= self.automaton.n_notes
            or self.automaton.onset_steps >= self.stop_onset
        )

    cdef const uint8_t* _wanted(self) noexcept nogil:
        """Of which tokens logits are needed."""
        return &self.task.legal[0] if self.weigh else &self.task.allowed[0]

    cdef int _draw(self) noexcept nogil:
        """Sample from the masked logits; -1 when nothing is allowed."""
        cdef int token
        if self.task.leans is not None:
            self.task.leans.lean(&self._logits[0], &self.task.allowed[0], self.automaton)
        if self.task.echo is not None:
            self.task.echo.lean(&self._logits[0], &self.task.allowed[0], self.automaton)
        token = self._sampler.draw(&self.task.allowed[0], &self._logits[0], self.n_tokens)
        if token >= 0:
            self.log_prob += self._sampler.last_log_prob
        return token

    cdef int _append(self, int token) noexcept nogil:
        """Append one token to all but the network, which is to hear ``_rows``; 0 on success."""
        cdef int status
        if self.n_tokens >= self._tokens.shape[0]:
            return FULL
        self.task.before(token)
        status = self.automaton.advance(token)
        if status == -2:
            return FULL
        if status < 0:
            return -1
        self._tokens[self.n_tokens] = token
        self.n_tokens += 1
        self.automaton.rows(&self._rows[0])
        self._sampler.advance(token)
        self.task.after()
        return RUNNING
