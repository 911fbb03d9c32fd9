"""What a model makes of performances, read as scores (docs/seed.md) and as they are played.

    PYTHONPATH=benchmarks python benchmarks/performances.py FOLDER [--model NAME] [--files N]

Each file is read both ways; N files are taken, spread over the folder. Printed are nats a note,
which count what is told: a performance read as a score has fewer tokens. So the second row of
figures are the same of pitches alone. Then each piece is cut at the bar line nearest its middle and
continued by 8 bars, and the tracks that keep their character are counted as in character.py, with
the real music after the middle beside them.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from character import BARS, Run, continued, figures, run_of, window

import lstm_music as lm
from lstm_music.composer import Composer
from lstm_music.evaluate.likelihood import body_start
from lstm_music.evaluate.network import NetworkModel
from lstm_music.music.excerpt import excerpt
from lstm_music.music.piece import Piece
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--files", type=int, default=40)
    asked = parser.parse_args()
    files = sorted(p for p in asked.folder.rglob("*") if p.suffix.lower() in {".mid", ".midi"})
    files = files[:: max(len(files) // asked.files, 1)][: asked.files]
    pieces = [lm.read(path) for path in files]
    pieces = [piece for piece in pieces if n_bars(piece) >= 2 * BARS]
    as_score = lm.load(asked.model)
    both = {"as a score": as_score, "as played": that_hears_all(asked.model)}
    print(f"{len(pieces)} pieces; quartiles of nats a note, then of nats a note for pitches")
    for name, model in both.items():
        found = np.array([nats(model, piece) for piece in pieces])
        print(f"{name:12}", *np.percentile(found, [25, 50, 75], axis=0).T.round(2), flush=True)
    print_runs("real music", [middle(piece) for piece in pieces])
    for name, model in both.items():
        print_runs(name, [continued(model, first_half(piece)) for piece in pieces])


def that_hears_all(model: str) -> Composer:
    """The composer of a model, as if it did not tell how freely its music is played."""
    other = lm.load(model)
    engine = other._engine
    coverage = replace(engine.coverage, manners={})
    other.__dict__["_engine"] = replace(engine, coverage=coverage)
    return other


def n_bars(piece: Piece) -> int:
    return int(piece.bar_lines.bar_at(piece.end_steps - 1)) + 1


def nats(composer: Composer, piece: Piece) -> tuple[float, float]:
    """Nats a note, and of that what the pitches cost."""
    tokens = encode(canonical(composer._engine.as_heard(piece)))
    start = body_start(tokens)
    cost = -NetworkModel(composer.model).log_probs(tokens)[start - 1 :]
    is_pitch = DEFAULT.is_kind(tokens[start:], "pitch") | DEFAULT.is_kind(tokens[start:], "drum")
    n_notes = int(is_pitch.sum())
    return float(cost.sum()) / n_notes, float(cost[is_pitch].sum()) / n_notes


def first_half(piece: Piece) -> Piece:
    half = n_bars(piece) // 2
    lines, start = piece.bar_lines, 0
    for _ in range(half):
        start = lines.bar_end(start)
    return excerpt(piece, 0, start)


def middle(piece: Piece) -> Run:
    half = n_bars(piece) // 2
    return run_of(piece, window(piece, half - BARS, half), window(piece, half, half + BARS))


def print_runs(name: str, runs: list[Run]) -> None:
    f = figures(runs)
    low, high = f["interval"]
    print(
        f"{name:12} {f['tracks']} tracks: kept {f['kept']:.0%} ({low:.0%} to {high:.0%}), silent "
        f"{f['silent']:.0%}, octave up {f['rises']:.0%}, halved {f['halves']:.0%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
