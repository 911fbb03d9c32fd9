"""What cannot be done is said before composing, with what could be."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lstm_music.errors import ConfigError
from lstm_music.generate.forms.wanted import may_return
from lstm_music.generate.planning.plan import Plan
from lstm_music.generate.planning.ruling import Ruling, allowed_pitches, of_track
from lstm_music.music.piece import Piece
from lstm_music.music.polyphony import most_together

_USUAL_GRID = 6  # a 16th, as in rules.pyx


def check_possible(ruling: Ruling, plan: Plan) -> None:
    """Refuse a request that nothing can meet.

    Raises
    ------
    ConfigError : says which of the controls exclude each other, and what could be asked.
    """
    _check_bounds(ruling)
    _check_named_tracks(ruling, plan)
    _check_kept(ruling, plan)
    for track in plan.open_tracks:
        _check_pitches(ruling, plan.given, track)
        _check_density(ruling, plan, track)
    _check_chords(ruling, plan)
    _check_form(ruling, plan)


def _check_bounds(ruling: Ruling) -> None:
    request = ruling.request
    pairs = [("duration", request.min_duration, request.max_duration)]
    low, high = request.min_density or {}, request.max_density or {}
    pairs += [
        ("density", low.get(track, low.get(0)), high.get(track, high.get(0)))
        for track in {*low, *high}
    ]
    for name, least, most in pairs:
        if least is not None and most is not None and least > most:
            raise ConfigError(
                f"min_{name} must be at most max_{name}, got {_shown(name, least)} and "
                f"{_shown(name, most)}"
            )


def _shown(name: str, value: float) -> str:
    """A number as it is asked for: durations as fractions of a whole note."""
    return str(Fraction(int(value), 96)) if name == "duration" else f"{value:g}"


def _check_named_tracks(ruling: Ruling, plan: Plan) -> None:
    """A rule for a track that is not open would say nothing."""
    is_open = {track + 1 for track in plan.open_tracks}
    for name in (
        "pitch_range",
        "max_polyphony",
        "min_density",
        "max_density",
        "density",
        "polyphony",
        "register",
        "duration",
    ):
        strange = sorted(set(getattr(ruling.request, name) or {}) - is_open - {0})
        if strange:
            raise ConfigError(
                f"{name} is asked for track {strange[0]}, in which nothing is written; "
                f"music is written in track {', '.join(map(str, sorted(is_open)))}"
            )


def _check_kept(ruling: Ruling, plan: Plan) -> None:
    """What is kept decides the rhythm, or the pitches: rules on it would contradict it."""
    request = ruling.request
    if request.keep == "rhythm":
        names = (
            "grid",
            "min_duration",
            "max_duration",
            "min_density",
            "max_density",
            "density",
            "polyphony",
            "duration",
        )
        for name in names:
            if getattr(request, name) is not None:
                raise ConfigError(f"{name} cannot be asked where the rhythm is kept; leave it out")
        if not request.rests:
            raise ConfigError("rests cannot be refused where the rhythm is kept; leave it out")
        for track in plan.open_tracks:
            most = of_track(request.max_polyphony, track)
            had = most_together(plan.slots[plan.slots["track"] == track])
            if most is not None and had > most:
                raise ConfigError(
                    f"max_polyphony must be {had} or more in track {track + 1}, whose rhythm is "
                    f"kept, got {most:g}"
                )
    if request.keep == "pitch":
        if not request.rests:
            raise ConfigError("rests cannot be refused where the pitches are kept; leave it out")
        fixed = ("scale", "pitch_range", "chords", "register", "max_polyphony", "max_density")
        for name in (*fixed, *(["voice_leading"] if request.voice_leading == "strict" else [])):
            if getattr(request, name) is not None:
                raise ConfigError(
                    f"{name} cannot be asked where the pitches are kept; leave it out"
                )


def _check_pitches(ruling: Ruling, piece: Piece, track: int) -> None:
    if not allowed_pitches(ruling, piece, track).any():
        names = [n for n in ("scale", "pitch_range", "playable") if getattr(ruling.request, n)]
        raise ConfigError(
            f"no pitch is left in track {track + 1} by {' and '.join(names)}; widen one of them"
        )


def _check_density(ruling: Ruling, plan: Plan, track: int) -> None:
    request, lines = ruling.request, plan.given.bar_lines
    fewest = of_track(request.min_density, track) or 0
    most = of_track(request.max_density, track)
    for place in (place for place in plan.places if place.track == track):
        bar = lines.bar_end(place.start_steps) - lines.bar_start(place.start_steps)
        grid = request.grid or _USUAL_GRID
        room = _room(ruling, plan.given, track, bar, grid)
        if fewest > room:
            raise ConfigError(
                f"min_density must be 0..{room} in bars of {lines.meter_at(place.start_steps)} "
                f"with onsets every {grid} steps and the shortest note and polyphony asked for, "
                f"got {fewest:g}"
            )
        if request.min_duration and request.min_duration > place.end_steps - place.start_steps:
            raise ConfigError(
                f"min_duration must be at most {place.end_steps - place.start_steps} steps, the "
                f"open place, got {request.min_duration}"
            )
        if (
            not request.rests
            and most is not None
            and request.max_duration
            and (most * request.max_duration < bar)
        ):
            raise ConfigError(
                f"without rests a bar of {bar} steps cannot be filled by {most:g} onsets of at "
                f"most {request.max_duration} steps; raise max_density or max_duration"
            )
        if not request.rests and most == 0:
            raise ConfigError("max_density must be 1 or more where there are no rests, got 0")


def _room(ruling: Ruling, piece: Piece, track: int, bar: int, grid: int) -> int:
    """How many onsets a bar has room for; the last note of it ends with it."""
    request = ruling.request
    shortest = 1 if piece.tracks[track].is_drum else request.min_duration or 1
    apart = grid
    if most := of_track(request.max_polyphony, track):
        apart = max(grid, -(-shortest // int(most)))
        apart = -(-apart // grid) * grid
    return max(0, 1 + (bar - shortest) // apart)


def _check_chords(ruling: Ruling, plan: Plan) -> None:
    """On each beat some tone of its chord must be allowed."""
    chords = ruling.chords
    if chords is None or ruling.request.chords_fit != "strict":
        return
    for track in plan.open_tracks:
        if plan.given.tracks[track].is_drum:
            continue
        classes = np.unique(np.flatnonzero(allowed_pitches(ruling, plan.given, track)) % 12)
        for chord in chords.chords:
            if chord is not None and not chord.pitch_classes & set(classes.tolist()):
                raise ConfigError(
                    f"no tone of {chord} is left in track {track + 1} by the scale and range; "
                    "widen one of them, or ask for the chords loosely"
                )


def _check_form(ruling: Ruling, plan: Plan) -> None:
    """A bar that returns has the chords of the bar that it returns to."""
    if plan.form is None or not plan.form.sections:
        return
    steps = plan.given.bar_lines.meter_at(plan.start_steps).bar_steps
    fits = may_return(ruling, plan, steps)
    for i, back in enumerate(plan.form.returns):
        if back is not None and not fits(i, back.bar):
            raise ConfigError(
                f"new bar {i + 1} is to return to new bar {back.bar + 1}, but other chords are "
                "asked for there; give both the same chords, or ask for them loosely"
            )
