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

import numpy as np

from lstm_music.kernels.step cimport (
    MOST_TOGETHER, Mind, Plan, Stepper, hear_together, predict_together,
)

from lstm_music.errors import ShapeError, TokenError
from lstm_music.kernels.step import check_together


cdef inline bint before(Choice a, Choice b) noexcept nogil:
    """Heavier first; equal weights by token, so that the order is one."""
    return a.weight > b.weight or a.weight == b.weight and a.token < b.token


cdef void sift(Choice* heap, int n, int at) noexcept nogil:
    """Put ``heap[at]`` where it belongs among what is below it."""
    cdef Choice moving = heap[at]
    cdef int child = 2 * at + 1
    while child < n:
        if child + 1 < n and before(heap[child + 1], heap[child]):
            child += 1
        if before(moving, heap[child]):
            break
        heap[at] = heap[child]
        at, child = child, 2 * child + 1
    heap[at] = moving


cdef double heaviest(Choice* choices, int n, int most, double enough, int* kept) noexcept nogil:
    """Bring the heaviest to the front: ``most`` at most, or until they hold ``enough``.

    Returns what they hold. A heap, since few of many are wanted.
    """
    cdef double mass = 0.0
    cdef Choice top
    cdef int i
    for i in range(n // 2 - 1, -1, -1):
        sift(choices, n, i)
    kept[0] = 0
    while kept[0] < most and mass < enough:
        top = choices[0]
        mass += top.weight
        kept[0] += 1
        choices[0] = choices[n - kept[0]]
        sift(choices, n - kept[0], 0)
        choices[n - kept[0]] = top
    for i in range(min(kept[0], n // 2)):
        choices[i], choices[n - 1 - i] = choices[n - 1 - i], choices[i]
    return mass


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
                    mass += u
                    n += 1
        if 0 < self.top_k < n:
            mass = heaviest(self.choices, n, self.top_k, mass, &n)
        if self.top_p < 1:
            mass = heaviest(self.choices, n, n, self.top_p * mass, &n)
        u = uniform(self.rng_seed, self.sequence, index) * mass
        for chosen in range(n - 1):
            u -= self.choices[chosen].weight
            if u < 0.0:
                return self.choices[chosen].token
        return self.choices[n - 1].token


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
    cdef Mind* minds[MOST_TOGETHER]
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
        minds[s], inputs[s], draws[s] = &one.mind, &last[s], <void*> samplers[s]
        masks[s], outputs[s], last[s] = &allowed[0], &logits[s, 0], token
    cdef const Plan* plan = &one.plan
    with nogil:
        while i < n and drawn >= 0:
            hear_together(plan, count, minds, inputs)
            predict_together(plan, count, minds, masks, outputs)
            for s in range(count):
                last[s] = (<Sampler> draws[s]).draw(&allowed[0], &logits[s, 0], i)
                out[s, i] = last[s]
                drawn = min(drawn, last[s])
            i += 1
    if drawn < 0:
        raise TokenError(f"nothing to draw at index {i - 1}: all {V} logits are NaN")
    return tokens
