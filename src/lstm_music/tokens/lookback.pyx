"""What a reader sees who looks back: the same place some bars before, and each track alone.

A network that reads all tracks as one sequence would have to keep what each of them is doing in
its state; here it is told. The streams are ``lag_...`` and ``own_...`` of
``lstm_music.tokens.vocabulary``.
"""

cdef enum:
    DRUMS = 128
    DRUM_KEYS = 129  # first row of the drums' keys
    LONGER = 97  # times: more than 96 steps
    MANY = 8
    NEAR_STEPS = 2  # as in streams.py
    MOST_STROKES = 256  # of a key, looked at to find one some bars ago


cdef void look_back(
    Place* place, int bar, int bar_position, const Section* sections, int n_sections,
    const Past* past
) noexcept nogil:
    cdef int i = n_sections - 1
    cdef int low = 0, high = past.n_onsets, middle
    place.onset_steps = place.at = place.near = -1
    if bar < 0:
        return
    while sections[i].first_bar > bar:  # at most 8 times: every section holds a bar
        i -= 1
    place.onset_steps = (
        sections[i].start_steps + (bar - sections[i].first_bar) * sections[i].bar_steps
        + bar_position
    )
    if place.onset_steps < 0:  # before an upbeat
        place.onset_steps = -1
        return
    while low < high:
        middle = (low + high) // 2
        if past.onsets[middle] > place.onset_steps:
            high = middle
        else:
            low = middle + 1
    place.after = low
    place.at = low - 1 if low and past.onsets[low - 1] == place.onset_steps else -1
    place.near = _nearest(place, past)


cdef inline int _nearest(const Place* place, const Past* past) noexcept nogil:
    """The onset next to a place, the earlier of two; -1 if none is near."""
    cdef int after = place.after
    cdef int early = NEAR_STEPS + 1, late = NEAR_STEPS + 1
    if after:
        early = place.onset_steps - past.onsets[after - 1]
    if after < past.n_onsets:
        late = past.onsets[after] - place.onset_steps
    if min(early, late) > NEAR_STEPS:
        return -1
    return after - 1 if early <= late else after


cdef inline int _pitch_row(const Note* note, const Past* past) noexcept nogil:
    return note.pitch_midi + (DRUM_KEYS if past.programs[note.track] == DRUMS else 1)


cdef inline long _stop(const Place* place, const Past* past) noexcept nogil:
    """The first note after a place."""
    return past.first_notes[place.after] if place.after < past.n_onsets else past.n_notes


cdef void lag_rows(const Place* place, const Past* past, int* out) noexcept nogil:
    """Pitch, duration and time to the next onset at a place."""
    cdef long i
    if place.onset_steps < 0:
        return
    if place.at >= 0:
        # The note there with the ordinal of the one that comes next here.
        i = past.first_notes[place.at] + past.n_at_onset
        if i < _stop(place, past):
            out[0] += _pitch_row(&past.notes[i], past)
            out[1] += min(past.notes[i].duration_steps, LONGER)
    if place.after < past.n_onsets:
        out[2] += min(past.onsets[place.after] - place.onset_steps, LONGER)


cdef void remember(TrackMemory* memory, const Note* note) noexcept nogil:
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


cdef void own_rows(const TrackMemory* memory, const Past* past, int* out) noexcept nogil:
    cdef const Chord* now = &memory.now
    cdef const Chord* before = &memory.before
    cdef int first = DRUM_KEYS if past.programs[past.track] == DRUMS else 1
    if now.count == 0:
        return
    out[0] += first + now.low
    out[1] += first + now.high
    out[2] += min(now.count, MANY)
    out[3] += 1 + <int>min(past.onset_steps - now.onset_steps, LONGER - 1)
    out[4] += min(now.duration_steps, LONGER)
    out[5] += <int>max(min(memory.end_steps - past.onset_steps, LONGER), 0)
    if before.count == 0:
        return
    out[6] += first + before.low
    out[7] += first + before.high
    out[8] += min(before.count, MANY)
    out[9] += min(now.onset_steps - before.onset_steps, LONGER)


