"""Which of the guesses to believe: 4/4 from the first bar line unless another is clearly likelier.

The thresholds are log odds, set on the dev halves of ``benchmarks/meter.py``, which reports what
they cost and gain. Of short music more is asked: a few bars fit many meters by chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from lstm_music.music.grid import STEPS_PER_QUARTER, STEPS_PER_WHOLE
from lstm_music.music.listening.meter_finding import Guess
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece

METER_LOG_ODDS = 0.5
"""What a meter needs against 4/4, and 2/4 and 4/4 together, where none is stated."""

OVERRULE_LOG_ODDS = 2.5
"""The same where 4/4 is stated."""

UPBEAT_LOG_ODDS = 0.75
"""What a pickup needs against none, where no meter is stated."""

PICKUP_LOG_ODDS = 3.5
"""The same where the file states the meter, and so its bar lines."""

_ON_THE_BEAT = 0.1  # share of the notes that begin on quarters
_FIGURE_ONSETS = 3  # fewer make no figure
_CLIP_STEPS = 8 * STEPS_PER_WHOLE  # up to which a clip is taken to be cut to whole bars
_SHORT_BARS = 4.0  # this over the length in bars of 4/4 is asked on top

FOUR = (4, 4)
DUPLE = (FOUR, (2, 4))


def least_for_meter(piece: Piece, is_stated: bool = False) -> float:
    """Log odds that another meter than 4/4 needs, for the length of a piece with notes."""
    return (OVERRULE_LOG_ODDS if is_stated else METER_LOG_ODDS) + _shortness(piece)


def least_for_upbeat(piece: Piece, is_stated: bool = False) -> float:
    """Log odds that a pickup needs against none."""
    return (PICKUP_LOG_ODDS if is_stated else UPBEAT_LOG_ODDS) + _shortness(piece)


def _shortness(piece: Piece) -> float:
    return _SHORT_BARS * STEPS_PER_WHOLE / piece.end_steps


def clear_meter(guesses: Sequence[Guess], least: float) -> tuple[int, int] | None:
    """A meter that is clearly likelier than 4/4 and 2/4 together, if there is one.

    Parameters
    ----------
    guesses : of every meter with every pickup, as from `guess_meters`.
    least : log odds from which on it is clear.
    """
    others = {guess[:2] for guess in guesses} - set(DUPLE)
    best = max(sorted(others), key=lambda meter: log_total(guesses, [meter]))
    return best if log_odds(guesses, [best], DUPLE) > least else None


def likely_meter(guesses: Sequence[Guess], least: float) -> tuple[int, int]:
    """4/4, or the meter that is clearly likelier."""
    is_two = log_odds(guesses, [(2, 4)], [FOUR]) > least
    return clear_meter(guesses, least) or ((2, 4) if is_two else FOUR)


def log_odds(
    guesses: Sequence[Guess], those: Iterable[tuple[int, int]], against: Iterable[tuple[int, int]]
) -> float:
    """How much likelier some meters are than others, each with any pickup."""
    return log_total(guesses, those) - log_total(guesses, against)


def log_total(guesses: Iterable[Guess], meters: Iterable[tuple[int, int]]) -> float:
    """Log probability of some meters, with any pickup."""
    wanted = set(meters)
    return float(np.logaddexp.reduce([g.log_prob for g in guesses if g[:2] in wanted]))


def with_likely_pickup(
    piece: Piece, guesses: Sequence[Guess], meter: tuple[int, int], is_stated: bool = False
) -> tuple[Guess, float]:
    """The guess of a meter whose pickup is clearly likelier than none, else the one without.

    Parameters
    ----------
    guesses : of every meter with every pickup, as from `guess_meters`.
    is_stated : whether the file states the meter, and so its bar lines.

    Returns
    -------
    guess : its pickup is one that the notes allow.
    margin : log odds of the likeliest pickup against none, 0 if that is none.
    """
    of_meter = [guess for guess in guesses if guess[:2] == meter]
    without = next(guess for guess in of_meter if not guess.pickup_steps)
    best = max(of_meter, key=lambda guess: guess.log_prob)
    margin = _same_bar_lines(guesses, best) - _same_bar_lines(guesses, without)
    least = least_for_upbeat(piece, is_stated)
    if margin > least and _may_be_upbeat(piece, best, is_stated):
        return best, margin
    return without, margin


def fills_bars_of_four_only(piece: Piece, guess: Guess) -> bool:
    """Whether a clip ends with a bar of 4/4 and in the middle of one of a guess.

    Such a clip is 4/4 whatever else speaks for the guess: four bars that end in a whole note have
    it begin where the fifth bar of 3/4 would. The end is that of the last beat that sounds, or
    the file's.
    """
    last_beat = -(-piece.end_steps // STEPS_PER_QUARTER) * STEPS_PER_QUARTER
    end = max(piece.length_steps, last_beat)
    bar_steps = Meter(0, guess.numerator, guess.denominator).bar_steps
    fits = end % bar_steps in (0, guess.pickup_steps)
    return end <= _CLIP_STEPS and end % STEPS_PER_WHOLE == 0 and not fits


def _same_bar_lines(guesses: Iterable[Guess], those: Guess) -> float:
    """Log probability of the bar lines of a guess; 2/4 and 4/4 speak for each other's."""
    half, same = Meter(0, 2, 4).bar_steps, [those.log_prob]
    if those[:2] in DUPLE:
        others = [g for g in guesses if g[:2] in DUPLE and g[:2] != those[:2]]
        same += [g.log_prob for g in others if (g.pickup_steps - those.pickup_steps) % half == 0]
    return float(np.logaddexp.reduce(same))


