"""Voice leading as masks: no parallel fifths, octaves or unisons, and no crossing parts.

Two parts are parallel where both move at one onset and form the same perfect interval, up to whole
octaves, before and after. A track counts with its highest and its lowest note. The rule narrows the
choice of a pitch and never ends it: where nothing else is left, parts cross, or else are parallel.
"""

from libc.stdint cimport uint8_t
from libc.stdlib cimport abs
from libc.string cimport memset

import numpy as np

from lstm_music.generate.given cimport KIND, NOTE, ONSET, SLOT, TRACK, VALUE, Given
from lstm_music.tokens.automaton cimport Automaton

from lstm_music.errors import ShapeError

cdef enum:
    BREAK = 24  # steps: a rest from this long on breaks a part
    SOON = 96  # steps: so far before a given note its part already keeps clear of parallels
    MOST_MOVES = N_TRACKS * N_OUTER

# What a pitch breaks; the larger, the later it gives way.
cdef enum:
    CROSSES = 1
    LEADS_INTO_PARALLELS = 2  # if no other note comes before the next given one
    IS_PARALLEL = 4
    WORST = 8


cdef class VoiceLeading:
    """Which tracks have parts, and which of them lies above which. Read-only, like the rules.

    Parameters
    ----------
    has_parts : (16,) uint8, 1 for the tracks that are looked at: those with pitches.
    above : (16, 16) uint8, 1 where no note of the first track may sound below one of the second.

    Raises
    ------
    ShapeError : another shape.
    """

    def __init__(self, has_parts, above):
        tables = (("has_parts", has_parts, (N_TRACKS,)), ("above", above, (N_TRACKS, N_TRACKS)))
        for name, table, shape in tables:
            if np.shape(table) != shape:
                raise ShapeError(f"{name} must be of shape {shape}, got {np.shape(table)}")
        self._has_parts = np.ascontiguousarray(has_parts, np.uint8)
        self._above = np.ascontiguousarray(above, np.uint8)

    cdef void clear(self, Lines* lines) noexcept nogil:
        memset(lines, -1, sizeof(Lines))

    cdef void note(self, Lines* lines, Automaton music, long until) noexcept nogil:
        cdef int track = music.s.track, k
        cdef bint breaks
        if not self._has_parts[track]:
            return
        if lines.onset[track] != music.onset_steps:
            breaks = music.onset_steps - lines.sounds_until[track] >= BREAK
            for k in range(N_OUTER):
                lines.before[track][k] = -1 if breaks else lines.newest[track][k]
            lines.onset[track] = music.onset_steps
        lines.sounds_until[track] = max(lines.sounds_until[track], until)
        _outer_sounding(music, track, &lines.newest[track][0])

    cdef void narrow(
        self, const Lines* lines, Automaton music, Given given, int event, long until,
        uint8_t* allowed, bint must
    ) noexcept nogil:
        cdef Move[MOST_MOVES] here, seam
        cdef Ahead ahead
        cdef int[N_OUTER] sounding, before
        cdef int[128] breaks
        cdef int track = music.s.track, least = WORST, n_here, n_seam, pitch, k
        if not self._has_parts[track]:
            return
        self._look_ahead(&ahead, music, given, event, until)
        n_here = self._moves_here(lines, &ahead, music, here)
        n_seam = self._moves_at_seam(lines, &ahead, track, seam)
        _outer_sounding(music, track, sounding)
        _widen(sounding, ahead.here[track][TOP])  # what is given beside it stands above it
        for k in range(N_OUTER):
            before[k] = _before(lines, music, track, k)
        for pitch in range(128):
            if not allowed[pitch]:
                continue
            breaks[pitch] = CROSSES * self._crosses(&ahead, track, pitch)
            for k in range(N_OUTER):
                if not _is_outer(pitch, sounding, k):
                    continue
                if _is_parallel(before[k], pitch, here, n_here):
                    breaks[pitch] |= IS_PARALLEL
                if _is_parallel(pitch, ahead.at_seam[track][k], seam, n_seam):
                    breaks[pitch] |= LEADS_INTO_PARALLELS
            least = min(least, breaks[pitch])
        for pitch in range(128):
            if allowed[pitch]:
                allowed[pitch] = breaks[pitch] == (least if must else 0)

    cdef long uncrossed_until(
        self, Automaton music, Given given, int event, int pitch, long until
    ) noexcept nogil:
        cdef int track = music.s.track, i, other
        if not self._has_parts[track]:
            return until
        for i in range(event, given.n_all):
            if given._events[i, ONSET] >= until:
                break
            other = given._events[i, TRACK]
            if given._events[i, KIND] != NOTE or given._events[i, ONSET] <= music.onset_steps:
                continue
            if (self._above[track, other] and given._events[i, VALUE] > pitch) or (
                self._above[other, track] and given._events[i, VALUE] < pitch
            ):
                return given._events[i, ONSET]
        return until

    cdef void _look_ahead(
        self, Ahead* ahead, Automaton music, Given given, int event, long until
    ) noexcept nogil:
        """Find what sounds on, and what is given from the present onset up to the seam."""
        cdef int i, other, pitch
        cdef long now = music.onset_steps, onset
        cdef int[N_OUTER] sounding
        memset(ahead, -1, sizeof(Ahead))
        memset(ahead.is_open, 0, sizeof(ahead.is_open))
        ahead.seam = _seam(music, given, event)
        for other in range(music.s.n_tracks):
            _outer_sounding(music, other, sounding)
            ahead.highest[other], ahead.lowest[other] = sounding[TOP], sounding[BOTTOM]
        for i in range(event, given.n_all):
            onset, other = given._events[i, ONSET], given._events[i, TRACK]
            pitch = given._events[i, VALUE]
            if onset > max(ahead.seam, now) and onset >= until:
                break
            if given._events[i, KIND] == SLOT:
                ahead.is_open[other] |= onset <= ahead.seam
            if given._events[i, KIND] != NOTE:
                continue
            if onset < until:
                ahead.highest[other] = max(ahead.highest[other], pitch)
                if ahead.lowest[other] < 0 or pitch < ahead.lowest[other]:
                    ahead.lowest[other] = pitch
            if onset == now:
                _widen(&ahead.here[other][0], pitch)
            if onset == ahead.seam:
                _widen(&ahead.at_seam[other][0], pitch)
            elif onset < ahead.seam:
                if i == event or given._events[i - 1, ONSET] != onset or (
                    given._events[i - 1, TRACK] != other or given._events[i - 1, KIND] < NOTE
                ):  # a later onset of the track
                    ahead.before_seam[other][TOP] = ahead.before_seam[other][BOTTOM] = -1
                _widen(&ahead.before_seam[other][0], pitch)

    cdef int _moves_here(
        self, const Lines* lines, const Ahead* ahead, Automaton music, Move* moves
    ) noexcept nogil:
        """How the parts of other tracks move at the present onset, as far as it is known."""
        cdef int other, k, n = 0
        cdef int[N_OUTER] after
        for other in range(music.s.n_tracks):
            if other == music.s.track or not self._has_parts[other]:
                continue
            _outer_sounding(music, other, after)
            for k in range(N_OUTER):
                if ahead.here[other][k] >= 0 and _is_outer(ahead.here[other][k], after, k):
                    after[k] = ahead.here[other][k]
                elif after[k] < 0 or not music.is_struck(other, after[k]):
                    continue  # held
                moves[n].track, moves[n].after = other, after[k]
                moves[n].before = _before(lines, music, other, k)
                n += 1
        return n

    cdef int _moves_at_seam(
        self, const Lines* lines, const Ahead* ahead, int track, Move* moves
    ) noexcept nogil:
        """How the parts of other tracks will move where the present one goes on as given."""
        cdef int other, k, n = 0
        for other in range(N_TRACKS):
            if ahead.seam < 0 or other == track or ahead.is_open[other]:
                continue
            for k in range(N_OUTER):
                if self._has_parts[other] and ahead.at_seam[other][k] >= 0:
                    moves[n].track, moves[n].after = other, ahead.at_seam[other][k]
                    moves[n].before = ahead.before_seam[other][k]
                    if moves[n].before < 0 and ahead.seam - lines.sounds_until[other] < BREAK:
                        moves[n].before = lines.newest[other][k]
                    n += 1
        return n

    cdef bint _crosses(self, const Ahead* ahead, int track, int pitch) noexcept nogil:
        cdef int other
        for other in range(N_TRACKS):
            if self._above[track, other] and ahead.highest[other] > pitch:
                return True
            if self._above[other, track] and 0 <= ahead.lowest[other] < pitch:
                return True
        return False


