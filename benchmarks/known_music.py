"""How far fingerprints of known music are from the exact search, and what they cost.

    python benchmarks/known_music.py CACHE [--random 2000] [--copies 500]

CACHE is a folder that `lstm-music corpus build` made. The training side is known; all held-out
pieces are looked for in it, by `lstm_music.evaluate.novelty.KnownMusic` and by
`lstm_music.corpus.copies.fingerprints.Fingerprints` with several choices of sets. A run too short
for a choice counts as 0 in both. The choices of a corpus too large for lists of windows are
filters, and copies are looked for, too: the first 16 bars of training pieces. Random music is
melodies whose onsets and intervals are drawn one by one, each from those of the held-out pieces:
200 notes, about 32 bars.

The tables are those of docs/novelty.md.
"""

from __future__ import annotations

import argparse
from time import process_time

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.cache import TokenCache, open_cache
from lstm_music.corpus.copies.fingerprints import FILTERS, SETS, Fingerprints, corpus_fingerprints
from lstm_music.corpus.copies.window_filter import WindowFilter
from lstm_music.evaluate.novelty import KnownMusic
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track
from lstm_music.tokens.decode import decode

CHOICES = (
    ((8, 8),),
    ((10, 8),),
    ((12, 8),),
    ((8, 8), (12, 3)),
    SETS,
    ((8, 8), (12, 8)),
    ((8, 8), (16, 4)),
    ((6, 8), (12, 4)),
)
FILTER_CHOICES = (
    ((8, 100),),
    ((10, 100),),
    ((12, 100),),
    ((16, 100),),
    ((8, 80), (12, 20)),
    FILTERS,
    ((8, 50), (16, 50)),
    ((8, 30), (12, 30), (16, 40)),
)
TOO_LONG = 8  # notes: a false alarm
COPIED_BARS = 16
NOTES_OF_RANDOM_MUSIC = 200
REPEATS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cache")
    parser.add_argument("--random", type=int, default=2000, help="pieces of random music")
    parser.add_argument("--copies", type=int, default=500, help="training pieces that are cut")
    args = parser.parse_args()
    cache = open_cache(args.cache)
    training = [decode(cache.piece_tokens(int(i))) for i in cache.indices("train")]
    others = np.concatenate([cache.indices("valid"), cache.indices("test")])
    held_out = [decode(cache.piece_tokens(int(i))) for i in others]
    styles = np.array([cache.styles[int(i)] for i in others])
    everything = KnownMusic(training)
    exact = _runs(everything, held_out)
    print(f"{len(training):,} training pieces, {len(held_out):,} held out\n")
    if isinstance(Fingerprints.of(training).sets[0], WindowFilter):
        copies = [_cut(piece) for piece in training[:: max(len(training) // args.copies, 1)]]
        _filter_choices(training, held_out, exact, copies, _runs(everything, copies))
    else:
        random = random_music(held_out, args.random)
        _choices(training, held_out, exact, random, _runs(everything, random))
    _by_style(Fingerprints.of(training), held_out, styles, exact)
    _costs(cache, held_out)


def random_music(like: list[Piece], n_pieces: int) -> list[Piece]:
    """Melodies of steps drawn one by one from those between the pitched notes of pieces."""
    pitched = [p for p in like if len(p.notes) > 1 and not any(t.is_drum for t in p.tracks)]
    gaps = np.concatenate([np.diff(p.notes["onset_steps"]) for p in pitched])
    moves = np.concatenate([np.diff(p.notes["pitch_midi"].astype(int)) for p in pitched])
    usual = (gaps > 0) & (gaps <= 96) & (abs(moves) <= 12)
    gaps, moves = gaps[usual], moves[usual]
    rng = np.random.default_rng(0)
    pieces = []
    for _ in range(n_pieces):
        notes = np.zeros(NOTES_OF_RANDOM_MUSIC, NOTE_DTYPE)
        notes["onset_steps"] = np.cumsum(rng.choice(gaps, len(notes)))
        pitch = 30 + np.cumsum(rng.choice(moves, len(notes))) % 70
        notes["pitch_midi"] = pitch
        notes["duration_steps"], notes["velocity"] = 1, 80
        pieces.append(Piece(notes=notes, tracks=(Track(),)))
    return pieces


def _runs(known: KnownMusic | Fingerprints, pieces: list[Piece]) -> npt.NDArray[np.int64]:
    return np.array([run.n_notes for run in known.longest_runs(pieces)])


def _choices(
    training: list[Piece],
    held_out: list[Piece],
    exact: npt.NDArray[np.int64],
    random: list[Piece],
    random_exact: npt.NDArray[np.int64],
) -> None:
    columns = ("windows of notes (bits)", "MB", "longer, %", "by, mean", "at most")
    columns += ("runs of 12+: longer, %", "by, mean", "short run told as long, %")
    columns += ("random music: longer, %", "by, mean")
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|")
    for sets in CHOICES:
        known = Fingerprints.of(training, sets)
        over = _over(known, held_out, exact)
        long, short = over[exact >= 12], over[exact < sets[0][0]]
        noise = _over(known, random, random_exact)
        cells = [
            " + ".join(f"{n_notes} ({bits})" for n_notes, bits in sets),
            f"{len(known.to_bytes()) / 1e6:.2f}",
            f"{_percent(over)} | {over.mean():.2f} | {over.max()}",
            f"{_percent(long)} | {long.mean():.2f}",
            f"{_percent(short)}",
            f"{_percent(noise)} | {noise.mean():.2f}",
        ]
        print(f"| {' | '.join(cells)} |")
    print()


def _cut(piece: Piece) -> Piece:
    bars = piece.bar_lines.bars_at(piece.notes["onset_steps"])
    return piece.replace(notes=piece.notes[bars < bars[:1].sum() + COPIED_BARS])


def _filter_choices(
    training: list[Piece],
    held_out: list[Piece],
    exact: npt.NDArray[np.int64],
    copies: list[Piece],
    copies_exact: npt.NDArray[np.int64],
) -> None:
    columns = ("windows of notes (% of the bytes)", "too long by, median", "95th percentile")
    columns += (f"{TOO_LONG} or more too long, %", "of runs of 24+: median", "95th percentile")
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|")
    for filters in FILTER_CHOICES:
        known = Fingerprints.of(training, filters=filters)
        _over(known, copies, copies_exact)  # ends the program if one is told too short
        told = _runs(known, held_out)
        over = np.where(told > 0, told - exact, 0)
        cells = [
            " + ".join(f"{n_notes} ({percent})" for n_notes, percent in filters),
            " | ".join(f"{value:.0f}" for value in np.percentile(over, [50, 95])),
            f"{100 * (over >= TOO_LONG).mean():.1f}",
            " | ".join(f"{value:.0f}" for value in np.percentile(over[exact >= 24], [50, 95])),
        ]
        print(f"| {' | '.join(cells)} |")
    print(f"\n{len(copies)} copies of {COPIED_BARS} bars: none is told too short\n")


def _over(
    known: Fingerprints, pieces: list[Piece], exact: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """By how many notes each run is told too long; never too short."""
    over = _runs(known, pieces) - np.where(exact >= known.least_notes, exact, 0)
    if (over < 0).any():
        raise SystemExit("a run is told too short: the fingerprints are wrong")
    return over


def _percent(over: npt.NDArray[np.int64]) -> str:
    return f"{100 * (over > 0).mean():.1f}"


def _by_style(
    known: Fingerprints,
    held_out: list[Piece],
    styles: npt.NDArray[np.str_],
    exact: npt.NDArray[np.int64],
) -> None:
    told = _runs(known, held_out)
    print("| style | held out | exact: median | 95th percentile | told: median | 95th percentile |")
    print("|---" * 6 + "|")
    for style in sorted(set(styles.tolist())):
        of = styles == style
        cells = [*np.percentile(exact[of], [50, 95]), *np.percentile(told[of], [50, 95])]
        print(f"| {style} | {of.sum()} | {' | '.join(f'{value:.0f}' for value in cells)} |")
    print()


def _costs(cache: TokenCache, held_out: list[Piece]) -> None:
    """Sizes of the files, and processor time; the least of several for what is short."""
    start = process_time()
    known = corpus_fingerprints(cache)
    print(f"made in {process_time() - start:.1f} s")
    data = known.to_bytes()
    piece = min(held_out, key=lambda piece: abs(len(piece.notes) - NOTES_OF_RANDOM_MUSIC))
    loads, looks = [], []
    for _ in range(REPEATS):
        start = process_time()
        known = Fingerprints.from_bytes(data)
        loads.append(process_time() - start)
        start = process_time()
        known.longest_run(piece)
        looks.append(process_time() - start)
    print(f"loaded in {1e3 * min(loads):.0f} ms")
    print(f"{len(piece.notes)} notes looked for in {1e3 * min(looks):.1f} ms")
    for style in sorted(set(cache.styles[:])):
        some = corpus_fingerprints(cache.of_style(style))
        print(f"{style}: {some.pieces:,} pieces, {len(some.to_bytes()) / 1e6:.2f} MB")
    print(f"all: {known.pieces:,} pieces, {len(data) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
