"""Form of samples beside that of held-out music: ``python benchmarks/form.py CACHE``.

CACHE is a folder that ``lstm-music corpus build`` made of the music of the bundled models. For each
style pieces are composed from nothing, with ``--form none`` and ``--form auto``, and compared with
the first bars, as many, of the pieces of the valid and test sides that are at least so long:

returns     share of bars that are equal to an earlier one (8, 16, 4, 2, 1, 12, 24, 6, 3 before)
varied      share of bars that are not, but share more than half of their notes with an earlier one
loops       share of pieces of which 60 % of the bars are equal to the bar eight before
alike N     how many notes bars share with the bar N before (Jaccard), the mean
d           distance of a mean from that of real pieces, in their standard deviations
KS          the largest distance between the two distributions of a piece's returns (Kolmogorov)

It takes some minutes; --json FILE keeps the figures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import lstm_music as lm
from lstm_music.corpus.cache import TokenCache, open_cache
from lstm_music.evaluate.form import kolmogorov
from lstm_music.music.form import EQUAL, VARIED, Bar, alike, bars_of, label_bars
from lstm_music.tokens.decode import decode

STYLES = {"folk": "folk", "lead": "default", "chorale": "chorale", "drums": "drums"}
"""Style: the bundled model that composes it."""

LENGTHS = (16, 32)
LOOP_SHARE, LOOP_LAG = 0.6, 8

Measure = Callable[[Sequence[Bar]], float]


def share_labelled(kind: str) -> Measure:
    """The share of bars with a kind of label."""
    return lambda bars: float(np.mean([label.kind == kind for label in label_bars(bars)]))


def is_loop(bars: Sequence[Bar]) -> float:
    """1 for a piece that goes round in circles."""
    same = [bool(b.notes) and b == a for a, b in zip(bars, bars[LOOP_LAG:], strict=False)]
    return float(bool(same) and np.mean(same) >= LOOP_SHARE)


def alike_at(lag: int) -> Measure:
    """How much bars share with the one so many before."""
    return lambda bars: float(
        np.mean([alike(a, b) for a, b in zip(bars, bars[lag:], strict=False)])
    )


MEASURES: dict[str, Measure] = {
    "returns": share_labelled(EQUAL),
    "varied": share_labelled(VARIED),
    "loops": is_loop,
    "alike 4": alike_at(4),
    "alike 8": alike_at(8),
}


def measured(pieces: Sequence[Sequence[Bar]]) -> dict[str, np.ndarray]:
    """Each measure of each piece."""
    return {name: np.array([of(bars) for bars in pieces]) for name, of in MEASURES.items()}


def real_pieces(corpus: TokenCache, n_bars: int) -> list[list[Bar]]:
    """The first bars of the held-out pieces that have so many."""
    held = [int(i) for side in ("valid", "test") for i in corpus.indices(side)]
    pieces = [bars_of(decode(corpus.piece_tokens(i))) for i in held]
    return [bars[:n_bars] for bars in pieces if len(bars) >= n_bars]


def composed(model: str, style: str, n_bars: int, form: str | None, n: int) -> list[list[Bar]]:
    """Bars of samples from nothing."""
    request = lm.Request(style=style, bars=n_bars, form=form, n=n, rng_seed=1)
    return [bars_of(take.piece, n_bars) for take in lm.load(model).complete(request)]


def compared(ours: dict[str, np.ndarray], real: dict[str, np.ndarray]) -> dict[str, float]:
    """Means, their distance from real ones, and how the returns are distributed."""
    found = {}
    for name, values in ours.items():
        found[name] = float(values.mean())
        if name != "loops":
            spread = max(float(real[name].std()), 1e-9)
            found[f"d {name}"] = float((values.mean() - real[name].mean()) / spread)
    return found | {"KS": kolmogorov(ours["returns"], real["returns"])}


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("-n", type=int, default=60, help="samples of each kind")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    corpus, rows = open_cache(arguments.cache), []
    for style, model in STYLES.items():
        for n_bars in LENGTHS:
            real = real_pieces(corpus.of_style(style), n_bars)
            if len(real) < 2:
                print(f"{style} of {n_bars} bars: {len(real)} held-out pieces, too few")
                continue
            figures = measured(real)
            row = {name: float(values.mean()) for name, values in figures.items()}
            rows.append({"style": style, "bars": n_bars, "form": "real", "n": len(real)} | row)
            for form in ("none", "auto"):
                ours = measured(composed(model, style, n_bars, form, arguments.n))
                row = compared(ours, figures)
                rows.append({"style": style, "bars": n_bars, "form": form, "n": arguments.n} | row)
            for one in rows[-3:]:
                print(
                    "  ".join(
                        f"{k} {v:.2f}" if isinstance(v, float) else f"{v}" for k, v in one.items()
                    ),
                    flush=True,
                )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
