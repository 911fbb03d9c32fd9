"""Train a model on real music and on what it has composed itself, as its critic chose it.

    lstm-music generate --model MODEL --style chorale --bars 12 -n 400 -o own/12.mid
    lstm-music generate --model MODEL --style chorale --bars 16 -n 100 -o own/16.mid
    python benchmarks/train_on_own.py MODEL CACHE chorale own -o NEW.safetensors
    python benchmarks/fit_critic.py NEW.safetensors CACHE chorale

A critic (docs/judge.md) keeps of many drafts those that look like real music. A network that learns
from what was kept composes more of that kind by itself, and its next critic has better drafts to
choose from (expert iteration; "reinforced self-training", Gulcehre et al. 2023). The real pieces
are those of the training side. Held-out nats a note, which rise a little, are printed before and
after. The last weights are written; the new model has no critic of the style yet.
"""

import argparse
from pathlib import Path

import numpy as np

from lstm_music.corpus.cache import TokenCache, open_cache
from lstm_music.corpus.split import SPLITS
from lstm_music.midi.read import read_midi
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model, save_model
from lstm_music.pretrained import model_path
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.base import load_base
from lstm_music.training.held_out import nats_a_note
from lstm_music.training.job import new_model, training_chunks
from lstm_music.training.loop import Trainer
from lstm_music.training.settings import make_config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model")
    parser.add_argument("cache")
    parser.add_argument("style")
    parser.add_argument("own", type=Path, help="folder of MIDI files that the model has composed")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--tokens", type=int, default=500_000)
    parser.add_argument("--learning-rate", type=float, default=0.0006)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--precision", default="float32")
    args = parser.parse_args()
    real = open_cache(args.cache).of_style(args.style)
    base = load_base(args.model)
    settings = {
        "batch_size": 8,
        "dropout": args.dropout,
        "learning_rate": args.learning_rate,
        "max_tokens": args.tokens,
        "precision": args.precision,
    }
    config = make_config(base.merged(settings))
    model = new_model(config, base)
    print(f"held out: {nats_a_note(model, real):.3f} nats a note", flush=True)
    chunks = training_chunks(with_own(real, args.own, args.style), config)
    trainer = Trainer(model, chunks, [], config, lambda _, __: None)
    while not trainer.is_done:
        trainer.update([next(chunks)])
    print(f"held out: {nats_a_note(model, real):.3f} nats a note now")
    write(args.model, model, args.style, args.output)


def with_own(real: TokenCache, folder: Path, style: str) -> TokenCache:
    """A corpus with the files of a folder on its training side, too."""
    paths = sorted(folder.glob("*.mid"))
    own = [encode(canonical(read_midi(path).replace(style=style))) for path in paths]
    tokens = [real.piece_tokens(i) for i in range(len(real))] + own
    lengths = np.array([len(one) for one in tokens], np.int32)
    return TokenCache(
        tokens=np.concatenate(tokens).astype(np.int16),
        starts=np.cumsum(lengths, dtype=np.int64) - lengths,
        lengths=lengths,
        sides=np.append(real.sides, np.full(len(own), SPLITS.index("train"), np.uint8)),
        styles=[style] * len(lengths),
        ids=[*real.ids, *map(str, paths)],
        rejected=(),
        digest=real.digest,
    )


def write(path: str, model: LanguageModel, style: str, output: str) -> None:
    """Write weights with all that another model's file says, but for the critic of a style."""
    with model_path(path) as file:
        _, facts = load_model(file)
    training = dict(facts["training"])
    training["critics"] = {s: c for s, c in training.get("critics", {}).items() if s != style}
    card, storage = facts["data_card"], facts["storage"]
    save_model(output, model, DEFAULT.to_json(), training, card, storage=storage)


if __name__ == "__main__":
    main()
