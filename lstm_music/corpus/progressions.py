"""The chord symbols of a corpus: which chord follows which in its training pieces."""

from __future__ import annotations

from lstm_music.corpus.cache import TokenCache
from lstm_music.music.harmony.progression_model import ProgressionModel
from lstm_music.tokens.decode import decode


def progressions_in_training(corpus: TokenCache) -> ProgressionModel:
    """Count the chord symbols of all pieces on the training side, by style."""
    return ProgressionModel.count(
        (corpus.styles[int(i)], decode(corpus.piece_tokens(int(i))))
        for i in corpus.indices("train")
    )
