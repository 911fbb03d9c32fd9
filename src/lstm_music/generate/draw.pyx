"""One token out of a distribution: temperature, top-k, top-p, min-p, and a random number.

References
----------
Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3 (Philox4x32-10).
Holtzman et al. (2020), The curious case of neural text degeneration (top-p).
"""

from libc.math cimport exp
from libc.stdint cimport uint8_t, uint32_t, uint64_t

import numpy as np

cdef double LEAST = 1e-9  # of the best: below it a token changes nothing but the time


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
    """Bring the heaviest to the end, heaviest last: ``most`` at most, or until ``enough`` in sum.

    Returns their sum; a heap, since few of many are wanted.
    """
    cdef double mass = 0.0
    cdef Choice top
    cdef int at
    for at in range(n // 2 - 1, -1, -1):
        sift(choices, n, at)
    kept[0] = 0
    while kept[0] < most and mass < enough:
        top = choices[0]
        mass += top.weight
        kept[0] += 1
        choices[0] = choices[n - kept[0]]
        sift(choices, n - kept[0], 0)
        choices[n - kept[0]] = top
    return mass


cdef int draw(
    int V, const float* logits, const uint8_t* mask, const Shape* shape, double u, Choice* choices,
) noexcept nogil:
    """A token that the mask allows; -1 if there is none.

    logits, mask (V,); u in [0, 1); choices (V,) scratch.
    """
    cdef int i, n = 0, kept
    cdef double top = -1e300, total = 0.0, weight
    for i in range(V):
        if mask[i] and logits[i] > top:
            top = logits[i]
    if top == -1e300:
        return -1
    for i in range(V):
        if mask[i]:
            weight = exp((logits[i] - top) / shape.temperature)
            if weight >= LEAST and weight >= shape.min_p:
                choices[n].weight, choices[n].token = weight, i
                total += weight
                n += 1
    if 0 < shape.top_k < n:
        total = heaviest(choices, n, shape.top_k, total, &kept)
        choices, n = choices + n - kept, kept
    u *= heaviest(choices, n, n, shape.top_p * total, &kept)
    for i in range(n - 1, n - kept, -1):
        u -= choices[i].weight
        if u < 0.0:
            return choices[i].token
    return choices[n - kept].token


def philox_uniform(uint64_t key, uint64_t sequence, uint64_t index):
    """The number in [0, 1) that decides token ``index`` of ``sequence`` under ``key``."""
    return uniform(key, sequence, index)


def draw_py(const float[::1] logits, const uint8_t[::1] mask, sampling, double u):
    """``draw`` for Python: what the generation loop chooses.

    Parameters
    ----------
    logits : (V,) float32.
    mask : (V,) uint8, not 0 where a token is allowed.
    sampling : temperature > 0, top_k >= 0 (0: all), 0 < top_p <= 1, 0 <= min_p < 1.
    u : in [0, 1).

    Returns
    -------
    int : the token; -1 if none is allowed.
    """
    cdef Shape shape
    shape.temperature, shape.top_k = sampling.temperature, sampling.top_k
    shape.top_p, shape.min_p = sampling.top_p, sampling.min_p
    cdef uint8_t[::1] room = np.empty(logits.shape[0] * sizeof(Choice), np.uint8)
    return draw(logits.shape[0], &logits[0], &mask[0], &shape, u, <Choice*> &room[0])
