"""Rhythm settled: what a reader of the score would see, whatever the file says.

- A performance that is not on the grid of its own file is given the grid of its beats.
- A meter that the source does not state is inferred.
- A lone 4/4, which programs write when nobody chose a meter, is overruled when the music clearly
  is in another one. Any other meter that is told stays, and so do told changes of meter.
- A pickup that the file cannot tell (its first note is an upbeat, so every bar line is late) is
  found in the music; a first bar that is shorter than the second meter's bars is one.

Each inference adds a sentence to ``repairs``. The thresholds are set on the dev halves of
``benchmarks/meter.py``, which reports what they cost and gain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from lstm_music.music.alignment import align_to_beats
from lstm_music.music.beat_tracking import GATHERED, gathering, is_on_own_grid
from lstm_music.music.meter import Meter
from lstm_music.music.meter_finding import CANDIDATES, Guess, guess_meters
from lstm_music.music.piece import Piece
from lstm_music.music.quantise import quantise

OVERRULE_LOG_ODDS = 2.0
"""How much likelier than 4/4 and 2/4 together another meter must be to overrule a told 4/4."""

PICKUP_LOG_ODDS = 3.5
"""How much likelier than none a pickup must be where the file tells the meter."""

MIN_ONSETS = 12
"""Fewer onsets say nothing about the meter."""

_MANY = 7.0  # log odds (1,000 to 1) that need no number
_DEFAULT = (4, 4)
_DUPLE = ((4, 4), (2, 4))


def understand(piece: Piece) -> Piece:
    """The piece with its beats, meter and pickup settled.

    Notes that are played to the file's own beats stay where they are, however loosely they are
    played; `lstm_music.music.quantise.quantise` moves those.

    Parameters
    ----------
    piece : as read; ``unstated`` says what its source leaves open.

    Returns
    -------
    Piece
        The same piece when there is nothing to do. Doing it twice changes nothing more.

    Examples
    --------
    >>> from lstm_music.music.piece import make_notes, Track
    >>> waltz = [(24 * i, 24, 45 if i % 3 == 0 else 64 + i % 3, 80, 0) for i in range(48)]
    >>> piece = understand(Piece(notes=make_notes(waltz), tracks=(Track(),)))
    >>> str(piece.meters[0])
    '3/4'
    """
    if not len(piece.notes):
        return piece
    if len(piece.meters) == 1 and not is_on_own_grid(piece):
        piece = _freely_played(piece)
    if len(piece.meters) > 1:
        return _short_first_bar_as_pickup(piece)
    if piece.pickup_steps:  # whoever tells a pickup knows the meter
        return piece
    if "meter" in piece.unstated:
        return _infer_meter(piece)
    return _check_told_meter(piece)


def _freely_played(piece: Piece) -> Piece:
    """On the grid of its own beats, if it has any; else as it was."""
    aligned = align_to_beats(piece)
    if aligned is None:
        return piece
    unstated = aligned.unstated - {"tempo"}
    if piece.meters == (Meter(0, *_DEFAULT),):
        unstated |= {"meter"}  # told of bars that nobody played to
    return aligned.replace(unstated=unstated)


def _short_first_bar_as_pickup(piece: Piece) -> Piece:
    """``1/4`` for one bar, then ``4/4``: how programs write a pickup."""
    first, second = piece.meters[:2]
    if second.onset_steps != first.bar_steps or first.bar_steps >= second.bar_steps:
        return piece
    return piece.replace(
        meters=(replace(second, onset_steps=0), *piece.meters[2:]),
        pickup_steps=first.bar_steps,
        repairs=(*piece.repairs, f"the one bar of {first} before {second} is taken as its pickup"),
    )


def _infer_meter(piece: Piece) -> Piece:
    stated = piece.replace(unstated=piece.unstated - {"meter"})
    if not _says_enough(piece):
        sentence = f"no meter in the file and too few notes to tell: {piece.meters[0]} assumed"
        return stated.replace(repairs=(*piece.repairs, sentence))
    best = guess_meters(quantise(piece))[0]
    return _settled(stated, best, f"no meter in the file: found {_described(best)}")


def _check_told_meter(piece: Piece) -> Piece:
    told = (piece.meters[0].numerator, piece.meters[0].denominator)
    family = _DEFAULT if told == (2, 2) else told
    if family not in CANDIDATES or not _says_enough(piece):
        return piece
    if gathering(piece.notes["onset_steps"]) < GATHERED:
        return piece  # played too loosely to contradict what the file says
    guesses = guess_meters(piece)
    if told == _DEFAULT and _is_clear(guesses):
        return _overruled(piece, guesses)
    return _upbeat_found(piece, [guess for guess in guesses if guess[:2] == family])


def _is_clear(guesses: list[Guess]) -> bool:
    """Whether another meter is so much likelier than 4/4 and 2/4 that 4/4 must be wrong."""
    return guesses[0][:2] not in _DUPLE and _margin(guesses) > OVERRULE_LOG_ODDS


def _margin(guesses: list[Guess]) -> float:
    return _log_total(guesses, [guesses[0][:2]]) - _log_total(guesses, _DUPLE)


def _overruled(piece: Piece, guesses: list[Guess]) -> Piece:
    sentence = f"the file says 4/4: found {_described(guesses[0])}, {_times(_margin(guesses))}"
    return _settled(piece, guesses[0], sentence)


def _upbeat_found(piece: Piece, guesses: list[Guess]) -> Piece:
    """With the pickup that one of the guesses (of the told meter) has, if it clearly has one."""
    best = guesses[0]
    without = next(guess for guess in guesses if not guess.pickup_steps)
    margin = best.log_prob - without.log_prob
    if margin <= PICKUP_LOG_ODDS or not _may_be_upbeat(piece, best.pickup_steps):
        return piece
    sentence = f"the bar lines of the file are off: found {_pickup(best)}, {_times(margin)}"
    return piece.replace(pickup_steps=best.pickup_steps, repairs=(*piece.repairs, sentence))


def _may_be_upbeat(piece: Piece, pickup_steps: int) -> bool:
    """Whether what begins before a first bar line also ends there, as an upbeat does.

    Drums alone are no upbeat: they play to the bar lines that the file tells.
    """
    notes = piece.notes[: int(np.searchsorted(piece.notes["onset_steps"], pickup_steps))]
    drums = np.array([track.is_drum for track in piece.tracks], bool)[notes["track"]]
    ends = notes["onset_steps"] + notes["duration_steps"]
    return not drums.all() and bool((ends[~drums] <= pickup_steps).all())


def _says_enough(piece: Piece) -> bool:
    return 1 + int(np.count_nonzero(np.diff(piece.notes["onset_steps"]))) >= MIN_ONSETS


def _log_total(guesses: Iterable[Guess], meters: Iterable[tuple[int, ...]]) -> float:
    """Log probability of some meters, with any pickup."""
    wanted = set(meters)
    return float(np.logaddexp.reduce([g.log_prob for g in guesses if g[:2] in wanted]))


def _settled(piece: Piece, guess: Guess, sentence: str) -> Piece:
    return piece.replace(
        meters=(Meter(0, guess.numerator, guess.denominator),),
        pickup_steps=guess.pickup_steps,
        repairs=(*piece.repairs, sentence),
    )


def _described(guess: Guess) -> str:
    share = f"probability {math.exp(guess.log_prob):.2f}"
    return f"{guess.numerator}/{guess.denominator} with {_pickup(guess)} ({share})"


def _times(log_odds: float) -> str:
    times = math.exp(log_odds) if log_odds < _MANY else math.inf
    return f"{times:.0f} times as likely" if times < math.inf else "far more likely"


def _pickup(guess: Guess) -> str:
    eighths = guess.pickup_steps // 12
    return f"a pickup of {eighths}/8" if eighths else "no pickup"