cdef void own_lag_rows(
    const TrackMemory* memory, const Place* place, const Past* past, int* out
) noexcept nogil:
    """Pitch, duration and time to the next onset of the track; which track came next there."""
    cdef const Note* note
    cdef long i, stop = _stop(place, past)
    cdef int skip = 0, next_track = 0
    if place.onset_steps < 0:
        return
    if memory.now.count and memory.now.onset_steps == past.onset_steps:
        skip = memory.now.count  # the note there with the ordinal of the one that comes next here
    if place.at >= 0:
        for i in range(past.first_notes[place.at], stop):
            note = &past.notes[i]
            if next_track == 0 and note.track > past.named:
                next_track = 1 + note.track
            if note.track != past.track:
                continue
            if skip == 0:
                out[0] += _pitch_row(note, past)
                out[1] += min(note.duration_steps, LONGER)
            skip -= 1
        out[3] += next_track
    for i in range(stop, past.n_notes):
        note = &past.notes[i]
        if note.onset_steps - place.onset_steps >= LONGER:
            out[2] += LONGER
            break
        if note.track == past.track:
            out[2] += note.onset_steps - place.onset_steps
            break


cdef inline int _stroke_before(const Past* past) noexcept nogil:
    """The last note of the key named last, before the one at the present onset; -1 none."""
    cdef int i = past.latest[past.key] - 1
    if i >= 0 and past.notes[i].onset_steps == past.onset_steps:
        i = past.before[i]
    return i


cdef inline int _velocity_row(const Note* note) noexcept nogil:
    return 1 + (note.velocity >> 3)


cdef void stroke_rows(const Past* past, int* out) noexcept nogil:
    """Velocity and duration of the last stroke of this key, and the time since then."""
    cdef const Note* note
    cdef int i
    if past.key < 0:
        return
    i = _stroke_before(past)
    if i < 0:
        return
    note = &past.notes[i]
    out[0] += _velocity_row(note)
    out[1] += min(note.duration_steps, LONGER)
    out[2] += <int>min(past.onset_steps - note.onset_steps, LONGER)


cdef void near_rows(const Place* place, const Past* past, int* velocity, int* out) noexcept nogil:
    """What stands near a place: the key's velocity, the track's next note, the next onset."""
    cdef const Note* note
    cdef long i
    cdef int stroke, onset, next_pitch = 128, _looked
    if place.onset_steps < 0:
        return
    if past.key >= 0:
        stroke = _stroke_before(past)
        for _looked in range(MOST_STROKES):
            if stroke < 0 or past.notes[stroke].onset_steps <= place.onset_steps + NEAR_STEPS:
                break
            stroke = past.before[stroke]
        if stroke >= 0 and abs(past.notes[stroke].onset_steps - place.onset_steps) <= NEAR_STEPS:
            velocity[0] += _velocity_row(&past.notes[stroke])
    onset = place.near
    if onset < 0:
        onset = place.after - 1
    if onset + 1 < past.n_onsets:
        out[1] += min(past.onsets[onset + 1] - place.onset_steps, LONGER)
    if place.near < 0:
        return
    onset = place.near
    while onset and past.onsets[onset - 1] >= place.onset_steps - NEAR_STEPS:
        onset -= 1
    for i in range(past.first_notes[onset], past.n_notes):
        note = &past.notes[i]
        if note.onset_steps > place.onset_steps + NEAR_STEPS:
            break
        if (
            note.track == past.track
            and past.key < note.pitch_midi < next_pitch
            and not _struck_near(note.pitch_midi, past)
        ):
            next_pitch = note.pitch_midi
    if next_pitch < 128:
        out[0] += DRUM_KEYS + next_pitch


cdef inline bint _struck_near(int key, const Past* past) noexcept nogil:
    """Whether the present track has just struck this key: a note near here was that one."""
    cdef int i = past.latest[key] - 1
    return i >= 0 and past.notes[i].onset_steps >= past.onset_steps - NEAR_STEPS


cdef void past_rows(
    const Place* lags, const TrackMemory* memory, const Past* past, int* of_lags, int* own,
    int* strokes
) noexcept nogil:
    cdef int i
    for i in range(N_LAGS):
        lag_rows(&lags[i], past, of_lags + 3 * i)
    own_rows(memory, past, own)
    own += N_OWN_STREAMS - 4 * N_OWN_LAGS
    for i in range(N_OWN_LAGS):
        own_lag_rows(memory, &lags[i], past, own + 4 * i)
    if past.programs[past.track] != DRUMS:
        return
    stroke_rows(past, strokes)
    for i in range(N_NEAR_LAGS):
        near_rows(&lags[i], past, strokes + 3 + i, strokes + 3 + N_NEAR_LAGS + 2 * i)
