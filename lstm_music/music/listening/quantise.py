"""Onsets snapped to the grid that the music is in, beat by beat; how they were played is kept.

Each quarter note is divided into eighths, triplets, 16ths, sextuplets or 32nds: the division
with the shortest description of the onsets in it (Cemgil, Desain and Kappen 2000: squared
errors against a prior that grows with the division), with a price for changing it from one beat
to the next, by dynamic programming over all beats. The spread of the errors is the one that
makes the whole shortest, so a loose player is not credited with 32nds.

Swing: an off-beat eighth up to 58 % of the beat is a straight eighth played late, beyond that
(two thirds is textbook swing) the last of a triplet.

What is left over stays with the note in ``timing_96ths``, so that nothing of the feel is lost.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.grid import STEPS_PER_QUARTER, on_score_grid
from lstm_music.music.piece import (
    MAX_TIMING_96THS,
    TIMING_PER_STEP,
    Piece,
    played_96ths,
    with_onsets,
)
from lstm_music.music.seconds import Clock

DIVISIONS = (2, 3, 4, 6, 8)
"""Parts of a quarter note: eighths, triplets, 16ths, sextuplets, 32nds."""

_PRIOR = (0.0, 1.0, 0.5, 3.0, 3.0)  # nats, beside log(parts) for each onset
_CHANGE = 1.0  # nats for another division than the beat before
_SPREADS = (2.5, 4.0, 6.0, 9.0)  # of the errors, 96ths of a quarter: 13 to 47 ms at 120
_QUARTER_96THS = TIMING_PER_STEP * STEPS_PER_QUARTER

NOTATED_SHARE = 0.9
"""From this share of onsets exactly on 32nds or sextuplets on, a piece is notation."""

_SOME_SHARE = 0.25
_EXACT_96THS = 1  # a file's ticks may not divide by three
_CLOSE_STEPS = 2  # a note's end this near to the grid goes there
_SHORT_STEPS = 3  # notes up to this long keep their length: their end means nothing
_MS_WITHIN = 20.0

Ints = npt.NDArray[np.int64]


class Residual(NamedTuple):
    """How far the notes are played off their onsets."""

    rms_ms: float
    share_within_20_ms: float


class _Grid(NamedTuple):
    """Into how many parts each quarter note with an onset is divided."""

    beats: Ints  # in order, each once
    parts: Ints

    def unit_steps(self, beats: Ints) -> Ints:
        """Steps of one part in each beat; a 16th in beats without an onset."""
        index = np.minimum(np.searchsorted(self.beats, beats), len(self.beats) - 1)
        parts = np.where(self.beats[index] == beats, self.parts[index], 4)
        return np.asarray(STEPS_PER_QUARTER // parts)


class _Heard(NamedTuple):
    """Where the notes of a piece stand on its grid, in steps.

    ``own`` is the step nearest to where each is played. Of the grid, which begins ``lead_steps``
    before the piece, there is none in notation.
    """

    onset: Ints
    own: Ints
    lead_steps: int
    grid: _Grid | None


def quantise(piece: Piece) -> Piece:
    """The piece with every onset on the musical grid and the rest in ``timing_96ths``.

    A piece whose onsets (or the intervals between them) are multiples of 3 or 4 steps (32nds,
    sextuplets), nine in ten of them at least, is notation: its notes stay, but for those between
    two steps. No note comes to overlap another of its pitch and track that it did not before.

    Parameters
    ----------
    piece : on a grid of beats: `lstm_music.music.listening.rhythm.infer_meter` sees to that. The
        beats are quarter notes from the first bar line on, that is, from the end of a pickup.

    Returns
    -------
    Piece
        ``repairs`` gains the residual: root mean square in ms, and the share within 20 ms.

    Examples
    --------
    >>> from lstm_music.music.piece import Track, make_notes
    >>> played = make_notes([(0, 11, 60, 80, 0), (13, 11, 62, 80, 0), (23, 24, 64, 80, 0)])
    >>> notes = quantise(Piece(notes=played, tracks=(Track(),))).notes
    >>> notes["onset_steps"].tolist(), notes["timing_96ths"].tolist()
    ([0, 12, 24], [0, 4, -4])
    """
    if not len(piece.notes):
        return piece
    heard = _hear(piece)
    notes = with_onsets(piece.notes, heard.onset)
    if heard.grid is None and np.array_equal(notes, piece.notes):
        return piece
    notes["duration_steps"] = _durations(piece, heard)
    moved = piece.replace(notes=notes)
    residual = timing_residual(moved)
    sentence = (
        f"quantised: played {residual.rms_ms:.1f} ms (rms) off the grid, "
        f"{100 * residual.share_within_20_ms:.0f} % of the notes within {_MS_WITHIN:.0f} ms"
    )
    return moved.replace(repairs=(*piece.repairs, sentence))


def quantised_onsets(piece: Piece) -> Ints:
    """The onsets that `quantise` gives to the notes of a piece, (N,) in their order, in steps."""
    return _hear(piece).onset if len(piece.notes) else np.empty(0, np.int64)


def with_quantised_onsets(piece: Piece) -> Piece:
    """The piece as `quantise` gives it, but for its lengths, which are those that were played."""
    return piece.replace(notes=with_onsets(piece.notes, quantised_onsets(piece)))


def _hear(piece: Piece) -> _Heard:
    """The onsets on the grid: a matter of when the notes are played, and of nothing else.

    So quantising twice moves no note again.
    """
    lead = -piece.pickup_steps % STEPS_PER_QUARTER
    played = played_96ths(piece.notes) + TIMING_PER_STEP * lead
    own = _nearest(played, TIMING_PER_STEP)
    on_step = np.abs(played - TIMING_PER_STEP * own) <= _EXACT_96THS
    in_time = np.argsort(played)
    is_notation = _is_notation(own[in_time], on_step[in_time])
    grid = None if is_notation else _find_grid(played)
    if is_notation and on_step.all():
        return _Heard(own - lead, own - lead, lead, None)
    if grid is None:
        onset = np.where(on_step, own, _nearest_notated(played))
    else:
        onset = _snap(played, grid)
    onset = np.where(onset < lead, own, onset)  # nothing is before the piece
    onset = _without_collisions(piece, played, own, onset)
    return _Heard(onset - lead, own - lead, lead, grid)


def ternary_share(piece: Piece) -> float:
    """Share of the divided beats that fall into three or six parts; 0 when none is divided."""
    parts = _find_grid(played_96ths(piece.notes)).parts
    divided = parts > DIVISIONS[0]
    return float((parts[divided] % 3 == 0).mean()) if divided.any() else 0.0


def timing_residual(piece: Piece) -> Residual:
    """How far the notes of a piece are played off their onsets, by its own tempos."""
    if not len(piece.notes):
        return Residual(0.0, 1.0)
    seconds_a_step = Clock(piece.tempos).seconds_a_step(piece.notes["onset_steps"])
    off_ms = 1e3 * piece.notes["timing_96ths"] / TIMING_PER_STEP * seconds_a_step
    within = np.abs(off_ms) <= _MS_WITHIN
    return Residual(float(np.sqrt(np.square(off_ms).mean())), float(within.mean()))


def _is_notation(onset: Ints, on_step: npt.NDArray[np.bool_]) -> bool:
    """Whether nearly all onsets are multiples of 3 or 4 steps.

    Or some are, and nearly all intervals: one odd bar moves all that follows. If none is, the
    whole piece is late.
    """
    between = np.diff(onset)
    by_onset = on_step & on_score_grid(onset)
    by_interval = on_step[1:] & on_step[:-1] & on_score_grid(between)
    moves = between > 0
    share = by_onset.mean()
    if share >= _SOME_SHARE and moves.any():
        share = max(share, by_interval[moves].mean())
    return bool(share >= NOTATED_SHARE)


def _nearest_notated(played: Ints) -> Ints:
    """The nearest multiple of 3 or 4 steps."""
    by_three, by_four = (_nearest(played, TIMING_PER_STEP * k) * k for k in (3, 4))
    nearer = np.abs(played - TIMING_PER_STEP * by_three) <= np.abs(
        played - TIMING_PER_STEP * by_four
    )
    return np.where(nearer, by_three, by_four)


def _nearest(times: Ints, unit: int | Ints) -> Ints:
    """Number of the multiple of ``unit`` that is nearest; halves go up."""
    return (2 * times + unit) // (2 * unit)


def _find_grid(played: Ints) -> _Grid:
    beats, place = np.divmod(played, _QUARTER_96THS)
    distinct, row = np.unique(beats, return_inverse=True)
    errors = np.stack([_error(place, parts) for parts in DIVISIONS])
    paths = [_best_path(_costs(row, errors, spread)) for spread in _SPREADS]
    _, best = min(paths, key=lambda path: path[0])
    return _Grid(distinct, np.array(DIVISIONS)[best])


def _error(place: Ints, parts: int) -> Ints:
    """Distance to the nearest of ``parts`` equal parts of a beat, 96ths."""
    unit = _QUARTER_96THS // parts
    return place - _nearest(place, unit) * unit


def _costs(beats: Ints, errors: Ints, spread: float) -> npt.NDArray[np.float64]:
    """(beats, divisions): nats to say a beat's onsets in each division."""
    n_beats = int(beats.max()) + 1
    nats = np.square(errors / spread) / 2 + np.log(spread) + np.log(DIVISIONS)[:, None]
    by_beat = [np.bincount(beats, weights=row, minlength=n_beats) for row in nats]
    return np.asarray(np.stack(by_beat, axis=1) + np.array(_PRIOR))


