"""Whether the tracks of real music go on as themselves.

    python benchmarks/character.py CACHE [--model NAME] [--pieces N] [--styles piano,song]
        [--no-in-character] [--json FILE]

Seeds are pieces of the test side, N of each style (the first by number in the cache), each
continued by 8 bars: once at its end, once cut at the bar line nearest its middle, with rng seed 1.
A track that plays in the seed's last 8 bars keeps its character in the 8 new ones if its notes a
bar are within 2.5 times, its mean pitch within 7 semitones (drums: not asked), its notes an onset
within 2 times and its median duration within 3 times of what they were. In mid-song also: tracks
that fall silent, runs whose lowest note rises an octave or more, and runs in which the notes a bar
halve. Beside it the same of the real music: the 8 bars before the middle against the 8 after it.

A piece that comes to a close is continued as its body was. So "body" compares the bars that
continue it at its end with the 8 bars before the phrase that leads into its close, not with its
last 8 bars.

The share of tracks has an interval of 95 %: pieces are drawn again 1,000 times.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import lstm_music as lm
from lstm_music.composer import Composer
from lstm_music.corpus.cache import TokenCache, open_cache
from lstm_music.music.closing import body_end_steps
from lstm_music.music.excerpt import excerpt
from lstm_music.music.piece import Piece
from lstm_music.music.seam import next_bar_steps
from lstm_music.tokens.decode import decode
from lstm_music.types import NoteArray

BARS = 8
KINDS = ("piano", "song", "ensemble", "band", "hymn", "chorale", "folk", "lead", "drums")
USUAL_PIECES = 16


class Run(NamedTuple):
    """What became of the tracks of one piece."""

    kept: int
    tracks: int
    silent: int
    rises: bool  # the lowest note, an octave or more
    halves: bool  # notes a bar


def window(piece: Piece, first_bar: int, last_bar: int) -> NoteArray:
    """Notes that begin in bars first..last-1, counted from 0."""
    lines = piece.bar_lines
    bars = lines.bars_at(piece.notes["onset_steps"])
    return piece.notes[(bars >= first_bar) & (bars < last_bar)]


def keeps(before: NoteArray, after: NoteArray, *, is_drum: bool) -> bool:
    """Whether a track keeps its character."""
    if not len(after):
        return False

    def features(notes: NoteArray) -> tuple[float, float, float, float]:
        onsets = len(np.unique(notes["onset_steps"]))
        pitch = 0.0 if is_drum else float(notes["pitch_midi"].mean())
        return len(notes), pitch, len(notes) / onsets, float(np.median(notes["duration_steps"]))

    n, pitch, together, duration = zip(features(before), features(after), strict=True)
    return (
        _within(*n, 2.5)
        and abs(pitch[0] - pitch[1]) <= 7
        and _within(*together, 2.0)
        and (is_drum or _within(*duration, 3.0))
    )


def _within(a: float, b: float, times: float) -> bool:
    return max(a, b) <= times * max(min(a, b), 1e-9)


def run_of(piece: Piece, before: NoteArray, after: NoteArray) -> Run:
    """Compare 8 bars with the 8 after them."""
    playing = np.unique(before["track"])
    kept = silent = 0
    for track in playing:
        was, came = (notes[notes["track"] == track] for notes in (before, after))
        silent += not len(came)
        kept += keeps(was, came, is_drum=piece.tracks[track].is_drum)
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    low, new_low = (
        notes["pitch_midi"][~drums[notes["track"]]].min(initial=127) for notes in (before, after)
    )
    rises = not drums.all() and int(new_low) >= int(low) + 12
    return Run(kept, len(playing), silent, rises, len(after) < 0.5 * len(before))


def continued(model: Composer, seed: Piece, **options: Any) -> tuple[Run, Run]:
    """What 8 new bars make of a seed: against its last 8 bars, and against the last of its body."""
    n_bars = seed.bar_lines.bar_at(seed.end_steps - 1) + 1
    result = model.generate(seed, bars=BARS, rng_seed=1, **options)
    result = result[0] if isinstance(result, list) else result
    new = window(result, n_bars, n_bars + BARS)
    body = seed.bar_lines.bar_at(body_end_steps(seed, next_bar_steps(seed)) - 1) + 1
    last, before = (window(seed, bar - BARS, bar) for bar in (n_bars, body))
    return run_of(seed, last, new), run_of(seed, before, new)


def seeds(cache: TokenCache, style: str, wanted: int) -> list[Piece]:
    """Pieces of the test side with at least 16 bars."""
    found: list[Piece] = []
    for index in cache.indices("test"):
        if len(found) < wanted and cache.styles[int(index)] == style:
            piece = decode(cache.piece_tokens(int(index)))
            if len(piece.notes) and piece.bar_lines.bar_at(piece.end_steps - 1) >= 2 * BARS - 1:
                found.append(piece)
    return found


def figures(runs: Sequence[Run]) -> dict[str, Any]:
    """Sums of some runs."""
    table = np.array(runs, float).reshape(-1, 5)
    kept, tracks, silent = table[:, :3].sum(axis=0)
    rng = np.random.default_rng(0)
    drawn = table[rng.integers(0, len(table), (1000, len(table)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    return {
        "runs": len(table),
        "tracks": int(tracks),
        "kept": round(kept / tracks, 3),
        "interval": [round(low, 3), round(high, 3)],
        "silent": round(silent / tracks, 3),
        "rises": round(float(table[:, 3].mean()), 3),
        "halves": round(float(table[:, 4].mean()), 3),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--pieces", type=int, default=USUAL_PIECES)
    parser.add_argument("--styles", default=",".join(KINDS))
    parser.add_argument("--no-in-character", action="store_true", help="the network alone")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    cache, model = open_cache(given.cache), lm.load(given.model)
    options = {"in_character": not given.no_in_character}
    everything: dict[str, dict[str, list[Run]]] = {}
    began = time.monotonic()
    for style in given.styles.split(","):
        runs: dict[str, list[Run]] = {"end": [], "body": [], "middle": [], "real": []}
        for piece in seeds(cache, style, given.pieces):
            n_bars = piece.bar_lines.bar_at(piece.end_steps - 1) + 1
            middle = max(n_bars // 2, BARS)
            cut = excerpt(piece, 0, _bar_start(piece, middle)).replace(style=piece.style)
            for where, run in zip(("end", "body"), continued(model, piece, **options)):
                runs[where].append(run)
            runs["middle"].append(continued(model, cut, **options)[0])
            before, after = (window(piece, a, a + BARS) for a in (middle - BARS, middle))
            runs["real"].append(run_of(piece, before, after))
        everything[style] = runs
        _print(style, runs)
    whole = {
        where: [run for runs in everything.values() for run in runs[where]]
        for where in ("end", "body", "middle", "real")
    }
    _print("all", whole)
    print(f"{time.monotonic() - began:.0f} s")
    if given.json:
        table = {
            style: {where: figures(some) for where, some in runs.items()}
            for style, runs in (everything | {"all": whole}).items()
        }
        given.json.write_text(json.dumps(table, indent=1) + "\n")


def _bar_start(piece: Piece, bar: int) -> int:
    start = 0
    for _ in range(bar):
        start = piece.bar_lines.bar_end(start)
    return start


def _print(style: str, runs: dict[str, list[Run]]) -> None:
    for where, some in runs.items():
        f = figures(some)
        low, high = f["interval"]
        print(
            f"{style:9} {where:7} {f['runs']:3} runs {f['tracks']:4} tracks: kept {f['kept']:.0%} "
            f"({low:.0%} to {high:.0%}), silent {f['silent']:.0%}, "
            f"octave up {f['rises']:.0%}, halved {f['halves']:.0%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
