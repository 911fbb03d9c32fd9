"""Dues: what the rules ask to be written, and by when.

A density, an order of pitches and the absence of rests make a track owe notes. What falls due gives
way where nothing may be written.
"""

from lstm_music.generate.rules cimport (
    FEWEST, GRID, LONGEST, MOST, N_TRACKS, POLYPHONY, REST, SHORTEST, Rules, Tally,
)
from lstm_music.tokens.automaton cimport Automaton

cdef enum:
    USUAL_GRID = 6  # a 16th: what counts as a place for an onset where no grid is set

cdef long NEVER = 1 << 30  # beyond all onsets; a C long may have 32 bits


cdef class Dues:
    """When something must be written to keep to ``rules``. Read-only, as they are."""

    def __init__(self, Rules rules not None):
        self.rules = rules

    cdef int owing(self, const Tally* tally, Automaton music) noexcept nogil:
        cdef int track, first = 0
        if music.s.rank >= 0 or music.g.used_track:
            first = music.s.track  # those before had their turn
        for track in range(first, music.s.n_tracks):
            if self._due(tally, music, track) <= music.onset_steps and (
                self.rules.may_write(tally, music, track, music.onset_steps)
            ):
                return track
        return N_TRACKS

    cdef long latest(self, const Tally* tally, Automaton music) noexcept nogil:
        cdef long first = NEVER, due
        cdef int track
        for track in range(music.s.n_tracks):
            due = self._due(tally, music, track)
            if due <= music.onset_steps:
                due = self._soonest(tally, music, track)
            first = min(first, due)
        return first

    cdef long _soonest(self, const Tally* tally, Automaton music, int track) noexcept nogil:
        """When a track that is behind may strike again, within a whole note; else NEVER."""
        cdef long now = music.onset_steps, onset = now + 1
        if tally.struck[track] == now:
            onset = now + (self.rules._limits[track, GRID] or USUAL_GRID // 2)
        while onset <= now + 96:
            if self.rules.may_write(tally, music, track, onset):
                return onset
            onset += 1
        return NEVER

    cdef long _even_due(self, Automaton music, long bar, int fewest, int missing) noexcept nogil:
        """When the next of the fewest onsets of a bar is due, spread evenly, on beats if it can."""
        cdef int bar_steps = music._sections[music.s.n_sections - 1].bar_steps
        cdef int beat = 96 // music._sections[music.s.n_sections - 1].denominator
        cdef int into = (2 * (fewest - missing) + 1) * bar_steps // (2 * fewest)
        return bar + into - (into % beat if fewest * beat <= bar_steps else into % USUAL_GRID)

    cdef long _due(self, const Tally* tally, Automaton music, int track) noexcept nogil:
        """When a track must strike next; NEVER if it need not."""
        cdef const int* limits = &self.rules._limits[track, 0]
        cdef long now = music.onset_steps, start = -1, end = 0, due = NEVER, bar, stop, left
        cdef int i, grid = limits[GRID] or USUAL_GRID, missing, apart = grid
        cdef int bar_steps = music._sections[music.s.n_sections - 1].bar_steps
        for i in range(self.rules.place_first[track], self.rules.place_first[track + 1]):
            if self.rules._places[i, 2] > now:
                start, end = self.rules._places[i, 1], self.rules._places[i, 2]
                break
        if end == 0 or end - self.rules.shortest(track) < now:
            return NEVER
        i = self.rules._order_at(tally, track, music.onset_steps)
        if i >= 0 and i > self.rules.order_first[track] and tally.struck[track] == now:
            return now  # the rest of a chord
        if limits[REST] >= 0:
            due = max(start, tally.sounds_until[track]) + limits[REST]
        if limits[FEWEST] > 0:
            bar = now - music.s.bar_position
            missing = limits[FEWEST] - self.rules._onsets_in_bar(tally, music, track, now)
            if missing <= 0:
                bar, missing = bar + bar_steps, limits[FEWEST]
            stop = min(bar + bar_steps, end)
            if bar < stop:
                if limits[POLYPHONY]:  # they must end before as many others begin
                    apart = max(grid, -(-limits[SHORTEST] // limits[POLYPHONY]))
                    apart = -(-apart // grid) * grid
                left = max(grid, self.rules.shortest(track)) + (missing - 1) * apart
                due = min(due, max(stop - left, start))
                if bar + bar_steps <= end and bar >= start:
                    due = min(due, self._even_due(music, bar, limits[FEWEST], missing))
        left = self._chords_left(track, self.rules.order_first[track] + tally.counted[track])
        if left > 0:
            due = min(due, self._order_due(music, track, left, grid))
        if due >= end:
            return NEVER
        if limits[GRID] and due > now:
            bar = now - music.s.bar_position
            due = bar + (due - bar + limits[GRID] - 1) // limits[GRID] * limits[GRID]
        return due

    cdef int _chords_left(self, int track, int at) noexcept nogil:
        """How many chords of a track's order begin at a row of it or later."""
        cdef int last = self.rules.order_first[track + 1] - 1
        return self.rules._order[last, 1] - self.rules._order[at, 1] + 1 if at <= last else 0

    cdef long _order_due(self, Automaton music, int track, int left, int grid) noexcept nogil:
        """When the last so many chords of a track's order must begin, to find room; or NEVER."""
        cdef long now = music.onset_steps, start = 0, end = 0, open_later = 0, whole = 0, wait
        cdef int n = self._chords_left(track, self.rules.order_first[track]), i
        for i in range(self.rules.place_first[track], self.rules.place_first[track + 1]):
            whole += self.rules._places[i, 2] - self.rules._places[i, 1]
            if end:
                open_later += self.rules._places[i, 2] - self.rules._places[i, 1]
            elif self.rules._places[i, 2] > now:
                start, end = self.rules._places[i, 1], self.rules._places[i, 2]
        wait = min(grid, max(whole // max(n, 1), 1))
        if end == 0 or left * wait <= open_later:
            return NEVER
        return max(end - (left * wait - open_later), start)

    cdef long order_until(self, const Tally* tally, Automaton music, int track) noexcept nogil:
        cdef int at = self.rules.order_first[track] + tally.counted[track], i
        for i in range(at + 1, self.rules.order_first[track + 1]):
            if self.rules._order[i, 2] == music.g.pitch:
                return self._order_due(
                    music, track, self._chords_left(track, i),
                    self.rules._limits[track, GRID] or USUAL_GRID,
                )
        return NEVER

    cdef long latest_end(self, const Tally* tally, Automaton music, int track) noexcept nogil:
        """When the note that is being written must end, so that its track can do what it owes."""
        cdef Tally after = tally[0]
        cdef long due
        cdef int most = self.rules._limits[track, POLYPHONY]
        if most == 0 or self.rules._polyphony(music, track, music.onset_steps) + 1 < most:
            return self.order_until(tally, music, track)
        if after.struck[track] != music.onset_steps:
            after.onsets[track] += 1
            after.struck[track] = music.onset_steps
        after.sounds_until[track] = NEVER  # how long it sounds is the question
        due = self._due(&after, music, track)
        return min(due, self.order_until(tally, music, track))

    cdef long earliest_end(self, const Tally* tally, Automaton music, int track) noexcept nogil:
        """When the note may end at the earliest, where there are no rests and few onsets."""
        cdef const int* limits = &self.rules._limits[track, 0]
        cdef long bar_end
        cdef int left
        if limits[REST] != 0 or limits[MOST] < 0:
            return 0
        left = limits[MOST] - self.rules._onsets_in_bar(tally, music, track, music.onset_steps)
        left -= tally.struck[track] != music.onset_steps
        bar_end = music.onset_steps - music.s.bar_position
        bar_end += music._sections[music.s.n_sections - 1].bar_steps
        if left > 0 and limits[LONGEST] == 0:
            return 0
        return bar_end - left * limits[LONGEST]
