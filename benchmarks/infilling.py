"""How much the music on both sides of a gap, or beside an open track, tells the network.

    python benchmarks/infilling.py CACHE [--model NAME] [--styles chorale,folk] [--pieces N]

Held-out pieces (test and valid sides) of each style, cut to 16 bars; bars 7 to 10 are open. Nats
a note of the true middle with both sides given, and with the past alone. Of pieces of several
tracks also: nats a note of all tracks but the first, given the first, and without it: those
tracks as a piece of their own. Beside both the same, without what is given, by another model
(--plain). With --whole pieces are not cut: the gap is bars 7 to 10 of the whole piece.
"""

from __future__ import annotations

import argparse

import numpy as np

from lstm_music.composer import load
from lstm_music.corpus.batching.masks import ENDLESS_STEPS, given_notes
from lstm_music.corpus.cache import open_cache
from lstm_music.evaluate.likelihood import body_start
from lstm_music.music.excerpt import excerpt
from lstm_music.music.piece import Piece
from lstm_music.music.places import begins_in
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.scoring import sequence_nll
from lstm_music.tokens.annotate import annotate, annotate_choices
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.conditioning import Conditioning
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode, given_text
from lstm_music.types import BoolArray, IntArray

BARS, FIRST, LAST = 16, 6, 10
STYLES = ("chorale", "folk", "lead", "drums", "piano", "song", "ensemble", "band", "hymn")

Places = list[tuple[int, int, int]]


def sixteen_bars(piece: Piece, *, whole: bool = False) -> tuple[Piece, int, int] | None:
    """The first 16 bars (or all), and where the gap begins and ends; None for a shorter piece."""
    lines, ends = piece.bar_lines, [piece.pickup_steps]
    for _ in range(BARS):
        ends.append(lines.bar_end(ends[-1]))
    if piece.end_steps < ends[-1] - lines.meter_at(0).bar_steps:
        return None
    cut = canonical(excerpt(piece, 0, None if whole else ends[-1]))
    return (cut, ends[FIRST], ends[LAST]) if len(cut.tracks) == len(piece.tracks) else None


def nats(model: LanguageModel, rows: IntArray, tokens: IntArray) -> np.ndarray:
    """Nats of each token after the first."""
    told = np.ascontiguousarray(rows[:-1, : model.config.n_streams])
    (found,) = sequence_nll(model, [(told, tokens[1:])])
    return np.asarray(found, np.float64)


def scores(
    model: LanguageModel, plain: LanguageModel, piece: Piece, places: Places
) -> tuple[float, float, float, int] | None:
    """Nats of the open tokens: with all given told, with the past alone, by the plain model; and
    the open notes.
    """
    tokens = encode(piece)
    notes = given_notes(piece, places)
    given = Conditioning(notes, places, text=given_text(notes, piece.tracks))
    rows, free = annotate_choices(tokens, 0, given)
    open_notes = int(begins_in(piece.notes, places).sum())
    if not open_notes:
        return None
    chosen: BoolArray = free[1:]
    told = nats(model, rows, tokens)[chosen].sum()
    past = annotate(tokens)
    untold = nats(model, past, tokens)[chosen].sum()
    return told, untold, nats(plain, past, tokens)[chosen].sum(), open_notes


def accompanied(
    model: LanguageModel, plain: LanguageModel, piece: Piece
) -> tuple[float, float, float, int] | None:
    """The same of all tracks but the first: given it, and as a piece without it."""
    rest = [(track, 0, ENDLESS_STEPS) for track in range(1, len(piece.tracks))]
    found = scores(model, plain, piece, rest)
    notes = piece.notes[piece.notes["track"] > 0].copy()
    notes["track"] -= 1
    if found is None or not len(notes):
        return None
    alone = canonical(piece.replace(notes=notes, tracks=piece.tracks[1:]))
    tokens = encode(alone)
    rows, start = annotate(tokens), body_start(tokens) - 1
    without = [nats(one, rows, tokens)[start:].sum() for one in (model, plain)]
    return found[0], *without, found[3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache")
    parser.add_argument("--model", default="default")
    parser.add_argument("--plain", default="default")
    parser.add_argument("--styles", default=",".join(STYLES), help="with commas between them")
    parser.add_argument("--pieces", type=int, default=60, help="of each style")
    parser.add_argument("--whole", action="store_true", help="pieces are not cut to 16 bars")
    options = parser.parse_args()
    cache = open_cache(options.cache)
    model, plain = load(options.model).model, load(options.plain).model
    print("style    what        pieces notes |   told   untold   gain | plain model  gain")
    for style in options.styles.split(","):
        both = [*cache.indices("test"), *cache.indices("valid")]
        held_out = [i for i in both if cache.styles[int(i)] == style]
        middle, beside = [], []
        for i in held_out:
            found = sixteen_bars(decode(cache.piece_tokens(int(i))), whole=options.whole)
            if found is None or len(middle) == options.pieces:
                continue
            piece, start, end = found
            gap = [(track, start, end) for track in range(len(piece.tracks))]
            middle.append(scores(model, plain, piece, gap))
            if len(piece.tracks) > 1:
                beside.append(accompanied(model, plain, piece))
        for what, rows in (("bars 7-10", middle), ("accompany", beside)):
            known = np.array([row for row in rows if row is not None])
            if len(known):
                told, past, other, notes = known.sum(axis=0)
                print(
                    f"{style:8} {what:11} {len(known):6} {int(notes):5} | {told / notes:6.3f} "
                    f"{past / notes:8.3f} {100 * (1 - told / past):5.1f} % | "
                    f"{other / notes:9.3f} {100 * (1 - told / other):7.1f} %"
                )


if __name__ == "__main__":
    main()
