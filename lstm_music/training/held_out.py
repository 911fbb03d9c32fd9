"""The held-out music of a run: what a validation scores, and nats a note of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.batching.masks import MaskChances, draw_mask
from lstm_music.corpus.cache import TokenCache
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.scoring import sequence_nll
from lstm_music.tokens.annotate import annotate, annotate_choices
from lstm_music.tokens.decode import decode
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.types import IntArray

_KNOWN_PIECES = 50  # of each style


def validation_sequences(
    corpus: TokenCache, chances: MaskChances | None
) -> list[tuple[IntArray, IntArray]]:
    """(rows, targets) of every held-out piece, as it stands, the bars left untold.

    Where parts of pieces are given, each piece comes once more, masked at random but always alike.
    Of a piece of which the last bars alone are held out, the others are heard and no targets.

    Parameters
    ----------
    corpus : of which something is held out.
    chances : how often parts are given; None: never.
    """
    sequences = []
    for i in map(int, corpus.indices("valid")):
        tokens, heard = corpus.piece_tokens(i), corpus.heard_tokens(i)
        is_scored = np.arange(len(tokens)) >= heard
        plain = np.where(is_scored, tokens, -1).astype(np.int32)
        sequences.append((annotate(tokens)[:-1], plain[1:]))
        if chances is not None:
            mask = draw_mask(decode(tokens), np.random.default_rng(i), chances)
            rows, free = annotate_choices(tokens, conditioning=mask)
            targets = np.where(free & is_scored, tokens, -1).astype(np.int32)
            sequences.append((rows[:-1], targets[1:]))
    return sequences


def nats_a_note(model: LanguageModel, corpus: TokenCache) -> float:
    """Nats a note of held-out music, of at most 50 pieces of each style; the headers given."""
    pieces = [i for some in _some_of_each_style(corpus).values() for i in some]
    nats, notes = _scores(model, corpus, pieces).sum(axis=0)
    return float(nats / max(notes, 1.0))


def kept_tokens(corpus: TokenCache) -> int:
    """How many tokens are scored to say what a model `knows`."""
    return sum(int(corpus.lengths[some].sum()) for some in _some_of_each_style(corpus).values())


def knows(model: LanguageModel, corpus: TokenCache) -> dict[str, list[float]]:
    """Nats a note of held-out pieces of each style: the median and the 95th percentile.

    Music that a model finds much less likely is strange to it, and composing says so.
    """
    found = {}
    for style, pieces in _some_of_each_style(corpus).items():
        sums = _scores(model, corpus, pieces)
        nats = sums[:, 0] / np.maximum(sums[:, 1], 1.0)
        found[style] = [round(x, 3) for x in np.percentile(nats, [50, 95]).tolist()]
    return found


def _some_of_each_style(corpus: TokenCache) -> dict[str, list[int]]:
    """The first held-out pieces of each style."""
    by_style: dict[str, list[int]] = {}
    for i in map(int, corpus.indices("valid")):
        some = by_style.setdefault(corpus.styles[i], [])
        if len(some) < _KNOWN_PIECES:
            some.append(i)
    return dict(sorted(by_style.items()))


def _scores(model: LanguageModel, corpus: TokenCache, pieces: list[int]) -> npt.NDArray[np.float64]:
    """(P, 2) nats and notes of what is scored of some pieces, headers apart."""
    tokens = [corpus.piece_tokens(i) for i in pieces]
    scores = sequence_nll(model, [(annotate(one)[:-1], one[1:]) for one in tokens])
    sums = np.zeros((len(pieces), 2))
    for row, i, one, score in zip(sums, pieces, tokens, scores, strict=True):
        start = max(int(np.argmax(one == DEFAULT["body"].start)) + 1, corpus.heard_tokens(i))
        notes = DEFAULT.is_kind(one[start:], "pitch") | DEFAULT.is_kind(one[start:], "drum")
        row[:] = score[start - 1 :].sum(dtype=np.float64), np.count_nonzero(notes)
    return sums
