"""Fit the weights of ``listening/meter_weights.py`` on the dev halves of the corpora.

    python benchmarks/fit_meter.py DATA CACHE > lstm_music/music/listening/meter_weights.py

A conditional logit over all candidates (meter, pickup): weights that all meters share plus each
meter's own, both held small. 4/4 and 2/4 with the same bar lines are half right for one another.
Needs PyTorch (the bench extra) for its L-BFGS.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from accompaniments import accompaniments
from rhythm_corpora import BANDS, SCORED, clips, corpora, folder, is_dev, one_meter, recut

from lstm_music.music.listening.meter_finding import CANDIDATES, FEATURES, features
from lstm_music.music.listening.rhythm import MIN_ONSETS
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece

TRAINED_ON = ("chorales", "tunes", "ewld", "groove")
RECUT = ((5, 4), (7, 8), (3, 4))
RECUT_EACH = 60
RECUT_SHARE = 0.05  # how much a recut piece counts: odd meters are rare
MADE, MADE_SEED, MADE_SHARE = 4000, 1, 0.5
CLIP_BARS = (2, 4, 8)
WHOLE_SHARE = 2.0  # of pieces whose pickup is known
CLIP_SHARE = 0.15
SCORED_SHARE = 0.3
SHARED_PENALTY, OWN_PENALTY = 1e-4, 2e-4
EXACT_SHARE = 0.3  # of the loss; the rest counts 2/4 and 4/4 as one

CHOICES = [(c, i) for c in CANDIDATES for i in range(Meter(0, *c).bar_steps // 12)]
"""The rows of ``features``: meter, pickup in eighths."""

HEADER = '''"""What each feature of ``meter_finding.py`` is worth to each meter.