cdef long _seam(Automaton music, Given given, int event) noexcept nogil:
    """When the next given note of the present track begins; -1 if it is far or its pitch open."""
    cdef int i
    for i in range(event, given.n_all):
        if given._events[i, ONSET] > music.onset_steps + SOON:
            return -1
        if given._events[i, TRACK] == music.s.track and given._events[i, KIND] >= NOTE and (
            given._events[i, ONSET] > music.onset_steps
        ):
            return given._events[i, ONSET] if given._events[i, KIND] == NOTE else -1
    return -1


cdef void _outer_sounding(Automaton music, int track, int* outer) noexcept nogil:
    """Highest and lowest key of a track that sounds on or has begun; -1 for none."""
    cdef int key
    outer[TOP] = outer[BOTTOM] = -1
    for key in range(128):
        if music.g.note_end[track][key] > music.onset_steps:
            outer[TOP] = key
            if outer[BOTTOM] < 0:
                outer[BOTTOM] = key


cdef void _widen(int* outer, int pitch) noexcept nogil:
    """Count a pitch in; -1: none."""
    if pitch >= 0:
        outer[TOP] = max(outer[TOP], pitch)
        outer[BOTTOM] = pitch if outer[BOTTOM] < 0 else min(outer[BOTTOM], pitch)


cdef bint _is_outer(int pitch, const int* others, int which) noexcept nogil:
    """Whether a pitch is the highest, or the lowest, beside others."""
    return others[which] < 0 or (pitch >= others[TOP] if which == TOP else pitch <= others[BOTTOM])


cdef int _before(const Lines* lines, Automaton music, int track, int which) noexcept nogil:
    """The outer note of a track at its last onset before the present one; -1 for none."""
    if lines.onset[track] == music.onset_steps:
        return lines.before[track][which]
    if music.onset_steps - lines.sounds_until[track] >= BREAK:
        return -1
    return lines.newest[track][which]


cdef bint _is_parallel(int before, int after, const Move* others, int n) noexcept nogil:
    """Whether a part that moves so is parallel to another."""
    cdef int i, interval
    if before < 0 or after < 0 or before == after:
        return False
    for i in range(n):
        if others[i].before < 0 or others[i].before == others[i].after:
            continue
        interval = abs(before - others[i].before) % 12
        if (interval == 0 or interval == 7) and interval == abs(after - others[i].after) % 12:
            return True
    return False
