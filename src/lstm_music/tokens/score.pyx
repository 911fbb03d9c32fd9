"""The music written so far, and what a reader of it sees at the present place.

``Score`` stores notes, meters, tempos and pedal as they come, and gives the context streams of
``lstm_music.tokens.vocabulary``. It never asks whether a change is allowed: its subclass
``lstm_music.tokens.automaton.Automaton`` does. Nothing is allocated after construction.
"""

import numpy as np

from libc.string cimport memcpy, memset

from lstm_music.tokens.conditioning cimport Conditioning, View
from lstm_music.tokens.lookback cimport (
    N_LAGS,
    N_NEAR_LAGS,
    N_OWN_LAGS,
    N_OWN_STREAMS,
    N_STROKE_STREAMS,
    Note,
    Past,
    look_back,
    past_rows,
    remember,
)
from lstm_music.tokens.repeats cimport N_REPEAT_STREAMS, Repeats

from lstm_music.music.beats import OFF_BEAT_LEVEL, divisions
from lstm_music.music.meter import MAX_NUMERATOR
from lstm_music.music.piece import NOTE_DTYPE, PEDAL_DTYPE
from lstm_music.tokens.streams import (
    BARS_LEFT_MORE,
    LAGS_BARS,
    MAX_BAR_POSITION,
    NEAR_LAGS_BARS,
    OWN_LAGS_BARS,
)
from lstm_music.tokens.vocabulary import DEFAULT, RADIX_STEPS, index_key

cdef enum:
    OUT_OF_CAPACITY = -2
    DRUMS = 128
    DRUM_FAMILY = 17
    N_STREAMS = 31  # those from here; conditioning.pyx writes what follows
    N_CONDITIONING = 42
    N_MEMORY = 42  # N_OWN_STREAMS, N_REPEAT_STREAMS twice (behind and ahead), N_STROKE_STREAMS
    N_KEYS = 31
    LONGER = 97  # duration and next: more than 96 steps
    TOKENS_A_NOTE = 8

cdef struct Tables:
    int[N_STREAMS + N_CONDITIONING + N_MEMORY] offsets
    int[N_LAGS] lags
    int[65][3] parts  # of a bar, by numerator: cumulated divisions
    int longest_position
    int bars_left_more
    int off_beat
    int[N_KEYS] tonics  # pitch class, by the key token's value; the first is unused

cdef Tables T


def _fill_tables():
    T.longest_position = MAX_BAR_POSITION
    T.bars_left_more = BARS_LEFT_MORE
    T.off_beat = OFF_BEAT_LEVEL
    sizes = (DEFAULT.n_streams, len(DEFAULT["key"]), len(LAGS_BARS), RADIX_STEPS + 1,
             LAGS_BARS[:N_OWN_LAGS], LAGS_BARS[:N_NEAR_LAGS], N_MEMORY)
    if sizes != (N_STREAMS + N_CONDITIONING + N_MEMORY, N_KEYS, N_LAGS, LONGER, OWN_LAGS_BARS,
                 NEAR_LAGS_BARS, N_OWN_STREAMS + 2 * N_REPEAT_STREAMS + N_STROKE_STREAMS):
        raise ImportError("score.pyx and vocabulary.py disagree; build the package again")
    for i, offset in enumerate(DEFAULT.stream_offsets):
        T.offsets[i] = offset
    for i, lag in enumerate(LAGS_BARS):
        T.lags[i] = lag
    for numerator in range(1, MAX_NUMERATOR + 1):
        for i, parts in enumerate(np.cumprod(divisions(numerator))):
            T.parts[numerator][i] = parts
    for key in range(1, N_KEYS):
        T.tonics[key] = index_key(key).tonic_pitch_class


_fill_tables()


