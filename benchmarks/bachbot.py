"""BachBot's task: Bach's chorales in its encoding of 108 tokens, 90 % to learn, 10 % to foresee.

    python benchmarks/bachbot.py [--tokens 6000000] [--rng-seed 1] [--only ours|torch|ngrams]

Liang, "BachBot: Automatic composition in the style of Bach chorales", MPhil thesis, Cambridge
2016: chorales of the music21 corpus, in C major or A minor, on a grid of 16ths. A frame has one
token for each note that sounds, from high to low, (pitch, whether it goes on from the frame
before); a fermata comes first; a delimiter ends it; START and END enclose a piece. Which files
were taken is not told; all scores of four parts by Bach give its 108 different tokens, and 412,952
tokens in all beside its 423,463 (the corpus of that year's music21 was not the same). The thesis
reports 0.477 nats a token on its validation tenth for its best network (three layers of 256,
dropout, batch normalisation; table of the grid search) and perplexity 1.991, 0.689 nats, for its
best n-gram. Which tenth is not told; ours is drawn with ``--rng-seed``.

Nothing but the tokens is shown to either network. As in the thesis the first figure is that of the
best of the validations, which favours every network a little; the second is that of the end. Some
chorales stand in the corpus twice: the third leaves out the held-out pieces of which more than half
of all stretches of 40 tokens occur in what was learnt.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from token_models import Learner, OurLstm, TorchLstm, chunks, train

from lstm_music.evaluate.ngram import KneserNey, TokenModel, Uniform, Unigram
from lstm_music.nn.config import ModelConfig
from lstm_music.types import FloatArray, IntArray

FRAMES_A_QUARTER = 4
VOICES = 4
START, END, DELIMITER, FERMATA = "START", "END", "|||", "(.)"
PUBLISHED_NATS = 0.477
STRETCH = 40

Word = str | tuple[int, bool]


def chorale_words() -> Iterator[list[Word]]:
    """Every score of four parts by Bach in the corpus, in BachBot's words."""
    from music21 import corpus

    for path in corpus.getComposer("bach"):
        score = corpus.parse(path)
        if len(score.parts) != VOICES:
            continue
        key = score.analyze("key")
        tonic = 0 if key.mode == "major" else 9
        # The nearer way up or down.
        move = (tonic - key.tonic.pitchClass + 6) % 12 - 6
        yield _words(score, move)


def _words(score: Any, semitones: int) -> list[Word]:
    """The frames of one score, transposed."""
    notes: dict[int, list[tuple[int, bool]]] = {}
    fermatas: set[int] = set()
    for note in score.flatten().notes:
        first = round(float(note.offset) * FRAMES_A_QUARTER)
        last = max(round(float(note.offset + note.quarterLength) * FRAMES_A_QUARTER), first + 1)
        goes_on = note.tie is not None and note.tie.type != "start"
        for frame in range(first, last):
            held = goes_on or frame > first
            sounding = notes.setdefault(frame, [])
            sounding += [(pitch.midi + semitones, held) for pitch in note.pitches]
            if any("Fermata" in expression.classes for expression in note.expressions):
                fermatas.add(frame)
    words: list[Word] = [START]
    for frame in range(max(notes, default=-1) + 1):
        words += [FERMATA] * (frame in fermatas)
        words += sorted(notes.get(frame, ()), reverse=True)
        words.append(DELIMITER)
    return [*words, END]


def read_words(cache: Path | None) -> list[list[Word]]:
    """The chorales, kept as JSON if there is a file for it."""
    if cache is None or not cache.exists():
        words = list(chorale_words())
        if cache is not None:
            cache.write_text(json.dumps(words))
        return words
    pieces = json.loads(cache.read_text())
    return [[w if isinstance(w, str) else (w[0], w[1]) for w in piece] for piece in pieces]


