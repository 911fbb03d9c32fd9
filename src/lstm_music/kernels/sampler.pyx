"""Draws a token from logits, without the GIL: what the generation loops call.

Every choice is drawn from Philox4x32-10 keyed by (rng_seed, sequence, index), so a sequence does
not depend on which thread runs it or what runs beside it.

References
----------
Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3 (Philox4x32-10).
Holtzman et al. (2020), The curious case of neural text degeneration (top-p).
Meister et al. (2023), Locally typical sampling.
Keskar et al. (2019), CTRL, section 4.1 (a penalty on repetition).
"""

from libc.math cimport INFINITY, NAN, exp, log
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memset

import numpy as np

from lstm_music.kernels.choices cimport Choice, heaviest, most_typical, without_likeliest
from lstm_music.kernels.history cimport History
from lstm_music.kernels.step cimport (
    MOST_TOGETHER, StepState, Plan, Stepper, advance_together, predict_together,
)

from lstm_music.errors import ConfigError, ShapeError, TokenError
from lstm_music.kernels.step import check_together


cdef enum:
    OTHER = 0
    RHYTHM = 1
    PITCH = 2

cdef double NOTHING = -1e300
# Beyond this share of the best a token changes nothing but the time.
cdef double LEAST = 1e-9
cdef double FAR = -20.8  # exp(FAR) is less than LEAST: no need to know how much


cdef double uniform(uint64_t key, uint64_t sequence, uint64_t index) noexcept nogil:
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
    """The number in [0, 1) that decides choice ``index`` of ``sequence`` under ``key``."""
    return uniform(key, sequence, index)


cdef double highest(Py_ssize_t V, const unsigned char* allowed, const float* logits) \
        noexcept nogil:
    """The best logit where ``allowed`` is not 0; NOTHING where none is a number."""
    cdef Py_ssize_t i
    cdef double top = NOTHING
    for i in range(V):
        if allowed[i] and logits[i] > top:
            top = logits[i]
    return top


