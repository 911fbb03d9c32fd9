"""Variants of the bundled recipe, trained alike: nats a note of held-out music by style.

    python benchmarks/recipe.py CACHE cell=layernorm-lstm cell=lstm --tokens 1000000 --seeds 1,2
    python benchmarks/recipe.py CACHE hidden_size=256 layers=3 --seconds 180
    python benchmarks/recipe.py CACHE deviation=2 deviation=1 --tokens 600000 --log start.jsonl
    python benchmarks/recipe.py CACHE infill=0.5 torch,infill=0.0 --tokens 2000000

CACHE is a folder that `lstm-music corpus build` made. A variant is settings of `TrainConfig` with
commas between them, that replace those of the recipe. ``deviation`` is that of the tokens' rows of
the embedding at the start. ``torch`` is a plain LSTM of the same sizes in torch: it reads the
tokens of the same chunks, and none of the streams beside them.

All variants train on as many tokens, or for as many seconds of the processor, at the speed that is
measured first. Each has its whole schedule, and its last weights are scored: the validation side,
the first 1,000 tokens of at most 40 pieces of each style. The first table has nats a note, the mean
of the seeds. The second has by how many percent that is more than the first variant's, with a 95 %
interval (bootstrap over pieces, the same ones for both); the last column is the mean over styles.
``--log`` keeps each run in a file; what is there is not trained again.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from recipe_parts import RECIPE
from token_models import TorchLstm

from lstm_music.corpus.cache import TokenCache, open_cache
from lstm_music.evaluate.likelihood import body_start
from lstm_music.nn import parameters
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.scoring import sequence_nll
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.config import TrainConfig
from lstm_music.training.job import new_model, training_chunks
from lstm_music.training.loop import Trainer
from lstm_music.training.schedule import rate_share
from lstm_music.training.settings import SECTIONS, make_config, override
from lstm_music.types import FloatArray, IntArray

PIECES = 40  # of each style
TOKENS = 1_000  # of each piece
DRAWS = 2_000
NEVER = 10**12
TORCH = "torch"
STYLES = ("piano", "song", "ensemble", "band", "hymn", "chorale", "folk", "lead", "drums")

Trained = tuple[int, int, Callable[[list[IntArray]], list[FloatArray]]]
"""Weights, tokens read, and what gives the nats of every token but the first of some pieces."""


@dataclass(frozen=True)
class Scored:
    """One run: what it was, and nats and notes of each held-out piece, by style."""

    variant: str
    rng_seed: int
    tokens: int
    weights: int
    tokens_a_second: float
    nats: dict[str, list[float]]
    notes: dict[str, list[int]]


def held_out(corpus: TokenCache) -> dict[str, list[IntArray]]:
    """What is scored of each style."""
    found: dict[str, list[IntArray]] = {style: [] for style in STYLES}
    for i in map(int, corpus.indices("valid")):
        some = found.get(corpus.styles[i])
        if some is not None and len(some) < PIECES:
            some.append(corpus.piece_tokens(i)[:TOKENS])
    return found


def in_parts(pieces: list[IntArray], scores: list[FloatArray]) -> tuple[list[float], list[int]]:
    """Nats and notes of each piece after its header; scores leave out the first token."""
    starts = [body_start(one) for one in pieces]
    nats = [float(s[at - 1 :].sum()) for s, at in zip(scores, starts, strict=True)]
    notes = [
        int(sum(DEFAULT.is_kind(one[at:], kind).sum() for kind in ("pitch", "drum")))
        for one, at in zip(pieces, starts, strict=True)
    ]
    return nats, notes


def configured(variant: str, rng_seed: int) -> tuple[TrainConfig, float]:
    """The settings of a variant, and the deviation of its tokens' rows."""
    settings: dict[str, Any] = {}
    deviation = parameters.TOKEN_DEVIATION
    for one in variant.split(","):
        if one == TORCH:
            continue
        if one.startswith("deviation="):
            deviation = float(one.partition("=")[2])
        else:
            section = "model" if one.partition("=")[0] in SECTIONS["model"] else "training"
            name, value = override(f"{section}.{one}")
            settings[name] = value
    return make_config(RECIPE | {"balance": 0.5, "rng_seed": rng_seed} | settings), deviation


def tokens_in(corpus: TokenCache, config: TrainConfig, seconds: float) -> int:
    """How many tokens a variant learns from in so many seconds of the processor."""
    model, chunks = new_model(config), training_chunks(corpus, config)
    trainer = Trainer(model, chunks, [], config, lambda _, __: None)
    before, begun = 0, 0.0
    for step in range(33):
        if step == 3:  # the first ones fetch memory
            before, begun = trainer.progress.tokens, time.process_time()
        trainer.update([next(chunks)])
    return int(seconds * (trainer.progress.tokens - before) / (time.process_time() - begun))


