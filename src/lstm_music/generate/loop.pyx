"""From a seed's state to the last token without the GIL: step, mask, sample, advance.

One ``Generator`` is one sequence of tokens under construction. It owns a grammar automaton, a
network stepper and a sampler, whose random numbers depend on (rng_seed, sequence, token index)
alone: not on which thread runs it or what runs beside it.
"""

from libc.stdint cimport int32_t, uint8_t

import numpy as np

from lstm_music.kernels.sampler cimport Sampler
from lstm_music.kernels.step cimport (
    MOST_TOGETHER, Mind, Plan, Stepper, hear_together, predict_together,
)
from lstm_music.tokens.automaton cimport Automaton

from lstm_music.errors import ConfigError, TokenError
from lstm_music.generate.groups import token_groups
from lstm_music.tokens.vocabulary import DEFAULT

MOST_AT_ONCE = MOST_TOGETHER
NEVER = (1 << 31) - 1  # no onset is so late
GROUPS = token_groups(DEFAULT)
GROUPS.setflags(write=False)

cdef enum Status:
    RUNNING = 0
    FINISHED = 1  # the next onset would stand at or after the end, or the notes asked for are there
    FULL = 2  # the token buffer or the automaton's note list is full


cdef class Generator:
    """One sequence under construction.

    Parameters
    ----------
    automaton : grammar state; owned by this generator from now on.
    stepper : network state; owned by this generator from now on.
    forbidden : (V,) uint8, 1 = never sample this token (forced tokens may be forbidden ones).
    sampling : how tokens are drawn (``lstm_music.nn.sampling.Sampling``).
    rng_seed, sequence : the Philox key and the stream within it.
    capacity : most tokens to hold, forced ones included.

    Attributes
    ----------
    has_ended : the network has drawn END in the last bar; the token itself is not appended.
    """

    cdef Automaton automaton
    cdef Stepper stepper
    cdef uint8_t[::1] _forbidden
    cdef uint8_t[::1] _mask
    cdef float[::1] _logits
    cdef int[::1] _rows
    cdef int32_t[::1] _tokens
    cdef Sampler _sampler
    cdef int n_tokens, V
    cdef int shift_first, shift_stop, duration_first, duration_stop, long_token, end_token
    cdef long end_steps, bar_steps
    cdef int stop_notes, status
    cdef long stop_onset
    cdef readonly bint has_ended

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
        self.V = self._forbidden.shape[0]
        self._mask = np.zeros(self.V, np.uint8)
        self._logits = np.zeros(self.V, np.float32)
        self._rows = np.zeros(DEFAULT.n_streams, np.intc)
        self._tokens = np.zeros(capacity, np.int32)
        self._sampler = sampling.sampler(GROUPS, rng_seed=rng_seed, sequence=sequence)
        shift, duration = DEFAULT["shift"], DEFAULT["duration"]
        self.shift_first, self.shift_stop = shift.start, shift.stop
        self.duration_first, self.duration_stop = duration.start, duration.stop
        self.long_token = DEFAULT["long"].start
        self.end_token = DEFAULT["end"].start
        self.set_end(0, 0)
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

    def set_total_bars(self, int total_bars):
        """Tell the network how many bars the piece is to have; before the first token."""
        self.automaton.set_bars_left(total_bars)

    def copy_state_from(self, Generator other not None):
        """Start where ``other`` stands: tokens, grammar, network, what the sampler has heard."""
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

    def force(self, const int32_t[::1] tokens):
        """Append given tokens.

        Raises
        ------
        TokenError : one of them is illegal where it stands, or there is no room.
        """
        cdef int i, status = RUNNING
        with nogil:
            for i in range(tokens.shape[0]):
                status = self._accept(tokens[i])
                if status != RUNNING:
                    break
        if status == FULL:
            raise TokenError(f"the sequence is full at {self.n_tokens} tokens; ask for fewer bars")
        if status != RUNNING:
            raise TokenError(f"token {tokens[i]} is illegal at index {self.n_tokens}")

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
            self.automaton.legal(&self._mask[0])
            for i in range(self.V):
                self._mask[i] &= allowed[i]
            self.stepper.predict(&self._mask[0], &self._logits[0])
            token = self._draw()
        if token < 0:
            raise TokenError("no token is both legal and allowed here")
        if self._accept(token) != RUNNING:
            raise TokenError(f"the sequence is full at {self.n_tokens} tokens; ask for fewer bars")
        return token

    def run(self, long end_steps, long bar_steps, int max_notes=-1):
        """Compose until the music reaches ``end_steps``, or ``max_notes`` more notes are there.

        No note starts at or sounds past ``end_steps``; no gap between onsets exceeds
        ``bar_steps``, so that no bar stays empty by a long rest alone.

        Returns
        -------
        bool : True when the end is reached.

        Raises
        ------
        TokenError : the sequence outgrew its capacity.
        """
        self.set_end(end_steps, bar_steps)
        run_together([self], max_notes)
        return self.status == FINISHED

    def set_end(self, long end_steps, long bar_steps):
        """Where :meth:`run` and ``run_together`` are to end; see there."""
        self.end_steps, self.bar_steps = end_steps, bar_steps

    def copy_end_from(self, Generator other not None):
        """End where ``other`` ends."""
        self.set_end(other.end_steps, other.bar_steps)

    def set_pause(self, long onset_steps):
        """Where ``run_together`` is to pause: as soon as the next note stands there or later."""
        self.stop_onset = onset_steps

    cdef void _extend(self) noexcept nogil:
        """Draw a token from the logits and append it; ``status`` says how it stands then."""
        cdef int token = self._draw()
        self.status = FINISHED  # if only a time move past the end was left
        self.has_ended = token == self.end_token
        if token < 0 or self.has_ended or (
            self.shift_first <= token < self.shift_stop
            and self.automaton.onset_after(token) >= self.end_steps
        ):
            return
        self.status = self._append(token)

    cdef bint _is_to_pause(self) noexcept nogil:
        self.status = RUNNING
        return (
            0 <= self.stop_notes <= self.automaton.n_notes
            or self.automaton.onset_steps >= self.stop_onset
        )

    cdef void _mask_next(self) noexcept nogil:
        """What may stand next."""
        self.automaton.legal(&self._mask[0])
        self._mask_time()

    cdef void _mask_time(self) noexcept nogil:
        """Forbid what the caller forbids, empty bars, and notes past the end."""
        cdef int i
        cdef long now = self.automaton.onset_steps, onset
        cdef long left = self.end_steps - now
        cdef bint last_bar = left <= self.bar_steps
        cdef long reach = now + 96 * self.automaton.g.longs  # where the LONGs so far lead
        for i in range(self.V):
            self._mask[i] &= 1 - self._forbidden[i]
        if not last_bar or self.automaton.n_notes == 0:
            self._mask[self.end_token] = 0
        if self._mask[self.duration_first]:  # inside a note
            for i in range(self.duration_first, self.duration_stop):
                if reach + 1 + i - self.duration_first > self.end_steps:
                    self._mask[i] = 0
            if reach + 97 > self.end_steps:
                self._mask[self.long_token] = 0
            return
        if not self._mask[self.shift_first]:
            return
        for i in range(self.shift_first, self.shift_stop):
            onset = reach + 1 + i - self.shift_first
            if onset - now > self.bar_steps and not (last_bar and onset == self.end_steps):
                self._mask[i] = 0
            elif onset >= self.end_steps and not last_bar:
                self._mask[i] = 0
        if reach + 97 - now > self.bar_steps:
            self._mask[self.long_token] = 0

    cdef int _draw(self) noexcept nogil:
        """Sample from the masked logits; -1 when nothing is allowed."""
        return self._sampler.draw(&self._mask[0], &self._logits[0], self.n_tokens)

    cdef int _accept(self, int token) noexcept nogil:
        """Append one token: grammar, then network; 0 on success."""
        cdef int status = self._append(token)
        if status == RUNNING:
            self.stepper.hear(&self._rows[0])
        return status

    cdef int _append(self, int token) noexcept nogil:
        """Append one token to all but the network, which is to hear ``_rows``; 0 on success."""
        cdef int status
        if self.n_tokens >= self._tokens.shape[0]:
            return FULL
        status = self.automaton.advance(token)
        if status == -2:
            return FULL
        if status < 0:
            return -1
        self._tokens[self.n_tokens] = token
        self.n_tokens += 1
        self.automaton.rows(&self._rows[0])
        self._sampler.hear(token)
        return RUNNING


