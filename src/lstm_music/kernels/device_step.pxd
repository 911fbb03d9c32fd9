# Steppers whose network is on another device: one call there moves all that take a step together.

from lstm_music.kernels.pool cimport ThreadPool
from lstm_music.kernels.step cimport Stepper, StepWeights
from lstm_music.kernels.stretch cimport Stretch


cdef class DeviceWeights(StepWeights):
    cdef readonly object streams
    cdef readonly int n_streams
    cdef readonly int n_tokens
    cdef readonly ThreadPool pool
    cdef object fault              # what the device raised; None: nothing
    cdef bint failed

    # ``steppers`` are Steppers of these weights.
    cdef void advance_all(self, int n, void** steppers, const int** rows) noexcept with gil
    cdef void predict_all(self, int n, void** steppers, float** logits) noexcept with gil
    cdef void copy_slot(self, int source, int target) noexcept with gil
    cdef object _slots(self, int n, void** steppers)


cdef class DeviceStepper(Stepper):
    cdef readonly int slot


cdef class DeviceStretch(Stretch):
    pass
