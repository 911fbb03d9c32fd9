"""A performance as the score of it: what a network that has learnt from scores is told of a seed.

Such a network is thrown by a performance: by notes that all differ in loudness and length, by a
pedal that goes down between them, by a tempo that never rests.
"""

from __future__ import annotations

from typing import NamedTuple

from lstm_music.music.performance import Manner, even_velocities, manner_of, with_written_lengths
from lstm_music.music.piece import Piece

_SOME = Manner(onsets=0.05, loudness=0.05, pedal=0.05, tempo=0.5, lengths=0.05)
"""What is no more than this is no performance, where the training music has less: scores have
accents, and a ritardando or two.
"""

_WAYS = (
    "on the grid",
    "at an even loudness",
    "without the pedal",
    "at one tempo",
    "with the note lengths of a score",
)
"""How a performance is read, for each field of `Played`."""

_NOWHERE = (1 << 62, 1 << 62)


class Played(NamedTuple):
    """For each field of `Manner`, whether a piece is a performance to a network."""

    onsets: bool
    loudness: bool
    pedal: bool
    tempo: bool
    lengths: bool

    @property
    def remarks(self) -> tuple[str, ...]:
        """What to say of it."""
        ways = [way for way, is_so in zip(_WAYS, self, strict=True) if is_so]
        return (f"a performance: the network reads it {', '.join(ways)}",) * bool(ways)


NOT_PLAYED = Played(*(False,) * len(Played._fields))


def played(piece: Piece, usual: Manner | None) -> Played:
    """How a piece goes beyond what a network knows of performing.

    Parameters
    ----------
    piece : the whole of it.
    usual : the most that is usual in the training music of its style; None: the model does not
        tell, and hears all.
    """
    if usual is None:
        return NOT_PLAYED
    shares = zip(manner_of(piece), usual, _SOME, strict=True)
    return Played(*(share > max(most, some) for share, most, some in shares))


def as_written(part: Piece, how: Played, open_steps: tuple[int, int] = _NOWHERE) -> Piece:
    """A part of a performance as a score has it, but for its onsets.

    Parameters
    ----------
    part : what the network is to read.
    how : of the whole piece.
    open_steps : where it is to write, in steps of the part: notes that sound there keep their
        lengths.
    """
    if how.loudness:
        part = even_velocities(part)
    if how.pedal:
        part = part.replace(pedal=part.pedal[:0])
    if how.tempo:
        part = part.replace(tempos=part.tempos[:1])
    return with_written_lengths(part, *open_steps) if how.lengths else part


def as_score(piece: Piece, usual: Manner | None) -> Piece:
    """A piece as a network is told of it that knows so much of performing; ``usual`` as of
    `played`.
    """
    how = played(piece, usual)
    if how.onsets:
        # Most seeds do without it.
        from lstm_music.music.listening.quantise import with_quantised_onsets

        piece = with_quantised_onsets(piece)
    return as_written(piece, how)
