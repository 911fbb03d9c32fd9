"""Notes in ticks to notes on the grid, each with its instrument, in one pass."""

from libc.math cimport floor
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

cimport numpy as cnp
from lstm_music.midi.found cimport CHANNELS, IS_DRUM, PORTS, Mark
from lstm_music.midi.found cimport Note as RawNote
from lstm_music.music.order cimport Note, Pedal

import numpy as np

from lstm_music.errors import MidiError
from lstm_music.midi.raw import MARK_DTYPE, RAW_NOTE_DTYPE
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.original import Instrument
from lstm_music.music.piece import NOTE_DTYPE, PEDAL_DTYPE, TIMING_PER_STEP

cnp.import_array()

cdef enum:
    PROGRAMS = 128
    SOUNDS = 16 * 2 * PROGRAMS
    PEDAL_DOWN_FROM = 64

cdef long long STEPS = STEPS_PER_QUARTER
cdef long long FINE_PER_STEP = TIMING_PER_STEP
MAX_TRACKS = 2**16 - 1  # as a note's track is kept in 16 bits

cdef struct Grid:
    double ticks  # that last ...
    double quarters  # ... so many quarter notes
    double steps_per_quarter


cdef inline long long nearest(const Grid* grid, double per_quarter, int ticks) noexcept nogil:
    """The nearest of the points, ``per_quarter`` of them to a quarter note; halves go up.

    Exact although in floating point: the dividend is a whole number below 2**53, so that a
    quotient below a whole number is never rounded up to it.
    """
    cdef double doubled = 2 * per_quarter * grid.quarters * ticks
    return <long long> floor((doubled + grid.ticks) / (2 * grid.ticks))


cdef struct Heard:
    # Of each channel, drum part or not, and program of one port: the track chunk it was last
    # heard in, from 1, and its track.
    int heard_in[SOUNDS]
    int track[SOUNDS]


cdef struct Instruments:
    Heard* ports[PORTS]  # NULL until heard
    # Of each track, its first note.
    int* first_note
    int n
    int most


cdef enum:
    TOO_MANY = -1
    NO_MEMORY = -2


cdef inline int track_of(Instruments* found, const RawNote* note, int i) noexcept nogil:
    """The track of note ``i``: a new one for a new instrument; TOO_MANY past the limit."""
    cdef int slot = (note.channel * 2 + (note.flags & IS_DRUM)) * PROGRAMS + note.program
    cdef Heard* heard = found.ports[note.port]
    if heard == NULL:
        heard = <Heard*> calloc(1, sizeof(Heard))
        if heard == NULL:
            return NO_MEMORY
        found.ports[note.port] = heard
    if heard.heard_in[slot] != note.mtrk + 1:
        if found.n == found.most:
            return TOO_MANY
        heard.heard_in[slot] = note.mtrk + 1
        heard.track[slot] = found.n
        found.first_note[found.n] = i
        found.n += 1
    return heard.track[slot]


cdef inline bint is_same(const RawNote* a, const RawNote* b) noexcept nogil:
    """Whether two notes are of one instrument, as most neighbours are."""
    return (
        a.mtrk == b.mtrk and a.channel == b.channel and a.program == b.program
        and a.port == b.port and (a.flags & IS_DRUM) == (b.flags & IS_DRUM)
    )


cdef double place(
    const RawNote* raw, Note* notes, Py_ssize_t n, const Grid* grid, Instruments* found
) noexcept nogil:
    """Fill ``notes``; the largest distance from the grid in steps, or what went wrong."""
    cdef double off
    cdef double furthest = 0
    cdef double scaled = grid.steps_per_quarter * grid.quarters  # steps that grid.ticks last
    cdef Py_ssize_t i
    cdef int onset
    cdef int end
    cdef int track = 0
    for i in range(n):
        if i == 0 or not is_same(&raw[i], &raw[i - 1]):
            track = track_of(found, &raw[i], <int> i)
            if track < 0:
                return track
        onset = <int> nearest(grid, grid.steps_per_quarter, raw[i].onset)
        end = <int> nearest(grid, grid.steps_per_quarter, raw[i].end)
        notes[i].onset = onset
        notes[i].duration = end - onset if end > onset else 1
        notes[i].pitch = raw[i].pitch
        notes[i].velocity = raw[i].velocity
        notes[i].track = <unsigned short> track
        notes[i].timing = <signed char> (
            nearest(grid, FINE_PER_STEP * grid.steps_per_quarter, raw[i].onset)
            - FINE_PER_STEP * onset
        )
        off = raw[i].onset * scaled - onset * grid.ticks  # exact, as in nearest()
        off = off if off > 0 else -off
        if off > furthest:
            furthest = off
    return furthest / grid.ticks


