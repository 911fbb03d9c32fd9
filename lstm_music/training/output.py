"""The model file that a run writes, with what it was trained on, and the fingerprints beside it."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import cache as once
from typing import Any

from lstm_music.corpus.cache import TokenCache
from lstm_music.corpus.copies.fingerprints import corpus_fingerprints
from lstm_music.corpus.coverage import coverage_of
from lstm_music.corpus.forms import forms_in_training
from lstm_music.corpus.progressions import progressions_in_training
from lstm_music.corpus.split import SPLITS
from lstm_music.files import atomic_write
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import save_model
from lstm_music.pretrained import known_beside
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.best import Write
from lstm_music.training.held_out import knows


def model_writer(
    corpus: TokenCache, output: str | os.PathLike[str], card: dict[str, Any], storage: str
) -> Write:
    """What writes the model file, and the fingerprints beside it.

    Parameters
    ----------
    corpus : with something held out.
    output : the model file.
    card : of the data.
    storage : "float32" or "float16".
    """
    counted = {
        "corpus": counts(corpus),
        "met": asdict(coverage_of(corpus)),
        "forms": forms_in_training(corpus).to_json(),
        "progressions": progressions_in_training(corpus).to_json(),
    }
    known = once(lambda: corpus_fingerprints(corpus).to_bytes())

    def write(model: LanguageModel, summary: dict[str, Any]) -> None:
        facts = summary | counted | {"knows": knows(model, corpus)}
        save_model(output, model, DEFAULT.to_json(), facts, card, storage=storage)
        atomic_write(known_beside(output), known())

    return write


def counts(corpus: TokenCache) -> dict[str, int]:
    """Pieces a side, and tokens in all; of pieces whose last bars are held out on both sides."""
    sides = {side: len(corpus.indices(side)) for side in SPLITS}
    return sides | {"tokens": corpus.n_tokens, "rejected": len(corpus.rejected)}