cdef class Sampler:
    """How tokens are drawn, the random numbers of one sequence, and its newest tokens.

    One thread at a time. ``lstm_music.nn.sampling.Sampling`` says what the settings mean, in which
    order they act and how far they go; ``Sampling.sampler`` makes one of these.

    Parameters
    ----------
    V : tokens to choose from.
    group_of : (V,) uint8 — 1: a token of rhythm, 2: of pitch, 0: another. None: all are others.
    temperature, top_k, top_p, min_p, temperature_rhythm, temperature_pitch, typical_p, surprise,
    repetition_penalty, repetition_window, no_repeat_ngram : see there; none acts unless given.
    rng_seed, sequence : the Philox key and the stream within it.

    Attributes
    ----------
    history : the newest tokens of rhythm and pitch that were heard.
    last_log_prob : of the token drawn last, in nats, under the model: the softmax of the logits as
        they came over all tokens allowed, whatever the settings; right to a millionth. NaN when
        none was drawn.

    Raises
    ------
    ShapeError : ``group_of`` is none such.
    ConfigError : a setting for groups of tokens, and no groups.
    """

    def __init__(self, Py_ssize_t V, *, group_of=None, double temperature=1, int top_k=0,
                 double top_p=1, double min_p=0, temperature_rhythm=None, temperature_pitch=None,
                 double typical_p=1, double surprise=0, double repetition_penalty=1,
                 int repetition_window=16, int no_repeat_ngram=0, rng_seed=0, sequence=0):
        self.V, self.history, self.last_log_prob = V, History(), NAN
        self.temperature, self.top_k, self.top_p, self.min_p = temperature, top_k, top_p, min_p
        self.temperatures[OTHER] = temperature
        self.temperatures[RHYTHM] = (
            temperature if temperature_rhythm is None else temperature_rhythm)
        self.temperatures[PITCH] = temperature if temperature_pitch is None else temperature_pitch
        self.typical_p, self.surprise = typical_p, surprise
        self.log_penalty, self.repetition_window = log(repetition_penalty), repetition_window
        self.no_repeat_ngram = no_repeat_ngram
        self.rng_seed, self.sequence = rng_seed, sequence
        self.has_rules = (
            self.temperatures[RHYTHM] != temperature or self.temperatures[PITCH] != temperature
            or repetition_penalty != 1 or no_repeat_ngram > 0
        )
        if group_of is None and self.has_rules:
            raise ConfigError(
                "temperature_rhythm, temperature_pitch, repetition_penalty and no_repeat_ngram "
                "need to know which tokens are rhythm and pitch; give group_of"
            )
        self._make_room(np.zeros(V, np.uint8) if group_of is None else np.asarray(group_of))

    def _make_room(self, group_of):
        if group_of.shape != (self.V,) or group_of.dtype != np.uint8 or group_of.max() >= N_GROUPS:
            raise ShapeError(
                f"group_of must be uint8 of shape ({self.V},), 0 to {N_GROUPS - 1}, "
                f"got {group_of.dtype} of shape {group_of.shape}"
            )
        cdef unsigned char[::1] choices = np.zeros(2 * self.V * sizeof(Choice), np.uint8)
        cdef unsigned char[::1] groups = np.array(group_of)
        cdef unsigned char[::1] open_ = np.zeros(self.V, np.uint8)
        cdef int32_t[::1] counts = np.zeros(self.V, np.int32)
        self.choices = <Choice*> &choices[0]
        self.room = self.choices + self.V
        self.group_of, self.open, self.counts = &groups[0], &open_[0], &counts[0]
        self.buffers = choices, groups, open_, counts

    cdef int draw(self, const unsigned char* allowed, const float* logits, uint64_t index) \
            noexcept nogil:
        """Choice ``index``: a token where ``allowed`` (V,) is not 0, or -1 when none is."""
        cdef double top = highest(self.V, allowed, logits), mass = 0.0, total = 0.0, u
        cdef int n, chosen
        self.last_log_prob = NAN
        if top == NOTHING or top == INFINITY:
            return -1
        n = self._weigh(allowed, logits, top, &mass, &total)
        if self.has_rules:
            n = self._weigh_by_group(allowed, logits, &mass)
        n = self._filter(n, &mass)
        u = uniform(self.rng_seed, self.sequence, index) * mass
        for chosen in range(n):
            u -= self.choices[chosen].weight
            if u < 0.0:
                break
        else:
            chosen = n - 1
        self.last_log_prob = logits[self.choices[chosen].token] - top - log(total)
        return self.choices[chosen].token

    cdef void advance(self, int token) noexcept nogil:
        """One more token of the sequence, given or drawn; only rhythm and pitch are remembered."""
        if self.group_of[token] != OTHER:
            self.history.append(token)

    cdef int _weigh(
        self, const unsigned char* allowed, const float* logits, double top, double* mass,
        double* total,
    ) noexcept nogil:
        """Fill ``choices`` and return how many; ``mass`` is theirs, ``total`` the model's."""
        cdef Choice* choices = self.choices
        cdef Py_ssize_t i
        cdef int n = 0
        cdef double temperature = self.temperature, min_p = self.min_p, x, u
        cdef double held = 0.0, dropped = 0.0, cold = 0.0
        cdef bint as_trained = temperature == 1.0
        for i in range(self.V):
            if allowed[i]:
                x = logits[i] - top
                if not as_trained:
                    if x > FAR:
                        cold += exp(x)
                    x /= temperature
                if x > FAR:
                    u = exp(x)
                    if u >= LEAST and u >= min_p:
                        choices[n].weight = u
                        choices[n].token = i
                        held += u
                        n += 1
                    else:
                        dropped += u
        mass[0] = held
        total[0] = held + dropped if as_trained else cold
        return n

    cdef int _weigh_by_group(
        self, const unsigned char* allowed, const float* logits, double* mass
    ) noexcept nogil:
        """As ``_weigh``, with a temperature for each group, and repetition considered.

        P(token) = P(group) P(token | group): the first of these is the model's own, at the
        temperature of the whole; the second has the group's temperature and the penalty.
        """
        cdef double[N_GROUPS] tops, sums, shares
        cdef double top, x, best = 0.0
        cdef Py_ssize_t i
        cdef int g, n = 0, kept = 0
        self._recall(allowed, logits)
        top = highest(self.V, self.open, logits)
        for g in range(N_GROUPS):
            tops[g], sums[g], shares[g] = NOTHING, 0.0, 0.0
        for i in range(self.V):
            if self.open[i]:
                g, x = self.group_of[i], logits[i] - self.log_penalty * self.counts[i]
                tops[g] = max(tops[g], x)
                shares[g] += exp((logits[i] - top) / self.temperature)
        for i in range(self.V):
            if self.open[i]:
                g, x = self.group_of[i], logits[i] - self.log_penalty * self.counts[i]
                x = exp((x - tops[g]) / self.temperatures[g])
                self.choices[n].weight, self.choices[n].token = x, i
                sums[g] += x
                n += 1
        for i in range(n):
            g = self.group_of[self.choices[i].token]
            self.choices[i].weight *= shares[g] / sums[g]
            best = max(best, self.choices[i].weight)
        mass[0] = 0.0
        for i in range(n):
            if self.choices[i].weight >= max(LEAST, self.min_p) * best:
                self.choices[kept] = self.choices[i]
                mass[0] += self.choices[i].weight
                kept += 1
        return kept

    cdef void _recall(self, const unsigned char* allowed, const float* logits) noexcept nogil:
        """Fill ``open`` and ``counts`` from the history. A ban on all that is left is none."""
        cdef Py_ssize_t i
        memset(self.open, 0, self.V)
        memset(self.counts, 0, self.V * sizeof(int32_t))
        if self.log_penalty > 0:
            self.history.count_newest(self.group_of, PITCH, self.repetition_window, self.counts)
        if self.no_repeat_ngram > 0:
            self.history.mark_repeats(self.no_repeat_ngram, self.open)
        for i in range(self.V):
            # A logit that is not above NOTHING is -infinity or NaN, and never drawn.
            self.open[i] = allowed[i] and not self.open[i] and logits[i] > NOTHING
        if highest(self.V, self.open, logits) == NOTHING:
            for i in range(self.V):
                self.open[i] = allowed[i] and logits[i] > NOTHING

    cdef int _filter(self, int n, double* mass) noexcept nogil:
        """Keep what the settings leave of n choices, one at least; returns how many."""
        if 0 < self.top_k < n:
            mass[0] = heaviest(self.choices, n, self.top_k, mass[0], &n)
        if self.top_p < 1:
            mass[0] = heaviest(self.choices, n, n, self.top_p * mass[0], &n)
        if self.typical_p < 1:
            mass[0] = most_typical(self.choices, n, mass[0], self.typical_p, self.room, &n)
        if self.surprise > 0:
            mass[0] = without_likeliest(self.choices, n, mass[0], self.surprise, &n)
        return n

    def reset(self):
        """Forget the tokens heard; the random numbers are as before."""
        self.history.reset()
        self.last_log_prob = NAN

    def copy_state_from(self, Sampler other not None):
        """Remember the tokens that ``other`` has heard; settings and random numbers stay.

        Raises
        ------
        ShapeError : the two have different numbers of tokens.
        """
        if other.V != self.V:
            raise ShapeError(f"a sampler of {self.V} tokens is needed, got one of {other.V}")
        self.history.copy_from(other.history)

    def hear_py(self, tokens):
        """``advance`` for Python.

        Parameters
        ----------
        tokens : (n,) int32, 0..V-1, in order.

        Raises
        ------
        ShapeError : another shape or dtype, or a token outside.
        """
        tokens = np.asarray(tokens)
        outside = (tokens < 0) | (tokens >= self.V)
        if tokens.ndim != 1 or tokens.dtype != np.int32 or outside.any():
            raise ShapeError(f"tokens must be (n,) int32, 0 to {self.V - 1}, got {tokens!r}")
        for token in tokens:
            self.advance(token)

    def draw_py(self, allowed, logits, indices):
        """``draw`` for Python, once for each index; nothing is heard in between.

        Parameters
        ----------
        allowed : (V,) uint8 — not 0 where a token may be drawn.
        logits : (V,) float32.
        indices : (n,) uint64.

        Returns
        -------
        tokens : (n,) int32, -1 where nothing can be drawn.

        Raises
        ------
        ShapeError : another shape or dtype.
        """
        given = tuple((np.shape(x), np.asarray(x).dtype) for x in (allowed, logits))
        if given != (((self.V,), np.uint8), ((self.V,), np.float32)):
            raise ShapeError(f"allowed and logits must be uint8 and float32 of ({self.V},)")
        cdef const unsigned char[::1] mask = np.ascontiguousarray(allowed)
        cdef const float[::1] values = np.ascontiguousarray(logits)
        cdef const uint64_t[::1] which = np.ascontiguousarray(indices, np.uint64)
        tokens = np.empty(which.shape[0], np.int32)
        cdef int32_t[::1] out = tokens
        cdef Py_ssize_t i
        with nogil:
            for i in range(which.shape[0]):
                out[i] = self.draw(&mask[0], &values[0], which[i])
        return tokens


