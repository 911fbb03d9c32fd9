"""Why music from nothing goes in circles: what the streams of repeats do at each temperature.

    python benchmarks/self_copies.py CACHE [--model default] [--styles song,piano] [--samples 60]

CACHE is a folder that `lstm-music corpus build` made, of the corpus the model was trained on. Each
row is one way to compose samples from nothing, with rng seeds from 1 on, 16 bars (hymns 12): plain
(one draft, free ending, no form, any range), with or without the streams that name the longest
earlier match of what was just written (docs/tokens.md), and at last as the model's card advises.
Beside them stand the held-out pieces, cut to as many bars. The measures are those of
benchmarks/models.py; a bar returns if it equals any earlier one.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import models
import numpy as np

import lstm_music as lm
from lstm_music.composer import Composer
from lstm_music.corpus.cache import open_cache
from lstm_music.evaluate.form import form_of, returning_shares
from lstm_music.evaluate.metrics import groove_consistency, pitch_class_entropy
from lstm_music.music.piece import Piece
from lstm_music.nn.sampling import Sampling
from lstm_music.tokens.streams import all_streams
from lstm_music.tokens.vocabulary import DEFAULT

PLAIN = {"drafts": 1, "ending": "free", "form": "none", "in_character": False}
REPEATS = ("match_token", "match_length", "moved_token", "moved_length")
WAYS = ((0.9, 0.95), (0.9, 1.0), (1.0, 0.95), (1.0, 0.98), (1.0, 1.0))
"""Temperatures and top_p."""


def without_repeats(composer: Composer) -> Composer:
    """One that is never told of an earlier match."""
    table = composer.model.params["embedding"]
    names = [name for name, _ in all_streams(DEFAULT.n_tokens)]
    for name in REPEATS:
        number = names.index(name)
        first, size = DEFAULT.stream_offsets[number], DEFAULT.stream_sizes[number]
        table[first : first + size] = table[first]
    return Composer(composer.model, composer.metadata, name="", source=composer.source)


def row(corpus: models.Corpus, name: str, pieces: Sequence[Piece]) -> None:
    """Print the measures of some pieces."""
    means = [np.mean(models.measured(f, pieces)) for f in (pitch_class_entropy, groove_consistency)]
    returning = returning_shares([form_of(piece) for piece in pieces]).mean()
    runs = [run.n_notes for run in corpus.known.longest_runs(pieces)]
    middle, high = np.percentile(runs, [50, 95])
    cells = f"{means[0]:.2f} | {means[1]:.2f} | {returning:.0%} | {middle:.0f} | {high:.0f}"
    print(f"| {name} | {cells} |", flush=True)


def main() -> None:
    """Print a table a style."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--styles", default="song,piano")
    parser.add_argument("--samples", type=int, default=60)
    asked = parser.parse_args()
    corpus = models.Corpus(open_cache(asked.cache))
    with_them, without = lm.load(asked.model), without_repeats(lm.load(asked.model))
    for style in asked.styles.split(","):
        bars = models.BARS.get(style, models.USUAL_BARS)
        ask = {"n": asked.samples, "style": style, "bars": bars, "rng_seed": 1}
        print(f"\n| {style} | entropy, bits | groove | bars that return | known run | 95 % |")
        print("|---" * 6 + "|")
        row(corpus, "held out", models.first_bars(corpus.of_style(style), bars))
        for words, composer in (("", with_them), (", no repeats told", without)):
            for temperature, top_p in WAYS:
                sampling = Sampling(temperature, top_p=top_p)
                pieces = composer.generate_many(sampling=sampling, **ask, **PLAIN)
                row(corpus, f"temperature {temperature}, top-p {top_p}{words}", pieces)
        row(corpus, "as advised", with_them.generate_many(**ask))


if __name__ == "__main__":
    main()
