"""Rhythm settled: what a reader of the score would see, whatever the file says.

- A performance that is not on the grid of its own file is given the grid of its beats.
- A meter that the source does not state is inferred: 4/4 from the first bar line, unless another
  meter or a pickup is clearly likelier. Bars of one beat throughout count as not stated.
- A lone 4/4, which programs write when nobody chose a meter, is overruled when the music clearly
  is in another one. Any other stated meter stays, and so do stated changes of meter.
- A pickup that the file cannot tell (its first note is an upbeat, so every bar line is late) is
  found in the music; a first bar that is shorter than the second meter's bars is one.
- What is settled stays: a file of ours says that it is, and so does `with_meter`.

Each inference adds a sentence to ``repairs``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from lstm_music.errors import ConfigError
from lstm_music.music.grid import STEPS_PER_WHOLE
from lstm_music.music.listening.beat_tracking import GATHERED, gathering, is_on_own_grid
from lstm_music.music.listening.grid_offset import grid_offset, without_offset
from lstm_music.music.listening.meter_choice import (
    DUPLE,
    FOUR,
    clear_meter,
    fills_bars_of_four_only,
    least_for_meter,
    likely_meter,
    log_odds,
    log_total,
    times,
    with_likely_pickup,
)
from lstm_music.music.listening.meter_finding import CANDIDATES, Guess, guess_meters
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece

MIN_ONSETS = 12
"""Fewer onsets say nothing about the meter."""

_UNSTATED = "no meter in the file"
_ONE_BEAT = "the file says {} throughout, bars of one beat, which counts as no meter"
_OVERRULED = "the file says 4/4: found {}, {}"
_UPBEAT = "the bar lines of the file are off: found {}, {}"
_BESIDE = "the notes lie beside the beats of the file: found {}"
_SHORT_BAR = "the one bar of {} before {} is taken as its pickup"
_METER_FOUND = "the meter is found in the notes: {}"
_ABOUT_METER = tuple(
    text.split("{")[0] for text in (_UNSTATED, _ONE_BEAT, _OVERRULED, _METER_FOUND)
)
_ABOUT_PICKUP = tuple(text.split("{")[0] for text in (_UPBEAT, _BESIDE, _SHORT_BAR))


def infer_meter(piece: Piece) -> Piece:
    """The piece with its beats, meter and pickup settled.

    Notes that are played to the file's own beats stay where they are, however loosely they are
    played; `quantise` moves those. ``length_steps`` becomes 0 when the bar lines move away from
    it.

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
    >>> piece = infer_meter(Piece(notes=make_notes(waltz), tracks=(Track(),)))
    >>> str(piece.meters[0])
    '3/4'
    """
    if not len(piece.notes) or _is_settled(piece):
        return piece
    found = _with_meter_found(_on_its_grid(piece))
    return piece if found is piece else _settled(found)


def with_meter(piece: Piece, meter: Meter | None = None, pickup_steps: int | None = None) -> Piece:
    """The piece in a meter or with a pickup that somebody chose, whatever its file says.

    Parameters
    ----------
    piece : as read, before or after `infer_meter`; a free performance is put on its beats.
    meter : from the beginning on, in place of every meter of the file; None keeps those.
    pickup_steps : length of the incomplete first bar, 0 for none. None: with a meter, the upbeat
        that the notes clearly have; without one, as it is.

    Raises
    ------
    ConfigError : the pickup is as long as a bar, or longer.
    """
    if meter is None:
        piece = infer_meter(piece)
        if pickup_steps is None:
            return piece
        about_meter = [text for text in piece.repairs if text.startswith(_ABOUT_METER)]
        said = [_METER_FOUND.format(piece.meters[0])] if about_meter else []
        piece = piece.replace(repairs=(*_other_repairs(piece), *said))
    else:
        piece = piece.replace(repairs=_other_repairs(piece))
        if len(piece.notes) and not _is_settled(piece):
            piece = _on_its_grid(piece)
        piece = piece.replace(meters=(replace(meter, onset_steps=0),), pickup_steps=0)
        if pickup_steps is None:
            piece = _with_stated_meter_checked(piece, may_overrule=False)
    if pickup_steps is not None:
        bar_steps = piece.meters[0].bar_steps
        if not 0 <= pickup_steps < bar_steps:
            raise ConfigError(
                f"a pickup must be shorter than a bar of {piece.meters[0]} ({bar_steps} steps), "
                f"got {pickup_steps} steps: choose a shorter one, or a longer meter"
            )
        piece = piece.replace(pickup_steps=pickup_steps)
    return _settled(piece.replace(unstated=piece.unstated - {"meter"}))


def _other_repairs(piece: Piece) -> tuple[str, ...]:
    """What is said of the piece beside its meter and pickup."""
    about = (*_ABOUT_METER, *_ABOUT_PICKUP)
    return tuple(text for text in piece.repairs if not text.startswith(about))


def _is_settled(piece: Piece) -> bool:
    is_stated = "meter" not in piece.unstated
    return is_stated and piece.settled_bars == (piece.meters, piece.pickup_steps)


def _settled(piece: Piece) -> Piece:
    """With bars that stay, and with its length if that still ends on a bar line."""
    is_true = piece.bar_lines.is_bar_line(piece.length_steps)
    return piece.replace(
        settled_bars=(piece.meters, piece.pickup_steps),
        length_steps=piece.length_steps if is_true else 0,
    )


def _on_its_grid(piece: Piece) -> Piece:
    """On the grid of its own beats if it is freely played and has any; else as it was."""
    if len(piece.meters) > 1 or is_on_own_grid(piece):
        return piece
    from lstm_music.music.listening.alignment import align_to_beats

    aligned = align_to_beats(piece)
    if aligned is None:
        return piece
    unstated = aligned.unstated - {"tempo"}
    if piece.meters == (Meter(0, *FOUR),):
        unstated |= {"meter"}  # told of bars that nobody played to
    return aligned.replace(unstated=unstated)


def _with_meter_found(piece: Piece) -> Piece:
    if _has_bars_of_one_beat(piece):
        why = _ONE_BEAT.format(piece.meters[0])
        return _inferred(piece.replace(meters=(Meter(0, *FOUR),), pickup_steps=0), why)
    if len(piece.meters) > 1:
        return short_first_bar_as_pickup(piece)
    if piece.pickup_steps:  # whoever tells a pickup knows the meter
        return piece
    if "meter" in piece.unstated:
        return _inferred(piece, _UNSTATED)
    return _with_stated_meter_checked(piece)


def _has_bars_of_one_beat(piece: Piece) -> bool:
    """Whether a source states nothing but 1/4, 1/8, ..., and has more than one such bar."""
    longest = max(meter.bar_steps for meter in piece.meters)
    is_stated = "meter" not in piece.unstated
    one_beat = all(meter.numerator == 1 for meter in piece.meters)
    return is_stated and one_beat and piece.end_steps > longest


def short_first_bar_as_pickup(piece: Piece) -> Piece:
    """``1/4`` for one bar, then ``4/4``, is how programs write a pickup: made one."""
    if len(piece.meters) == 1:
        return piece
    first, second = piece.meters[:2]
    if second.onset_steps != first.bar_steps or first.bar_steps >= second.bar_steps:
        return piece
    return piece.replace(
        meters=(replace(second, onset_steps=0), *piece.meters[2:]),
        pickup_steps=first.bar_steps,
        repairs=(*piece.repairs, _SHORT_BAR.format(first, second)),
    )


def _inferred(piece: Piece, why: str) -> Piece:
    """With the meter and pickup that its notes suggest; ``why`` opens the sentence about it."""
    stated = piece.replace(unstated=piece.unstated - {"meter"})
    if not _says_enough(piece):
        sentence = f"{why} and too few notes to tell: {piece.meters[0]} assumed"
        return stated.replace(repairs=(*piece.repairs, sentence))
    from lstm_music.music.listening.quantise import quantise

    offset = grid_offset(piece)
    written = quantise(without_offset(piece, offset))
    guesses = guess_meters(written)
    meter = likely_meter(guesses, least_for_meter(piece))
    guess, _ = with_likely_pickup(written, guesses, meter)
    if meter not in DUPLE and fills_bars_of_four_only(written, guess):
        guess, _ = with_likely_pickup(written, guesses, FOUR)
        meter = FOUR
    late = (guess.pickup_steps + offset) % Meter(0, *meter).bar_steps
    guess = guess._replace(pickup_steps=late)
    return _as_guessed(stated, guess, f"{why}: {_verdict(guesses, guess)}")


def _beside_its_beats(
    piece: Piece, stated: tuple[int, int], family: tuple[int, int], offset: int
) -> Piece:
    """With its bar lines moved to its notes, which all lie so many steps after the file's beats."""
    from lstm_music.music.listening.quantise import quantise

    written = quantise(without_offset(piece, offset))
    guess, _ = with_likely_pickup(written, guess_meters(written), family)
    late = (guess.pickup_steps + offset) % Meter(0, *stated).bar_steps
    sentence = _BESIDE.format(_pickup(guess._replace(pickup_steps=late)))
    return piece.replace(pickup_steps=late, repairs=(*piece.repairs, sentence))