def _best_path(costs: npt.NDArray[np.float64]) -> tuple[float, Ints]:
    """Viterbi: cost of the cheapest path, and the index of its division in each beat."""
    # Plain lists: five numbers a beat are too few for numpy.
    first, *rest = costs.tolist()
    total, came_from = first, []
    for cost in rest:
        cheapest = min(total)
        where, changed = total.index(cheapest), cheapest + _CHANGE
        came_from.append([where if changed < t else i for i, t in enumerate(total)])
        total = [min(changed, t) + c for t, c in zip(total, cost)]
    path = [total.index(min(total))]
    for row in reversed(came_from):
        path.append(row[path[-1]])
    return min(total), np.array(path[::-1])


def _snap(played: Ints, grid: _Grid) -> Ints:
    """Onsets on the divisions of their beats; one too far from any stays on its nearest step."""
    beats, place = np.divmod(played, _QUARTER_96THS)
    unit = grid.unit_steps(beats)
    onset = beats * STEPS_PER_QUARTER + _nearest(place, TIMING_PER_STEP * unit) * unit
    too_far = np.abs(played - TIMING_PER_STEP * onset) > MAX_TIMING_96THS
    return np.where(too_far, _nearest(played, TIMING_PER_STEP), onset)


def _without_collisions(piece: Piece, played: Ints, own: Ints, onset: Ints) -> Ints:
    """Two strokes of one pitch stay two: the one further off the grid stays where it was played.

    Notes of one track, pitch and step are one stroke here.
    """
    order, starts, has_next = _strokes(piece, own)
    stroke = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
    played, own, new = played[order], own[order], onset[order]
    while True:
        latest, earliest = np.maximum.reduceat(new, starts), np.minimum.reduceat(new, starts)
        collide = np.flatnonzero(has_next & (latest[:-1] >= earliest[1:]))
        if not len(collide):
            break
        off = np.maximum.reduceat(np.abs(played - TIMING_PER_STEP * new), starts)
        settled = np.logical_and.reduceat(new == own, starts)
        second = settled[collide] | (~settled[collide + 1] & (off[collide] <= off[collide + 1]))
        losers = collide + second
        if settled[losers].all():
            new = own  # all where they were played
            break
        moved = np.isin(stroke, losers)
        new = np.where(moved, own, new)
    result = np.empty_like(onset)
    result[order] = new
    return result


