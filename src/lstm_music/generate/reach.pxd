# What hands and feet can play at once; music.instruments.playable is the readable reference.

cdef enum:
    HAND_SPAN = 14  # semitones
    FINGERS = 5


cdef inline bint hands_reach(const int* held, int n) noexcept nogil:
    """Whether two hands can hold n keys, in rising order; the left hand has the lower ones."""
    cdef int i
    for i in range(n + 1):  # the left hand takes the lowest i
        if i <= FINGERS and n - i <= FINGERS and (
            i == 0 or held[i - 1] - held[0] <= HAND_SPAN
        ) and (i == n or held[n - 1] - held[i] <= HAND_SPAN):
            return True
    return False


cdef inline bint is_foot(int key) noexcept nogil:
    """Whether a foot plays a drum key: bass drums and the hi-hat's pedal."""
    return key == 35 or key == 36 or key == 44
