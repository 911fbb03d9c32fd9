"""Samples and real pieces to compare: of one style, in the same meters, of as many bars."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_music.corpus.building.build import is_cache
from lstm_music.corpus.building.options import CorpusOptions
from lstm_music.corpus.cache import (
    OnReject,
    TokenCache,
    cache_options,
    open_cache,
    token_cache,
)
from lstm_music.corpus.split import SPLITS
from lstm_music.errors import ConfigError
from lstm_music.music.excerpt import excerpt
from lstm_music.music.instruments.drum_keys import in_general_midi
from lstm_music.music.piece import Piece
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.decode import decode

HELD_OUT, ALL = "held-out", "all"
SIDES = (HELD_OUT, *SPLITS, ALL)

LEAST_SAMPLES, LEAST_REAL = 10, 20
MOST_PIECES = 500
"""More are not looked at: they would tell little more, and take long."""

_LEAST_BARS = 4
_SHORT_SAMPLES = 0.1
"""So many of the samples may be shorter than what is compared."""
_RARE = 0.1
"""A meter of so few of the samples does not decide how many real pieces are taken."""

PathLike = str | os.PathLike[str]
Music = PathLike | Piece | Sequence[PathLike | Piece]


@dataclass(frozen=True)
class Material:
    """What is compared: pieces of ``bars`` bars each, from the first full bar on.

    Parameters
    ----------
    samples, real : the cut pieces; both have the same meters, in about the same shares.
    bars : full bars of each.
    samples_left_out, real_left_out : how many were too short, without notes, or in a meter that
        the others lack. Of the real pieces also those that no sample calls for.
    """

    samples: list[Piece]
    real: list[Piece]
    bars: int
    samples_left_out: int
    real_left_out: int


def read_samples(
    samples: Music, against: TokenCache | Music, on_reject: OnReject | None = None
) -> list[Piece]:
    """The samples, read as the real music was.

    Parameters
    ----------
    samples : folders, files or pieces.
    against : the real music; a cache says how its files were read.
    on_reject : called with (id, reason) of each file that cannot be used.

    Raises
    ------
    ConfigError : a file or folder does not exist, or none holds a usable piece.
    """
    folder = None if isinstance(against, TokenCache) else _cache_folder(against)
    options = None if folder is None else cache_options(folder)
    return _read(_listed(samples), options, on_reject)


def read_real(
    against: TokenCache | Music,
    style: str | None = None,
    side: str | None = None,
    on_reject: OnReject | None = None,
) -> list[Piece]:
    """The real pieces.

    Parameters
    ----------
    against : a cache, its folder, or folders, files or pieces.
    style : of these pieces alone.
    side : one of `SIDES`; None: what a cache holds out from training, all of anything else.
    on_reject : as of `read_samples`.

    Raises
    ------
    ConfigError : no such source, side or style; or a side of what is not split.
    """
    if side is not None and side not in SIDES:
        raise ConfigError(f"side must be one of {', '.join(SIDES)}, got {side!r}")
    if not isinstance(against, TokenCache):
        folder = _cache_folder(against)
        if folder is None:
            if side not in (None, ALL):
                raise ConfigError(
                    f"side needs a cache, got {side!r} and other music: leave it out, or build a "
                    "cache with `lstm-music corpus build`"
                )
            return _of_style(_read(_listed(against), None, on_reject), style)
        against = open_cache(folder)
    corpus = against if style is None else against.of_style(style)
    sides = {HELD_OUT: ("valid", "test"), ALL: SPLITS}.get(side or HELD_OUT, (side or "",))
    return [decode(corpus.piece_tokens(int(i))) for name in sides for i in corpus.indices(name)]


def _cache_folder(music: Music) -> PathLike | None:
    """The folder, if the music is one cache."""
    listed = _listed(music)
    if len(listed) != 1 or isinstance(listed[0], Piece) or not is_cache(listed[0]):
        return None
    return listed[0]


def _listed(music: Music) -> list[PathLike | Piece]:
    return [music] if isinstance(music, str | os.PathLike | Piece) else list(music)


def _read(
    given: Sequence[PathLike | Piece], options: CorpusOptions | None, on_reject: OnReject | None
) -> list[Piece]:
    """Pieces as they come back from tokens: so no trace of a file's format is left to judge by."""
    pieces = [canonical(piece) for piece in given if isinstance(piece, Piece)]
    paths = [os.fspath(path) for path in given if not isinstance(path, Piece)]
    if paths:
        pieces += map(decode, token_cache(paths, options=options, on_reject=on_reject))
    return pieces