def _with_stated_meter_checked(piece: Piece, may_overrule: bool = True) -> Piece:
    """With the upbeat that its notes clearly have, or the meter where a stated 4/4 is wrong."""
    stated = (piece.meters[0].numerator, piece.meters[0].denominator)
    family = FOUR if stated == (2, 2) else stated
    if family not in CANDIDATES or not _says_enough(piece):
        return piece
    if offset := grid_offset(piece):
        return _beside_its_beats(piece, stated, family, offset)
    if gathering(piece.notes["onset_steps"]) < GATHERED:
        return piece  # played too loosely to contradict what the file says
    guesses = guess_meters(piece)
    clear = clear_meter(guesses, least_for_meter(piece, is_stated=True))
    if may_overrule and stated == FOUR and clear:
        guess, _ = with_likely_pickup(piece, guesses, clear)
        if not fills_bars_of_four_only(piece, guess):
            odds = times(log_odds(guesses, [clear], DUPLE))
            return _as_guessed(piece, guess, _OVERRULED.format(_described(guess), odds))
    guess, margin = with_likely_pickup(piece, guesses, family, is_stated=True)
    if not guess.pickup_steps:
        return piece
    sentence = _UPBEAT.format(_pickup(guess), times(margin))
    return piece.replace(pickup_steps=guess.pickup_steps, repairs=(*piece.repairs, sentence))


