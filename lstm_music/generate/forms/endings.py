"""How a piece from nothing ends: its last bars are drawn again until they close it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from lstm_music.generate.forms.choosing import FIRST, Choice, run_drafts, shares_at_once
from lstm_music.generate.loop import Generator
from lstm_music.music.harmony.cadence import ends_in_triad, ends_on_tonic
from lstm_music.music.key import Key
from lstm_music.music.piece import Piece
from lstm_music.tokens.decode import written_piece

ENDING_BARS = 2
DRAWS = 16
"""So often at most: a network that keeps its key needs two or three."""

DRAWS_APART = 1 << 32
"""Between the random streams of two draws; far beyond the number of pieces at once."""

_Ranked: TypeAlias = tuple[tuple[bool, ...], Generator]


def close_all(
    opened: Sequence[Generator],
    again: Callable[[int, int], Generator],
    key: Key | None,
    is_good: Callable[[int, Generator], bool] = lambda i, ending: True,
    choose: Callable[[int, Sequence[Generator]], Generator] = lambda i, endings: endings[0],
    choices: Sequence[Choice] = (),
) -> list[Generator]:
    """The best ending found for each piece.

    Of those whose bass ends on the tonic: first what ``is_good`` wants, then a last chord that is
    the tonic's triad, as in nearly all real pieces of several voices that end on the tonic, then an
    end that the network itself takes for one.

    Parameters
    ----------
    opened : pieces composed up to their last `ENDING_BARS`.
    again : makes a generator that stands where ``opened[i]`` does, with random numbers of its
        own stream: ``again(i, stream)``; stream 0 goes on as if nothing had stopped.
    key : given; None: that of each piece's own header.
    is_good : ``is_good(i, ending)``: what else is wanted of an ending that closes.
    choose : ``choose(i, endings)``: which of the best endings is kept.
    choices : how many endings of each piece are drawn at a time; none: one.
    """
    choices = choices or [FIRST] * len(opened)
    drawn: dict[int, list[_Ranked]] = {i: [] for i in range(len(opened))}
    left, turn = list(drawn), 0
    while left:
        for share in shares_at_once(left, choices):
            drafts = {
                i: [again(i, number * DRAWS_APART) for number in choices[i].numbers(turn)]
                for i in share
            }
            run_drafts([draft for some in drafts.values() for draft in some])
            for i, some in drafts.items():
                ranked = [(_rank(i, ending, key, is_good), ending) for ending in some]
                drawn[i] = _best(drawn[i] + ranked)
        turn += 1
        left = [i for i in left if not all(drawn[i][0][0]) and turn < choices[i].turns(DRAWS)]
    return [choose(i, [ending for _, ending in best]) for i, best in drawn.items()]


def _rank(
    i: int, ending: Generator, key: Key | None, is_good: Callable[[int, Generator], bool]
) -> tuple[bool, ...]:
    """What is wanted of an ending, the most important first; all of music without pitches or key,
    which ends as it likes.
    """
    piece = _in_key(ending, key)
    closed = ends_on_tonic(piece)
    if closed is None:
        return (True,) * 4
    return closed, is_good(i, ending), ends_in_triad(piece), ending.has_ended


def _best(endings: list[_Ranked]) -> list[_Ranked]:
    """The endings of the highest rank; where none closes the last."""
    best = max(rank for rank, _ in endings)
    return [one for one in endings if one[0] == best] if best[0] else endings[-1:]


def closed_by_hand(piece: Piece) -> Piece:
    """The piece with its last bass note moved to the nearest tonic, where it does not close.

    A promise is kept also where no ending that was drawn keeps it. A tonic that would cross
    another note of the last chord is looked for below.
    """
    if ends_on_tonic(piece) is not False or piece.key is None:
        return piece
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    pitched = np.flatnonzero(~drums[piece.notes["track"]])
    notes = piece.notes.copy()
    last = notes["onset_steps"][pitched].max()
    ends = notes["onset_steps"][pitched] + notes["duration_steps"][pitched]
    sounding = pitched[ends > last]
    lowest = sounding[np.argmin(notes["pitch_midi"][sounding])]
    pitch = int(notes["pitch_midi"][lowest])
    above = (piece.key.tonic_pitch_class - pitch) % 12
    others = np.delete(notes["pitch_midi"][sounding], np.argmin(notes["pitch_midi"][sounding]))
    fits_above = above <= min(6, 127 - pitch) and (
        not len(others) or pitch + above < int(others.min())
    )
    moved = pitch + above if fits_above or pitch + above < 12 else pitch + above - 12
    if not 0 <= moved <= 127:
        return piece
    notes["pitch_midi"][lowest] = moved
    return piece.replace(notes=notes)


def closes(generator: Generator, key: Key | None) -> bool | None:
    """Whether it ends on the tonic; None for music without pitches or key: it ends as it likes."""
    return ends_on_tonic(_in_key(generator, key))


def _in_key(generator: Generator, key: Key | None) -> Piece:
    """What it has written, in the key that was asked for, if one was."""
    piece = written_piece(generator.score)
    return piece.replace(key=key or piece.key)
