"""Whole sequences read at once: the context after each token, and which tokens are a choice."""

import numpy as np

from lstm_music.tokens.grammar import as_tokens
from lstm_music.tokens.vocabulary import DEFAULT

from lstm_music.tokens.automaton cimport Automaton
from lstm_music.tokens.conditioning cimport Conditioning


def annotate(tokens, int total_bars=0, Conditioning conditioning=None):
    """The context after each token: what the network sees beside it.

    The same code as in generation, so training and generation cannot differ.

    Parameters
    ----------
    tokens : (N,) int32, a legal sequence from START on; it need not reach END.
    total_bars : how many bars the piece is said to have, 0 unknown.
    conditioning : what is said of the music ahead; None: nothing.

    Returns
    -------
    rows : (N, n_streams) int32, indices into the one embedding table.

    Raises
    ------
    TokenError : a token is illegal.
    """
    return _walk(tokens, total_bars, conditioning)[0]


def annotate_choices(tokens, int total_bars=0, Conditioning conditioning=None):
    """`annotate`, and which of the tokens are a choice.

    Returns
    -------
    rows : (N, n_streams) int32.
    free : (N,) bool; not free is what the given music, and the header before it, leave no choice
        about.

    Raises
    ------
    TokenError : a token is illegal.
    """
    return _walk(tokens, total_bars, conditioning)


cdef _walk(tokens, int total_bars, Conditioning conditioning):
    """Rows after each token, and whether it is free."""
    cdef const int[::1] view = as_tokens(tokens)
    cdef Py_ssize_t N = view.shape[0], i
    cdef Automaton automaton = Automaton(max(N, 1))
    rows, free = np.empty((N, DEFAULT.n_streams), np.intc), np.empty(N, np.uint8)
    cdef int[:, ::1] out = rows
    cdef unsigned char[::1] is_free = free
    automaton.set_conditioning(conditioning)
    automaton.set_bars_left(total_bars)
    for i in range(N):
        is_free[i] = automaton.is_free()
        automaton.read(i, view[i])
        automaton.rows(&out[i, 0])
    return rows, free.view(np.bool_)
