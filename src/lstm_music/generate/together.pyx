"""Several sequences at once: what each may write next is chosen, the network is asked about all of
them, then each goes on. The GIL is held only while a device computes. Then the sequences are so
many that threads share what is done here for each of them.
"""

from libc.stdint cimport uint8_t

import numpy as np

from lstm_music.generate.loop cimport FULL, RUNNING, STUCK, Generator
from lstm_music.kernels.device_step cimport DeviceWeights
from lstm_music.kernels.pool cimport lm_part, lm_pool, lm_pool_run
from lstm_music.kernels.step cimport (
    MOST_TOGETHER, Plan, Stepper, StepState, advance_together, predict_together,
)

from lstm_music.errors import ConfigError, TokenError
from lstm_music.kernels.device_step import check_device

MOST_ON_DEVICE = 1024


cdef struct Group:
    lm_pool* threads    # they share the generators; NULL: the caller has them all
    int n               # who runs
    void** who          # Generators
    int asked           # how many of them need logits
    void** steppers     # of those that need logits, or that move on
    const uint8_t** masks
    float** logits
    const int** rows


def most_together(weights):
    """How many generators of these weights run together."""
    return MOST_ON_DEVICE if isinstance(weights, DeviceWeights) else MOST_TOGETHER


def run_together(generators, int max_notes=-1):
    """``Generator.run`` for several of the same weights, which are read once for all of them.

    Each gets the tokens that it would get alone.

    Parameters
    ----------
    generators : 1..``most_together``, none twice, each with its own task.
    max_notes : as there, the same for all.

    Raises
    ------
    TokenError : a sequence outgrew its capacity.
    ConfigError : too many or none, one twice, or other weights.
    BackendError : the device that computes failed.
    """
    cdef Generator one
    cdef Group group
    cdef DeviceWeights device = None
    cdef int i, n = len(generators)
    found = {(<Generator> generator).stepper.weights for generator in generators}
    most = most_together(next(iter(found), None))
    if not 1 <= n <= most or len(found) != 1 or len(set(generators)) < n:
        raise ConfigError(f"1 to {most} generators of the same weights run together")
    (weights,) = found
    group.threads = NULL
    if isinstance(weights, DeviceWeights):
        device = weights
        group.threads = device.pool.threads
    cdef size_t[:, ::1] room = np.zeros((5, n), np.uintp)
    group.n, group.who, group.steppers = n, <void**> &room[0, 0], <void**> &room[1, 0]
    group.masks, group.logits = <const uint8_t**> &room[2, 0], <float**> &room[3, 0]
    group.rows = <const int**> &room[4, 0]
    for i in range(n):
        one = generators[i]
        one.stop_notes = one.automaton.n_notes + max_notes if max_notes >= 0 else -1
        group.who[i] = <void*> one
    with nogil:
        _run(&one.stepper.plan, device, &group)
    check_device(weights)
    for one in generators:
        if one.status == STUCK:
            raise TokenError(
                f"nothing may stand at step {one.automaton.onset_steps} before given event "
                f"{one.task.event} of {one.task.given.n}; this is a fault of the rules"
            )
        if one.status == FULL:
            raise TokenError(
                f"the music outgrew {one._tokens.shape[0]} tokens before step "
                f"{one.task.rules.end_steps}; ask for fewer bars"
            )


cdef void _run(const Plan* plan, DeviceWeights device, Group* g) noexcept nogil:
    """Until none is running, or each that is is to pause, or the device has failed."""
    while _choose(g):
        if g.asked:
            _predict(plan, device, g)
        if device is not None and device.failed:
            return
        if _extend(g):
            _advance(plan, device, g)


cdef void _each(Group* g, lm_part part) noexcept nogil:
    """Call ``part`` for ranges of who runs; no generator is in two of them."""
    if g.threads == NULL:
        part(g, 0, 0, g.n)
    else:
        lm_pool_run(g.threads, g.n, part, g)


cdef int _choose(Group* g) noexcept nogil:
    """Leave out who is to pause, and find what the others may write; how many they are."""
    cdef int i, left = 0
    g.asked = 0
    for i in range(g.n):
        if not (<Generator> g.who[i])._is_to_pause():
            g.who[left] = g.who[i]
            left += 1
    g.n = left
    _each(g, _choose_some)
    for i in range(g.n):
        if (<Generator> g.who[i]).task.only < 0 or (<Generator> g.who[i]).weigh:
            g.steppers[g.asked] = <void*> (<Generator> g.who[i]).stepper
            g.masks[g.asked] = (<Generator> g.who[i])._wanted()
            g.logits[g.asked] = &(<Generator> g.who[i])._logits[0]
            g.asked += 1
    return g.n


cdef void _choose_some(void* group, int _, Py_ssize_t first, Py_ssize_t stop) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(first, stop):
        (<Generator> (<Group*> group).who[i]).task.choose()


cdef int _extend(Group* g) noexcept nogil:
    """A token more for each; how many go on."""
    cdef int i, left = 0
    _each(g, _extend_some)
    for i in range(g.n):
        if (<Generator> g.who[i]).status == RUNNING:
            g.who[left] = g.who[i]
            g.steppers[left] = <void*> (<Generator> g.who[i]).stepper
            g.rows[left] = &(<Generator> g.who[i])._rows[0]
            left += 1
    g.n = left
    return left


cdef void _extend_some(void* group, int _, Py_ssize_t first, Py_ssize_t stop) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(first, stop):
        (<Generator> (<Group*> group).who[i])._extend()


cdef void _predict(const Plan* plan, DeviceWeights device, Group* g) noexcept nogil:
    cdef StepState* seqs[MOST_TOGETHER]
    if device is not None:
        device.predict_all(g.asked, g.steppers, g.logits)
        return
    _states(g.asked, g.steppers, seqs)
    predict_together(plan, g.asked, seqs, g.masks, g.logits)


cdef void _advance(const Plan* plan, DeviceWeights device, Group* g) noexcept nogil:
    cdef StepState* seqs[MOST_TOGETHER]
    if device is not None:
        device.advance_all(g.n, g.steppers, g.rows)
        return
    _states(g.n, g.steppers, seqs)
    advance_together(plan, g.n, seqs, g.rows)


cdef inline void _states(int n, void** steppers, StepState** seqs) noexcept nogil:
    cdef int i
    for i in range(n):
        seqs[i] = &(<Stepper> steppers[i]).seq
