"""Zoneout of all states of one batch row, as the loops over time call it."""

from libc.stdint cimport uint64_t

from lstm_music.kernels.c_api cimport real
from lstm_music.kernels.layers_api cimport lm_layers, lm_zone

cdef enum:
    MOST_STATES = 8


cdef struct Zones:
    const lm_layers* layers
    int states
    lm_zone of_state[MOST_STATES]


cdef class Zoneout:
    cdef Zones zones


cdef inline void zone_forward(
    const Zones* zones, Py_ssize_t t, Py_ssize_t b, Py_ssize_t B, Py_ssize_t H, const real* s_prev,
    const real* s_next, real* s,
) noexcept nogil:
    """What batch row b of B keeps at step t: s from s_prev and s_next, states B H apart."""
    cdef Py_ssize_t stride = B * H
    cdef uint64_t row
    cdef int i
    for i in range(zones.states):
        row = (t * zones.states + i) * B + b
        if real is float:
            zones.layers.f32.zone_forward(
                H, zones.of_state + i, row, s_prev + i * stride, s_next + i * stride,
                s + i * stride)
        else:
            zones.layers.f64.zone_forward(
                H, zones.of_state + i, row, s_prev + i * stride, s_next + i * stride,
                s + i * stride)


cdef inline void zone_backward(
    const Zones* zones, Py_ssize_t t, Py_ssize_t b, Py_ssize_t B, Py_ssize_t H, real* ds,
    real* held,
) noexcept nogil:
    """Part ds, states B H apart, in what goes to the row functions and what to the old state."""
    cdef Py_ssize_t stride = B * H
    cdef uint64_t row
    cdef int i
    for i in range(zones.states):
        row = (t * zones.states + i) * B + b
        if real is float:
            zones.layers.f32.zone_backward(
                H, zones.of_state + i, row, ds + i * stride, held + i * stride)
        else:
            zones.layers.f64.zone_backward(
                H, zones.of_state + i, row, ds + i * stride, held + i * stride)
