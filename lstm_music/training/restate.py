"""Give a model file another data card, and count anew what its corpus has; the weights stay.

``python -m lstm_music.training.restate MODEL CARD CORPUS``: where a card has changed, or training
tells more than when the model was made, no training is needed to say so.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import Any

from lstm_music.corpus.cache import TokenCache, open_cache
from lstm_music.corpus.coverage import coverage_of
from lstm_music.corpus.forms import forms_in_training
from lstm_music.corpus.progressions import progressions_in_training
from lstm_music.nn.model_file import load_model, save_model
from lstm_music.training.api import read_card


def restate(path: str | os.PathLike[str], card: dict[str, Any], corpus: TokenCache) -> None:
    """Write a model file again with what is told of it renewed.

    Parameters
    ----------
    path : of the model file.
    card : its data card.
    corpus : what it was trained on; of a model of one style the pieces of that style count.

    Raises
    ------
    ModelFileError : the file cannot be read.
    OutputError : it cannot be written.
    """
    model, facts = load_model(path)
    style = facts["training"].get("settings", {}).get("style")
    corpus = corpus if style is None else corpus.of_style(style)
    counted = {
        "met": asdict(coverage_of(corpus)),
        "forms": forms_in_training(corpus).to_json(),
        "progressions": progressions_in_training(corpus).to_json(),
    }
    training, storage = facts["training"] | counted, facts["storage"]
    save_model(path, model, facts["vocabulary"], training, card, storage=storage)


if __name__ == "__main__":
    model_file, card_file, cache = sys.argv[1:]
    restate(model_file, read_card(card_file), open_cache(cache))