def run(corpus: TokenCache, variant: str, rng_seed: int, tokens: int, seconds: float) -> Scored:
    """Train one variant and score it."""
    config, deviation = configured(variant, rng_seed)
    tokens = tokens or tokens_in(corpus, config, seconds)
    config = replace(config, max_tokens=tokens, evaluate_every=NEVER)
    with mock.patch.object(parameters, "TOKEN_DEVIATION", deviation):
        model = new_model(config)
    train = train_torch if TORCH in variant.split(",") else train_ours
    begun = time.process_time()
    n_weights, n_tokens, nats = train(model, corpus, config)
    speed = n_tokens / (time.process_time() - begun)
    scored = {name: in_parts(some, nats(some)) for name, some in held_out(corpus).items()}
    return Scored(
        variant,
        rng_seed,
        n_tokens,
        n_weights,
        round(speed),
        {style: nats for style, (nats, _) in scored.items()},
        {style: notes for style, (_, notes) in scored.items()},
    )


def train_ours(model: LanguageModel, corpus: TokenCache, config: TrainConfig) -> Trained:
    """Train a model of the package."""
    chunks = training_chunks(corpus, config)
    trainer = Trainer(model, chunks, [], config, lambda _, __: None)
    while not trainer.is_done:
        trainer.update([next(chunks)])

    def nats(pieces: list[IntArray]) -> list[FloatArray]:
        return sequence_nll(model, [(annotate(one)[:-1], one[1:]) for one in pieces])

    return int(model.flat_params.size), trainer.progress.tokens, nats


def train_torch(model: LanguageModel, corpus: TokenCache, config: TrainConfig) -> Trained:
    """Train torch's LSTM with the sizes of a model, on the chunks that the model would have."""
    plain = TorchLstm(model.config, config.batch_size, config.rng_seed, 1)
    tokens = 0
    for chunk in training_chunks(corpus, config):
        share = rate_share(config.schedule, tokens / config.max_tokens, config.warmup)
        plain.update(chunk, config.peak_learning_rate * share)
        tokens += chunk.n_tokens
        if tokens >= config.max_tokens:
            break
    return plain.n_weights, tokens, plain.nats


def tables(runs: list[Scored], variants: list[str]) -> str:
    """Both tables as Markdown."""
    by_variant = {name: [one for one in runs if one.variant == name] for name in variants}
    notes = {style: np.array(runs[0].notes[style]) for style in STYLES}
    nats = {
        (name, style): np.mean([one.nats[style] for one in some], axis=0)
        for name, some in by_variant.items()
        for style in STYLES
    }
    lines = [
        f"| | weights | tokens | tokens a second | {' | '.join(STYLES)} |",
        "|---" * (4 + len(STYLES)) + "|",
    ]
    for name, some in by_variant.items():
        means = [nats[name, style].sum() / notes[style].sum() for style in STYLES]
        lines.append(
            f"| {name} | {some[0].weights / 1e6:.2f} M | {some[0].tokens / 1e6:.2f} M "
            f"| {np.mean([one.tokens_a_second for one in some]):,.0f} | "
            f"{' | '.join(f'{mean:.3f}' for mean in means)} |"
        )
    lines += ["", f"| | {' | '.join(STYLES)} | mean |", "|---" * (2 + len(STYLES)) + "|"]
    rng = np.random.default_rng(0)
    draws = {style: rng.integers(len(n), size=(DRAWS, len(n))) for style, n in notes.items()}
    for name in variants[1:]:
        drawn = {
            style: 100.0
            * (nats[name, style][some].sum(1) / nats[variants[0], style][some].sum(1) - 1)
            for style, some in draws.items()
        }
        drawn["mean"] = np.mean(list(drawn.values()), axis=0)
        exact = [
            100.0 * (nats[name, style].sum() / nats[variants[0], style].sum() - 1)
            for style in STYLES
        ]
        exact.append(float(np.mean(exact)))
        cells = [
            "{:+.1f} ({:+.1f} to {:+.1f})".format(mean, *np.percentile(some, [2.5, 97.5]))
            for mean, some in zip(exact, drawn.values(), strict=True)
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cache")
    parser.add_argument("variants", nargs="+", metavar="SETTING=VALUE[,...]")
    amount = parser.add_mutually_exclusive_group(required=True)
    amount.add_argument("--tokens", type=int, default=0)
    amount.add_argument("--seconds", type=float, default=0.0, help="of the processor")
    parser.add_argument("--seeds", default="1", help="rng seeds: 1,2")
    parser.add_argument("--log", type=Path, help="keep the runs here")
    args = parser.parse_args()
    corpus = open_cache(args.cache)
    log: Path | None = args.log
    runs = []
    if log is not None and log.exists():
        runs = [Scored(**json.loads(line)) for line in log.read_text().splitlines()]
    for rng_seed in map(int, args.seeds.split(",")):
        for variant in args.variants:
            if any((one.variant, one.rng_seed) == (variant, rng_seed) for one in runs):
                continue
            runs.append(run(corpus, variant, rng_seed, args.tokens, args.seconds))
            if log is not None:
                with log.open("a") as file:
                    print(json.dumps(asdict(runs[-1])), file=file)
    print(tables(runs, args.variants))


if __name__ == "__main__":
    main()
