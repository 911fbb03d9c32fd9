"""The order of a piece's notes (by onset, track, pitch, duration) and pedal (by onset, track).

A radix sort from the least telling column to the most: stable, linear in the notes, without the
GIL. Files are read at the speed of this sort.
"""

from libc.stdint cimport uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cimport numpy as cnp

import numpy as np

cnp.import_array()

cdef enum:
    # Fewer passes over many notes; less to count where there are few.
    MANY_NOTES = 500
    WIDE_BITS = 11
    NARROW_BITS = 8


cdef inline bint comes_after(const Note* a, const Note* b) noexcept nogil:
    """Whether ``a`` must stand after ``b``."""
    if a.onset != b.onset:
        return a.onset > b.onset
    if a.track != b.track:
        return a.track > b.track
    if a.pitch != b.pitch:
        return a.pitch > b.pitch
    return a.duration > b.duration


cdef bint is_in_order(const Note* notes, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(1, n):
        if comes_after(&notes[i - 1], &notes[i]):
            return False
    return True


cdef uint32_t* sort_by(
    uint32_t* column, uint32_t* order, uint32_t* spare, Py_ssize_t n
) noexcept nogil:
    """Sort ``order`` by what ``column`` says of each entry; returns the array that holds it."""
    cdef uint32_t starts[1 << WIDE_BITS]
    cdef int bits = WIDE_BITS if n > MANY_NOTES else NARROW_BITS
    cdef uint32_t digits = 1 << bits
    cdef uint32_t mask = digits - 1
    cdef uint32_t present = 0
    cdef uint32_t total
    cdef uint32_t count
    cdef uint32_t digit
    cdef int shift = 0
    cdef Py_ssize_t i
    cdef uint32_t j
    for i in range(n):
        present |= column[i]
    while shift < 32 and present >> shift:
        memset(starts, 0, digits * sizeof(uint32_t))
        for i in range(n):
            starts[column[i] >> shift & mask] += 1
        total = 0
        for j in range(digits):
            count = starts[j]
            starts[j] = total
            total += count
        for i in range(n):
            digit = column[order[i]] >> shift & mask
            spare[starts[digit]] = order[i]
            starts[digit] += 1
        order, spare = spare, order
        shift += bits
    return order


cdef void copy_in_order(
    const Note* notes, Note* target, uint32_t* work, Py_ssize_t n
) noexcept nogil:
    """``work`` has room for three columns of ``n``."""
    cdef uint32_t* column = work
    cdef uint32_t* order = work + n
    cdef uint32_t* spare = work + 2 * n
    cdef Py_ssize_t i
    for i in range(n):
        column[i] = notes[i].duration
        order[i] = <uint32_t> i
    order = sort_by(column, order, spare, n)
    spare = work + n if order != work + n else work + 2 * n
    for i in range(n):
        column[i] = <uint32_t> notes[i].track << 8 | notes[i].pitch
    order = sort_by(column, order, spare, n)
    spare = work + n if order != work + n else work + 2 * n
    for i in range(n):
        column[i] = notes[i].onset
    order = sort_by(column, order, spare, n)
    for i in range(n):
        target[i] = notes[order[i]]


cdef const Note* data_of(notes) except? NULL:
    if not isinstance(notes, np.ndarray) or notes.itemsize != sizeof(Note) or notes.ndim != 1:
        raise ValueError("notes must be a (N,) array of NOTE_DTYPE")
    if not notes.flags.c_contiguous:
        raise ValueError("notes must be contiguous")
    return <const Note*> cnp.PyArray_DATA(notes)


def in_order(notes not None):
    """A copy of the notes, sorted by (onset, track, pitch, duration); equal ones keep their order.

    Parameters
    ----------
    notes : (N,) NOTE_DTYPE, C-contiguous; no onset or duration below 0.

    Returns
    -------
    ndarray
        (N,) NOTE_DTYPE.
    """
    cdef const Note* source = data_of(notes)
    cdef Py_ssize_t n = len(notes)
    if n >= 2**31:
        raise ValueError(f"at most {2**31 - 1} notes, got {n}")
    result = np.empty(n, notes.dtype)
    cdef Note* target = <Note*> cnp.PyArray_DATA(result)
    cdef uint32_t* work = NULL
    if is_in_order(source, n):
        memcpy(target, source, n * sizeof(Note))
        return result
    work = <uint32_t*> malloc(3 * n * sizeof(uint32_t))
    if work == NULL:
        raise MemoryError
    with nogil:
        copy_in_order(source, target, work, n)
    free(work)
    return result


cdef void copy_pedal_in_order(
    const Pedal* pedal, Pedal* target, uint32_t* work, Py_ssize_t n
) noexcept nogil:
    """``work`` has room for three columns of ``n``."""
    cdef uint32_t* column = work
    cdef uint32_t* order = work + n
    cdef uint32_t* spare
    cdef Py_ssize_t i
    for i in range(n):
        column[i] = pedal[i].track
        order[i] = <uint32_t> i
    order = sort_by(column, order, work + 2 * n, n)
    spare = work + n if order != work + n else work + 2 * n
    for i in range(n):
        column[i] = <uint32_t> pedal[i].onset ^ (<uint32_t> 1 << 31)  # below 0 comes first
    order = sort_by(column, order, spare, n)
    for i in range(n):
        target[i] = pedal[order[i]]


def pedal_in_order(pedal not None):
    """A copy of the pedal changes, sorted by (onset, track); equal ones keep their order.

    Parameters
    ----------
    pedal : (P,) PEDAL_DTYPE, C-contiguous.

    Returns
    -------
    ndarray
        (P,) PEDAL_DTYPE.
    """
    if pedal.itemsize != sizeof(Pedal) or pedal.ndim != 1 or not pedal.flags.c_contiguous:
        raise ValueError("pedal must be a contiguous (P,) array of PEDAL_DTYPE")
    cdef Py_ssize_t n = len(pedal)
    result = np.empty(n, pedal.dtype)
    if n == 0:
        return result
    cdef uint32_t* work = <uint32_t*> malloc(3 * n * sizeof(uint32_t))
    if work == NULL:
        raise MemoryError
    cdef const Pedal* source = <const Pedal*> cnp.PyArray_DATA(pedal)
    cdef Pedal* target = <Pedal*> cnp.PyArray_DATA(result)
    with nogil:
        copy_pedal_in_order(source, target, work, n)
    free(work)
    return result


def extremes(notes not None):
    """The lowest onset, the shortest duration, the highest track and the last end.

    Parameters
    ----------
    notes : (N,) NOTE_DTYPE, C-contiguous.

    Returns
    -------
    tuple of int
        (0, 1, -1, 0) without notes.
    """
    cdef const Note* note = data_of(notes)
    cdef Py_ssize_t n = len(notes)
    cdef Py_ssize_t i
    cdef long long end = 0
    cdef int onset = 0
    cdef int duration = 1
    cdef int track = -1
    for i in range(n):
        onset = min(onset, note[i].onset)
        duration = min(duration, note[i].duration)
        track = max(track, note[i].track)
        end = max(end, <long long> note[i].onset + note[i].duration)
    return onset, duration, track, end


def most_at_once(notes not None):
    """How many notes begin at the fullest step.

    Parameters
    ----------
    notes : (N,) NOTE_DTYPE, C-contiguous, in order.
    """
    cdef const Note* note = data_of(notes)
    cdef Py_ssize_t n = len(notes)
    cdef Py_ssize_t i
    cdef Py_ssize_t most = min(n, 1)
    cdef Py_ssize_t at_once = most
    for i in range(1, n):
        at_once = at_once + 1 if note[i].onset == note[i - 1].onset else 1
        most = max(most, at_once)
    return most


def tracks_on_keys(
    notes not None, tracks, const unsigned char[::1] keys, double share, int step
):
    """Which of some tracks have so many of their notes on certain keys.

    Parameters
    ----------
    notes : (N,) NOTE_DTYPE, C-contiguous.
    tracks : numbers of tracks.
    keys : (256,) uint8, 1 for these keys, 0 for the others.
    share : of the notes of a track, 0..1.
    step : only every such note is looked at, 1 or more.

    Returns
    -------
    list of int
        Of those tracks that have a note among these.
    """
    cdef const Note* note = data_of(notes)
    cdef Py_ssize_t n = len(notes)
    cdef Py_ssize_t i = 0
    if len(keys) != 256 or step < 1:
        raise ValueError(f"keys must be (256,) and step 1 or more, got ({len(keys)},) and {step}")
    cdef int n_tracks = max(tracks, default=-1) + 1
    counts = np.zeros((2, n_tracks), np.int64)
    cdef long long* count = <long long*> cnp.PyArray_DATA(counts)
    while i < n:
        if note[i].track < n_tracks:
            count[note[i].track] += 1
            count[n_tracks + note[i].track] += keys[note[i].pitch]
        i += step
    all_, on_keys = counts.tolist()
    return [t for t in tracks if all_[t] and on_keys[t] >= share * all_[t]]
