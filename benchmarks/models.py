"""What the bundled models compose, beside music that they were not trained on.

    python benchmarks/models.py CACHE [--models default,chorale,folk,drums] [--samples 100]
        [--json docs/models/figures.json]

CACHE is a folder that `lstm-music corpus build` made, of the corpus the models were trained on.

Sample i of a style is composed from nothing with rng seed i, 16 bars (chorales 12: that is what
they have), in the meter and key of a training piece: of every (pieces / samples)th one.

- nats a note: of the test side, header given.
- key, beat, meter, tonic, bars: share of the samples that keep to them, beside the same of the
  held-out pieces (validation and test) with their own key and meter (lstm_music/music/promises.py).
  Whoever cannot be judged is not counted. "Once" is the same of samples drawn once
  (--drafts 1 --ending free): else `generate` draws again until key, beat, meter and tonic are kept.
- groove, entropy, scale: means (lstm_music/evaluate/metrics.py), beside held-out pieces of at least
  as many bars cut to so many, and how many of their standard deviations lie between the two.
- copying: notes of the longest run shared with the training side (lstm_music/evaluate/novelty.py),
  median and 95th percentile, of the samples and of the same cut held-out pieces.

Everything is seeded: the same models and corpus give the same figures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import lstm_music as lm
from lstm_music.composer import Composer
from lstm_music.corpus.cache import TokenCache, open_cache
from lstm_music.evaluate.likelihood import likelihoods
from lstm_music.evaluate.metrics import (
    groove_consistency,
    pitch_class_entropy,
    scale_consistency,
)
from lstm_music.evaluate.network import NetworkModel
from lstm_music.evaluate.novelty import KnownMusic
from lstm_music.music.excerpt import excerpt
from lstm_music.music.harmony.cadence import ends_on_tonic
from lstm_music.music.piece import Piece
from lstm_music.music.promises import (
    beat_is_obeyed,
    fits_in_bars,
    key_is_obeyed,
    key_or_mode_is_obeyed,
    meter_is_obeyed,
)
from lstm_music.tokens.decode import decode

STYLES = ("chorale", "folk", "lead", "drums", "piano", "song", "ensemble", "band", "hymn")
BARS = {"chorale": 12, "hymn": 12}
USUAL_BARS = 16
HELD_OUT = ("valid", "test")
PROMISES: dict[str, Callable[[Piece], bool | None]] = {
    "key obeyed, %": key_is_obeyed,
    "key or mode obeyed, %": key_or_mode_is_obeyed,
    "beat obeyed, %": beat_is_obeyed,
    "meter obeyed, %": meter_is_obeyed,
    "ends on the tonic, %": ends_on_tonic,
}
METRICS: dict[str, Callable[[Piece], float | None]] = {
    "groove consistency": groove_consistency,
    "pitch class entropy, bits": pitch_class_entropy,
    "scale consistency": scale_consistency,
}

Figures = dict[str, dict[str, float | None]]


class Corpus:
    """Pieces of a cache by style, and what is known of its training side."""

    def __init__(self, cache: TokenCache) -> None:
        self.cache = cache
        self.training = [self._piece(i) for i in cache.indices("train")]
        self.held_out = [self._piece(i) for side in HELD_OUT for i in cache.indices(side)]
        self.known = KnownMusic(self.training)

    def _piece(self, index: int) -> Piece:
        return decode(self.cache.piece_tokens(int(index)))

    def headers(self, style: str, n: int) -> list[Piece]:
        """``n`` training pieces of a style, evenly spread."""
        pieces = [piece for piece in self.training if piece.style == style]
        return [pieces[i * len(pieces) // n] for i in range(n)]

    def of_style(self, style: str) -> list[Piece]:
        """Held-out pieces."""
        return [piece for piece in self.held_out if piece.style == style]

    def test_nats(self, composer: Composer, style: str) -> float:
        """Nats a note of the test pieces of a style."""
        pieces = [int(i) for i in self.cache.indices("test") if self.cache.styles[i] == style]
        scores = likelihoods(NetworkModel(composer.model), self.cache, pieces)
        return scores[style].nats_per_note


def styles_of(composer: Composer) -> list[str]:
    """What a model was trained on."""
    met = composer.metadata["training"]["met"]["styles"]
    return [style for style in STYLES if style in met]


def samples(
    composer: Composer, style: str, headers: Sequence[Piece], bars: int, **drawn: Any
) -> list[Piece]:
    """One in the key and meter of each header; ``drawn`` as `Composer.generate` has it."""
    return [
        composer.generate(
            bars=bars,
            style=style,
            key=None if style == "drums" else header.key,
            meter=str(header.meters[0]),
            rng_seed=i,
            **drawn,
        )
        for i, header in enumerate(headers, 1)
    ]


def first_bars(pieces: Sequence[Piece], bars: int) -> list[Piece]:
    """The beginnings of those that are long enough; a pickup is no bar."""
    cut = []
    for piece in pieces:
        end, lines = piece.pickup_steps, piece.bar_lines
        for _ in range(bars):
            end = lines.bar_end(end)
        if lines.bar_end(piece.end_steps - 1) >= end:
            cut.append(excerpt(piece, 0, end))
    return cut


def measured(function: Callable[[Piece], Any], pieces: Sequence[Piece]) -> list[float]:
    return [float(x) for x in map(function, pieces) if x is not None]


def figures(corpus: Corpus, composed: Sequence[Piece], style: str, bars: int) -> Figures:
    """Measure -> samples, held out, and, where means are compared, their distance in s.d."""
    whole = corpus.of_style(style)
    cut = first_bars(whole, bars)
    rows: Figures = {}
    ours, theirs = promises_kept(composed), promises_kept(whole)
    rows |= {name: row(ours[name], theirs[name]) for name in ours if name in theirs}
    fitting = [fits_in_bars(piece, bars) for piece in composed]
    rows["exactly the bars asked, %"] = row(100 * np.mean(fitting), None)
    for name, metric in METRICS.items():
        values, known = measured(metric, composed), measured(metric, cut)
        if values and known:
            apart = (np.mean(values) - np.mean(known)) / np.std(known)
            rows[name] = row(np.mean(values), np.mean(known)) | {"apart_sd": float(apart)}
    shared = [[run.n_notes for run in corpus.known.longest_runs(p)] for p in (composed, cut)]
    for name, percent in (("median", 50), ("95th percentile", 95)):
        at = [np.percentile(runs, percent) for runs in shared]
        rows[f"longest run of known notes, {name}"] = row(*at)
    return rows


def promises_kept(pieces: Sequence[Piece]) -> dict[str, float]:
    """Promise -> per cent of the pieces that keep it, of those that can be judged."""
    kept = {name: measured(promise, pieces) for name, promise in PROMISES.items()}
    return {name: float(100 * np.mean(values)) for name, values in kept.items() if values}


def row(ours: float, theirs: float | None) -> dict[str, float | None]:
    return {"samples": float(ours), "held_out": None if theirs is None else float(theirs)}


def printed(model: str, style: str, found: dict[str, Any]) -> None:
    print(
        f"\n{model}, {style}: {found['samples']} samples of {found['bars']} bars; "
        f"{found['held_out']} held-out pieces, {found['held_out_cut']} of so many bars\n"
        f"  {found['nats_per_note']:.3f} nats a note on the test side\n"
        f"  {'':42}{'samples':>10}{'once':>10}{'held out':>10}{'apart, s.d.':>13}"
    )
    for name, values in found["figures"].items():
        cells = [values.get(key) for key in ("samples", "once", "held_out", "apart_sd")]
        texts = ["" if cell is None else f"{cell:.2f}" for cell in cells]
        print(f"  {name:42}{texts[0]:>10}{texts[1]:>10}{texts[2]:>10}{texts[3]:>13}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Figures of what the models compose.")
    parser.add_argument("cache", type=Path)
    parser.add_argument("--models", default="default,chorale,folk,drums")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    options = parser.parse_args()
    corpus = Corpus(open_cache(options.cache))
    found: dict[str, dict[str, Any]] = {}
    for name in options.models.split(","):
        composer = lm.load(name)
        for style in styles_of(composer):
            bars = BARS.get(style, USUAL_BARS)
            headers = corpus.headers(style, options.samples)
            composed = samples(composer, style, headers, bars)
            once = promises_kept(samples(composer, style, headers, bars, drafts=1, ending="free"))
            held_out = corpus.of_style(style)
            found.setdefault(composer.name, {})[style] = {
                "samples": len(composed),
                "bars": bars,
                "held_out": len(held_out),
                "held_out_cut": len(first_bars(held_out, bars)),
                "nats_per_note": corpus.test_nats(composer, style),
                "figures": figures(corpus, composed, style, bars),
            }
            for promise, rows in found[composer.name][style]["figures"].items():
                if promise in once:
                    rows["once"] = once[promise]
            printed(composer.name, style, found[composer.name][style])
    if options.json:
        text = json.dumps({"corpus": corpus.cache.digest, "models": found}, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
