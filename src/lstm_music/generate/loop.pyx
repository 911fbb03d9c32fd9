"""From a seed's state to the last token without the GIL: step, mask, sample, advance.

One ``Generator`` is one sequence of tokens under construction. It owns a grammar automaton and a
network stepper; every choice is drawn from Philox4x32-10 keyed by (rng_seed, sequence, token
index), so a sequence does not depend on which thread runs it or what runs beside it.

References
----------
Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3 (Philox4x32-10).
Holtzman et al. (2020), The curious case of neural text degeneration (top-p).
"""

from libc.math cimport exp
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport qsort

import numpy as np

from lstm_music.kernels.step cimport Stepper
from lstm_music.tokens.automaton cimport Automaton

from lstm_music.errors import ConfigError, TokenError
from lstm_music.tokens.vocabulary import DEFAULT

cdef enum Status:
    RUNNING = 0
    FINISHED = 1  # the next onset would stand at or after the end
    FULL = 2  # the token buffer or the automaton's note list is full

cdef struct Choice:
    double weight
    int32_t token


cdef int _by_weight(const void* a, const void* b) noexcept nogil:
    """Heavier first; equal weights by token, so that the order is one."""
    cdef Choice* x = <Choice*> a
    cdef Choice* y = <Choice*> b
    if x.weight != y.weight:
        return -1 if x.weight > y.weight else 1
    return -1 if x.token < y.token else 1


cdef double _uniform(uint64_t key, uint64_t sequence, uint64_t index) noexcept nogil:
    """Philox4x32-10: a double in [0, 1) from 53 bits, one for each (key, sequence, index)."""
    cdef uint32_t c0 = <uint32_t> index, c1 = <uint32_t> (index >> 32)
    cdef uint32_t c2 = <uint32_t> sequence, c3 = <uint32_t> (sequence >> 32)
    cdef uint32_t k0 = <uint32_t> key, k1 = <uint32_t> (key >> 32)
    cdef uint64_t p0, p1
    cdef int _round
    for _round in range(10):
        p0 = <uint64_t> 0xD2511F53u * c0
        p1 = <uint64_t> 0xCD9E8D57u * c2
        c0 = <uint32_t> (p1 >> 32) ^ c1 ^ k0
        c1 = <uint32_t> p1
        c2 = <uint32_t> (p0 >> 32) ^ c3 ^ k1
        c3 = <uint32_t> p0
        k0 = k0 + 0x9E3779B9u
        k1 = k1 + 0xBB67AE85u
    return ((<uint64_t> c0 << 21) ^ (<uint64_t> c1 >> 11)) * (1.0 / 9007199254740992.0)


def philox_uniform(uint64_t key, uint64_t sequence, uint64_t index):
    """The number in [0, 1) that decides token ``index`` of ``sequence`` under ``key``."""
    return _uniform(key, sequence, index)


