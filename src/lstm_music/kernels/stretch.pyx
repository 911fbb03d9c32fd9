"""Many tokens of one sequence, all known beforehand: layer by layer instead of token by token.

A step reads the weights of every layer, more than the nearer cache holds. Here a layer goes through
a stretch of tokens before the next one begins: its recurrent weights stay near, and its input
weights are read once for several tokens. Each sum is the chain of additions that it is in
``advance_together``, so the state is the same, bit for bit.
"""

from libc.string cimport memcpy

import numpy as np

from lstm_music.kernels.layers_api cimport lm_vector
from lstm_music.kernels.step cimport MOST_TOGETHER, StepState, Place, Plan, Stepper, add, recur

from lstm_music.kernels.step import check_rows


cdef class Stretch:
    """Inputs that a stepper is to move on by; it does when they are many, or at a flush.

    Parameters
    ----------
    stepper : stands before them until then.
    """

    def __init__(self, Stepper stepper not None):
        cdef Plan* m = &stepper.plan
        self.stepper, self.n = stepper, 0
        self.rows = np.zeros((MOST_IN_A_STRETCH, m.S), np.intc)
        self.wx = np.zeros((MOST_IN_A_STRETCH, m.Gw), np.float32)
        self.below = np.zeros((MOST_IN_A_STRETCH, max(m.D, m.H)), np.float32)
        self.above = np.zeros((MOST_IN_A_STRETCH, max(m.D, m.H)), np.float32)

    cdef void advance(self, const int* rows) noexcept nogil:
        """One more input: rows (S,) of the embedding."""
        memcpy(&self.rows[self.n, 0], rows, self.stepper.plan.S * sizeof(int))
        self.n += 1
        if self.n == MOST_IN_A_STRETCH:
            self.flush()

    cdef void flush(self) noexcept nogil:
        """Move the stepper on by all that waits."""
        cdef Plan* m = &self.stepper.plan
        cdef StepState* seq = &self.stepper.seq
        cdef int layer
        if self.n == 0:
            return
        for layer in range(m.n_layers):
            self._inputs(layer)
            self._steps(layer)
        if self.n % 2:
            seq.now, seq.next = seq.next, seq.now
        if m.residual_from < m.n_layers:
            memcpy(seq.now + m.sums, &self.below[self.n - 1, 0], m.H * sizeof(float))
        self.n = 0

    cdef void _inputs(self, int layer) noexcept nogil:
        """W times the layer's inputs, and its bias: into ``wx``."""
        cdef const Plan* m = &self.stepper.plan
        cdef const Place* at = m.places + layer
        cdef const Place* table = m.places + m.n_layers + 1
        cdef const float* E = <const float*> (m.pool + table.W)
        cdef const float* b = <const float*> (m.pool + at.b)
        cdef lm_vector v[MOST_TOGETHER]
        cdef int first = 0, i, t
        if layer == 0 and m.by_table:
            m.layers.f32.embed_forward(self.n, m.S, m.Gw, E, &self.rows[0, 0], b, &self.wx[0, 0])
            return
        if layer == 0:
            for t in range(self.n):
                m.layers.f32.embed_forward(
                    1, m.S, m.D, E, &self.rows[t, 0], NULL, &self.below[t, 0]
                )
        while first < self.n:
            i = 0
            while i < MOST_TOGETHER and first + i < self.n:
                v[i].x, v[i].init, v[i].y = &self.below[first + i, 0], b, &self.wx[first + i, 0]
                i += 1
            m.matvec.run(i, m.Gw, m.D if layer == 0 else m.H, m.pool + at.W, v)
            first += i

    cdef void _steps(self, int layer) noexcept nogil:
        """The layer's steps, one after the other; what it gives the next one: into ``below``."""
        cdef const Plan* m = &self.stepper.plan
        cdef const Place* at = m.places + layer
        cdef Py_ssize_t here = layer * m.states * m.H, s, state
        cdef StepState seq = self.stepper.seq  # its pointers; what they point to is the stepper's
        cdef StepState* one = &seq
        cdef int t
        for t in range(self.n):
            seq.wx = &self.wx[t, 0]
            recur(m, 1, &one, here, m.pool + at.U)
            m.cell.f32.forward(m.H, m.H, seq.wx, NULL if m.sums_early else seq.uh,
                               seq.now + here, <const float*> (m.pool + at.p), seq.next + here,
                               seq.cache)
            if m.zone != NULL:
                for s in range(m.states):
                    state = here + s * m.H
                    m.layers.f32.zone_forward(m.H, m.zone + s, 0, seq.now + state,
                                              seq.next + state, seq.next + state)
            if layer >= m.residual_from:
                add(m.H, &self.below[t, 0], seq.next + here, &self.above[t, 0])
            else:
                memcpy(&self.above[t, 0], seq.next + here, m.H * sizeof(float))
            seq.now, seq.next = seq.next, seq.now
        self.below, self.above = self.above, self.below

    def hear_py(self, rows):
        """``advance`` and ``flush`` for Python.

        Parameters
        ----------
        rows : (N, S) int32, 0..R-1: one or more inputs, in order.

        Raises
        ------
        ShapeError : another shape or dtype, or a row outside the table.
        """
        cdef int t
        shape = (len(rows), self.stepper.plan.S)
        cdef const int[:, ::1] inputs = check_rows(rows, shape, self.stepper.weights.n_rows)
        with nogil:
            for t in range(inputs.shape[0]):
                self.advance(&inputs[t, 0])
            self.flush()
