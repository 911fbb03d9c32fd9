"""A network beside the n-grams fitted to the same corpus, on the same held-out pieces."""

from __future__ import annotations

from lstm_music.corpus.batching.augment import token_transpositions, transpose_tokens
from lstm_music.corpus.cache import TokenCache
from lstm_music.errors import ConfigError
from lstm_music.evaluate.likelihood import Likelihood, baselines, body_likelihood, likelihoods
from lstm_music.evaluate.network import NetworkModel
from lstm_music.evaluate.ngram import KneserNey, TokenModel
from lstm_music.music.piece import Piece
from lstm_music.nn.model import LanguageModel
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.types import IntArray

Row = dict[str, float]

_TRANSPOSITIONS = range(-3, 4)


def piece_likelihood(model: LanguageModel, piece: Piece) -> Likelihood:
    """How likely the model finds a piece, its header given.

    Raises
    ------
    TokenError : the piece has no note.
    """
    tokens = encode(canonical(piece))
    return body_likelihood(tokens, NetworkModel(model).log_probs(tokens))


def compare(
    model: LanguageModel, cache: TokenCache, side: str, order: int = 5
) -> dict[str, dict[str, Row]]:
    """Held-out likelihoods: style -> model -> numbers.

    The baselines are fitted to the training side, the n-gram also to seven transpositions of it.

    Parameters
    ----------
    model : the network.
    cache : the corpus.
    side : "valid" or "test".
    order : length of the longest n-gram.

    Raises
    ------
    ConfigError : no piece on that side, or none to fit the baselines to.
    """
    pieces = [int(i) for i in cache.indices(side)]
    training = [cache.piece_tokens(int(i)) for i in cache.indices("train")]
    if not pieces or not training:
        raise ConfigError(f"{len(training)} training and {len(pieces)} {side} pieces: give more")
    models: dict[str, TokenModel] = baselines(training, order)
    transposed = [tokens for piece in training for tokens in _transposed(piece)]
    models[f"Kneser-Ney {order}-gram, 7 transpositions"] = KneserNey(
        transposed, DEFAULT.n_tokens, order
    )
    models["this model"] = NetworkModel(model)
    table: dict[str, dict[str, Row]] = {}
    for name, token_model in models.items():
        for style, score in likelihoods(token_model, cache, pieces).items():
            table.setdefault(style, {})[name] = _row(score)
    return table


def _transposed(tokens: IntArray) -> list[IntArray]:
    allowed = token_transpositions(tokens)
    return [transpose_tokens(tokens, k) for k in _TRANSPOSITIONS if k in allowed]


def _row(score: Likelihood) -> Row:
    return {
        "nats_per_note": score.nats_per_note,
        "nats_per_token": score.nats_per_token,
        "nats_per_bar": score.nats_per_bar,
        "pieces": score.n_pieces,
        "notes": score.n_notes,
    }
