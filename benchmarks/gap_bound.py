"""How much the music behind a gap can tell of it at most: by belief, and by what returns.

    python benchmarks/gap_bound.py CACHE [--model NAME] [--styles chorale,drums] [--pieces N]
        [--draws K]

The gaps are those of `infilling.py`. A network that reads from left to right believes something of
the middle M and of what follows it, A, given what is before, B. By Bayes' rule, knowing A saves
log P(A|M,B) - log P(A|B) nats of M, whatever way it is told. P(A|B) is the mean of P(A|M',B) over
middles M' that the network draws. The logarithm of a mean of K draws is on average too low, so the
bound is on average too high; it falls with K. A network that understood the music better could save
more. Beside it what `infilling.py` finds, and how much would be saved if each bar of the gap that
returns behind it, and that nothing before it names, cost nothing.
"""

from __future__ import annotations

import argparse

import numpy as np
from infilling import FIRST, LAST, scores, sixteen_bars
from joins import token_onsets, told_of_nothing_ahead

from lstm_music.composer import Composer, load
from lstm_music.corpus.cache import open_cache
from lstm_music.generate.asking.request import Request
from lstm_music.generate.complete import get_ready
from lstm_music.generate.compose import written
from lstm_music.music.form import bars_of
from lstm_music.music.piece import Piece
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.sampling import Sampling
from lstm_music.nn.scoring import sequence_nll
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode


def by_place(model: LanguageModel, pieces: list[Piece]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each piece the nats of each token, nothing ahead told, and where it leads in steps."""
    rows = [encode(piece) for piece in pieces]
    told = [np.ascontiguousarray(annotate(r)[:-1, : model.config.n_streams]) for r in rows]
    found = sequence_nll(model, [(t, r[1:]) for t, r in zip(told, rows, strict=True)])
    return [
        (np.asarray(f, np.float64), token_onsets(r)[1:]) for f, r in zip(found, rows, strict=True)
    ]


def saved_by_belief(blind: Composer, piece: Piece, end: int, draws: int) -> float:
    """Nats of the middle that the network's own belief lets what follows save, at most."""
    free = {"in_character": False, "voice_leading": "free", "rng_seed": 1}
    request = Request("infill", piece, bars=(FIRST + 1, LAST), **free)
    work = get_ready(blind._engine, request, piece, 1)
    drafts = work.compose(Sampling(1.0, top_p=1.0), 1, range(draws), None)
    pieces = [piece, *(canonical(written(work, draft)[0]) for draft in drafts)]
    true, *drawn = (-f[onsets >= end].sum() for f, onsets in by_place(blind.model, pieces))
    return float(true - np.logaddexp.reduce(drawn) + np.log(draws))


def saved_by_repeats(model: LanguageModel, piece: Piece) -> tuple[float, int]:
    """Nats of the bars of the gap that come again behind it and did not come before; how many."""
    ((found, onsets),) = by_place(model, [piece])
    bars, start, total, count = bars_of(piece), piece.pickup_steps, 0.0, 0
    before, behind = bars[:FIRST], set(bars[LAST:])
    for i, bar in enumerate(bars[:LAST]):
        if i >= FIRST and bar in behind and bar not in before:
            total += found[(onsets >= start) & (onsets < start + bar.steps)].sum()
            count += 1
        start += bar.steps
    return total, count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache")
    parser.add_argument("--model", default="default")
    parser.add_argument("--styles", default="chorale,drums")
    parser.add_argument("--pieces", type=int, default=60, help="of each style")
    parser.add_argument("--draws", type=int, default=256, help="middles drawn for each piece")
    options = parser.parse_args()
    cache, model = open_cache(options.cache), load(options.model)
    blind = told_of_nothing_ahead(model)
    print("style    pieces | past alone, a note | saved | by belief at most | by bars that return")
    for style in options.styles.split(","):
        rows, n_bars = [], 0
        both = [*cache.indices("test"), *cache.indices("valid")]
        for i in [i for i in both if cache.styles[int(i)] == style]:
            found = sixteen_bars(decode(cache.piece_tokens(int(i))))
            if found is None or len(rows) == options.pieces:
                continue
            piece, start, end = found
            gap = [(track, start, end) for track in range(len(piece.tracks))]
            scored = scores(model.model, model.model, piece, gap)
            if scored is None:
                continue
            told, untold, _, notes = scored
            repeats, count = saved_by_repeats(model.model, piece)
            n_bars += count
            belief = saved_by_belief(blind, piece, end, options.draws)
            rows.append([untold, notes, untold - told, belief, repeats])
        untold, notes, *saved = np.sum(rows, axis=0)
        told, belief, repeats = (100 * one / untold for one in saved)
        share = 100 * n_bars / (len(rows) * (LAST - FIRST))
        print(
            f"{style:8} {len(rows):6} | {untold / notes:18.3f} | {told:3.1f} % | {belief:15.1f} %"
            f" | {repeats:.1f} % ({share:.0f} % of the bars)",
            flush=True,
        )


if __name__ == "__main__":
    main()