cdef class Score:
    """Music written so far.

    Parameters
    ----------
    capacity : how many notes, and how many of each kind of change, there is room for.
    """

    def __cinit__(self, long capacity):
        if not 1 <= capacity < 1 << 30:
            raise ValueError(f"capacity must be 1..2**30 - 1, got {capacity}")
        self.capacity = capacity
        self._notes = np.empty(capacity, NOTE_DTYPE)
        self._pedals = np.empty(capacity, PEDAL_DTYPE)
        self._tempos = np.empty(capacity, [("onset_steps", "i4"), ("tempo", "i4")])
        section = ("onset_steps", "start_steps", "bar_steps", "first_bar", "numerator",
                   "denominator")
        self._sections = np.empty(capacity, [(name, "i4") for name in section])
        self._onsets = np.empty(capacity, np.intc)
        self._first_notes = np.empty(capacity, np.intc)
        self._before = np.empty(capacity, np.intc)
        self.repeats = Repeats(TOKENS_A_NOTE * capacity + 256)
        self.clear()

    cdef void clear(self) noexcept nogil:
        memset(&self.s, 0, sizeof(ScoreState))
        self.s.token = -1
        self.s.pitch = -1
        self.s.rank = -1
        self.s.outlook.chord = -1
        self.onset_steps = 0
        self.n_notes = 0
        self.repeats.clear()

    cdef int copy_score(self, Score other):
        """Become equal to ``other``; 0, or -2 (and unchanged) without the room."""
        cdef ScoreState* o = &other.s
        cdef long room = max(max(other.n_notes, o.n_sections), max(o.n_tempos, o.n_pedals))
        if room > self.capacity or self.repeats.copy_from(other.repeats) != 0:
            return OUT_OF_CAPACITY
        self.s = other.s
        self.conditioning = other.conditioning
        self.onset_steps = other.onset_steps
        self.n_notes = other.n_notes
        memcpy(&self._notes[0], &other._notes[0], other.n_notes * sizeof(Note))
        memcpy(&self._pedals[0], &other._pedals[0], o.n_pedals * sizeof(Pedal))
        memcpy(&self._tempos[0], &other._tempos[0], o.n_tempos * sizeof(TempoChange))
        memcpy(&self._sections[0], &other._sections[0], o.n_sections * sizeof(Section))
        memcpy(&self._onsets[0], &other._onsets[0], o.n_onsets * sizeof(int))
        memcpy(&self._first_notes[0], &other._first_notes[0], o.n_onsets * sizeof(int))
        memcpy(&self._before[0], &other._before[0], other.n_notes * sizeof(int))
        return 0

    # Writing. Each returns 0, or -2 (and does nothing) when there is no room.

    cdef void move_to(self, long onset_steps) noexcept nogil:
        self.onset_steps = onset_steps
        self.s.n_at_onset = 0
        self.s.rank = -1
        self._look_around()

    cdef int add_meter(self, int numerator, int denominator) noexcept nogil:
        """A meter from the present onset on, which is a bar line (but for the pickup)."""
        cdef Section* new
        cdef Section* last
        if self.s.n_sections == self.capacity:
            return OUT_OF_CAPACITY
        new = &self._sections[self.s.n_sections]
        new.onset_steps = <int>self.onset_steps
        new.start_steps = <int>self.onset_steps
        new.bar_steps = numerator * 96 // denominator
        new.first_bar = 0
        new.numerator = numerator
        new.denominator = denominator
        if self.s.n_sections == 0:
            # An upbeat is the end of a bar that began before time 0.
            if self.s.pickup_steps:
                new.start_steps = self.s.pickup_steps - new.bar_steps
        else:
            last = &self._sections[self.s.n_sections - 1]
            # A bar that the new meter cuts short counts as one.
            new.first_bar = last.first_bar + (
                (new.start_steps - last.start_steps + last.bar_steps - 1) // last.bar_steps
            )
        self.s.n_sections += 1
        self._look_around()
        return 0

    cdef int add_tempo(self, int tempo) noexcept nogil:
        if self.s.n_tempos == self.capacity:
            return OUT_OF_CAPACITY
        self._tempos[self.s.n_tempos].onset_steps = <int>self.onset_steps
        self._tempos[self.s.n_tempos].tempo = tempo
        self.s.n_tempos += 1
        return 0

    cdef int add_pedal(self, bint down) noexcept nogil:
        cdef Pedal* new
        if self.s.n_pedals == self.capacity:
            return OUT_OF_CAPACITY
        new = &self._pedals[self.s.n_pedals]
        new.onset_steps = <int>self.onset_steps
        new.track = <unsigned short>self.s.track
        new.down = down
        self.s.n_pedals += 1
        return 0

    cdef int add_note(self, int pitch, long duration_steps, int velocity) noexcept nogil:
        cdef Note* new
        cdef int* end
        cdef int* latest = &self.s.latest[self.s.track][pitch]
        if self.n_notes == self.capacity:
            return OUT_OF_CAPACITY
        new = &self._notes[self.n_notes]
        new.onset_steps = <int>self.onset_steps
        new.duration_steps = <int>duration_steps
        new.pitch_midi = <unsigned char>pitch
        new.velocity = <unsigned char>velocity
        new.track = <unsigned short>self.s.track
        new.timing_96ths = 0
        if self.s.n_at_onset == 0:
            self._onsets[self.s.n_onsets] = new.onset_steps
            self._first_notes[self.s.n_onsets] = <int>self.n_notes
            self.s.n_onsets += 1
        self._before[self.n_notes] = latest[0] - 1
        self.n_notes += 1
        latest[0] = <int>self.n_notes
        self.s.n_at_onset += 1
        remember(&self.s.memories[self.s.track], new)
        if self.s.programs[self.s.track] != DRUMS:
            end = &self.s.pitch_class_end[pitch % 12]
            end[0] = max(end[0], new.onset_steps + new.duration_steps)
        return 0

    # Reading.

    cdef void _look_around(self) noexcept nogil:
        """Find bar, beat and the lagged places anew: once an onset, not once a token."""
        cdef Section* section = &self._sections[self.s.n_sections - 1]
        cdef int* parts = T.parts[section.numerator]
        cdef int into = <int>self.onset_steps - section.start_steps
        cdef int position = into % section.bar_steps
        cdef int level = 0, i
        cdef Past past
        self.s.bar = section.first_bar + into // section.bar_steps
        self.s.bar_position = position
        if position:
            level = 1
            while level < T.off_beat and position * parts[level - 1] % section.bar_steps:
                level += 1
        self.s.beat_strength = level
        past = self._past()
        for i in range(N_LAGS):
            look_back(&self.s.lags[i], self.s.bar - T.lags[i], position, &self._sections[0],
                      self.s.n_sections, &past)
        if self.conditioning is not None:
            self.conditioning.look_ahead(&self.s.outlook, self.onset_steps, section.bar_steps)

    cdef void rows(self, int* out) noexcept nogil:
        """Write the embedding row of every stream, as things stand after the last token."""
        cdef int i, bars_left, program
        cdef Past past
        cdef View at
        cdef int* own
        for i in range(N_STREAMS + N_CONDITIONING + N_MEMORY):
            out[i] = T.offsets[i]
        if self.s.token < 0:
            return
        if self.conditioning is not None:
            self.view(&at)
            self.conditioning.rows(&self.s.outlook, &at, out + N_STREAMS)
        out[0] += self.s.token
        if self.s.total_bars:
            bars_left = max(self.s.total_bars - self.s.bar, 1)
            out[3] += min(bars_left, T.bars_left_more)
        out[N_STREAMS - 2] += self.s.key
        if self.s.key and self.s.pitch >= 0:
            out[N_STREAMS - 1] += 1 + (self.s.pitch + 12 - T.tonics[self.s.key]) % 12
        if not self.s.in_body:
            return
        self.repeats.rows(out + N_STREAMS + N_CONDITIONING + N_OWN_STREAMS)
        if self.conditioning is not None and self.conditioning.text is not None:
            self.conditioning.text.rows(
                self.repeats, self.s.outlook.next_given,
                out + N_STREAMS + N_CONDITIONING + N_OWN_STREAMS + N_REPEAT_STREAMS,
            )
        out[1] += min(self.s.bar_position, T.longest_position)
        out[2] += self.s.beat_strength
        program = self.s.programs[self.s.track]
        out[4] += DRUM_FAMILY if program == DRUMS else 1 + program // 8
        for i in range(12):
            out[5 + i] += self.s.pitch_class_end[i] > self.onset_steps
        past = self._past()
        own = out + N_STREAMS + N_CONDITIONING
        past_rows(
            self.s.lags, &self.s.memories[self.s.track], &past, out + 17, own,
            own + N_OWN_STREAMS + 2 * N_REPEAT_STREAMS,
        )

    cdef void view(self, View* at) noexcept nogil:
        """Where the music stands."""
        cdef int i
        at.onset_steps, at.rank, at.bar = self.onset_steps, self.s.rank, self.s.bar
        at.track, at.n_tracks, at.in_body = self.s.track, self.s.n_tracks, self.s.in_body
        for i in range(16):
            at.drums[i] = self.s.programs[i] == DRUMS

    cdef bint is_open_before_given(self) noexcept nogil:
        """Whether something may be written here before the next given note."""
        cdef View at
        if self.conditioning is None:
            return True
        self.view(&at)
        self.s.outlook.next_given = self.conditioning.next_after(
            self.s.outlook.next_given, at.onset_steps, at.rank
        )
        return self.conditioning.is_open_before(self.s.outlook.next_given, &at)

    cdef Past _past(self) noexcept nogil:
        """The music so far, for whoever looks back."""
        cdef Past past
        past.notes, past.n_notes = &self._notes[0], self.n_notes
        past.onsets, past.first_notes = &self._onsets[0], &self._first_notes[0]
        past.programs, past.n_onsets = self.s.programs, self.s.n_onsets
        past.n_at_onset, past.onset_steps = self.s.n_at_onset, self.onset_steps
        past.track, past.named = self.s.track, self.s.rank >> 8
        past.key = (self.s.rank & 255) - 1 if self.s.rank >= 0 else -1
        past.before, past.latest = &self._before[0], self.s.latest[self.s.track]
        return past

    # The same from Python.

    @property
    def bar(self):
        """Number of the bar of the present onset; a pickup is bar 0, else bar 0 is full."""
        return self.s.bar

    @property
    def bar_position(self):
        """Steps from the bar line to the present onset."""
        return self.s.bar_position

    @property
    def n_bars(self):
        """How many bars the notes so far reach into, the last one's end included."""
        cdef Section* section
        cdef int end = 0
        cdef long i
        if self.n_notes == 0:
            return 0
        for i in range(self.n_notes):
            end = max(end, self._notes[i].onset_steps + self._notes[i].duration_steps)
        i = self.s.n_sections - 1
        while i and self._sections[i].onset_steps > end - 1:
            i -= 1
        section = &self._sections[i]
        return section.first_bar + (end - 1 - section.start_steps) // section.bar_steps + 1

    @property
    def programs(self):
        """General MIDI program of each track, 128 for drums."""
        return [self.s.programs[i] for i in range(self.s.n_tracks)]

    @property
    def header(self):
        """Style, key (values of their tokens) and pickup_steps."""
        return self.s.style, self.s.key, self.s.pickup_steps

    def rows_py(self):
        """Embedding rows of the context after the last token.

        Returns
        -------
        rows : (n_streams,) int32, indices into the one embedding table.
        """
        out = np.empty(N_STREAMS + N_CONDITIONING + N_MEMORY, np.intc)
        cdef int[::1] view = out
        self.rows(&view[0])
        return out

    def set_bars_left(self, int total_bars):
        """Say how many bars the piece is to have, for the ``bars_left`` stream; 0 unknown."""
        self.s.total_bars = max(total_bars, 0)

    def set_conditioning(self, Conditioning conditioning):
        """Say what stands, what is open and what is wished; before the body. None: nothing.

        It outlives ``reset_py``.
        """
        self.conditioning = conditioning
        if self.s.n_sections:
            self._look_around()

    def notes(self):
        """(n_notes,) NOTE_DTYPE: a copy of the complete notes, in canonical order."""
        return np.asarray(self._notes.base)[:self.n_notes].copy()

    def pedal(self):
        """(P,) PEDAL_DTYPE: a copy of the pedal changes."""
        return np.asarray(self._pedals.base)[:self.s.n_pedals].copy()

    def meters(self):
        """(onset_steps, numerator, denominator) of each meter."""
        return [(self._sections[i].onset_steps, self._sections[i].numerator,
                 self._sections[i].denominator) for i in range(self.s.n_sections)]

    def tempos(self):
        """(onset_steps, tempo bin) of each tempo."""
        return [(self._tempos[i].onset_steps, self._tempos[i].tempo)
                for i in range(self.s.n_tempos)]