def numbered(pieces: list[list[Word]]) -> tuple[list[IntArray], int]:
    """The words as numbers, and how many there are."""
    number = {word: i for i, word in enumerate(sorted({w for p in pieces for w in p}, key=repr))}
    return [np.array([number[w] for w in piece], np.int32) for piece in pieces], len(number)


def is_copy(pieces: list[IntArray], known: list[IntArray]) -> list[bool]:
    """Which pieces have most of their stretches of `STRETCH` tokens from the known ones."""

    def stretches(tokens: IntArray) -> list[bytes]:
        return [tokens[i : i + STRETCH].tobytes() for i in range(len(tokens) - STRETCH + 1)]

    met = {stretch for tokens in known for stretch in stretches(tokens)}
    return [bool(np.mean([s in met for s in stretches(tokens)] or [0]) > 0.5) for tokens in pieces]


def without(copies: list[bool], nats: list[FloatArray]) -> float:
    """Mean over the tokens of the pieces that are no copies."""
    return float(
        np.concatenate([n for n, copy in zip(nats, copies, strict=True) if not copy]).mean()
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=6_000_000)
    parser.add_argument("--rng-seed", type=int, default=1)
    parser.add_argument("--only", choices=("ours", "torch", "ngrams"))
    parser.add_argument("--hidden-size", type=int, default=320)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--embedding-size", type=int, default=64)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--learning-rate", type=float, default=0.002)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--chunk-steps", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--words", type=Path, help="Keep the chorales here as JSON.")
    args = parser.parse_args()

    pieces, n_tokens = numbered(read_words(args.words))
    order = np.random.default_rng(args.rng_seed).permutation(len(pieces))
    n_valid = len(pieces) // 10
    valid = [pieces[int(i)] for i in order[:n_valid]]
    learn = [pieces[int(i)] for i in order[n_valid:]]
    counts = [sum(map(len, side)) for side in (learn, valid)]
    print(
        f"{len(pieces)} chorales, {n_tokens} different tokens, {counts[0]:,} to learn, "
        f"{counts[1]:,} to foresee; published: 423,463 tokens, 108 different"
    )
    copies = is_copy(valid, learn)
    print(f"{sum(copies)} of the {len(valid)} pieces to foresee are copies of learnt ones")
    rows: dict[str, tuple[float, ...]] = {}
    if args.only in (None, "ngrams"):
        models: dict[str, TokenModel] = {
            "uniform": Uniform(n_tokens),
            "unigram": Unigram(learn, n_tokens),
            "Kneser-Ney 5-gram": KneserNey(learn, n_tokens, 5),
        }
        for name, model in models.items():
            nats = [-model.log_probs(tokens) for tokens in valid]
            mean = float(np.concatenate(nats).mean())
            rows[name] = (mean, mean, without(copies, nats))
    config = ModelConfig(
        n_tokens,
        n_tokens,
        1,
        args.embedding_size,
        hidden_size=args.hidden_size,
        layers=args.layers,
        dropout=args.dropout,
    )
    for name, make in (("torch", TorchLstm), ("ours", OurLstm)):
        if args.only in (None, name):
            print(f"{name}:")
            learner: Learner = make(config, args.batch_size, args.rng_seed, args.threads)
            best, last = train(
                learner,
                chunks(learn, args.batch_size, args.chunk_steps, args.rng_seed),
                valid,
                max_tokens=args.tokens,
                evaluate_every=counts[0],
                peak_rate=args.learning_rate,
            )
            rows[name] = (best, last, without(copies, learner.nats(valid)))
    print(f"{'nats a token:':22s} {'best':>7s} {'end':>7s} {'end, no copies':>15s}")
    for name, figures in rows.items():
        print(f"  {name:20s} {figures[0]:7.4f} {figures[1]:7.4f} {figures[2]:15.4f}")
    print(f"  {'BachBot, published':20s} {PUBLISHED_NATS:7.4f}")


if __name__ == "__main__":
    main()
