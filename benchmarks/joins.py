"""How well a filled gap leads into the music behind it, beside the true middle and a continuation.

    python benchmarks/joins.py CACHE [--model NAME] [--judge NAME] [--styles chorale,folk]
        [--pieces N]

Held-out pieces cut to 16 bars; bars 7 to 10 are written anew. Nats a note of bars 11 and 12 as a
judge finds them, a network that is told of nothing ahead, after four middles: the true one; ours,
told of both sides; one that a particle filter chose, of the judge's own network; and a plain
continuation of the same length. Last, how many of the bars of the true middle and of ours equal one
of the two bars behind them: a fill must not lead there by anticipating them.
"""

from __future__ import annotations

import argparse
from copy import deepcopy

import numpy as np
from infilling import FIRST, LAST, STYLES, nats, sixteen_bars

from lstm_music.composer import Composer, load
from lstm_music.corpus.cache import open_cache
from lstm_music.generate.asking.request import Request
from lstm_music.music.excerpt import excerpt
from lstm_music.music.form import bars_of
from lstm_music.music.piece import Piece
from lstm_music.nn.model import LanguageModel
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode

JOIN_BARS = 2


def join(judge: LanguageModel, piece: Piece, start: int) -> float:
    """Nats a note of the two bars from ``start`` on."""
    lines, stop = piece.bar_lines, start
    for _ in range(JOIN_BARS):
        stop = lines.bar_end(stop)
    tokens = encode(piece)
    found = nats(judge, annotate(tokens), tokens)
    onsets = token_onsets(tokens)[1:]
    inside = (onsets >= start) & (onsets < stop)
    notes = piece.notes["onset_steps"]
    n_notes = int(((notes >= start) & (notes < stop)).sum())
    return float(found[inside].sum() / n_notes) if n_notes else float("nan")


def token_onsets(tokens: np.ndarray) -> np.ndarray:
    """Where the music stands after each token; of a move in time where it leads."""
    automaton, onsets = Automaton(len(tokens)), []
    for token in tokens.tolist():
        automaton.extend([token])
        onsets.append(automaton.onset_steps)
    return np.array(onsets)


def continued(composer: Composer, piece: Piece, start: int, end: int, rng_seed: int) -> Piece:
    """The piece with its middle replaced by a continuation of what is before it."""
    before = excerpt(piece, 0, start)
    bars = round((end - start) / piece.bar_lines.meter_at(start).bar_steps)
    new = composer.generate(before, bars=bars, rng_seed=rng_seed)
    middle = new.notes[(new.notes["onset_steps"] >= start) & (new.notes["onset_steps"] < end)]
    onsets = piece.notes["onset_steps"]
    outside = piece.notes[(onsets < start) | (onsets >= end)]
    return canonical(piece.replace(notes=np.concatenate([outside, middle])))


def anticipated(piece: Piece) -> float:
    """Share of the bars of the gap that equal one of the two bars behind it."""
    bars = bars_of(piece)
    behind = bars[LAST : LAST + JOIN_BARS]
    return sum(bar in behind for bar in bars[FIRST:LAST]) / (LAST - FIRST)


def told_of_nothing_ahead(composer: Composer) -> Composer:
    """The same network as one that has never learnt to fill gaps: it does so by particles."""
    facts = deepcopy(composer.metadata)
    facts["training"]["settings"]["infill"] = 0
    return Composer(composer.model, facts, name=composer.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache")
    parser.add_argument("--model", default="default")
    parser.add_argument("--judge", default="default")
    parser.add_argument("--styles", default=",".join(STYLES), help="with commas between them")
    parser.add_argument("--pieces", type=int, default=30, help="of each style")
    options = parser.parse_args()
    cache, model, judge = open_cache(options.cache), load(options.model), load(options.judge)
    blind = told_of_nothing_ahead(judge)
    print("style    pieces |  true   ours  particles  continuation   (nats a note of bars 11-12)")
    for style in options.styles.split(","):
        rows = []
        held_out = [*cache.indices("test"), *cache.indices("valid")]
        for i in [i for i in held_out if cache.styles[int(i)] == style]:
            found = sixteen_bars(decode(cache.piece_tokens(int(i))))
            if found is None or len(rows) == options.pieces:
                continue
            piece, start, end = found
            ask = {"seed": piece, "bars": (FIRST + 1, LAST), "rng_seed": len(rows)}
            ours = model.complete(Request("infill", **ask))[0].piece
            filtered = blind.complete(Request("infill", **ask))[0].piece
            plain = continued(judge, piece, start, end, len(rows))
            pieces = (piece, ours, filtered, plain)
            joins = [join(judge.model, canonical(p), end) for p in pieces]
            rows.append([*joins, anticipated(piece), anticipated(canonical(ours))])
        table = np.array(rows)
        table = table[~np.isnan(table).any(axis=1)]
        true, ours, filtered, plain, *same = table.mean(axis=0)
        print(
            f"{style:8} {len(table):6} | {true:5.3f}  {ours:5.3f}  {filtered:9.3f}  {plain:12.3f}"
            f"   ours - true {ours - true:+.3f} +- "
            f"{(table[:, 1] - table[:, 0]).std() / np.sqrt(len(table)):.3f}"
            f"   anticipated: true {100 * same[0]:.0f} %, ours {100 * same[1]:.0f} %",
            flush=True,
        )


if __name__ == "__main__":
    main()
