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