def _says_enough(piece: Piece) -> bool:
    return 1 + int(np.count_nonzero(np.diff(piece.notes["onset_steps"]))) >= MIN_ONSETS


def _as_guessed(piece: Piece, guess: Guess, sentence: str) -> Piece:
    return piece.replace(
        meters=(Meter(0, guess.numerator, guess.denominator),),
        pickup_steps=guess.pickup_steps,
        repairs=(*piece.repairs, sentence),
    )


def _verdict(guesses: Sequence[Guess], guess: Guess) -> str:
    """What was found, or that nothing was clear enough."""
    likeliest = max(CANDIDATES, key=lambda meter: log_total(guesses, [meter]))
    if guess[:2] == likeliest:
        share = math.exp(log_total(guesses, [likeliest]))
        return f"found {_described(guess)} (probability of the meter {share:.2f})"
    other = f"{likeliest[0]}/{likeliest[1]}"
    return f"{_described(guess)} assumed, as {other} is likelier but not clearly so"


def _described(guess: Guess) -> str:
    return f"{guess.numerator}/{guess.denominator} with {_pickup(guess)}"


def _pickup(guess: Guess) -> str:
    share = Fraction(guess.pickup_steps, STEPS_PER_WHOLE)
    return f"a pickup of {share}" if share else "no pickup"
