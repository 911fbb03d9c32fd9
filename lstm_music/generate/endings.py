"""How a piece from nothing ends: its last bars are drawn again until they close it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lstm_music.errors import ConfigError
from lstm_music.generate.loop import Generator, run_together
from lstm_music.music.cadence import ends_on_tonic
from lstm_music.music.key import Key
from lstm_music.tokens.decode import written_piece

ENDINGS = ("tonic", "free")
"""``tonic``: the last bars are drawn again until the bass ends on the tonic of the key, of several
such endings the first that the network itself takes for one; ``free``: drawn once."""

ENDING_BARS = 2
DRAWS = 16
"""So often at most: a network that keeps its key needs two or three."""

DRAWS_APART = 1 << 32
"""Between the random streams of two draws; far beyond the number of pieces at once."""


def check_ending(ending: str) -> None:
    """Refuse an ending that is none of `ENDINGS`.

    Raises
    ------
    ConfigError : names what there is.
    """
    if ending not in ENDINGS:
        raise ConfigError(f"ending must be {' or '.join(ENDINGS)}, got {ending!r}")


def close_all(
    opened: Sequence[Generator], again: Callable[[int, int], Generator], key: Key | None
) -> list[Generator]:
    """The best ending found for each piece.

    Parameters
    ----------
    opened : pieces composed up to their last `ENDING_BARS`.
    again : makes a generator that stands where ``opened[i]`` does, with random numbers of its
        own stream: ``again(i, stream)``; stream 0 goes on as if nothing had stopped.
    key : given; None: that of each piece's own header.
    """
    best: dict[int, Generator] = {}
    left = list(range(len(opened)))
    for draw in range(DRAWS):
        drawn = {i: again(i, draw * DRAWS_APART) for i in left}
        if drawn:
            run_together(list(drawn.values()))
        for i, ending in drawn.items():
            closes = _closes(ending, key)
            if closes and (i not in best or ending.has_ended):
                best[i] = ending
            if closes is None or (closes and ending.has_ended):
                left.remove(i)
            if closes is None or draw == DRAWS - 1:
                best.setdefault(i, ending)
    return [best[i] for i in range(len(opened))]


def _closes(generator: Generator, key: Key | None) -> bool | None:
    """Whether it ends on the tonic; None for music without pitches or key: it ends as it likes."""
    piece = written_piece(generator.score)
    return ends_on_tonic(piece.replace(key=key or piece.key))