def run_together(generators, int max_notes=-1):
    """``Generator.run`` for several of the same weights, which are read once for all of them.

    Each gets the tokens that it would get alone.

    Parameters
    ----------
    generators : 1..MOST_AT_ONCE, none twice, each with its own end set.
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
        if one.status == FULL:
            raise TokenError(
                f"the music outgrew {one._tokens.shape[0]} tokens before step {one.end_steps}; "
                "ask for fewer bars"
            )


cdef void _run_together(const Plan* plan, int n, void** who) noexcept nogil:
    """Until none is running, or each that is is to pause; ``who`` are Generators."""
    cdef Mind* minds[MOST_TOGETHER]
    cdef const int* rows[MOST_TOGETHER]
    cdef const uint8_t* masks[MOST_TOGETHER]
    cdef float* logits[MOST_TOGETHER]
    cdef int i, left
    while True:
        left = 0
        for i in range(n):
            if not (<Generator> who[i])._is_to_pause():
                who[left] = who[i]
                left += 1
        n = left
        if n == 0:
            return
        for i in range(n):
            (<Generator> who[i])._mask_next()
            minds[i] = &(<Generator> who[i]).stepper.mind
            masks[i] = &(<Generator> who[i])._mask[0]
            logits[i] = &(<Generator> who[i])._logits[0]
        predict_together(plan, n, minds, masks, logits)
        left = 0
        for i in range(n):
            (<Generator> who[i])._extend()
            if (<Generator> who[i]).status == RUNNING:
                who[left] = who[i]
                minds[left] = minds[i]
                rows[left] = &(<Generator> who[i])._rows[0]
                left += 1
        n = left
        if n:
            hear_together(plan, n, minds, rows)
