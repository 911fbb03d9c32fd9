"""How often the pieces of a corpus change their tempo, and how many are slower at their end.

    python benchmarks/tempos.py CACHE

CACHE is a folder that `lstm-music corpus build` made. Counted are the changes after the first
onset, on the training side. A piece is slower at its end if its last tempo is lower than all before
it, and begins in the last sixth of the piece.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from lstm_music.corpus.cache import open_cache
from lstm_music.music.piece import Piece
from lstm_music.tokens.decode import decode

LAST = 5 / 6


def slows(piece: Piece) -> bool:
    """Whether the last tempo is a slower one near the end."""
    tempos = piece.tempos
    last = tempos[-1].usec_per_quarter
    return (
        len(tempos) > 1
        and last > max(one.usec_per_quarter for one in tempos[:-1])
        and tempos[-1].onset_steps >= LAST * piece.end_steps
    )


def line(style: str, pieces: Sequence[Piece]) -> str:
    """One row of the table."""
    changes = np.array([len(one.tempos) - 1 for one in pieces])
    return (
        f"| {style or 'other'} | {len(pieces):,} | {np.mean(changes > 0):.1%} "
        f"| {changes.mean():.2f} | {np.mean([slows(one) for one in pieces]):.1%} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cache")
    corpus = open_cache(parser.parse_args().cache)
    print("| style | pieces | with changes | changes a piece | slower at the end |")
    print("|---|---|---|---|---|")
    chosen = sorted(map(int, corpus.indices("train")), key=lambda i: corpus.styles[i])
    for style, some in groupby(chosen, key=lambda i: corpus.styles[i]):
        print(line(style, [decode(corpus.piece_tokens(i)) for i in some]), flush=True)


if __name__ == "__main__":
    main()
