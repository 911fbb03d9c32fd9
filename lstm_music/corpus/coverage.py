"""What kinds of thing a training corpus holds: no model can learn what is not in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ModelFileError
from lstm_music.music.meter import DENOMINATORS
from lstm_music.music.performance import Manner, manner_of
from lstm_music.tokens.decode import decode
from lstm_music.tokens.vocabulary import DEFAULT, DRUM_PROGRAM
from lstm_music.types import IntArray

if TYPE_CHECKING:  # composing needs no corpus
    from lstm_music.corpus.cache import TokenCache

Ensemble = tuple[int, tuple[int, ...]]
"""How many pieces have it, and its instruments in the order of the tracks."""

Ranged = tuple[tuple[int, ...], tuple[tuple[int, int], ...]]
"""A row of instruments, and the lowest and highest pitch of each of its tracks."""

_ENSEMBLES = 32  # of a style
_LEAST_PIECES = 20
"""From so many on, pieces for one row of instruments tell the ranges of its tracks."""
_OUTER = 5
"""Percent of the pieces that may go beyond a range, at either end."""
_HEARD_PIECES = 200
"""Of a style, to learn how its music is played."""
_USUAL = 95
"""Percent of these pieces that are played no freer than is told."""
_LEAST_SHARE = 0.01
"""Of the pieces, or of the notes: what is rarer than this is not learnt."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the training music had.

    Parameters
    ----------
    kinds : kinds of token in the bodies of the pieces.
    programs : instruments, 128 = drums.
    dynamics : whether notes of one pitched track differ in loudness.
    styles : style words of the pieces, "" for those without.
    mixed : whether some pieces have drums beside pitched tracks.
    meters : that the pieces begin in, such as "6/8"; none: not told.
    ensembles : of each style the commonest rows of instruments, as program tokens' values in the
        order of the tracks, each behind the number of pieces that have it; none: not told.
    ranges : of each style the rows of instruments whose ranges are known, with these, as MIDI
        pitches; none: not told.
    even : styles in which hardly any note of a pitched track is louder than another.
    manners : of each style the most that is usual of what tells a performance from a score; empty:
        not told.
    """

    kinds: tuple[str, ...]
    programs: tuple[int, ...]
    dynamics: bool
    styles: tuple[str, ...]
    mixed: bool = True
    meters: tuple[str, ...] = ()
    ensembles: Mapping[str, tuple[Ensemble, ...]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[Ranged, ...]] = field(default_factory=dict)
    even: tuple[str, ...] = ()
    manners: Mapping[str, Manner] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Coverage:
        """Read what ``dataclasses.asdict`` wrote into a model file.

        Raises
        ------
        ModelFileError : something is missing or of the wrong type.
        """
        try:
            coverage = cls(
                tuple(facts["kinds"]),
                tuple(facts["programs"]),
                facts["dynamics"],
                tuple(facts["styles"]),
                facts.get("mixed", True),  # files from before this was told
                tuple(facts.get("meters", ())),
                {
                    style: tuple((int(count), tuple(map(int, row))) for count, row in rows)
                    for style, rows in facts.get("ensembles", {}).items()
                },
                {
                    style: tuple(_ranged(row, bounds) for row, bounds in rows)
                    for style, rows in facts.get("ranges", {}).items()
                },
                tuple(facts.get("even", ())),
                {
                    style: Manner(*map(float, shares))
                    for style, shares in facts.get("manners", {}).items()
                },
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelFileError(
                f"the model file does not say what music it was trained on ({error}); train again"
            ) from None
        known = set(coverage.kinds) <= {kind for kind, _ in DEFAULT.ranges}
        known &= set(coverage.styles) <= set(DEFAULT.styles)
        rows = [row for found in coverage.ensembles.values() for _, row in found]
        programs = set(coverage.programs).union(*rows)
        if not known or not programs <= set(range(len(DEFAULT["program"]))):
            raise ModelFileError("the model file names tokens that do not exist; train again")
        return coverage

    def ranges_of(self, style: str, row: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
        """Lowest and highest pitch of each track of a row of instruments; empty where not told."""
        return next((bounds for known, bounds in self.ranges.get(style, ()) if known == row), ())


def _ranged(row: Sequence[int], bounds: Sequence[Sequence[int]]) -> Ranged:
    """One row of ``ranges``, checked."""
    found = tuple(map(int, row)), tuple((int(low), int(high)) for low, high in bounds)
    if len(found[0]) != len(found[1]) or not all(0 <= a <= b <= 127 for a, b in found[1]):
        raise ValueError(f"ranges {bounds} of instruments {row}")
    return found


def coverage_of(corpus: TokenCache) -> Coverage:
    """Look through the training side of a corpus."""
    pieces = [corpus.piece_tokens(int(i)) for i in corpus.indices("train")]
    programs = np.zeros(DEFAULT.n_tokens, bool)
    mixed = 0
    changes: Counter[str] = Counter()  # of loudness, by style
    notes: Counter[str] = Counter()
    kinds = dict.fromkeys((kind for kind, _ in DEFAULT.ranges), 0)
    styles = [corpus.styles[int(i)] for i in corpus.indices("train")]
    for style, tokens in zip(styles, pieces, strict=True):
        body = int(np.argmax(tokens == DEFAULT["body"].start)) + 1
        programs[tokens[:body]] = True
        for kind in kinds:
            kinds[kind] += bool(DEFAULT.is_kind(tokens[body:], kind).any())
        mixed += all(DEFAULT.is_kind(tokens[body:], kind).any() for kind in ("pitch", "drum"))
        n_tracks = int(np.count_nonzero(DEFAULT.is_kind(tokens[:body], "program")))
        changed, pitched = _velocity_changes(tokens[body:], n_tracks)
        changes[style] += changed
        notes[style] += pitched
    least, ensembles = _LEAST_SHARE * len(pieces), _ensembles(corpus)
    first = DEFAULT["program"]
    return Coverage(
        tuple(kind for kind, count in kinds.items() if count >= max(least, 1)),
        tuple(int(i) for i in np.flatnonzero(programs[first.start : first.stop])),
        not _is_even(changes.total(), notes.total()),
        tuple(sorted(set(styles))),
        mixed >= max(least, 1),
        tuple(sorted({meter_name(tokens) for tokens in pieces})),
        ensembles,
        _ranges(corpus, ensembles),
        tuple(sorted(style for style, n in notes.items() if n and _is_even(changes[style], n))),
        _manners(corpus),
    )


def _is_even(changes: int, notes: int) -> bool:
    """Whether so few changes of loudness among so many notes are none to learn."""
    return changes == 0 or changes < _LEAST_SHARE * notes


def _manners(corpus: TokenCache) -> dict[str, Manner]:
    """What nearly all pieces of a style keep to, of at most `_HEARD_PIECES` that stand apart."""
    pieces: dict[str, list[int]] = {}
    for i in map(int, corpus.indices("train")):
        pieces.setdefault(corpus.styles[i], []).append(i)
    found = {}
    for style, numbers in sorted(pieces.items()):
        some = numbers[:: -(-len(numbers) // _HEARD_PIECES)]
        manners = np.array([manner_of(decode(corpus.piece_tokens(i))) for i in some])
        known = [column[~np.isnan(column)] for column in manners.T]
        most = [float(np.percentile(one, _USUAL)) if len(one) else 0.0 for one in known]
        found[style] = Manner(*(round(share, 3) for share in most))
    return found


def _ensembles(corpus: TokenCache) -> dict[str, tuple[Ensemble, ...]]:
    """The commonest rows of instruments of each style on the training side."""
    counts: dict[str, Counter[tuple[int, ...]]] = {}
    first = DEFAULT["program"].start
    for i in map(int, corpus.indices("train")):
        tokens = corpus.piece_tokens(i)
        header = tokens[: int(np.argmax(tokens == DEFAULT["body"].start))]
        row = tuple((header[DEFAULT.is_kind(header, "program")] - first).tolist())
        counts.setdefault(corpus.styles[i], Counter())[row] += 1
    return {
        style: tuple((count, row) for row, count in found.most_common(_ENSEMBLES))
        for style, found in sorted(counts.items())
    }


def _ranges(
    corpus: TokenCache, ensembles: Mapping[str, Sequence[Ensemble]]
) -> dict[str, tuple[Ranged, ...]]:
    """The ranges of the tracks of common rows of pitched instruments, on the training side."""
    usual: dict[tuple[str, tuple[int, ...]], list[npt.NDArray[np.float64]]] = {
        (style, row): []
        for style, rows in ensembles.items()
        for count, row in rows
        if count >= _LEAST_PIECES and DRUM_PROGRAM not in row
    }
    first, pitch = DEFAULT["program"].start, DEFAULT["pitch"].start
    for i in map(int, corpus.indices("train")):
        tokens = corpus.piece_tokens(i)
        body = int(np.argmax(tokens == DEFAULT["body"].start))
        header = tokens[:body]
        row = tuple((header[DEFAULT.is_kind(header, "program")] - first).tolist())
        if (corpus.styles[i], row) in usual:
            usual[corpus.styles[i], row].append(_outer_pitches(tokens[body:], len(row)))
    found: dict[str, list[Ranged]] = {}
    for (style, row), pieces in usual.items():
        bounds = np.array(pieces, np.float64) - pitch  # (pieces, tracks, 2)
        if np.isnan(bounds).all(axis=0).any():
            continue  # a track that never sounds
        lows = np.nanpercentile(bounds[..., 0], _OUTER, axis=0, method="lower")
        highs = np.nanpercentile(bounds[..., 1], 100 - _OUTER, axis=0, method="higher")
        pairs = zip(lows.astype(int).tolist(), highs.astype(int).tolist(), strict=True)
        found.setdefault(style, []).append((row, tuple(pairs)))
    return {style: tuple(rows) for style, rows in found.items()}


def _outer_pitches(body: IntArray, n_tracks: int) -> npt.NDArray[np.float64]:
    """(n_tracks, 2): the lowest and highest pitch token of each track; NaN where it has none."""
    is_track, is_pitch = DEFAULT.is_kind(body, "track"), DEFAULT.is_kind(body, "pitch")
    last = np.maximum.accumulate(np.where(is_track, np.arange(len(body)), 0))
    track = np.where(is_track[last], body[last] - DEFAULT["track"].start, 0)
    found = np.full((n_tracks, 2), np.nan)
    for i in range(n_tracks):
        mine = body[is_pitch & (track == i)]
        if len(mine):
            found[i] = mine.min(), mine.max()
    return found


def meter_name(tokens: IntArray) -> str:
    """The meter that a piece (N,) int32, or its header, begins in, such as "6/8"."""
    first = {
        kind: int(np.argmax(DEFAULT.is_kind(tokens, kind))) for kind in ("numerator", "denominator")
    }
    numerator = int(tokens[first["numerator"]]) - DEFAULT["numerator"].start + 1
    denominator = DENOMINATORS[int(tokens[first["denominator"]]) - DEFAULT["denominator"].start]
    return f"{numerator}/{denominator}"


def _velocity_changes(body: IntArray, n_tracks: int) -> tuple[int, int]:
    """How many notes of pitched tracks are louder or softer than the one before, of how many.

    One change a track is not counted: it sets the track's loudness.
    """
    pitched = DEFAULT.is_kind(body, "pitch")
    is_note = pitched | DEFAULT.is_kind(body, "drum")
    last_note = np.maximum.accumulate(np.where(is_note, np.arange(len(body)), 0))
    changed = int(np.count_nonzero(DEFAULT.is_kind(body, "velocity") & pitched[last_note]))
    return max(changed - n_tracks, 0), int(np.count_nonzero(pitched))