def _of_style(pieces: list[Piece], style: str | None) -> list[Piece]:
    chosen = [piece for piece in pieces if style in (None, piece.style)]
    if pieces and not chosen:
        found = ", ".join(sorted({piece.style for piece in pieces} - {""}))
        raise ConfigError(
            f"no real piece is of the style {style!r}; "
            + (f"they are of {found}" if found else "none of them names a style")
        )
    return chosen


def comparable(
    samples: Sequence[Piece],
    real: Sequence[Piece],
    bars: int | None,
    rng: np.random.Generator,
) -> Material:
    """Cut all to equally many bars, and take real pieces in the meters of the samples.

    Parameters
    ----------
    samples, real : whole pieces.
    bars : how many full bars to compare; None: as many as nine in ten of the samples have.
    rng : draws the real pieces where there are too many of a meter, or of all.

    Raises
    ------
    ConfigError : fewer than 10 samples or 20 real pieces are left, or they have too few bars.
    """
    n_bars = bars if bars is not None else _usual_bars(samples)
    if n_bars < _LEAST_BARS:
        raise ConfigError(
            f"pieces of {n_bars} bars tell too little: expected {_LEAST_BARS} full bars or more"
        )
    ours = [cut for piece in samples if (cut := first_bars(piece, n_bars)) is not None]
    theirs = [cut for piece in real if (cut := first_bars(piece, n_bars)) is not None]
    _check(len(ours), LEAST_SAMPLES, f"samples of {n_bars} full bars", len(samples))
    _check(len(theirs), LEAST_REAL, f"real pieces of {n_bars} full bars", len(real))
    known = {_meter(piece) for piece in theirs}
    ours = _drawn([piece for piece in ours if _meter(piece) in known], MOST_PIECES, rng)
    more = "more pieces in the same meters"
    _check(len(ours), LEAST_SAMPLES, "samples in a meter of the real pieces", len(samples), more)
    theirs = _drawn(in_meters_of(ours, theirs, rng), MOST_PIECES, rng)
    _check(len(theirs), LEAST_REAL, "real pieces in the samples' meters", len(real), more)
    return Material(ours, theirs, n_bars, len(samples) - len(ours), len(real) - len(theirs))


def _check(
    n: int, least: int, what: str, of: int, wanted: str = "more, or compare fewer bars"
) -> None:
    if n < least:
        raise ConfigError(f"{n} {what} (of {of}): at least {least} are needed; give {wanted}")


def _usual_bars(samples: Sequence[Piece]) -> int:
    """The number of full bars that nine in ten of the samples have."""
    counts = sorted(_full_bars(piece) for piece in samples)
    return counts[int(_SHORT_SAMPLES * len(counts))] if counts else _LEAST_BARS


def _full_bars(piece: Piece) -> int:
    """How many bars after the pickup there are up to the last note's end."""
    if piece.end_steps <= piece.pickup_steps:
        return 0
    return piece.bar_lines.bar_at(piece.end_steps - 1) + (not piece.pickup_steps)


def first_bars(piece: Piece, bars: int) -> Piece | None:
    """The first full bars of a piece, its pickup left out; None if it has too few, or no notes.

    Drums are on keys of General MIDI, as `generate` writes what it has learnt of electronic kits.
    """
    if _full_bars(piece) < bars:
        return None
    end, lines = piece.pickup_steps, piece.bar_lines
    for _ in range(bars):
        end = lines.bar_end(end)
    cut = excerpt(piece, piece.pickup_steps, end)
    return in_general_midi(cut) if len(cut.notes) else None


def _meter(piece: Piece) -> str:
    return str(piece.meters[0])


def in_meters_of(
    samples: Sequence[Piece], real: Sequence[Piece], rng: np.random.Generator
) -> list[Piece]:
    """Real pieces in the meters of the samples, each meter with about the samples' share."""
    wanted = Counter(map(_meter, samples))
    have = Counter(map(_meter, real))
    shares = {meter: n / len(samples) for meter, n in wanted.items()}
    total = min(have[meter] / share for meter, share in shares.items() if share >= _RARE)
    chosen: list[Piece] = []
    for meter, share in sorted(shares.items()):
        of_meter = [piece for piece in real if _meter(piece) == meter]
        chosen += _drawn(of_meter, round(total * share), rng)
    return chosen


def _drawn(pieces: list[Piece], most: int, rng: np.random.Generator) -> list[Piece]:
    """The pieces, or so many of them at random, in their order."""
    if len(pieces) <= most:
        return pieces
    return [pieces[i] for i in np.sort(rng.choice(len(pieces), most, replace=False))]
