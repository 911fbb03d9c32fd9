"""From tokens back to a piece."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.errors import TokenError
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo, Track
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.vocabulary import DEFAULT, DRUM_PROGRAM, index_key, tempo_usec


def decode(tokens: npt.ArrayLike) -> Piece:
    """The piece that a complete token sequence tells.

    Parameters
    ----------
    tokens : (N,) int32, from START to END.

    Returns
    -------
    piece : canonical; ``encode`` gives the same tokens back.

    Raises
    ------
    TokenError : a token is illegal where it stands (says where, which, and what may stand
        there), or the sequence stops before END.
    """
    tokens = np.asarray(tokens)
    automaton = Automaton(max(tokens.size, 1))
    automaton.extend(tokens)
    if not automaton.is_ended:
        last = f", the last one {DEFAULT.name(int(tokens[-1]))}" if tokens.size else ""
        raise TokenError(f"tokens must go on to END, got {tokens.size}{last}")
    return written_piece(automaton)


def written_piece(automaton: Automaton) -> Piece:
    """What an automaton has read so far, as a piece; a note not yet complete is left out.

    Before END it need not be canonical: tracks may be without notes, and a meter or tempo may
    stand after the last note.

    Raises
    ------
    TokenError : the header is not complete yet.
    """
    meters = tuple(Meter(*meter) for meter in automaton.meters())
    if not meters:
        raise TokenError("tokens must hold the whole header (up to the pickup) to be a piece")
    style, key, pickup_steps = automaton.header
    drums = [program == DRUM_PROGRAM for program in automaton.programs]
    return Piece(
        notes=automaton.notes(),
        tracks=tuple(
            Track(0 if is_drum else program, is_drum)
            for program, is_drum in zip(automaton.programs, drums)
        ),
        meters=meters,
        tempos=tuple(Tempo(onset, tempo_usec(tempo)) for onset, tempo in automaton.tempos()),
        key=index_key(key),
        pedal=automaton.pedal(),
        pickup_steps=pickup_steps,
        style=DEFAULT.styles[style],
    )
