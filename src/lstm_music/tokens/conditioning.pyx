"""What the network is told besides the past: given music ahead, open places, wishes, chords.

Some of the music is *given*: it stands in the result as it is. Where a track is *open* music is
written. A network reads from left to right, so these streams of ``lstm_music.tokens.vocabulary``
tell it what lies ahead. They are computed here for training and for composing alike.
"""

import numpy as np

from lstm_music.errors import ShapeError
from lstm_music.music.piece import NOTE_DTYPE
from lstm_music.tokens.streams import (
    LAGS_BARS,
    MAX_QUARTERS as _MAX_QUARTERS,
    MAX_TRACKS,
    WISH_SIZES,
)
from lstm_music.tokens.vocabulary import DEFAULT

cdef enum:
    FIRST_STREAM = 31
    N_STREAMS = 42
    N_WISHES = 4
    N_TRACKS = 16
    DRUM_KEYS = 129  # first row of the drums' keys
    LONGER = 97
    QUARTER_STEPS = 24
    MAX_QUARTERS = 65

cdef long ENDLESS = 1 << 30

cdef struct Tables:
    int[N_STREAMS] offsets
    int[N_LEADS] leads

cdef Tables T

_SIZES = dict(DEFAULT.streams)


def _fill_tables():
    names = [name for name, _ in DEFAULT.streams]
    sizes = (names.index("closed"), names.index("own_low"), len(WISH_SIZES), len(LAGS_BARS),
             _MAX_QUARTERS, MAX_TRACKS)
    if sizes != (FIRST_STREAM, FIRST_STREAM + N_STREAMS, N_WISHES, N_LEADS, MAX_QUARTERS, N_TRACKS):
        raise ImportError("conditioning.pyx and vocabulary.py disagree; build the package again")
    for i in range(N_STREAMS):
        T.offsets[i] = DEFAULT.stream_offsets[FIRST_STREAM + i]
    for i, lead in enumerate(LAGS_BARS):
        T.leads[i] = lead


_fill_tables()


