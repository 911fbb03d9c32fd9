"""Whether two hands can play what is written for keyboards.

    python benchmarks/hands.py CACHE [--model NAME] [--pieces 60] [--styles piano,song] [--playable]

Pieces of the test side, at most so many of each style, are cut at the bar line nearest their
middle and continued by 8 bars with rng seed 1. Counted are the onsets of keyboards at which two
hands can hold all that sounds (`lstm_music.music.instruments.playable`): in the 8 bars before the
cut, in the 8 after it in the real music, and in ours. One or two tracks of a program are one
player; three or more count track by track. ``--nothing`` adds as many pieces of 16 bars from
nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from character import BARS, _bar_start, seeds, window

import lstm_music as lm
from lstm_music.corpus.cache import open_cache
from lstm_music.music.excerpt import excerpt
from lstm_music.music.instruments.playable import KEYBOARD_PROGRAMS, hand_span_ok
from lstm_music.music.piece import Piece

STAVES = 2


def players(piece: Piece) -> list[list[int]]:
    """The tracks of each player of a keyboard: one, or the two staves of a piano."""
    by_program: dict[int, list[int]] = {}
    for number, track in enumerate(piece.tracks):
        if not track.is_drum and track.program in KEYBOARD_PROGRAMS:
            by_program.setdefault(track.program, []).append(number)
    return [
        some
        for tracks in by_program.values()
        for some in ([tracks] if len(tracks) <= STAVES else [[one] for one in tracks])
    ]


def onsets(piece: Piece, first_bar: int, last_bar: int) -> tuple[int, int]:
    """Onsets of keyboards in some bars that hands can play, and all of them."""
    playable = every = 0
    for tracks in players(piece):
        notes = piece.notes[np.isin(piece.notes["track"], tracks)]
        begins = np.unique(window(piece.replace(notes=notes), first_bar, last_bar)["onset_steps"])
        ends = notes["onset_steps"] + notes["duration_steps"]
        for onset in begins:
            held = (notes["onset_steps"] <= onset) & (ends > onset)
            playable += hand_span_ok(notes["pitch_midi"][held].tolist())
        every += len(begins)
    return playable, every


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--pieces", type=int, default=60)
    parser.add_argument("--styles", default="piano,song,ensemble,band,hymn,lead")
    parser.add_argument("--playable", action="store_true", help="ask for what hands can play")
    parser.add_argument("--nothing", action="store_true", help="pieces from nothing, too")
    given = parser.parse_args()
    cache, model = open_cache(given.cache), lm.load(given.model)
    options: dict[str, Any] = {"playable": True} if given.playable else {}
    for style in given.styles.split(","):
        found: dict[str, list[tuple[int, int]]] = {"before": [], "real": [], "ours": []}
        for piece in seeds(cache, style, given.pieces):
            n_bars = piece.bar_lines.bar_at(piece.end_steps - 1) + 1
            middle = max(n_bars // 2, BARS)
            if not onsets(piece, middle - BARS, middle)[1]:
                continue
            cut = excerpt(piece, 0, _bar_start(piece, middle)).replace(style=piece.style)
            result = model.generate(cut, bars=BARS, rng_seed=1, **options)
            found["before"].append(onsets(piece, middle - BARS, middle))
            found["real"].append(onsets(piece, middle, middle + BARS))
            found["ours"].append(onsets(result, middle, middle + BARS))
        if given.nothing:
            found["from nothing"] = [
                onsets(model.generate(bars=16, style=style, rng_seed=i, **options), 0, 17)
                for i in range(given.pieces)
            ]
        for where, some in found.items():
            print(f"{style:9} {where:12} {_line(some)}", flush=True)


def _line(some: list[tuple[int, int]]) -> str:
    """Share of the onsets, and of the pieces with one that cannot be played."""
    table = np.array([one for one in some if one[1]], float).reshape(-1, 2)
    if not len(table):
        return "no keyboard tracks"
    rng = np.random.default_rng(0)
    drawn = table[rng.integers(0, len(table), (1000, len(table)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    playable, every = table.sum(axis=0)
    whole = np.mean(table[:, 0] == table[:, 1])
    return (
        f"{len(table):3} pieces {every:6,.0f} onsets: {playable / every:.1%} within two hands "
        f"({low:.1%} to {high:.1%}), all of them in {whole:.0%} of the pieces"
    )


if __name__ == "__main__":
    main()
