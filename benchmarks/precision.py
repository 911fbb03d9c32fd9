"""What a model's precision costs in nats a token, when it composes.

    python benchmarks/precision.py CORPUS.cache [--model default] [--tokens 50000]

Reads held-out pieces, chosen at random but always alike, one token after another as in composing.
Prints the mean nats a token in each precision, and how much more that is than in float32.
"""

import argparse

import numpy as np

import lstm_music as lm
from lstm_music.corpus.cache import open_cache
from lstm_music.kernels.step import PRECISIONS, Stepper, StepWeights
from lstm_music.tokens.annotate import annotate
from lstm_music.types import IntArray


def sum_of_nats(stepper: Stepper, tokens: IntArray) -> float:
    """Of all tokens of a piece but the first."""
    stepper.reset()
    total = 0.0
    for row, token in zip(annotate(tokens)[:-1], tokens[1:], strict=True):
        logits = np.asarray(stepper.step_py(row), np.float64)
        total += np.logaddexp.reduce(logits) - logits[token]
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache")
    parser.add_argument("--model", default="default")
    parser.add_argument("--tokens", type=int, default=50_000, help="at least as many are read")
    given = parser.parse_args()
    model, corpus = lm.load(given.model).model, open_cache(given.cache)
    steppers = {name: Stepper(StepWeights(model, precision=name)) for name in PRECISIONS}
    nats, n = dict.fromkeys(PRECISIONS, 0.0), 0
    for i in np.random.default_rng(0).permutation(corpus.indices("valid")):
        tokens = corpus.piece_tokens(int(i))
        for name, stepper in steppers.items():
            nats[name] += sum_of_nats(stepper, tokens)
        n += len(tokens) - 1
        if n >= given.tokens:
            break
    for name, total in nats.items():
        more = (total - nats["float32"]) / n
        print(f"{name:8s}  {total / n:.4f} nats a token, {more:+.4f}  ({n} tokens)")


if __name__ == "__main__":
    main()
