"""Draws a token from logits, without the GIL: what the generation loops call.

Every choice is drawn from Philox4x32-10 keyed by (rng_seed, sequence, index), so a sequence does
not depend on which thread runs it or what runs beside it.

References
----------
Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3 (Philox4x32-10).
Holtzman et al. (2020), The curious case of neural text degeneration (top-p).
"""

from libc.math cimport exp
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.stdlib cimport qsort

import numpy as np

from lstm_music.kernels.step cimport Stepper

from lstm_music.errors import ShapeError, TokenError


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
    """The number in [0, 1) that decides choice ``index`` of ``sequence`` under ``key``."""
    return _uniform(key, sequence, index)


cdef class Sampler:
    """How tokens are drawn, and the random numbers of one sequence. One thread at a time.

    Parameters
    ----------
    V : tokens to choose from.
    temperature : > 0, divides the logits.
    top_k : keep the k likeliest; 0: all.
    top_p : keep the likeliest that together hold this share, 0 < top_p <= 1.
    min_p : drop what is less likely than this share of the likeliest, 0 <= min_p < 1.
    rng_seed, sequence : the Philox key and the stream within it.
    """

    def __init__(self, Py_ssize_t V, *, double temperature=1, int top_k=0, double top_p=1,
                 double min_p=0, rng_seed=0, sequence=0):
        cdef unsigned char[::1] room
        self.V = V
        self.buffer = np.zeros(V * sizeof(Choice), np.uint8)
        room = self.buffer
        self.choices = <Choice*> &room[0]
        self.temperature, self.top_k, self.top_p, self.min_p = temperature, top_k, top_p, min_p
        self.rng_seed, self.sequence = rng_seed, sequence

    cdef int draw(self, const unsigned char* allowed, const float* logits, uint64_t index) \
            noexcept nogil:
        """Choice ``index``: a token where ``allowed`` (V,) is not 0, or -1 when none is."""
        cdef Py_ssize_t i
        cdef int n = 0, chosen
        cdef double top = -1e300, mass = 0.0, u
        for i in range(self.V):
            if allowed[i] and logits[i] > top:
                top = logits[i]
        if top == -1e300:
            return -1
        for i in range(self.V):
            if allowed[i]:
                u = exp((logits[i] - top) / self.temperature)
                # Beyond 1e-9 of the best a token changes nothing but the time.
                if u >= 1e-9 and u >= self.min_p:
                    self.choices[n].weight = u
                    self.choices[n].token = i
                    n += 1
        if self.top_k > 0 or self.top_p < 1:
            n = self.keep_best(n)
        for i in range(n):
            mass += self.choices[i].weight
        u = _uniform(self.rng_seed, self.sequence, index) * mass
        for chosen in range(n - 1):
            u -= self.choices[chosen].weight
            if u < 0.0:
                return self.choices[chosen].token
        return self.choices[n - 1].token

    cdef int keep_best(self, int n) noexcept nogil:
        """Sort the n choices; return how many top_k and top_p leave."""
        cdef double total = 0.0, mass = 0.0
        cdef int i
        qsort(self.choices, n, sizeof(Choice), _by_weight)
        if 0 < self.top_k < n:
            n = self.top_k
        for i in range(n):
            total += self.choices[i].weight
        for i in range(n):
            mass += self.choices[i].weight
            if mass >= self.top_p * total:
                return i + 1
        return n


def continue_tokens(Stepper stepper not None, Sampler sampler not None, int token, int n):
    """Draw n tokens, each the next input, from a model whose inputs are its tokens.

    Parameters
    ----------
    stepper : moves on by n tokens; its model has one stream and as many rows as tokens.
    sampler : every token is allowed.
    token : the first input, 0..V-1.
    n : tokens to draw, at least 1.

    Returns
    -------
    tokens : (n,) int32.

    Raises
    ------
    ShapeError : another kind of model, a sampler of another size, or no such token.
    TokenError : all logits are NaN.
    """
    cdef Py_ssize_t V = stepper.plan.V
    if stepper.plan.S != 1 or stepper.weights.n_rows != V or sampler.V != V or not 0 <= token < V:
        raise ShapeError(
            f"a model with one stream and {V} rows, a sampler of {V} tokens and a token below "
            f"them are needed, got {stepper.plan.S}, {stepper.weights.n_rows}, {sampler.V}, {token}"
        )
    drawn = np.empty(n, np.int32)
    cdef int32_t[::1] out = drawn
    cdef unsigned char[::1] allowed = np.ones(V, np.uint8)
    cdef float[::1] logits = np.empty(V, np.float32)
    cdef int i = 0
    with nogil:
        for i in range(n):
            stepper.hear(&token)
            stepper.predict(&allowed[0], &logits[0])
            token = sampler.draw(&allowed[0], &logits[0], i)
            if token < 0:
                break
            out[i] = token
    if token < 0:
        raise TokenError(f"nothing to draw at index {i}: all {V} logits are NaN")
    return drawn