def to_grid(raw not None, long long ticks, long long quarters, int max_tracks):
    """Round notes to the grid and give each its track.

    An instrument, and so a track, is one (track chunk, port, channel, program, drums or not) that
    has notes.

    Parameters
    ----------
    raw : (N,) RAW_NOTE_DTYPE, C-contiguous.
    ticks, quarters : so many ticks last so many quarter notes.
    max_tracks : of instruments.

    Returns
    -------
    notes : (N,) NOTE_DTYPE in the order given. Onset and end go to the nearest step each, halves
        up, and a note lasts at least one; ``timing_96ths`` (-2..2) is what the onset lost.
    instruments : list of Instrument, one a track, in order of appearance; their bank is 0 here.
    max_error_steps : largest distance of an onset from its step.

    Raises
    ------
    MidiError : there are more instruments than ``max_tracks``.
    """
    if raw.dtype != RAW_NOTE_DTYPE or not raw.flags.c_contiguous:
        raise ValueError("raw must be a contiguous array of RAW_NOTE_DTYPE")
    cdef Py_ssize_t n = len(raw)
    notes = np.empty(n, NOTE_DTYPE)
    cdef const RawNote* source = <const RawNote*> cnp.PyArray_DATA(raw)
    cdef Note* target = <Note*> cnp.PyArray_DATA(notes)
    cdef Grid grid
    grid.ticks, grid.quarters, grid.steps_per_quarter = ticks, quarters, STEPS
    cdef Instruments found
    memset(&found, 0, sizeof(Instruments))
    found.most = min(max_tracks, MAX_TRACKS)
    found.first_note = <int*> malloc((found.most + 1) * sizeof(int))
    if found.first_note == NULL:
        raise MemoryError
    cdef double furthest
    cdef int i
    try:
        with nogil:
            furthest = place(source, target, n, &grid, &found)
        if furthest == NO_MEMORY:
            raise MemoryError
        if furthest < 0:
            raise MidiError(f"the file holds more than {found.most} instruments")
        instruments = []
        for i in range(found.n):
            note = source[found.first_note[i]]
            instruments.append(
                Instrument(
                    note.mtrk, note.channel, note.program, note.port, 0, (note.flags & IS_DRUM) != 0
                )
            )
        return notes, instruments, furthest
    finally:
        free(found.first_note)
        for i in range(PORTS):
            free(found.ports[i])


cdef Py_ssize_t place_pedal(
    const Mark* marks, Py_ssize_t n_marks, const int* first, const int* next_track,
    const Grid* grid, Pedal* pedal, Py_ssize_t most
) noexcept nogil:
    """How many changes there are; written only where ``pedal`` is there; -1 past ``most``.

    ``first`` has the first track of each port and channel, or -1, and ``next_track`` the next of
    the same.
    """
    cdef int track
    cdef Py_ssize_t found = 0
    cdef Py_ssize_t i
    for i in range(n_marks):
        track = first[marks[i].port * CHANNELS + marks[i].channel]
        while track >= 0:
            if found == most:
                return -1
            if pedal != NULL:
                pedal[found].onset = <int> nearest(grid, grid.steps_per_quarter, marks[i].ticks)
                pedal[found].track = <unsigned short> track
                pedal[found].down = marks[i].value >= PEDAL_DOWN_FROM
            found += 1
            track = next_track[track]
    return found


def pedal_to_grid(marks not None, instruments, long long ticks, long long quarters, int most):
    """Put pedal changes on the grid: each once for every track of its port and channel.

    Parameters
    ----------
    marks : (P,) MARK_DTYPE of MARK_PEDAL, C-contiguous.
    instruments : as from ``to_grid``.
    ticks, quarters : so many ticks last so many quarter notes.
    most : changes there may be.

    Returns
    -------
    ndarray
        PEDAL_DTYPE, in the order given.

    Raises
    ------
    MidiError : there are more than ``most``.
    """
    if marks.dtype != MARK_DTYPE or not marks.flags.c_contiguous:
        raise ValueError("marks must be a contiguous array of MARK_DTYPE")
    cdef Py_ssize_t n = len(marks)
    if n == 0:
        return np.empty(0, PEDAL_DTYPE)
    cdef int n_tracks = len(instruments)
    cdef const Mark* source = <const Mark*> cnp.PyArray_DATA(marks)
    cdef Grid grid
    grid.ticks, grid.quarters, grid.steps_per_quarter = ticks, quarters, STEPS
    cdef int* first = <int*> malloc((PORTS * CHANNELS + n_tracks) * sizeof(int))
    if first == NULL:
        raise MemoryError
    cdef int* next_track = first + PORTS * CHANNELS
    cdef int i
    cdef Py_ssize_t slot
    cdef Py_ssize_t found
    try:
        memset(first, 0xFF, PORTS * CHANNELS * sizeof(int))  # -1: none
        for i in reversed(range(n_tracks)):
            slot = instruments[i].port * CHANNELS + instruments[i].channel
            next_track[i] = first[slot]
            first[slot] = i
        found = place_pedal(source, n, first, next_track, &grid, NULL, most)
        if found < 0:
            raise MidiError(f"the file holds more than {most} pedal changes")
        pedal = np.empty(found, PEDAL_DTYPE)
        if found:
            place_pedal(
                source, n, first, next_track, &grid, <Pedal*> cnp.PyArray_DATA(pedal), most
            )
        return pedal
    finally:
        free(first)
