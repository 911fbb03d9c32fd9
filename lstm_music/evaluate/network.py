"""A network as a token model, beside the n-grams it has to beat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.nn.model import LanguageModel
from lstm_music.nn.scoring import sequence_nll
from lstm_music.tokens.annotate import annotate
from lstm_music.types import IntArray


class NetworkModel:
    """``log_probs`` of a language model; how many bars are left is not told."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def log_probs(self, tokens: IntArray) -> npt.NDArray[np.float64]:
        """(N-1,) natural log-probability of each token after the first."""
        rows = annotate(tokens)[:-1]
        (nll,) = sequence_nll(self._model, [(rows, tokens[1:])])
        return -nll.astype(np.float64)