cdef class Generator:
    """One sequence under construction.

    Parameters
    ----------
    automaton : grammar state; owned by this generator from now on.
    stepper : network state; owned by this generator from now on.
    forbidden : (V,) uint8, 1 = never sample this token (forced tokens may be forbidden ones).
    sampling : temperature > 0, top_k >= 0 (0: all), 0 < top_p <= 1, 0 <= min_p < 1.
    rng_seed, sequence : the Philox key and the stream within it.
    capacity : most tokens to hold, forced ones included.
    """

    cdef Automaton automaton
    cdef Stepper stepper
    cdef uint8_t[::1] _forbidden
    cdef uint8_t[::1] _mask
    cdef float[::1] _logits
    cdef int[::1] _rows
    cdef int32_t[::1] _tokens
    cdef Choice* _choices
    cdef object _choice_buffer
    cdef int n_tokens, V
    cdef double temperature, top_p, min_p
    cdef int top_k
    cdef int shift_first, shift_stop, duration_first, duration_stop, long_token, end_token
    cdef uint64_t rng_seed, sequence
    cdef long end_steps, bar_steps

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
        cdef uint8_t[::1] choice_bytes
        self.automaton = automaton
        self.stepper = stepper
        self._forbidden = np.ascontiguousarray(forbidden, np.uint8)
        self.V = self._forbidden.shape[0]
        self._mask = np.zeros(self.V, np.uint8)
        self._logits = np.zeros(self.V, np.float32)
        self._rows = np.zeros(DEFAULT.n_streams, np.intc)
        self._tokens = np.zeros(capacity, np.int32)
        self._choice_buffer = np.zeros(self.V * sizeof(Choice), np.uint8)
        choice_bytes = self._choice_buffer
        self._choices = <Choice*> &choice_bytes[0]
        self.temperature, self.top_k = sampling.temperature, sampling.top_k
        self.top_p, self.min_p = sampling.top_p, sampling.min_p
        shift, duration = DEFAULT["shift"], DEFAULT["duration"]
        self.shift_first, self.shift_stop = shift.start, shift.stop
        self.duration_first, self.duration_stop = duration.start, duration.stop
        self.long_token = DEFAULT["long"].start
        self.end_token = DEFAULT["end"].start
        self.rng_seed, self.sequence = rng_seed, sequence
        self.end_steps = 0
        self.bar_steps = 0

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
        """Start where ``other`` stands: tokens, grammar, network."""
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
        cdef int status
        self.end_steps = end_steps
        self.bar_steps = bar_steps
        with nogil:
            status = self._run(max_notes)
        if status == FULL:
            raise TokenError(
                f"the music outgrew {self._tokens.shape[0]} tokens before step {end_steps}; "
                "ask for fewer bars"
            )
        return status == FINISHED

    cdef int _run(self, int max_notes) noexcept nogil:
        cdef int token, status, start = self.automaton.n_notes
        while max_notes < 0 or self.automaton.n_notes < start + max_notes:
            self.automaton.legal(&self._mask[0])
            self._mask_time()
            self.stepper.predict(&self._mask[0], &self._logits[0])
            token = self._draw()
            if token < 0:
                return FINISHED  # only a time move past the end was left
            if (
                self.shift_first <= token < self.shift_stop
                and self.automaton.onset_after(token) >= self.end_steps
            ):
                return FINISHED
            status = self._accept(token)
            if status != RUNNING:
                return status
        return RUNNING

    cdef void _mask_time(self) noexcept nogil:
        """Forbid what the caller forbids, empty bars, and notes past the end."""
        cdef int i
        cdef long now = self.automaton.onset_steps, onset
        cdef long left = self.end_steps - now
        cdef bint last_bar = left <= self.bar_steps
        cdef long reach = now + 96 * self.automaton.g.longs  # where the LONGs so far lead
        for i in range(self.V):
            self._mask[i] &= 1 - self._forbidden[i]
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
        cdef int i, n = 0, keep
        cdef double top = -1e300, total = 0.0, mass = 0.0, u
        for i in range(self.V):
            if self._mask[i] and self._logits[i] > top:
                top = self._logits[i]
        if top == -1e300:
            return -1
        for i in range(self.V):
            if self._mask[i]:
                u = exp((self._logits[i] - top) / self.temperature)
                # Beyond 1e-9 of the best a token changes nothing but the sorting time.
                if u >= 1e-9 and u >= self.min_p:
                    self._choices[n].weight = u
                    self._choices[n].token = i
                    n += 1
        qsort(self._choices, n, sizeof(Choice), _by_weight)
        if 0 < self.top_k < n:
            n = self.top_k
        for i in range(n):
            total += self._choices[i].weight
        keep = n
        for i in range(n):
            mass += self._choices[i].weight
            if mass >= self.top_p * total:
                keep = i + 1
                break
        u = _uniform(self.rng_seed, self.sequence, self.n_tokens) * mass
        for i in range(keep - 1):
            u -= self._choices[i].weight
            if u < 0.0:
                return self._choices[i].token
        return self._choices[keep - 1].token

    cdef int _accept(self, int token) noexcept nogil:
        """Append one token: grammar, then network; 0 on success."""
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
        self.stepper.hear(&self._rows[0])
        return RUNNING
