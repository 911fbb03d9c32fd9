"""Few pieces: the last bars of each are held out, where too few are held out as a whole.

Somebody's own eight songs are too few for chance to put some on the validation side, and too dear
to keep any from training. So training has each piece up to a bar line, and a validation hears all
of it but scores only what comes after that line.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.building.facts import count_bars
from lstm_music.corpus.cache import TokenCache
from lstm_music.corpus.split import SPLITS
from lstm_music.errors import ConfigError
from lstm_music.music.excerpt import excerpt
from lstm_music.music.piece import Piece
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.types import IntArray

LEAST_PIECES = 3
"""Whole pieces are held out where chance puts so many on the validation side."""

LAST_SHARE = 1 / 8
LEAST_BARS = 4
"""The last eighth of the bars of a piece, but at least so many, and at most half, are held out."""


def hold_out(corpus: TokenCache) -> tuple[TokenCache, str]:
    """The corpus with something held out, and in one line what and why.

    Parameters
    ----------
    corpus : as it was read.

    Returns
    -------
    corpus : the same where at least `LEAST_PIECES` pieces are on the validation side. Else every
        piece up to a bar line on the training side and, whole but marked as `TokenCache.heard` up
        to there, on the validation side; of near duplicates the longest alone, since the end of
        one may stand in the middle of the other.
    line : the rule that was followed.

    Raises
    ------
    ConfigError : no piece has a bar line with notes on both sides.
    """
    n_valid, n_train = (len(corpus.indices(side)) for side in ("valid", "train"))
    if n_valid >= LEAST_PIECES and n_train:
        return corpus, f"held out: {n_valid} whole pieces (at least {LEAST_PIECES} are enough)"
    single = corpus.some(_without_copies(corpus))
    parts = [_parted(tokens) for tokens in single]
    n_bars = sum(bars for *_, bars in parts)
    if not n_bars:
        raise ConfigError(
            f"none of {len(corpus)} pieces has two bars with notes, so nothing can be held out to "
            "see whether training helps: give more music"
        )
    few = _few_names(n_valid if n_train else 0)
    copies = len(corpus) - len(single)
    left_out = f"; of copies the longest alone is used, {copies} left out" if copies else ""
    n_cut = sum(bars > 0 for *_, bars in parts)
    line = (
        f"held out: the last {n_bars} bars of {n_cut} {'piece' if n_cut == 1 else 'pieces'}, an "
        f"eighth of each, from {LEAST_BARS} up, but never more than half ({few}{left_out})"
    )
    return _joined(single, parts), line


def _few_names(n_valid: int) -> str:
    return f"whole pieces only where chance holds out {LEAST_PIECES} or more, not {n_valid}"


def _without_copies(corpus: TokenCache) -> npt.NDArray[np.int64]:
    """The longest of each group of near duplicates, in order."""
    if corpus.groups is None:
        return np.arange(len(corpus))
    order = np.lexsort([np.arange(len(corpus)), -corpus.lengths.astype(np.int64)])
    _, first = np.unique(corpus.groups[order], return_index=True)
    return np.sort(order[first])


def _parted(tokens: IntArray) -> tuple[IntArray, int, int, int]:
    """Tokens up to a bar line; how many of all come before it; bars in all, and after it.

    Without such a bar line all tokens, and no bars after it.
    """
    piece = decode(tokens)
    cut = last_bars_start(piece)
    if not cut:
        return tokens, len(tokens), 0, 0
    lines, n_bars = piece.bar_lines, count_bars(piece)
    return (
        encode(excerpt(piece, 0, cut)),
        heard_before(tokens, cut),
        n_bars,
        n_bars - lines.bar_at(cut),
    )


def last_bars_start(piece: Piece) -> int:
    """The bar line, in steps, where the last bars of a piece begin; 0: there is none.

    Notes begin before it and after it.
    """
    onsets, lines = piece.notes["onset_steps"].astype(np.int64), piece.bar_lines
    n_bars = count_bars(piece)
    held = min(max(round(n_bars * LAST_SHARE), LEAST_BARS), n_bars // 2)
    bars = lines.bars_at(onsets)
    later = onsets[bars >= n_bars - held]
    if not held or not len(later) or not (bars < n_bars - held).any():
        return 0
    return int(lines.bar_start(int(later.min())))


def heard_before(tokens: IntArray, cut_steps: int) -> int:
    """How many tokens of a piece (N,) int32 come before those that lead to ``cut_steps``."""
    automaton, first_long = Automaton(len(tokens)), DEFAULT["long"].start
    for i, token in enumerate(tokens.tolist()):
        automaton.advance_py(token)
        if automaton.onset_steps >= cut_steps:
            while tokens[i - 1] == first_long:  # the way there is scored, too
                i -= 1  # noqa: PLW2901
            return i
    return len(tokens)


def _joined(corpus: TokenCache, parts: list[tuple[IntArray, int, int, int]]) -> TokenCache:
    """The pieces up to the bar line for training, then all of those that have one to validate."""
    cut = [i for i, part in enumerate(parts) if part[3]]
    pieces = [part[0] for part in parts] + [corpus.piece_tokens(i) for i in cut]
    lengths = np.array([len(tokens) for tokens in pieces], np.int32)
    order = np.array([*range(len(parts)), *cut])
    n_new = (len(parts), len(cut))
    return replace(
        corpus.some(order),
        tokens=np.concatenate(pieces).astype(np.int16),
        starts=np.cumsum(lengths, dtype=np.int64) - lengths,
        lengths=lengths,
        sides=np.repeat([SPLITS.index("train"), SPLITS.index("valid")], n_new).astype(np.uint8),
        heard=np.array([0] * len(parts) + [parts[i][1] for i in cut], np.int32),
        whole_bars=np.array([part[2] for part in parts] + [0] * len(cut), np.int32),
    )