def _may_be_upbeat(piece: Piece, guess: Guess, is_stated: bool) -> bool:
    """Whether what comes before the first bar line of a guess may be an upbeat.

    An upbeat ends where the bar begins. Drums alone are none: they play to the bar lines of the
    file. What comes again a bar or two later, with all that follows it, is none: so begins a loop
    or a figure. Silence is one where no bar lines are stated, unless the part plays off the beat
    throughout.
    """
    onsets = piece.notes["onset_steps"]
    notes = piece.notes[: int(np.searchsorted(onsets, guess.pickup_steps))]
    if not len(notes):
        return not is_stated and float((onsets % STEPS_PER_QUARTER == 0).mean()) >= _ON_THE_BEAT
    drums = np.array([track.is_drum for track in piece.tracks], bool)[notes["track"]]
    ends = notes["onset_steps"] + notes["duration_steps"]
    if drums.all() or (ends[~drums] > guess.pickup_steps).any():
        return False
    bar_steps = Meter(0, guess.numerator, guess.denominator).bar_steps
    return not any(_begins_with_a_figure(piece, bars * bar_steps) for bars in (1, 2))


def _begins_with_a_figure(piece: Piece, steps: int) -> bool:
    """Whether the first so many steps come again in the next: the same places, as many notes at
    each, the lowest of them rising and falling alike.
    """
    onsets, first, count = np.unique(
        piece.notes["onset_steps"], return_index=True, return_counts=True
    )
    lowest = np.minimum.reduceat(piece.notes["pitch_midi"].astype(np.int64), first)
    this, following = (
        slice(*np.searchsorted(onsets, [i * steps, (i + 1) * steps])) for i in (0, 1)
    )
    moves = [np.sign(np.diff(lowest[part])) for part in (this, following)]
    return (
        this.stop - this.start >= _FIGURE_ONSETS
        and np.array_equal(onsets[this] + steps, onsets[following])
        and np.array_equal(count[this], count[following])
        and np.array_equal(moves[0], moves[1])
    )


def times(log_odds: float) -> str:
    """Log odds in words."""
    return f"{math.exp(log_odds):.0f} times as likely" if log_odds < 7 else "far more likely"
