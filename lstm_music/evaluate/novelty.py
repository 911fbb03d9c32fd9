"""How much of a piece stands in known music: the check against copying.

A piece is read as lines of notes: all its pitched notes, all its drums, and, where several tracks
are of one of these kinds, each track by itself. In a line notes stand by onset, then from high to
low; what sounds twice at once (two voices in unison) counts once. A *step* leads from one note of
a line to the next: the grid steps between their onsets and, for pitched notes, the interval; for
drums, both drums. A *run* is a stretch of n notes whose n - 1 steps are the same in both pieces:
the same music in any key and at any tempo. Every line is compared with every line, so a chorale on
one track is found in a chorale on four.

Known steps are kept in a suffix array: all places of all lines, sorted by what comes from there
on. Made by doubling (Manber and Myers, "Suffix arrays", 1993), ties alone sorted again (Larsson and
Sadakane, "Faster suffix sorting", 2007). Comparisons are of the steps themselves, never of hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.cache import TokenCache
from lstm_music.corpus.split import SPLITS
from lstm_music.errors import ConfigError
from lstm_music.music.drum_keys import drums_in_general_midi
from lstm_music.music.piece import Piece
from lstm_music.tokens.decode import decode

_Ints = npt.NDArray[np.int64]

_LINE_END = -1
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
        onsets, steps, ends = _lines_of(pieces)
        self._piece_ends = ends
        self._onsets = onsets.astype(np.int32)
        self._alphabet = np.unique(steps[steps != _LINE_END])
        symbols = np.searchsorted(self._alphabet, steps)
        # Every end is a symbol of its own: no run goes over it, and no two suffixes are equal.
        is_end = steps == _LINE_END
        symbols[is_end] = len(self._alphabet) + np.arange(np.count_nonzero(is_end))
        self._symbols = symbols.astype(np.int32)
        self._order = suffix_order(symbols).astype(np.int32)

    def longest_run(self, piece: Piece) -> SharedRun:
        """The longest run that ``piece`` shares with any known piece; of equals the first."""
        return self.longest_runs([piece])[0]

    def longest_runs(self, pieces: Sequence[Piece]) -> list[SharedRun]:
        """`longest_run` of each piece; together they take less time."""
        onsets, steps, ends = _lines_of(pieces)
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
    added = [_added(piece) for piece in pieces]
    held_out = None
    if len(usual):
        median, high = np.percentile(usual, [50, 95]).tolist()
        held_out = {"pieces": len(usual), "median_notes": median, "percentile_95_notes": high}
    rows = [
        {"notes": len(new.notes), "bars": _bars(piece), "run_notes": run.n_notes}
        | _whereabouts(new, run, cache, training)
        | {"no_longer_than_percent": _percent(usual >= run.n_notes)}
        for piece, new, run in zip(pieces, added, known.longest_runs(added), strict=True)
    ]
    return {"known": {"pieces": len(training)}, "held_out": held_out, "pieces": rows}


def _added(piece: Piece) -> Piece:
    """The notes that we have added; all, where nothing is known of them."""
    if not piece.added_places:
        return piece
    notes = piece.notes
    is_added = np.zeros(len(notes), bool)
    for track, start, end in piece.added_places:
        begins = (notes["onset_steps"] >= start) & (notes["onset_steps"] < end)
        is_added |= (notes["track"] == track) & begins
    return piece.replace(notes=notes[is_added])


def _whereabouts(
    piece: Piece, run: SharedRun, cache: TokenCache, training: _Ints
) -> dict[str, Any]:
    """The bars of a run, in the piece and where it is known from."""
    if not run.n_notes:
        return dict.fromkeys(("from_bar", "to_bar", "known_piece", "known_bar"))
    source = int(training[run.source])
    return {
        "from_bar": _bar(piece, run.onset_steps),
        "to_bar": _bar(piece, run.onset_steps + run.length_steps),
        "known_piece": cache.ids[source],
        "known_bar": _bar(decode(cache.piece_tokens(source)), run.source_onset_steps),
    }


def _bar(piece: Piece, onset_steps: int) -> int:
    return piece.bar_lines.bar_at(onset_steps) + (not piece.pickup_steps)


def _bars(piece: Piece) -> int:
    return _bar(piece, piece.end_steps - 1) if len(piece.notes) else 0


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


def _lines_of(pieces: Iterable[Piece]) -> tuple[_Ints, _Ints, _Ints]:
    """Onsets and steps of all lines of all pieces, one after the other, and each piece's end."""
    parts = [_lines(piece) for piece in pieces]
    ends = np.cumsum([len(onsets) for onsets, _ in parts], dtype=np.int64)
    none = np.empty(0, np.int64)
    onsets = np.concatenate([none, *(part[0] for part in parts)])
    steps = np.concatenate([none, *(part[1] for part in parts)])
    return onsets, steps, ends


def _lines(piece: Piece) -> tuple[_Ints, _Ints]:
    """The lines of a piece, one after the other.

    Returns
    -------
    onsets : (n,) of the notes.
    steps : (n,) from each note to the next as one number; `_LINE_END` at the last of a line.
    """
    notes = drums_in_general_midi(piece.notes, piece)  # as `generate` writes what it has learnt
    track = notes["track"].astype(np.int64)
    drums = np.array([track.is_drum for track in piece.tracks], np.int64)[track]
    n_tracks = np.array([len(np.unique(track[drums == kind])) for kind in (0, 1)])
    in_company = n_tracks[drums] > 1
    # Sorted and without doubles in one go: line, onset and, from high to low, pitch.
    place = notes["onset_steps"].astype(np.int64) << 8 | (255 - notes["pitch_midi"])
    of_all, of_track = drums << 40 | place, (2 + 2 * track + drums) << 40 | place
    keys = np.unique(np.concatenate([of_all, of_track[in_company]]))
    line, onsets, pitches = keys >> 40, keys >> 8 & 0xFFFFFFFF, 255 - (keys & 255)
    before, after = pitches[:-1], pitches[1:]
    is_drum = line[:-1] & 1
    move = np.where(is_drum, before << 8 | after, after - before + 255)
    steps = np.full(len(keys), _LINE_END)
    within = line[1:] == line[:-1]
    steps[:-1][within] = (np.diff(onsets) << 17 | is_drum << 16 | move)[within]
    return onsets, steps