cdef class Conditioning:
    """What stands, what is open and what is wished. Read-only; any number of scores share one.

    Parameters
    ----------
    given : (N,) NOTE_DTYPE, in order of onset, track and pitch: all given music that may still
        lie ahead; what has been heard already does no harm.
    places : (P, 3) int, the track, start and end in steps of each open place, in order; those of
        a track do not overlap.
    wishes : (bars, tracks, 4) uint8, values of the streams ``WISH_SIZES``; None: none.
    wished_onsets : (bars,) uint8, values of the stream ``wish_onsets``; None: none.
    chords : (C, 3) int, onset in steps and values of the streams ``chord_root`` and
        ``chord_quality``, in order; None: none.
    text : the given notes as tokens, to be searched; None: they are not.

    Raises
    ------
    ShapeError : another shape or dtype, an order that is not kept, or a value out of range.
    """

    def __init__(
        self, given, places, wishes=None, wished_onsets=None, chords=None, GivenText text=None
    ):
        notes = np.ascontiguousarray(given)
        if notes.dtype != NOTE_DTYPE or notes.ndim != 1:
            raise ShapeError(f"given must be (N,) of NOTE_DTYPE, got {notes.dtype}")
        track = notes["track"].astype(np.int64)
        order = np.lexsort([notes["pitch_midi"], track, notes["onset_steps"]])
        if (order != np.arange(len(notes))).any() or (track >= N_TRACKS).any():
            raise ShapeError("given notes must be in order, of tracks 0..15")
        self.n_given = len(notes)
        self.text = text
        self.given, self.places = notes, np.array(places, np.intc).reshape(-1, 3)
        _check_places(self.places)
        wished = np.zeros((0, N_TRACKS, N_WISHES)) if wishes is None else np.asarray(wishes)
        onsets = np.zeros(0) if wished_onsets is None else np.asarray(wished_onsets)
        _check_values(wished, list(WISH_SIZES.values()), "a wish")
        _check_values(onsets, _SIZES["wish_onsets"], "a wish")
        self.wishes = np.zeros((max(len(wished), 1), N_TRACKS, N_WISHES), np.uint8)
        self.wishes[:len(wished), :wished.shape[1]] = wished
        self.wished_onsets = np.zeros(max(len(onsets), 1), np.uint8)
        self.wished_onsets[:len(onsets)] = onsets
        none = np.zeros((0, 3), np.intc)
        self.chords = np.ascontiguousarray(none if chords is None else chords, np.intc)
        if self.chords.ndim != 2 or self.chords.shape[1] != 3 or (
            np.diff(self.chords[:, 0]) < 0
        ).any():
            raise ShapeError("chords must be (C, 3), in order of onset")
        sizes = [_SIZES["chord_root"], _SIZES["chord_quality"]]
        _check_values(self.chords[:, 1:], sizes, "a chord")
        self.n_chords = len(self.chords)
        self._given = _never_empty(notes)
        by_track = np.argsort(track, kind="stable")
        self._track_notes = _never_empty(by_track.astype(np.intc))
        self._places, self._chords = _never_empty(self.places), _never_empty(self.chords)
        self._wishes, self._onsets = self.wishes, self.wished_onsets
        firsts = np.searchsorted(track[by_track], range(17))
        place_firsts = np.searchsorted(self.places[:, 0], range(17))
        for i in range(17):
            self._track_first[i], self._place_first[i] = firsts[i], place_firsts[i]

    def __reduce__(self):
        wished = self.wishes, self.wished_onsets, self.chords
        return Conditioning, (self.given, self.places, *wished, self.text)

    cdef long open_until(self, int track, long steps) noexcept nogil:
        cdef int i
        for i in range(self._place_first[track], self._place_first[track + 1]):
            if self._places[i, 1] <= steps < self._places[i, 2]:
                return self._places[i, 2]
        return 0

    cdef bint is_open_before(self, int next_given, const View* at) noexcept nogil:
        cdef int i, track, last = N_TRACKS
        cdef long start, stop, until = ENDLESS
        if next_given < self.n_given:
            until = self._given[next_given].onset
            last = self._given[next_given].track
        for i in range(self._place_first[16]):
            track, start, stop = self._places[i, 0], self._places[i, 1], self._places[i, 2]
            if start <= at.onset_steps < stop and (at.rank < 0 or track >= at.track):
                if until > at.onset_steps or track <= last:
                    return True
            start = max(start, at.onset_steps + 1)
            if start < stop and (start < until or start == until and track <= last):
                return True
        return False

    cdef int next_after(self, int after, long onset_steps, int rank) noexcept nogil:
        cdef const Note* note
        while after < self.n_given:
            note = &self._given[after]
            if note.onset > onset_steps:
                break
            if note.onset == onset_steps and rank_of(note) > rank:
                break
            after += 1
        return after

    cdef bint is_given(self, int next_given, long onset_steps, int rank) noexcept nogil:
        cdef int i = self.next_after(next_given, onset_steps, rank - 1)
        if i == self.n_given or self._given[i].onset != onset_steps:
            return False
        return rank_of(&self._given[i]) == rank

    cdef void look_ahead(self, Outlook* o, long onset_steps, long bar_steps) noexcept nogil:
        cdef int i
        for i in range(N_LEADS):
            o.lead_steps[i] = onset_steps + T.leads[i] * bar_steps
            o.leads[i] = self._first_from(o.lead_steps[i])
        while o.chord + 1 < self.n_chords and self._chords[o.chord + 1, 0] <= onset_steps:
            o.chord += 1

    cdef int _first_from(self, long onset_steps) noexcept nogil:
        """The first given note at a time or after it."""
        cdef int low = 0, high = self.n_given, middle
        while low < high:
            middle = (low + high) // 2
            if self._given[middle].onset < onset_steps:
                low = middle + 1
            else:
                high = middle
        return low

    cdef int _next_of_track(self, int track, int next_given) noexcept nogil:
        """The first note of a track from ``next_given`` on; -1 none."""
        cdef int low = self._track_first[track], high = self._track_first[track + 1], middle
        cdef int stop = high
        while low < high:
            middle = (low + high) // 2
            if self._track_notes[middle] < next_given:
                low = middle + 1
            else:
                high = middle
        return self._track_notes[low] if low < stop else -1

    cdef void rows(self, Outlook* o, const View* at, int* out) noexcept nogil:
        cdef int i
        for i in range(N_STREAMS):
            out[i] = T.offsets[i]
        if not at.in_body:
            return
        o.next_given = self.next_after(o.next_given, at.onset_steps, at.rank)
        out = self._place_rows(at, out)
        out = self._given_rows(o, at, out)
        for i in range(N_LEADS):
            out = self._lead_rows(i, o, at, out)
        self._wish_rows(o, at, out)

    cdef int* _place_rows(self, const View* at, int* out) noexcept nogil:
        """Where music may be written; returns where to go on."""
        cdef long until = self.open_until(at.track, at.onset_steps)
        cdef int track
        cdef bint is_open_later = at.track == at.n_tracks - 1
        out[0] += until == 0
        for track in range(at.track + 1, at.n_tracks):
            is_open_later |= self.open_until(track, at.onset_steps) > 0
        out[1] += not is_open_later
        if 0 < until < ENDLESS:
            out[2] += quarters(until - at.onset_steps)
        return out + 3

    cdef int* _given_rows(self, Outlook* o, const View* at, int* out) noexcept nogil:
        """What is given from here on, at this onset and at the next one that has some."""
        cdef int i = o.next_given, mine
        cdef int low = 128, high = -1
        cdef long onset
        if i < self.n_given and self._given[i].onset == at.onset_steps:
            out[0] += self._pitch_row(i, at)
        while i < self.n_given and self._given[i].onset == at.onset_steps:
            if not at.drums[self._given[i].track]:
                low = min(low, <int>self._given[i].pitch)
                out[2 + self._given[i].pitch % 12] = T.offsets[5 + self._given[i].pitch % 12] + 1
            i += 1
        if low < 128:
            out[1] += 1 + low
        out += 14
        if i < self.n_given:
            onset = self._given[i].onset
            out[0] += <int>min(onset - at.onset_steps, LONGER)
            low = 128
            while i < self.n_given and self._given[i].onset == onset:
                if not at.drums[self._given[i].track]:
                    low = min(low, <int>self._given[i].pitch)
                    high = max(high, <int>self._given[i].pitch)
                i += 1
            if high >= 0:
                out[1] += 1 + low
                out[2] += 1 + high
        mine = self._next_of_track(at.track, o.next_given)
        if mine >= 0:
            out[3] += self._pitch_row(mine, at)
            out[4] += quarters(self._given[mine].onset - at.onset_steps + 1)
        return out + 5

    cdef int* _lead_rows(self, int lead, Outlook* o, const View* at, int* out) noexcept nogil:
        """The given note that stands at the same place some bars ahead, behind what was written
        here already; its duration; and the wait to the onset after it."""
        cdef int i = o.leads[lead]
        while (
            i < self.n_given
            and self._given[i].onset == o.lead_steps[lead]
            and rank_of(&self._given[i]) <= at.rank
        ):
            i += 1
        if i < self.n_given and self._given[i].onset == o.lead_steps[lead]:
            out[0] += self._pitch_row(i, at)
            out[1] += min(self._given[i].duration, LONGER)
        while i < self.n_given and self._given[i].onset == o.lead_steps[lead]:
            i += 1
        if i < self.n_given:
            out[2] += <int>min(self._given[i].onset - o.lead_steps[lead], LONGER)
        return out + 3

    cdef void _wish_rows(self, Outlook* o, const View* at, int* out) noexcept nogil:
        cdef int i
        if at.bar < self._wishes.shape[0]:
            for i in range(N_WISHES):
                out[i] += self._wishes[at.bar, at.track, i]
        if at.bar < self._onsets.shape[0]:
            out[4] += self._onsets[at.bar]
        if 0 <= o.chord:
            out[5] += self._chords[o.chord, 1]
            out[6] += self._chords[o.chord, 2]
        if o.chord + 1 < self.n_chords:
            out[7] += self._chords[o.chord + 1, 1]

    cdef int _pitch_row(self, int note, const View* at) noexcept nogil:
        """1 + pitch, or the drums' keys behind them."""
        cdef bint drums = at.drums[self._given[note].track]
        return self._given[note].pitch + (DRUM_KEYS if drums else 1)


cdef inline int rank_of(const Note* note) noexcept nogil:
    """The order of notes at one onset, as in ``View``."""
    return (note.track << 8) + 1 + note.pitch


cdef inline int quarters(long steps) noexcept nogil:
    """Quarter notes begun in a time > 0."""
    return <int>min((steps + QUARTER_STEPS - 1) // QUARTER_STEPS, MAX_QUARTERS)


def _check_places(places):
    track, start = places[:, 0], places[:, 1]
    if (np.lexsort([start, track]) != range(len(places))).any():
        raise ShapeError("open places must be in order of track and start")
    if ((track < 0) | (track >= N_TRACKS)).any():
        raise ShapeError("open places must be of tracks 0..15")
    if ((np.diff(track) == 0) & (start[1:] < places[:len(places) - 1, 2])).any():
        raise ShapeError("open places of one track must not overlap")


def _check_values(values, sizes, what):
    """Outside its stream a value would be another stream's row, or none at all."""
    if ((values < 0) | (values >= np.array(sizes))).any():
        raise ShapeError(f"{what} lies outside its stream")


def _never_empty(array):
    """An array that a memoryview can be taken of and whose first element has an address."""
    return array if len(array) else np.zeros((1, *array.shape[1:]), array.dtype)
