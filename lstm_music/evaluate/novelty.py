"""How much of a piece stands in known music: the check against copying.

What a run is, `lstm_music.music.lines` says. Every line is compared with every line, so a chorale
on one track is found in a chorale on four.

Against a corpus known steps are kept in a suffix array: all places of all lines, sorted by what
comes from there on. Made by doubling (Manber and Myers, "Suffix arrays", 1993), ties alone sorted
again (Larsson and Sadakane, "Faster suffix sorting", 2007). Comparisons are of the steps
themselves, never of hashes. Without the corpus there are the fingerprints that a model carries
(`lstm_music.corpus.copies.fingerprints`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.cache import TokenCache
from lstm_music.corpus.copies.fingerprints import Fingerprints, KnownRun
from lstm_music.corpus.split import SPLITS
from lstm_music.errors import ConfigError
from lstm_music.music.bars import bar_number
from lstm_music.music.lines import LINE_END, added_part, lines_of
from lstm_music.music.piece import Piece
from lstm_music.tokens.decode import decode

_Ints = npt.NDArray[np.int64]

_TRAIN = SPLITS.index("train")


@dataclass(frozen=True, slots=True)
class SharedRun:
    """The longest run of a piece that stands in known music; see the module's docstring.

    Parameters
    ----------
    n_notes : length of the run, 2 or more; 0 when nothing is shared.
    onset_steps : where its first note begins in the piece.
    source : which of the known pieces, counted from 0; -1 when nothing is shared.
    source_onset_steps : where its first note begins there.
    length_steps : from the onset of its first note to that of its last.
    """

    n_notes: int = 0
    onset_steps: int = 0
    source: int = -1
    source_onset_steps: int = 0
    length_steps: int = 0


class KnownMusic:
    """Music to look for in other pieces.

    Parameters
    ----------
    pieces : the known pieces; read once, not kept. Pieces without notes share nothing.

    Examples
    --------
    >>> from lstm_music.midi.files import read
    >>> tune = read("midi_data/reel.mid")
    >>> higher = tune.notes.copy()
    >>> higher["pitch_midi"] += 3
    >>> known = KnownMusic([tune])
    >>> known.longest_run(tune.replace(notes=higher)).n_notes == len(tune.notes)
    True
    """

    def __init__(self, pieces: Iterable[Piece]) -> None:
        onsets, steps, ends = lines_of(pieces)
        self._piece_ends = ends
        self._onsets = onsets.astype(np.int32)
        self._alphabet = np.unique(steps[steps != LINE_END])
        symbols = np.searchsorted(self._alphabet, steps)
        # Every end is a symbol of its own: no run goes over it, and no two suffixes are equal.
        is_end = steps == LINE_END
        symbols[is_end] = len(self._alphabet) + np.arange(np.count_nonzero(is_end))
        self._symbols = symbols.astype(np.int32)
        self._order = suffix_order(symbols).astype(np.int32)

    def longest_run(self, piece: Piece) -> SharedRun:
        """The longest run that ``piece`` shares with any known piece; of equals the first."""
        return self.longest_runs([piece])[0]

    def longest_runs(self, pieces: Sequence[Piece]) -> list[SharedRun]:
        """`longest_run` of each piece; together they take less time."""
        onsets, steps, ends = lines_of(pieces)
        at, depth, low, high = self._longest_matches(self._as_symbols(steps), ends)
        runs = []
        for i in range(len(pieces)):
            if not depth[i]:
                runs.append(SharedRun())
                continue
            place = int(self._order[low[i] : high[i]].min())
            onset = int(onsets[at[i]])
            runs.append(
                SharedRun(
                    n_notes=int(depth[i]) + 1,
                    onset_steps=onset,
                    source=int(np.searchsorted(self._piece_ends, place, side="right")),
                    source_onset_steps=int(self._onsets[place]),
                    length_steps=int(onsets[at[i] + depth[i]]) - onset,
                )
            )
        return runs

    def _as_symbols(self, steps: _Ints) -> _Ints:
        """The number of each step, -1 for what no known piece has."""
        if not len(self._alphabet):
            return np.full(len(steps), -1)
        symbols = np.minimum(np.searchsorted(self._alphabet, steps), len(self._alphabet) - 1)
        return np.where(self._alphabet[symbols] == steps, symbols, -1)

    def _longest_matches(self, symbols: _Ints, ends: _Ints) -> tuple[_Ints, _Ints, _Ints, _Ints]:
        """Of each piece: where its longest match begins, its steps, and its slots [low, high).

        All places of all pieces go on together, step by step, until none is left.
        """
        at, depth, lows, highs = np.zeros((4, len(ends)), np.int64)
        start = np.arange(len(symbols))
        low, high = np.zeros_like(start), np.full_like(start, len(self._order))
        owner = np.searchsorted(ends, start, side="right")
        step = 0
        while len(start):
            wanted = symbols[start + step]
            low, high = (
                self._first_not_below(wanted, step, low, high),
                self._first_not_below(wanted + 1, step, low, high),
            )
            alive = low < high
            start, owner, low, high = start[alive], owner[alive], low[alive], high[alive]
            step += 1
            backwards = slice(None, None, -1)  # of equal owners the first is written last
            depth[owner] = step
            for best, found in ((at, start), (lows, low), (highs, high)):
                best[owner[backwards]] = found[backwards]
        return at, depth, lows, highs

    def _first_not_below(self, wanted: _Ints, step: int, low: _Ints, high: _Ints) -> _Ints:
        """First slot in [low, high) whose suffix has at ``step`` a symbol not below ``wanted``.

        The suffixes of these slots agree before ``step``, so their symbols there are in order.
        """
        low, high = low.copy(), high.copy()
        while len(still := np.flatnonzero(low < high)):
            middle = (low[still] + high[still]) // 2
            below = self._symbols[self._order[middle] + step] < wanted[still]
            low[still[below]] = middle[below] + 1
            high[still[~below]] = middle[~below]
        return low


def novelty(pieces: Sequence[Piece], cache: TokenCache) -> dict[str, Any]:
    """What pieces share with the training side of a corpus, and what is usual there.

    Parameters
    ----------
    pieces : the pieces to check. Of one that we added to somebody else's music
        (`Piece.added_places`) only what we added is looked for.
    cache : the corpus.

    Returns
    -------
    report : ``known`` counts the training pieces. ``held_out`` counts the pieces of the other
        two sides, with the median and the 95th percentile of their longest runs in notes; null
        without such pieces. ``pieces`` has a row each: ``notes`` looked for, ``bars`` of the
        piece, ``run_notes`` (0: nothing is shared), the run's bars, where it is known from, and
        the share of held-out pieces, in percent, whose longest run is at least as long. Bars count
        as in a score: the first full one is 1, a pickup 0.

    Raises
    ------
    ConfigError : no piece on the training side.
    """
    training = cache.indices("train")
    if not len(training):
        raise ConfigError(f"0 training pieces, {len(cache)} held out: give more known music")
    known = KnownMusic(decode(cache.piece_tokens(int(i))) for i in training)
    others = [decode(cache.piece_tokens(int(i))) for i in np.flatnonzero(cache.sides != _TRAIN)]
    usual = np.array([run.n_notes for run in known.longest_runs(others)])
    added = [added_part(piece) for piece in pieces]
    rows = [
        _row(piece, new, run, usual) | _source(run, cache, training)
        for piece, new, run in zip(pieces, added, known.longest_runs(added), strict=True)
    ]
    return {"known": {"pieces": len(training)}, "held_out": _usual(usual), "pieces": rows}


def fingerprint_novelty(pieces: Sequence[Piece], known: Fingerprints) -> dict[str, Any]:
    """What pieces share with the music that fingerprints were made of, and what is usual there.

    Parameters
    ----------
    pieces : as of `novelty`.
    known : what is known.

    Returns
    -------
    report : as of `novelty`; ``run_notes`` may be too high and is never too low, except that 0
        stands for all runs shorter than ``known["least_notes"]``. Where a run is known from cannot
        be told. ``held_out`` has ``styles``, too: the same of the pieces of each style.
    """
    added = [added_part(piece) for piece in pieces]
    styles = {
        style: np.repeat(np.array([*runs], np.int64), [*runs.values()])
        for style, runs in known.held_out.items()
    }
    usual = np.concatenate([np.empty(0, np.int64), *styles.values()])
    held_out = _usual(usual)
    if held_out is not None:
        held_out["styles"] = {style: _usual(runs) for style, runs in styles.items()}
    rows = [
        _row(piece, new, run, usual) | dict.fromkeys(("known_piece", "known_bar"))
        for piece, new, run in zip(pieces, added, known.longest_runs(added), strict=True)
    ]
    facts = {"pieces": known.pieces, "least_notes": known.least_notes}
    return {"known": facts, "held_out": held_out, "pieces": rows}


def _usual(runs: _Ints) -> dict[str, Any] | None:
    """What is usual of the longest runs of held-out pieces."""
    if not len(runs):
        return None
    median, high = np.percentile(runs, [50, 95]).tolist()
    return {"pieces": len(runs), "median_notes": median, "percentile_95_notes": high}


def _row(piece: Piece, new: Piece, run: SharedRun | KnownRun, usual: _Ints) -> dict[str, Any]:
    """What is told of a piece, less where its run is known from."""
    first = last = None
    if run.n_notes:
        first = bar_number(new, run.onset_steps)
        last = bar_number(new, run.onset_steps + run.length_steps)
    return {
        "notes": len(new.notes),
        "bars": _bars(piece),
        "run_notes": run.n_notes,
        "from_bar": first,
        "to_bar": last,
        "no_longer_than_percent": _percent(usual >= run.n_notes),
    }


def _source(run: SharedRun, cache: TokenCache, training: _Ints) -> dict[str, Any]:
    """Where a run is known from."""
    if not run.n_notes:
        return dict.fromkeys(("known_piece", "known_bar"))
    source = int(training[run.source])
    bar = bar_number(decode(cache.piece_tokens(source)), run.source_onset_steps)
    return {"known_piece": cache.ids[source], "known_bar": bar}


def _bars(piece: Piece) -> int:
    return bar_number(piece, piece.end_steps - 1) if len(piece.notes) else 0


def _percent(of: npt.NDArray[np.bool_]) -> float | None:
    return 100.0 * float(of.mean()) if len(of) else None


def suffix_order(symbols: _Ints) -> _Ints:
    """Where suffixes begin, sorted by what comes from there on.

    Parameters
    ----------
    symbols : (n,) int64; the last one stands nowhere else, so no suffix is the start of another.

    Returns
    -------
    order : (n,) int64, a permutation of 0..n-1.

    Examples
    --------
    >>> suffix_order(np.array([1, 0, 1, 0, 2])).tolist()
    [1, 3, 0, 2, 4]
    """
    order = np.argsort(symbols)
    rank = np.empty(len(symbols), np.int64)  # of a suffix: the first slot of those it ties with
    slots, keys, known = np.arange(len(symbols)), symbols[order], 1
    while True:
        new = np.ones(len(slots) + 1, bool)
        new[1:-1] = keys[1:] != keys[:-1]
        firsts = np.maximum.accumulate(np.where(new[:-1], np.arange(len(slots)), 0))
        rank[order[slots]] = slots[firsts]
        slots = slots[~(new[:-1] & new[1:])]
        if not len(slots):
            return order
        # Ties agree on `known` symbols, none of them the last: the suffix after these has a rank.
        tied = order[slots]
        keys = rank[tied] * len(symbols) + rank[tied + known]
        by_key = np.argsort(keys)
        order[slots], keys = tied[by_key], keys[by_key]
        known *= 2