def _strokes(piece: Piece, onset: Ints) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """The strokes of a piece whose notes have these onsets.

    Returns
    -------
    order : (N,) of the notes, by track, pitch and onset.
    starts : (S,) where in it each stroke begins.
    has_next : (S - 1,) whether the stroke behind each is of the same track and pitch.
    """
    key = piece.notes["track"].astype(np.int64) << 8 | piece.notes["pitch_midi"]
    order = np.lexsort([onset, key])
    new_key = np.diff(key[order]) != 0
    is_start = np.concatenate([[True], new_key | (np.diff(onset[order]) > 0)])
    starts = np.flatnonzero(is_start)
    return order, starts, ~new_key[starts[1:] - 1]


def _durations(piece: Piece, heard: _Heard) -> Ints:
    """Ends snapped where they are close to the grid; never onto the next note of that pitch."""
    notes, onset, grid, lead = piece.notes, heard.onset, heard.grid, heard.lead_steps
    duration = notes["duration_steps"].astype(np.int64)
    end = notes["onset_steps"] + duration
    drums = np.array([track.is_drum for track in piece.tracks], bool)[notes["track"]]
    snapped = end if grid is None else _snapped_ends(end + lead, grid) - lead
    keeps_length = drums | (duration <= _SHORT_STEPS)
    new_end = np.where(keeps_length, onset + duration, np.maximum(snapped, onset + 1))
    order, starts, has_next = _strokes(piece, heard.own)
    stroke = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
    followed = np.append(has_next, False)[stroke]
    note, following = order[followed], stroke[followed] + 1
    began, begins = (
        np.minimum.reduceat(onsets[order], starts)[following]
        for onsets in (notes["onset_steps"], onset)
    )
    new_end[note] = np.where(end[note] <= began, np.minimum(new_end[note], begins), new_end[note])
    return np.maximum(new_end - onset, 1)


def _snapped_ends(end: Ints, grid: _Grid) -> Ints:
    """The place of the grid nearest to each end, if close."""
    beats, place = np.divmod(end, STEPS_PER_QUARTER)
    # Eighths say where notes begin; where they end is finer.
    unit = grid.unit_steps(beats)
    unit = np.where(unit == STEPS_PER_QUARTER // 2, STEPS_PER_QUARTER // 4, unit)
    nearest = beats * STEPS_PER_QUARTER + _nearest(place, unit) * unit
    return np.where(np.abs(nearest - end) <= _CLOSE_STEPS, nearest, end)
