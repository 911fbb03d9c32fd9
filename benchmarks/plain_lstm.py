"""A plain LSTM of tokens in torch, beside a model of ours: same size, same training music.

    python benchmarks/plain_lstm.py CACHE OURS.safetensors

CACHE is a folder that `lstm-music corpus build` made, OURS a model trained on it with `lstm-music
train`. torch's Embedding, LSTM and Linear get the same sizes, dropout, learning rate, schedule,
clipping, and the very same chunks of tokens in the same order (transposed and varied alike), until
they have seen as many; of what our model is shown beside each token (the place in the bar, what
sounds, what stood some bars before) they get nothing. Both are scored on the test side, and on the
validation side, where the Groove MIDI Dataset's own validation pieces stand.
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt
from token_models import TorchLstm, train

from lstm_music.corpus.cache import open_cache
from lstm_music.evaluate.likelihood import likelihoods
from lstm_music.evaluate.network import NetworkModel
from lstm_music.evaluate.ngram import TokenModel
from lstm_music.nn.model_file import load_model
from lstm_music.training.job import training_chunks
from lstm_music.training.settings import make_config
from lstm_music.types import IntArray


class TorchTokens:
    """A trained network as `lstm_music.evaluate` wants it."""

    def __init__(self, learner: TorchLstm) -> None:
        self._learner = learner

    def log_probs(self, tokens: IntArray) -> npt.NDArray[np.float64]:
        """(N-1,) natural log-probability of each token after the first."""
        (nats,) = self._learner.nats([tokens])
        return -nats.astype(np.float64)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache")
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    model, facts = load_model(args.model)
    config = make_config(facts["training"]["settings"])
    corpus = open_cache(args.cache)
    if config.style is not None:
        corpus = corpus.of_style(config.style)
    torch_lstm = TorchLstm(model.config, config.batch_size, config.rng_seed, args.threads)
    train(
        torch_lstm,
        training_chunks(corpus, config),
        [corpus.piece_tokens(int(i)) for i in corpus.indices("valid")],
        max_tokens=config.max_tokens,
        evaluate_every=config.evaluate_every,
        peak_rate=config.peak_learning_rate,
    )
    models: dict[str, TokenModel] = {
        "torch": TorchTokens(torch_lstm),
        "ours": NetworkModel(model),
    }
    for side in ("valid", "test"):
        pieces = [int(i) for i in corpus.indices(side)]
        for name, token_model in models.items():
            for style, found in likelihoods(token_model, corpus, pieces).items():
                print(
                    f"{side:5s} {style:8s} {name:5s} {found.nats_per_note:7.3f} nats a note "
                    f"{found.nats_per_token:7.3f} a token {found.nats_per_bar:7.2f} a bar"
                )


if __name__ == "__main__":
    main()