def continue_tokens(steppers, samplers, int token, int n):
    """Draw n tokens a sequence, each the next input, from a model whose inputs are its tokens.

    Parameters
    ----------
    steppers : 1..MOST_TOGETHER of the same weights, none twice, which move on by n tokens; their
        model has one stream and as many rows as tokens.
    samplers : one a stepper; every token is allowed.
    token : the first input of all, 0..V-1.
    n : tokens to draw, at least 1.

    Returns
    -------
    tokens : (len(steppers), n) int32.

    Raises
    ------
    ShapeError : another kind of model, a sampler of another size, no such token, or steppers that
        cannot go together.
    TokenError : all logits are NaN.
    """
    cdef StepState* seqs[MOST_TOGETHER]
    cdef void* draws[MOST_TOGETHER]
    cdef const int* inputs[MOST_TOGETHER]
    cdef const unsigned char* masks[MOST_TOGETHER]
    cdef float* outputs[MOST_TOGETHER]
    cdef int last[MOST_TOGETHER]
    cdef int i = 0, s, count = len(steppers), drawn = 0
    check_together(steppers)
    cdef Stepper one = steppers[0]
    cdef Py_ssize_t V = one.plan.V
    sizes = {(<Sampler> sampler).V for sampler in samplers}
    if one.plan.S != 1 or one.weights.n_rows != V or sizes != {V} or not 0 <= token < V:
        raise ShapeError(
            f"a model with one stream and {V} rows, samplers of {V} tokens and a token below "
            f"them are needed, got {one.plan.S}, {one.weights.n_rows}, {sizes}, {token}"
        )
    if len(samplers) != count:
        raise ShapeError(f"one sampler a stepper is needed, got {len(samplers)} for {count}")
    tokens, room = np.empty((count, n), np.int32), np.empty((count, V), np.float32)
    cdef int32_t[:, ::1] out = tokens
    cdef unsigned char[::1] allowed = np.ones(V, np.uint8)
    cdef float[:, ::1] logits = room
    for s in range(count):
        one = steppers[s]
        seqs[s], inputs[s], draws[s] = &one.seq, &last[s], <void*> samplers[s]
        masks[s], outputs[s], last[s] = &allowed[0], &logits[s, 0], token
    cdef const Plan* plan = &one.plan
    with nogil:
        while i < n and drawn >= 0:
            advance_together(plan, count, seqs, inputs)
            predict_together(plan, count, seqs, masks, outputs)
            for s in range(count):
                last[s] = (<Sampler> draws[s]).draw(&allowed[0], &logits[s, 0], i)
                out[s, i] = last[s]
                drawn = min(drawn, last[s])
                if last[s] >= 0:
                    (<Sampler> draws[s]).advance(last[s])
            i += 1
    if drawn < 0:
        raise TokenError(f"nothing to draw at index {i - 1}: all {V} logits are NaN")
    return tokens