Fitted by ``benchmarks/fit_meter.py`` on the dev halves of music21's chorales and fiddle tunes,
OpenEWLD and Groove, and on pieces of these recut to 5/4, 7/8 and 3/4. Do not edit: fit again.
"""

from __future__ import annotations

'''


def answer(meter: str) -> tuple[int, int]:
    """The candidate that a meter counts as."""
    numerator, denominator = map(int, meter.split("/"))
    return (4, 4) if (numerator, denominator) == (2, 2) else (numerator, denominator)


class Example(NamedTuple):
    """A piece to learn from: the names of its kind, and whether its bar lines are to be trusted."""

    kind: str
    piece: Piece
    knows_pickup: bool = True
    share: float = 1.0


def training_pieces(data: Path, cache: Path) -> Iterator[Example]:
    """The dev halves, clips of them, real 4/4 pieces recut, and accompaniments made by rule."""
    for name, pieces in corpora(data, cache).items():
        if name in TRAINED_ON:
            dev = _chosen(one_meter(pieces))
            yield from (Example(name, piece, share=WHOLE_SHARE) for piece in dev)
            yield from _clips(name, dev)
            in_four = [p for p in dev if str(p.meters[0]) == "4/4"]
            step = max(1, len(in_four) // RECUT_EACH)
            for meter in RECUT if name == "groove" else RECUT[:2]:
                for piece in in_four[::step]:
                    yield Example(f"{name} recut", recut(piece, *meter), share=RECUT_SHARE)
    for name in BANDS:
        dev = _chosen(folder(data, name))
        yield from (Example("bands", piece) for piece in dev)
        yield from _clips("bands", dev)
    for name in SCORED:
        for piece in _chosen(folder(data, name)):
            yield Example(name, piece, piece.pickup_steps > 0, SCORED_SHARE)
            if name == "openscore_lieder":
                yield Example("pianos", _without_voice(piece), False, SCORED_SHARE)
    for piece in accompaniments(MADE, MADE_SEED):
        yield Example("made", piece, share=MADE_SHARE)


def _chosen(pieces: Iterable[Piece]) -> list[Piece]:
    return [p for p in pieces if is_dev(p) and answer(str(p.meters[0])) in CANDIDATES]


def _clips(name: str, pieces: Iterable[Piece]) -> Iterator[Example]:
    for piece in pieces:
        for bars in CLIP_BARS:
            for clip in clips(piece, bars, 1):
                yield Example(f"{name} clips", clip, share=CLIP_SHARE)


def _without_voice(piece: Piece) -> Piece:
    return piece.replace(notes=piece.notes[piece.notes["track"] > 0])


class Table(NamedTuple):
    """Examples as arrays: N of them, C choices."""

    x: torch.Tensor  # (N, C, len(FEATURES))
    exact: torch.Tensor  # (N, C) the right choices
    alike: torch.Tensor  # (N, C) with those that are half right
    kinds: list[tuple[str, tuple[int, int]]]
    shares: list[float]


def tabulate(examples: Iterable[Example]) -> Table:
    rows, exact, alike, kinds, shares = [], [], [], [], []
    for kind, piece, knows_pickup, share in examples:
        meter, pickup = answer(str(piece.meters[0])), round(piece.pickup_steps / 12)
        same = [c == meter and (i == pickup or not knows_pickup) for c, i in CHOICES]
        if len(np.unique(piece.notes["onset_steps"])) < MIN_ONSETS or not any(same):
            continue
        pairs = {(2, 4), (4, 4)}
        near = [
            s or ({c, meter} == pairs and (i % 4 == pickup % 4 or not knows_pickup))
            for s, (c, i) in zip(same, CHOICES, strict=True)
        ]
        rows.append(features(piece))
        exact.append(same)
        alike.append(near)
        kinds.append((kind, meter))
        shares.append(share)
    x = torch.tensor(np.stack(rows))
    return Table(x, torch.tensor(exact), torch.tensor(alike), kinds, shares)


def fit(table: Table) -> np.ndarray:
    """(len(FEATURES), len(CANDIDATES)) weights."""
    counts = Counter(table.kinds)
    weight = [counts[k] ** -0.5 * s for k, s in zip(table.kinds, table.shares, strict=True)]
    importance = torch.tensor(weight, dtype=torch.float32)
    sizes = [sum(choice == meter for choice, _ in CHOICES) for meter in CANDIDATES]
    by_meter = [part.contiguous() for part in table.x.split(sizes, dim=1)]
    shared = torch.zeros(table.x.shape[2], requires_grad=True)
    own = torch.zeros(len(CANDIDATES), table.x.shape[2], requires_grad=True)
    optimiser = torch.optim.LBFGS([shared, own], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        scores = [x @ (shared + mine) for x, mine in zip(by_meter, own, strict=True)]
        log_prob = torch.log_softmax(torch.cat(scores, dim=1), 1)
        exactly = torch.logsumexp(log_prob.masked_fill(~table.exact, -1e9), 1)
        nearly = torch.logsumexp(log_prob.masked_fill(~table.alike, -1e9), 1)
        gain = EXACT_SHARE * exactly + (1 - EXACT_SHARE) * nearly
        value = -(gain * importance).sum() / importance.sum()
        value = value + SHARED_PENALTY * (shared**2).sum() + OWN_PENALTY * (own**2).sum()
        value.backward()
        return value

    optimiser.step(loss)
    return (shared + own).detach().numpy().T.copy()


def main() -> None:
    table = tabulate(training_pieces(Path(sys.argv[1]), Path(sys.argv[2])))
    print(Counter(table.kinds), file=sys.stderr)
    weights = fit(table)
    print(HEADER + "WEIGHTS: dict[str, tuple[float, ...]] = {")
    print(f"    # {'  '.join(f'{n}/{d}' for n, d in CANDIDATES)}")
    for name, row in zip(FEATURES, weights, strict=True):
        print(f'    "{name}": ({", ".join(f"{value:.2f}" for value in row)}),')
    print("}")


if __name__ == "__main__":
    main()
