"""What a reader of one staff sees: what its track did last, and some bars before.

A network that reads all tracks as one sequence would have to keep what each of them is doing in
its state; here it is told. The streams are ``own_...`` of ``lstm_music.tokens.vocabulary``.
"""

cdef enum:
    DRUM_KEYS = 129  # first row of the drums' keys
    LONGER = 97
    MANY = 8


cdef void remember(TrackMemory* memory, const Note* note) noexcept nogil:
    """Take a new note of the track."""
    cdef Chord* now = &memory.now
    cdef int pitch = note.pitch_midi
    if now.count == 0 or now.onset_steps != note.onset_steps:
        memory.before = now[0]
        now.onset_steps = note.onset_steps
        now.low = now.high = pitch
        now.count = 0
    now.low = min(now.low, pitch)
    now.high = max(now.high, pitch)
    now.count += 1
    now.duration_steps = note.duration_steps
    memory.end_steps = max(memory.end_steps, note.onset_steps + note.duration_steps)


cdef inline int _pitch_row(int pitch, bint is_drums) noexcept nogil:
    return pitch + (DRUM_KEYS if is_drums else 1)


cdef void own_rows(const TrackMemory* memory, const Past* past, int* out) noexcept nogil:
    """Add the values of the streams that tell what the present track did last."""
    cdef const Chord* now = &memory.now
    cdef const Chord* before = &memory.before
    if now.count == 0:
        return
    out[0] += _pitch_row(now.low, past.is_drums)
    out[1] += _pitch_row(now.high, past.is_drums)
    out[2] += min(now.count, MANY)
    out[3] += 1 + <int>min(past.onset_steps - now.onset_steps, LONGER - 1)
    out[4] += min(now.duration_steps, LONGER)
    out[5] += <int>max(min(memory.end_steps - past.onset_steps, LONGER), 0)
    if before.count == 0:
        return
    out[6] += _pitch_row(before.low, past.is_drums)
    out[7] += _pitch_row(before.high, past.is_drums)
    out[8] += min(before.count, MANY)
    out[9] += min(now.onset_steps - before.onset_steps, LONGER)


cdef void own_lag_rows(
    const TrackMemory* memory, const Past* past, long place_steps, int at, int after, int* out
) noexcept nogil:
    """Add what the present track did at an earlier place, and which track came next there.

    ``at`` is the place in the list of onsets, -1 if nothing begins there; ``after`` the first
    onset after it.
    """
    cdef const Note* note
    cdef long i, stop
    cdef int skip = 0, next_track = 0
    if memory.now.count and memory.now.onset_steps == past.onset_steps:
        skip = memory.now.count  # the note there with the ordinal of the one that comes next here
    stop = past.first_notes[after] if after < past.n_onsets else past.n_notes
    if at >= 0:
        for i in range(past.first_notes[at], stop):
            note = &past.notes[i]
            if next_track == 0 and note.track > past.named:
                next_track = 1 + note.track
            if note.track != past.track:
                continue
            if skip == 0:
                out[0] += _pitch_row(note.pitch_midi, past.is_drums)
                out[1] += min(note.duration_steps, LONGER)
            skip -= 1
        out[3] += next_track
    for i in range(stop, past.n_notes):
        note = &past.notes[i]
        if note.onset_steps - place_steps >= LONGER:
            out[2] += LONGER
            break
        if note.track == past.track:
            out[2] += <int>(note.onset_steps - place_steps)
            break
