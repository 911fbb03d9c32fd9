"""Steppers whose network is on another device: one call there moves all that take a step together.

The grammar, the streams and the sampler are compiled code of this machine. So a step sends the rows
of each input over and brings the logits back; all sequences share the two transfers.
"""

from libc.string cimport memcpy

import numpy as np

from lstm_music.kernels.pool cimport ThreadPool
from lstm_music.kernels.step cimport Stepper, StepWeights
from lstm_music.kernels.stretch cimport Stretch


cdef class DeviceWeights(StepWeights):
    """What stands for ``StepWeights`` where a device computes.

    Parameters
    ----------
    streams : has ``take() -> slot``, ``give_back(slot)``, ``copy(source, target)``,
        ``advance(slots, rows)`` and ``predict(slots) -> logits``, as `lstm_music.nn.device_streams`
        has them.
    n_streams, n_tokens : S and V.
    precision : of the matrices.
    n_threads : that share what is done on this machine for the sequences of a step.
    """

    def __init__(self, streams, int n_streams, int n_tokens, precision, int n_threads=1):
        self.streams, self.precision = streams, precision
        self.n_streams, self.n_tokens = n_streams, n_tokens
        self.pool = ThreadPool(n_threads)
        self.plan.S = n_streams

    def __reduce__(self):
        return DeviceWeights, (
            self.streams, self.n_streams, self.n_tokens, self.precision, self.pool.n_threads,
        )

    def on_threads(self, int n):
        """The same with another number of threads, at least 1."""
        return DeviceWeights(self.streams, self.n_streams, self.n_tokens, self.precision, n)

    def check(self):
        """Raise what the device raised since the last look, where nothing can be raised."""
        fault, self.fault, self.failed = self.fault, None, False
        if fault is not None:
            raise fault

    cdef object _slots(self, int n, void** steppers):
        return [(<DeviceStepper> steppers[i]).slot for i in range(n)]

    cdef void advance_all(self, int n, void** steppers, const int** rows) noexcept with gil:
        """Move on by one input each: rows (S,) of the embedding."""
        cdef int i
        cdef int[:, ::1] to
        if self.failed:
            return
        try:
            inputs = np.empty((n, self.n_streams), np.int32)
            to = inputs
            for i in range(n):
                memcpy(&to[i, 0], rows[i], self.n_streams * sizeof(int))
            self.streams.advance(self._slots(n, steppers), inputs)
        except BaseException as error:
            self.fault, self.failed = error, True

    cdef void predict_all(self, int n, void** steppers, float** logits) noexcept with gil:
        """Logits (V,) of what comes next, for each; NaN once the device has failed."""
        cdef int i
        cdef const float[:, ::1] found = np.full((n, self.n_tokens), np.nan, np.float32)
        if not self.failed:
            try:
                found = self.streams.predict(self._slots(n, steppers))
            except BaseException as error:
                self.fault, self.failed = error, True
        for i in range(n):
            memcpy(logits[i], &found[i, 0], self.n_tokens * sizeof(float))

    cdef void copy_slot(self, int source, int target) noexcept with gil:
        """Let one sequence stand where another stands."""
        try:
            self.streams.copy(source, target)
        except BaseException as error:
            self.fault, self.failed = error, True


cdef class DeviceStepper(Stepper):
    """A stepper with a slot of the device, which it gives back when it is gone."""

    def __init__(self, DeviceWeights weights not None):
        self.slot = -1
        self.weights, self.plan = weights, weights.plan
        self.slot = weights.streams.take()

    def __del__(self):
        if self.slot >= 0:
            (<DeviceWeights> self.weights).streams.give_back(self.slot)

    cdef void advance(self, const int* rows) noexcept nogil:
        cdef void* me = <void*> self
        (<DeviceWeights> self.weights).advance_all(1, &me, &rows)

    cdef void predict(self, const unsigned char* wanted, float* logits) noexcept nogil:
        cdef void* me = <void*> self
        (<DeviceWeights> self.weights).predict_all(1, &me, &logits)

    cdef void copy_state_from(self, Stepper other) noexcept nogil:
        (<DeviceWeights> self.weights).copy_slot((<DeviceStepper> other).slot, self.slot)


cdef class DeviceStretch(Stretch):
    """A stretch of inputs that goes to the device one after the other, and waits for nothing."""

    def __init__(self, DeviceStepper stepper not None):
        self.stepper, self.n = stepper, 0

    cdef void advance(self, const int* rows) noexcept nogil:
        self.stepper.advance(rows)

    cdef void flush(self) noexcept nogil:
        pass


def new_stepper(StepWeights weights not None):
    """A stepper of these weights, where they are."""
    return DeviceStepper(weights) if isinstance(weights, DeviceWeights) else Stepper(weights)


def new_stretch(Stepper stepper not None):
    """A stretch of known inputs for it."""
    if isinstance(stepper, DeviceStepper):
        return DeviceStretch(stepper)
    return Stretch(stepper)


def check_device(StepWeights weights not None):
    """Raise what a device raised while the GIL was not held."""
    if isinstance(weights, DeviceWeights):
        (<DeviceWeights> weights).check()
