"""Notes that begin and end, in C: of one pitch in one channel the first in is the first out."""

from lstm_music.midi.found cimport (
    EMPTY_NOTE, FAULT_MEMORY, FAULT_NOTES, GO_ON, IS_BENT, IS_DRUM, NONE, PITCHES, Channel,
    Note, Outcome, Scan, fail, mend, more_room, touch,
)


cdef inline Outcome note_on(
    Scan* s, int channel, int pitch, int velocity, Py_ssize_t offset
) noexcept nogil:
    cdef Channel* own = touch(s, channel)
    cdef void* moved
    cdef Note* note
    if s.n_notes >= s.max_notes:
        return fail(s, FAULT_NOTES, offset)
    if s.n_notes == s.note_room:
        moved = more_room(s.notes, &s.note_room, sizeof(Note))
        if moved == NULL:
            return fail(s, FAULT_MEMORY, offset)
        s.notes = <Note*> moved
    note = &s.notes[s.n_notes]
    note[0] = own.pattern
    note.onset = s.tick
    note.end = NONE
    note.pitch = <unsigned char> pitch
    note.velocity = <unsigned char> velocity
    note.offset = <int> offset
    s.mpe_signs += note.flags & IS_BENT
    own.pattern.flags &= ~IS_BENT
    if own.oldest[pitch] == NONE:
        own.oldest[pitch] = s.n_notes
    else:
        s.notes[own.newest[pitch]].end = s.n_notes
    own.newest[pitch] = s.n_notes
    own.n_sounding += 1
    s.n_notes += 1
    return GO_ON


cdef inline Note* take_oldest(Scan* s, Channel* own, int pitch) noexcept nogil:
    """The note of this pitch that began first, which sounds no more; NULL if there is none."""
    cdef int i = own.oldest[pitch]
    if i == NONE:
        return NULL
    own.oldest[pitch] = s.notes[i].end
    own.n_sounding -= 1
    return &s.notes[i]


cdef inline bint note_off(Scan* s, Channel* own, int pitch) noexcept nogil:
    """End the oldest sounding note of this pitch; False if there is none."""
    cdef Note* note = take_oldest(s, own, pitch)
    if note == NULL:
        return False
    note.end = s.tick
    if note.end == note.onset and not note.flags & IS_DRUM:  # a drum stroke has no length
        mend(s, EMPTY_NOTE, note.offset)
    return True


cdef inline void silence(Scan* s, Channel* own) noexcept nogil:
    """End every sounding note of the channel."""
    cdef int pitch
    for pitch in range(PITCHES):
        if own.n_sounding == 0:
            return
        while note_off(s, own, pitch):
            pass


cdef inline void leave_open(Scan* s, Channel* own) noexcept nogil:
    """Note that the sounding notes of the channel never end: their end is NONE."""
    cdef int pitch
    cdef Note* note
    for pitch in range(PITCHES):
        if own.n_sounding == 0:
            return
        note = take_oldest(s, own, pitch)
        while note != NULL:
            note.end = NONE
            s.n_unclosed += 1
            note = take_oldest(s, own, pitch)
