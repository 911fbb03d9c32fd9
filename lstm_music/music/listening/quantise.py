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

from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import MAX_TIMING_96THS, TIMING_PER_STEP, Piece
from lstm_music.music.seconds import Clock
from lstm_music.types import NoteArray

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
    odd = -piece.pickup_steps % STEPS_PER_QUARTER
    if odd:
        return _moved(quantise(_moved(piece, odd, 0)), -odd, piece.pickup_steps)
    played = _played(piece)
    on_step = np.abs(piece.notes["timing_96ths"]) <= _EXACT_96THS
    is_notation = _is_notation(piece.notes["onset_steps"], on_step)
    if is_notation and on_step.all():
        return piece
    if is_notation:
        grid = None
        onset = np.where(on_step, piece.notes["onset_steps"], _nearest_notated(played))
    else:
        grid = _find_grid(played)
        onset = _snap(played, grid)
    onset = _without_collisions(piece, played, onset)
    notes = piece.notes.copy()
    notes["onset_steps"] = onset
    notes["timing_96ths"] = played - TIMING_PER_STEP * onset
    notes["duration_steps"] = _durations(piece, onset, grid)
    moved = piece.replace(notes=notes)
    residual = timing_residual(moved)
    sentence = (
        f"quantised: played {residual.rms_ms:.1f} ms (rms) off the grid, "
        f"{100 * residual.share_within_20_ms:.0f} % of the notes within {_MS_WITHIN:.0f} ms"
    )
    return moved.replace(repairs=(*piece.repairs, sentence))


def with_quantised_onsets(piece: Piece) -> Piece:
    """The piece as `quantise` gives it, but for its lengths, which are those that were played."""
    heard = quantise(piece)
    notes = heard.notes.copy()
    notes["duration_steps"][by_key(heard.notes)] = piece.notes["duration_steps"][
        by_key(piece.notes)
    ]
    return heard.replace(notes=notes)


def by_key(notes: NoteArray) -> npt.NDArray[np.intp]:
    """The order of notes by track, pitch and onset, which quantising keeps."""
    return np.lexsort([notes["onset_steps"], notes["pitch_midi"], notes["track"]])


def _moved(piece: Piece, steps: int, pickup_steps: int) -> Piece:
    """The notes so much later, with another pickup; none comes to begin before the piece."""
    notes = piece.notes.copy()
    notes["onset_steps"] = np.maximum(notes["onset_steps"].astype(np.int64) + steps, 0)
    return piece.replace(notes=notes, pickup_steps=pickup_steps)


def ternary_share(piece: Piece) -> float:
    """Share of the divided beats that fall into three or six parts; 0 when none is divided."""
    parts = _find_grid(_played(piece)).parts
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


def _played(piece: Piece) -> Ints:
    """When each note is played, in 96ths of a quarter, never before the beginning."""
    notes = piece.notes
    on_grid = TIMING_PER_STEP * notes["onset_steps"].astype(np.int64)
    return np.asarray(np.maximum(on_grid + notes["timing_96ths"], 0))


def _is_notation(onset: npt.NDArray[np.int32], on_step: npt.NDArray[np.bool_]) -> bool:
    """Whether nearly all onsets are multiples of 3 or 4 steps.

    Or some are, and nearly all intervals: one odd bar moves all that follows. If none is, the
    whole piece is late.
    """
    between = np.diff(onset)
    by_onset = on_step & ((onset % 3 == 0) | (onset % 4 == 0))
    by_interval = on_step[1:] & on_step[:-1] & ((between % 3 == 0) | (between % 4 == 0))
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


def _without_collisions(piece: Piece, played: Ints, onset: Ints) -> Ints:
    """Two strokes of one pitch stay two: the one further off the grid stays where it was played.

    Notes of one track, pitch and onset are one stroke here.
    """
    order, same_pitch = _by_pitch(piece)
    apart = np.diff(piece.notes["onset_steps"][order]) > 0
    starts = np.flatnonzero(np.concatenate([[True], ~same_pitch | apart]))
    stroke = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
    has_next = same_pitch[starts[1:] - 1]  # the next stroke is of the same pitch
    own, new = _nearest(played, TIMING_PER_STEP)[order], onset[order]
    while True:
        latest, earliest = np.maximum.reduceat(new, starts), np.minimum.reduceat(new, starts)
        collide = np.flatnonzero(has_next & (latest[:-1] >= earliest[1:]))
        if not len(collide):
            break
        off = np.maximum.reduceat(np.abs(played[order] - TIMING_PER_STEP * new), starts)
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


def _by_pitch(piece: Piece) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Order of notes by track, pitch and onset; whether each has the pitch of the one before."""
    notes = piece.notes
    order = np.lexsort([notes["onset_steps"], notes["pitch_midi"], notes["track"]])
    ordered = notes[order]
    same = (np.diff(ordered["pitch_midi"].astype(np.int64)) == 0) & (
        np.diff(ordered["track"].astype(np.int64)) == 0
    )
    return order, same


def _durations(piece: Piece, onset: Ints, grid: _Grid | None) -> Ints:
    """Ends snapped where they are close to the grid; never onto the next note of that pitch."""
    notes = piece.notes
    duration = notes["duration_steps"].astype(np.int64)
    end = notes["onset_steps"] + duration
    drums = np.array([track.is_drum for track in piece.tracks], bool)[notes["track"]]
    snapped = end if grid is None else _snapped_ends(end, grid)
    keeps_length = drums | (duration <= _SHORT_STEPS)
    new_end = np.where(keeps_length, onset + duration, np.maximum(snapped, onset + 1))
    first, second = _with_next_stroke(piece)
    was_apart = end[first] <= notes["onset_steps"][second]
    first, second = first[was_apart], second[was_apart]
    new_end[first] = np.minimum(new_end[first], onset[second])
    return np.maximum(new_end - onset, 1)


def _with_next_stroke(piece: Piece) -> tuple[Ints, Ints]:
    """Each note that another of its track and pitch follows with a later onset, and that one."""
    order, same = _by_pitch(piece)
    is_later = np.diff(piece.notes["onset_steps"][order]) > 0
    starts = np.flatnonzero(np.concatenate([[True], ~same | is_later]))
    following = np.repeat(np.append(starts[1:], -1), np.diff(np.append(starts, len(order))))
    followed = (following > 0) & np.append(same, False)[np.maximum(following, 1) - 1]
    return order[followed], order[following[followed]]


def _snapped_ends(end: Ints, grid: _Grid) -> Ints:
    """The place of the grid nearest to each end, if close."""
    beats, place = np.divmod(end, STEPS_PER_QUARTER)
    # Eighths say where notes begin; where they end is finer.
    unit = grid.unit_steps(beats)
    unit = np.where(unit == STEPS_PER_QUARTER // 2, STEPS_PER_QUARTER // 4, unit)
    nearest = beats * STEPS_PER_QUARTER + _nearest(place, unit) * unit
    return np.where(np.abs(nearest - end) <= _CLOSE_STEPS, nearest, end)
