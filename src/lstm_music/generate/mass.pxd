# How much probability some tokens hold.

from libc.math cimport exp, log
from libc.stdint cimport uint8_t


cdef inline double log_mass(
    const float* logits, const uint8_t* wanted, int first, int stop
) noexcept nogil:
    """Natural logarithm of the mass of the wanted tokens of [first, stop); -1e300 for none."""
    cdef double top = -1e300, mass = 0.0
    cdef int i
    for i in range(first, stop):
        if wanted[i] and logits[i] > top:
            top = logits[i]
    for i in range(first, stop):
        if wanted[i]:
            mass += exp(logits[i] - top)
    return top + log(mass) if mass > 0 else top


cdef inline double log_share(
    const float* logits, const uint8_t* legal, const uint8_t* allowed, int only, int n
) noexcept nogil:
    """Natural logarithm of the share of n tokens' legal mass that is allowed; ``only``: the one
    token that is, or -1."""
    cdef double whole = log_mass(logits, legal, 0, n)
    if only >= 0:
        return logits[only] - whole
    return min(log_mass(logits, allowed, 0, n) - whole, 0.0)
