"""Tokens with weights to choose from, and what the filters keep of them. Nothing needs the GIL."""

from libc.math cimport fabs, log
from libc.stdint cimport int32_t

cdef struct Choice:
    double weight
    int32_t token


cdef inline bint before(Choice a, Choice b) noexcept nogil:
    """Heavier first; equal weights by token, so that the order is one."""
    return a.weight > b.weight or a.weight == b.weight and a.token < b.token


cdef inline void sift(Choice* heap, int n, int at) noexcept nogil:
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


cdef inline void heapify(Choice* choices, int n) noexcept nogil:
    """Make a heap, the heaviest first; few of many are wanted, so sorting all would be waste."""
    cdef int i
    for i in range(n // 2 - 1, -1, -1):
        sift(choices, n, i)


cdef inline Choice pop(Choice* heap, int n) noexcept nogil:
    """Move the heaviest to ``heap[n - 1]``; the n - 1 before it are a heap again."""
    cdef Choice top = heap[0]
    heap[0] = heap[n - 1]
    sift(heap, n - 1, 0)
    heap[n - 1] = top
    return top


cdef inline double heaviest(Choice* choices, int n, int most, double enough, int* kept) \
        noexcept nogil:
    """Bring the heaviest to the front: ``most`` at most, or until they hold ``enough``.

    Returns what they hold.
    """
    cdef double mass = 0.0
    cdef int i
    heapify(choices, n)
    kept[0] = 0
    while kept[0] < most and mass < enough:
        mass += pop(choices, n - kept[0]).weight
        kept[0] += 1
    for i in range(min(kept[0], n // 2)):
        choices[i], choices[n - 1 - i] = choices[n - 1 - i], choices[i]
    return mass


cdef inline double most_typical(
    Choice* choices, int n, double mass, double share, Choice* room, int* kept
) noexcept nogil:
    """Bring those to the front whose information is nearest to the entropy.

    As many as hold ``share`` of ``mass``, at least one. Returns what they hold.

    Parameters
    ----------
    room : n more choices, overwritten.
    """
    cdef double entropy = 0.0, held = 0.0
    cdef int i
    for i in range(n):
        entropy -= choices[i].weight / mass * log(choices[i].weight / mass)
    for i in range(n):
        room[i].weight = -fabs(log(choices[i].weight / mass) + entropy)
        room[i].token = i  # its place, for as long as the order is made
    heapify(room, n)
    kept[0] = 0
    while kept[0] < n and (kept[0] == 0 or held < share * mass):
        held += choices[pop(room, n - kept[0]).token].weight
        kept[0] += 1
    for i in range(n - kept[0], n):
        room[i] = choices[room[i].token]
    for i in range(kept[0]):
        choices[i] = room[n - 1 - i]
    return held


cdef inline double without_likeliest(
    Choice* choices, int n, double mass, double share, int* kept
) noexcept nogil:
    """Keep all but the heaviest that together hold at most ``share`` of ``mass``; one at least.

    Returns what is kept.
    """
    cdef double dropped = 0.0
    heapify(choices, n)
    kept[0] = n
    while kept[0] > 1 and dropped + choices[0].weight <= share * mass:
        dropped += pop(choices, kept[0]).weight
        kept[0] -= 1
    return mass - dropped
