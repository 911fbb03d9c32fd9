"""The path of least cost through states in time (Viterbi 1967), without the GIL."""

from libc.stdint cimport int64_t, uint8_t

import numpy as np


cdef void walk(
    const double[:, ::1] evidence,
    const double[:, ::1] table,
    const double[::1] change,
    double[::1] reach,
    uint8_t[:, ::1] changed,
    int64_t[::1] path,
) noexcept nogil:
    """``reach`` (states,) is work space; ``path`` first holds the cheapest state of each slot."""
    cdef Py_ssize_t slots = evidence.shape[0], states = table.shape[1], t, s, k
    cdef double arrive = 0.0, weight
    for t in range(slots):
        for s in range(states):
            if t > 0:
                changed[t, s] = reach[s] > arrive
                if changed[t, s]:
                    reach[s] = arrive
        for k in range(table.shape[0]):
            weight = evidence[t, k]
            if weight != 0.0:
                for s in range(states):
                    reach[s] += weight * table[k, s]
        path[t] = 0
        for s in range(1, states):
            if reach[s] < reach[path[t]]:
                path[t] = s
        if t + 1 < slots:
            arrive = reach[path[t]] + change[t + 1]
    for t in range(slots - 2, -1, -1):
        if not changed[t + 1, path[t + 1]]:
            path[t] = path[t + 1]


def cheapest_path(
    const double[:, ::1] evidence not None,
    const double[:, ::1] table not None,
    const double[::1] change not None,
):
    """The state of each slot on the path of least cost.

    Of equal paths the one that ends in the lowest state; before that, one that stays where it is
    rather than change, and changes from the lowest state that it can.

    Exact, and so the same on every machine, if all that it is given are whole numbers and no sum
    of them passes 2**53.

    Parameters
    ----------
    evidence : (slots, kinds) float64, finite: what is seen in each slot. A state costs there
        ``evidence @ table``.
    table : (kinds, states) float64, finite, at least one state.
    change : (slots,) float64: what it costs to be in another state than in the slot before; the
        first is not used.

    Returns
    -------
    ndarray
        (slots,) int64.

    Raises
    ------
    ValueError : the sizes do not agree.

    Examples
    --------
    >>> evidence, table = np.array([[1.0, 0.0], [0.0, 3.0], [1.0, 0.0]]), 1.0 - np.eye(2)
    >>> cheapest_path(evidence, table, np.full(3, 0.5)).tolist()
    [0, 1, 0]
    >>> cheapest_path(evidence, table, np.full(3, 2.0)).tolist()
    [1, 1, 1]
    """
    cdef Py_ssize_t slots = evidence.shape[0], states = table.shape[1]
    if change.shape[0] != slots or table.shape[0] != evidence.shape[1] or states < 1:
        raise ValueError(
            "evidence (slots, kinds), table (kinds, states) and change (slots,) are needed, got "
            f"{slots} by {evidence.shape[1]}, {table.shape[0]} by {states} and {change.shape[0]}"
        )
    path = np.empty(slots, np.int64)
    reach, changed = np.zeros(states), np.empty((slots, states), np.uint8)
    cdef int64_t[::1] path_view = path
    cdef double[::1] reach_view = reach
    cdef uint8_t[:, ::1] changed_view = changed
    with nogil:
        walk(evidence, table, change, reach_view, changed_view, path_view)
    return path
