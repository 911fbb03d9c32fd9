"""Given music ahead that goes as the last tokens went, and what follows there.

Who fills a gap in a tune finds what is behind the gap worth copying. As in
``lstm_music.tokens.repeats``, but the longest match is looked for in the given music that has not
been heard yet.
"""

import numpy as np

from cython cimport final

from lstm_music.tokens.repeats cimport (
    CANDIDATES,
    INTERVALS,
    LEAST,
    N_HEADS,
    Repeats,
    common_suffix,
    mixed,
    say,
)

from lstm_music.tokens.grammar import as_tokens
from lstm_music.tokens.vocabulary import DEFAULT


@final
cdef class GivenText:
    """The given notes as tokens.

    Parameters
    ----------
    tokens : (N,) int32, what follows BODY in the sequence of the given notes alone, whole notes
        in order of onset, track and pitch.
    """

    def __cinit__(self, tokens):
        self.tokens = as_tokens(tokens)
        symbols = np.stack([self.tokens, _with_intervals(self.tokens)]).astype(np.intc)
        links, heads = np.full_like(symbols, -1), np.full((2, N_HEADS), -1, np.intc)
        cdef int[:, ::1] view = symbols, link = links, head = heads
        cdef int kind, i
        cdef unsigned int place
        for kind in range(2):
            for i in range(LEAST - 1, view.shape[1]):
                place = mixed(&view[kind, i])
                link[kind, i] = head[kind, place]
                head[kind, place] = i
        is_note = DEFAULT.is_kind(self.tokens, "pitch") | DEFAULT.is_kind(self.tokens, "drum")
        self._starts = np.append(np.flatnonzero(is_note), len(self.tokens)).astype(np.intc)
        self._symbols, self._links, self._heads = symbols, links, heads

    def __reduce__(self):
        return GivenText, (self.tokens,)

    cdef void rows(self, Repeats recent, int next_given, int* out) noexcept nogil:
        cdef int kind, place, length, longest, follows, tried, first, last = recent.n - 1
        cdef int n = <int>self._symbols.shape[1]
        if recent.n < LEAST or next_given >= self._starts.shape[0]:
            return
        first = self._starts[next_given]
        for kind in range(2):
            place = self._heads[kind, mixed(&recent._symbols[kind, last])]
            longest, follows, tried = 0, -1, 0
            while place >= first and tried < CANDIDATES:
                length = common_suffix(
                    &self._symbols[kind, place], place, &recent._symbols[kind, last], last
                )
                if length >= LEAST and length >= longest and place + 1 < n:
                    longest, follows = length, self._symbols[kind, place + 1]
                place = self._links[kind, place]
                tried += 1
            say(follows, longest, recent.last_pitch, out + 2 * kind)


def _with_intervals(tokens):
    """Each pitch but the first as the interval from the one before it."""
    symbols = tokens.copy()
    pitches = np.flatnonzero(DEFAULT.is_kind(tokens, "pitch"))
    if len(pitches):
        symbols[pitches[1:]] = INTERVALS + 128 + np.diff(tokens[pitches])
    return symbols
