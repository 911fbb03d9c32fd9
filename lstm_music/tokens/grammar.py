"""The grammar as tables, and what is said of tokens that break it.

::

    START STYLE NUMERATOR DENOMINATOR KEY TEMPO [LONG*] PICKUP PROGRAM+ BODY onset* END
    onset   [LONG*] SHIFT  [NUMERATOR DENOMINATOR] [TEMPO]  track*
    track   [TRACK]  [PEDAL_UP] [PEDAL_DOWN]  note*
    note    (PITCH | DRUM) [LONG*] DURATION [VELOCITY] [TIMING]

The first onset may do without the shift. The tables say which kinds of token may stand where;
what depends on the music so far is in ``lstm_music.tokens.automaton``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.errors import TokenError
from lstm_music.tokens.vocabulary import DEFAULT, MAX_ONSET_STEPS
from lstm_music.types import BoolArray, IntArray

_MOVES = "long shift"
_TRACK_BEGINS = "track pedal_up pedal_down pitch drum"
_NEXT = f"track pitch drum {_MOVES} end"

FOLLOWS = {
    "before start": "start",
    "after start": "style later_style",
    "after style": "numerator",
    "after numerator": "denominator",
    "after denominator": "key",
    "after key": "tempo",
    "after tempo": "long pickup",
    "after pickup": "program",
    "in programs": "program body",
    "at onset": f"numerator tempo {_TRACK_BEGINS} {_MOVES}",  # nothing at this onset yet
    "in meter": "denominator",
    "after meter": f"tempo {_TRACK_BEGINS} {_MOVES}",
    "after new tempo": f"{_TRACK_BEGINS} {_MOVES}",
    "after track": "pedal_up pedal_down pitch drum",
    "after pedal": f"{_TRACK_BEGINS} {_MOVES} end",
    "in note": "long duration",
    "after duration": f"velocity timing {_NEXT}",
    "after velocity": f"timing {_NEXT}",
    "after timing": _NEXT,
    "in shift": "long shift",
    "after end": "",
}
"""Kinds of token that may come next, by where in the sequence we stand."""

HEADER_LEADS = {
    "start": "after start",
    "style": "after style",
    "later_style": "after style",
    "numerator": "after numerator",
    "denominator": "after denominator",
    "key": "after key",
    "tempo": "after tempo",
    "pickup": "after pickup",
    "program": "in programs",
    "body": "at onset",
}
BODY_LEADS = {
    "shift": "at onset",
    "numerator": "in meter",
    "denominator": "after meter",
    "tempo": "after new tempo",
    "track": "after track",
    "pedal_up": "after pedal",
    "pedal_down": "after pedal",
    "pitch": "in note",
    "drum": "in note",
    "duration": "after duration",
    "velocity": "after velocity",
    "timing": "after timing",
    "end": "after end",
}
"""Where each kind of token leads; LONG keeps its place in a pickup or note, else begins a shift."""


def as_tokens(tokens: npt.ArrayLike) -> IntArray:
    """Tokens as int32; what is no token (also beyond int32) becomes an illegal one.

    Raises
    ------
    TokenError : not one row of integers.
    """
    array = np.asarray(tokens)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TokenError(
            f"tokens must be one row of integers, got shape {array.shape} of {array.dtype}"
        )
    return np.clip(array.astype(np.int64), -1, DEFAULT.n_tokens).astype(np.int32)


def illegal(position: int, token: int, legal: BoolArray) -> TokenError:
    """The error for a token that may not stand at ``position``, where ``legal`` ones may."""
    kinds = [name for name, _ in DEFAULT.ranges if legal[np.array(DEFAULT[name])].any()]
    examples = [DEFAULT.name(int(t)) for t in np.flatnonzero(legal)[:3]]
    such_as = f" (such as {', '.join(examples)})" if examples else ""
    return TokenError(
        f"{_token_at(position, token)} is not legal here; "
        f"expected {' or '.join(kinds) or 'nothing more'}{such_as}"
    )


def out_of_capacity(position: int, token: int, capacity: int) -> TokenError:
    """The error for a legal token that there is no room for."""
    return TokenError(
        f"{_token_at(position, token)} goes beyond the room for {capacity} notes or changes, "
        f"or beyond step {MAX_ONSET_STEPS}"
    )


def _token_at(position: int, token: int) -> str:
    known = 0 <= token < DEFAULT.n_tokens
    return f"token {position} ({DEFAULT.name(token) if known else 'no such token'})"
