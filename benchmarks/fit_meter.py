"""Fit the weights of ``lstm_music/music/meter_weights.py`` on the dev halves of the corpora.

    python benchmarks/fit_meter.py DATA CACHE > lstm_music/music/meter_weights.py

A conditional logit over all candidates (meter, pickup): weights that all meters share plus each
meter's own, both held small. 4/4 and 2/4 with the same bar lines are half right for one another.
Needs PyTorch (the bench extra) for its L-BFGS.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from rhythm_corpora import corpora, is_dev, one_meter, recut

from lstm_music.music.meter import Meter
from lstm_music.music.meter_finding import CANDIDATES, FEATURES, features
from lstm_music.music.piece import Piece

TRAINED_ON = ("chorales", "tunes", "ewld", "groove")
RECUT = ((5, 4), (7, 8), (3, 4))
RECUT_EACH = 60
RECUT_SHARE = 0.05  # how much a recut piece counts: odd meters are rare
SHARED_PENALTY, OWN_PENALTY = 5e-4, 1e-3
BY_HAND = {"loud on level 0": 0.5, "loud on level 1": 0.25, "loud on level 2": 0.1}
"""None of the scores has dynamics to learn from."""
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


def training_pieces(data: Path, cache: Path) -> list[tuple[str, Piece]]:
    """(corpus, piece) of the dev halves, with recut ones of real 4/4 pieces."""
    found = []
    for name, pieces in corpora(data, cache).items():
        if name not in TRAINED_ON:
            continue
        dev = [p for p in one_meter(pieces) if is_dev(p) and answer(str(p.meters[0])) in CANDIDATES]
        found += [(name, piece) for piece in dev]
        in_four = [p for p in dev if str(p.meters[0]) == "4/4"]
        recuts = RECUT if name == "groove" else RECUT[:2]
        for meter in recuts:
            step = max(1, len(in_four) // RECUT_EACH)
            found += [(f"{name} recut", recut(p, *meter)) for p in in_four[::step]]
    return [(name, piece) for name, piece in found if len(piece.notes)]


def fit(pieces: Iterable[tuple[str, Piece]]) -> np.ndarray:
    """(len(FEATURES), len(CANDIDATES)) weights."""
    rows, exact, alike, kinds = [], [], [], []
    for name, piece in pieces:
        meter, pickup = answer(str(piece.meters[0])), round(piece.pickup_steps / 12)
        same = [c == meter and i == pickup for c, i in CHOICES]
        if not any(same):
            continue
        pairs = {(2, 4), (4, 4)}
        near = [
            s or ({c, meter} == pairs and i % 4 == pickup % 4)
            for s, (c, i) in zip(same, CHOICES, strict=True)
        ]
        rows.append(features(piece))
        exact.append(same)
        alike.append(near)
        kinds.append((name, meter))
    counts = Counter(kinds)
    print(counts, file=sys.stderr)
    x, e, q = torch.tensor(np.stack(rows)), torch.tensor(exact), torch.tensor(alike)
    weight = [counts[k] ** -0.5 * (RECUT_SHARE if "recut" in k[0] else 1) for k in kinds]
    importance = torch.tensor(weight, dtype=torch.float32)
    column = torch.tensor([CANDIDATES.index(c) for c, _ in CHOICES])
    shared = torch.zeros(x.shape[2], requires_grad=True)
    own = torch.zeros(len(CANDIDATES), x.shape[2], requires_grad=True)
    optimiser = torch.optim.LBFGS([shared, own], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        log_prob = torch.log_softmax(((shared + own[column]) * x).sum(-1), 1)
        exactly = torch.logsumexp(log_prob.masked_fill(~e, -1e9), 1)
        nearly = torch.logsumexp(log_prob.masked_fill(~q, -1e9), 1)
        gain = EXACT_SHARE * exactly + (1 - EXACT_SHARE) * nearly
        value = -(gain * importance).sum() / importance.sum()
        value = value + SHARED_PENALTY * (shared**2).sum() + OWN_PENALTY * (own**2).sum()
        value.backward()
        return value

    optimiser.step(loss)
    return (shared + own).detach().numpy().T.copy()


def main() -> None:
    weights = fit(training_pieces(Path(sys.argv[1]), Path(sys.argv[2])))
    print(HEADER + "WEIGHTS: dict[str, tuple[float, ...]] = {")
    print(f"    # {'  '.join(f'{n}/{d}' for n, d in CANDIDATES)}")
    for name, row in zip(FEATURES, weights, strict=True):
        values = row + BY_HAND.get(name, 0.0)
        print(f'    "{name}": ({", ".join(f"{value:.2f}" for value in values)}),')
    print("}")


if __name__ == "__main__":
    main()
