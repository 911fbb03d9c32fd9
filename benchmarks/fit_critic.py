"""Fit the critic of a style: what chooses among drafts of a piece from nothing.

``python benchmarks/fit_critic.py MODEL CACHE STYLE [--bars 16] [--rounds 4] [--samples 300]
[--later 150] [--real 600] [--windows 3,5]``

In each round the model composes samples, and its critic learns by what they can still be told from
real pieces; the next samples are chosen by it. In the rounds of ``--windows``, counted from 1, it
learns what any two bars can be told by, in the others the first so many. The real pieces are those
of the training side, so that the judge (docs/judge.md) can compare with pieces that the critic has
not seen. The model file is written again, with the critic in it.
"""

from __future__ import annotations

import argparse

import numpy as np

import lstm_music as lm
from lstm_music.corpus.cache import open_cache
from lstm_music.evaluate.critic import Critic
from lstm_music.evaluate.critic_fitting import fitted, fitted_window, new_critic
from lstm_music.evaluate.material import first_bars, in_meters_of
from lstm_music.music.piece import Piece
from lstm_music.nn.model_file import load_model, save_model
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.decode import decode

MOST_REAL = 600


def main() -> None:
    """Fit and write, round by round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="file; it is written again")
    parser.add_argument("cache")
    parser.add_argument("style")
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--later", type=int, help="samples in later rounds; half as many")
    parser.add_argument("--real", type=int, default=MOST_REAL, help="real pieces at most")
    parser.add_argument("--windows", default="", help="rounds in which windows are learnt: 3,5")
    parser.add_argument("--rng-seed", type=int, default=1000)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.rng_seed)
    real = real_pieces(asked.cache, asked.style, asked.bars, rng)[: asked.real]
    later = asked.samples // 2 if asked.later is None else asked.later
    windows = [int(number) for number in asked.windows.split(",") if number]
    critic: Critic | None = None
    write(asked.model, asked.style, critic)
    for number in range(asked.rounds):
        samples = [
            canonical(piece)
            for piece in lm.load(asked.model).generate_many(
                n=asked.samples if critic is None else later,
                style=asked.style,
                bars=asked.bars,
                rng_seed=asked.rng_seed + number,
            )
        ]
        like = in_meters_of(samples, real, rng)
        learn = fitted_window if number + 1 in windows else fitted
        critic = learn(critic or new_critic(samples), samples, like)
        write(asked.model, asked.style, critic)
        print(f"round {number + 1}: {len(samples)} samples, {len(real)} real pieces", flush=True)


def real_pieces(cache: str, style: str, bars: int, rng: np.random.Generator) -> list[Piece]:
    """Training pieces of a style, those of so many bars first; of many a random choice."""
    corpus = open_cache(cache).of_style(style)
    numbers = rng.permutation(corpus.indices("train"))
    pieces = [decode(corpus.piece_tokens(int(i))) for i in numbers]
    long, short = ([p for p in pieces if is_long(p, bars) is one] for one in (True, False))
    return [piece for piece in long + short if is_long(piece, 1)][:MOST_REAL]


def is_long(piece: Piece, bars: int) -> bool:
    return first_bars(piece, bars) is not None


def write(path: str, style: str, critic: Critic | None) -> None:
    """Write a model file with the critic of a style in it; None: without."""
    model, facts = load_model(path)
    others = {s: c for s, c in facts["training"].get("critics", {}).items() if s != style}
    critics = others | ({} if critic is None else {style: critic.to_json()})
    training = facts["training"] | {"critics": critics}
    card, storage = facts["data_card"], facts["storage"]
    save_model(path, model, facts["vocabulary"], training, card, storage=storage)


if __name__ == "__main__":
    main()
