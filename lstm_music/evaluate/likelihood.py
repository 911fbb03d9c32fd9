"""How well a model foresees music it has not seen: nats per token and per note.

Only the body is scored, END included: the header (meter, key, instruments) is what a seed gives
any model for free. Nats per note compare across tokenisations; nats per token do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.cache import TokenCache
from lstm_music.errors import TokenError
from lstm_music.evaluate.ngram import KneserNey, TokenModel, Uniform, Unigram
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.types import IntArray


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Sums over the bodies of some pieces."""

    nats: float = 0.0
    n_tokens: int = 0
    n_notes: int = 0
    n_pieces: int = 0
    n_bars: int = 0

    @property
    def nats_per_token(self) -> float:
        """Mean over body tokens, END included; NaN without any."""
        return self.nats / self.n_tokens if self.n_tokens else float("nan")

    @property
    def nats_per_note(self) -> float:
        """All nats of the bodies over their notes; NaN without any."""
        return self.nats / self.n_notes if self.n_notes else float("nan")

    @property
    def nats_per_bar(self) -> float:
        """All nats of the bodies over their bars; NaN without any."""
        return self.nats / self.n_bars if self.n_bars else float("nan")

    def __add__(self, other: Likelihood) -> Likelihood:
        return Likelihood(
            self.nats + other.nats,
            self.n_tokens + other.n_tokens,
            self.n_notes + other.n_notes,
            self.n_pieces + other.n_pieces,
            self.n_bars + other.n_bars,
        )


def body_start(tokens: IntArray) -> int:
    """Index of the first token after BODY.

    Raises
    ------
    TokenError : there is no BODY token.
    """
    places = np.flatnonzero(tokens == DEFAULT["body"].start)
    if not len(places):
        raise TokenError("expected a whole piece, got tokens without the body token")
    return int(places[0]) + 1


def body_likelihood(
    tokens: IntArray, log_probs: npt.NDArray[np.float64], heard: int = 0
) -> Likelihood:
    """Score one piece, or its last bars.

    Parameters
    ----------
    tokens : (N,) int32, a whole piece.
    log_probs : (N-1,) natural log-probabilities of ``tokens[1:]``.
    heard : so many tokens are heard and not scored.
    """
    start = max(body_start(tokens), heard)
    body = tokens[start:]
    n_notes = sum(int(DEFAULT.is_kind(body, kind).sum()) for kind in ("pitch", "drum"))
    nats = -float(np.sum(log_probs[start - 1 :]))
    n_bars = _bars(tokens) - (_bars(tokens[:heard]) if heard else 0)
    return Likelihood(nats, len(body), n_notes, 1, n_bars)


def _bars(tokens: IntArray) -> int:
    music = Automaton(len(tokens))
    music.extend(tokens)
    return music.n_bars


def likelihoods(
    model: TokenModel, cache: TokenCache, pieces: Iterable[int]
) -> dict[str, Likelihood]:
    """Likelihood of pieces of a cache under a model, by style and, under "all", together.

    Of pieces whose last bars are held out these alone are scored.
    """
    by_style: dict[str, Likelihood] = {}
    for i in pieces:
        tokens = cache.piece_tokens(i)
        likelihood = body_likelihood(tokens, model.log_probs(tokens), cache.heard_tokens(i))
        for style in (cache.styles[i], "all"):
            by_style[style] = by_style.get(style, Likelihood()) + likelihood
    return by_style


def baselines(sequences: list[IntArray], order: int = 5) -> dict[str, TokenModel]:
    """The models every network has to beat, fitted to token sequences."""
    return {
        "uniform": Uniform(DEFAULT.n_tokens),
        "unigram": Unigram(sequences, DEFAULT.n_tokens),
        f"Kneser-Ney {order}-gram": KneserNey(sequences, DEFAULT.n_tokens, order),
    }
