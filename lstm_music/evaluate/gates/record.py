"""A model reads a piece: what its gates, its states and its surprise are at each token."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lstm_music.cells.spec import CellSpec
from lstm_music.evaluate.likelihood import body_start
from lstm_music.music.piece import Piece
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.recording import record
from lstm_music.reference.gates import gate_roles
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT, RADIX_STEPS
from lstm_music.types import FloatArray, IntArray

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Gates:
    """What a network did while it read a piece, token by token.

    T is the number of tokens of the body, END left out; the header before it is read, too, and not
    kept. Row t of everything belongs to the token t: its surprise before it was read, the gates and
    states after.

    Attributes
    ----------
    piece : the piece as the network reads it (`lstm_music.tokens.canonical.canonical`); its notes
        are those of ``note_nats``.
    cell : the cell, with its equations and source.
    roles : what each gate does, by its name: "input gate", "forget gate", "output gate" or "reset
        gate"; empty for a cell without gates.
    layers : of each layer, the first one first, name -> (T, H): the gates of ``roles``, 0..1; what
        is new (``g`` in the LSTM); the states ``h`` and, where there is one, ``c``.
    tokens : (T,) int32.
    onset_steps : (T,) int64 — where each token stands in the piece, 24 steps a quarter note.
    nats : (T,) float64 — surprise: minus the natural logarithm of the probability that the network
        gave the token. 0: it was sure; log(2) = 0.69: even odds.
    """

    piece: Piece
    cell: CellSpec
    roles: dict[str, str]
    layers: tuple[dict[str, FloatArray], ...]
    tokens: IntArray
    onset_steps: _Ints
    nats: FloatArray

    @property
    def hidden_size(self) -> int:
        """H, units a layer."""
        return int(self.layers[0]["h"].shape[1])

    @property
    def memory(self) -> str:
        """The name of the state that remembers: "c" where the cell has one, else "h"."""
        return "c" if "c" in self.layers[0] else "h"

    @property
    def token_names(self) -> list[str]:
        """The tokens in words, such as "shift 24"."""
        return [DEFAULT.name(token) for token in self.tokens.tolist()]

    @cached_property
    def note_tokens(self) -> _Ints:
        """(N,) which token gives the pitch (or drum) of each note of ``piece``."""
        is_note = DEFAULT.is_kind(self.tokens, "pitch") | DEFAULT.is_kind(self.tokens, "drum")
        return np.flatnonzero(is_note)

    @cached_property
    def note_nats(self) -> FloatArray:
        """(N,) surprise of each note of ``piece``: of when, in which track, what and how long.

        A token belongs to the note that it leads up to or tells more of; one that comes before a
        note without being part of it (a tempo, a pedal) counts with that note.
        """
        if not len(self.note_tokens):
            return np.empty(0)
        part_of_last = np.zeros(len(self.tokens), bool)
        for kind in ("pitch", "drum", "duration", "velocity", "timing"):
            part_of_last |= DEFAULT.is_kind(self.tokens, kind)
        # LONG belongs to what it makes longer.
        for at in np.flatnonzero(DEFAULT.is_kind(self.tokens, "long"))[::-1].tolist():
            part_of_last[at] = at + 1 < len(self.tokens) and part_of_last[at + 1]
        notes_so_far = np.searchsorted(self.note_tokens, np.arange(len(self.tokens)), side="right")
        owner = np.where(part_of_last, notes_so_far - 1, notes_so_far)
        own = owner < len(self.note_tokens)
        return np.bincount(owner[own], self.nats[own], len(self.note_tokens)).astype(np.float64)

    @cached_property
    def onsets(self) -> _Ints:
        """(M,) the distinct places at which tokens stand, in steps, in order."""
        return np.unique(self.onset_steps)

    @cached_property
    def arrivals(self) -> _Ints:
        """(M,) the token with which time has moved on to each onset; at the start the first one."""
        last = np.searchsorted(self.onset_steps, self.onsets)
        is_shift = np.flatnonzero(DEFAULT.is_kind(self.tokens, "shift"))
        last[np.isin(self.onsets, self.onset_steps[is_shift])] = is_shift
        return last

    @cached_property
    def departures(self) -> _Ints:
        """(M,) the last token of each onset: all that begins there has been read."""
        return np.searchsorted(self.onset_steps, self.onsets, side="right") - 1


def gates_of(model: LanguageModel, piece: Piece) -> Gates:
    """Read a piece with a network and keep what every gate did.

    `lstm_music.composer.Composer.gates` does so with what the model would hear of the piece.

    Parameters
    ----------
    model : a network over `lstm_music.tokens`.
    piece : at least one note.

    Raises
    ------
    TokenError : the piece has no note.
    """
    piece = canonical(piece)
    tokens = encode(piece)
    rows = annotate(tokens)
    recording = record(model, rows[:-1], np.ascontiguousarray(tokens[1:]))
    start, end = body_start(tokens), len(tokens) - 1
    body = slice(start, end)
    return Gates(
        piece=piece,
        cell=model.spec,
        roles=gate_roles(model.spec),
        layers=tuple({name: v[body] for name, v in layer.items()} for layer in recording.layers),
        tokens=tokens[body],
        onset_steps=_onsets(tokens[body]),
        nats=recording.nats[start - 1 : end - 1],
    )


def _onsets(tokens: IntArray) -> _Ints:
    """(T,) where each token of a body stands: a shift already where it leads."""
    is_long, is_shift = DEFAULT.is_kind(tokens, "long"), DEFAULT.is_kind(tokens, "shift")
    steps = np.where(is_shift, tokens.astype(np.int64) - DEFAULT["shift"].start + 1, 0)
    others = np.flatnonzero(~is_long)
    longs = np.cumsum(is_long)[others]
    steps[others] += np.where(is_shift[others], RADIX_STEPS * np.diff(longs, prepend=0), 0)
    onsets = np.cumsum(steps)
    # A LONG stands where the token does that it makes longer.
    follower = others[np.minimum(np.searchsorted(others, np.arange(len(tokens))), len(others) - 1)]
    return np.asarray(onsets[follower])
