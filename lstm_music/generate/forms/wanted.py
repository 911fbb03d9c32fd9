"""Forms that are asked for: named, found in a file, or drawn from those of real pieces."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import copy

import numpy as np

from lstm_music.errors import ConfigError
from lstm_music.generate.asking.piece_controls import AUTO, NO_FORM
from lstm_music.generate.asking.request import CONTROLS, RULES, Request
from lstm_music.generate.engine import Engine
from lstm_music.generate.forms.plan import FormPlan, drawn_form, planned_form
from lstm_music.generate.planning.plan import Plan
from lstm_music.generate.planning.prompt import Prompt
from lstm_music.generate.planning.ruling import Ruling
from lstm_music.music.form import Bar, bars_of, find_form
from lstm_music.music.form_text import form_text
from lstm_music.music.grooves import drum_bars, is_groove
from lstm_music.music.piece import Piece


def take_form(
    engine: Engine, ruling: Ruling, plan: Plan, prompt: Prompt, rng_seed: int, sequence: int
) -> FormPlan | None:
    """The form of the take that is drawn from a random stream; None where none is asked for.

    Parameters
    ----------
    engine, ruling, plan, prompt : of the piece.
    rng_seed, sequence : the random stream, which decides where the form is drawn.
    """
    request = ruling.request
    if request.form is None:
        return None
    if request.form != AUTO:
        return planned_form(request.sections())
    n_bars = (prompt.end_steps - prompt.start_steps) // prompt.bar_steps
    drums = is_groove(prompt.context)
    return drawn_form(
        engine.form_model,
        prompt.context.style,
        n_bars,
        np.random.default_rng([rng_seed, sequence, n_bars]),
        bars_before(prompt, drum_bars if drums else bars_of),
        prompt.bar_steps,
        may_return(ruling, plan, prompt.bar_steps),
        is_groove=drums,
    )


def bars_before(prompt: Prompt, read: Callable[[Piece, int], list[Bar]] = bars_of) -> list[Bar]:
    """The full bars of the prompt before the first new one, as ``read`` finds them."""
    context = prompt.context
    n_bars = context.bar_lines.bar_at(prompt.start_steps) - (context.pickup_steps > 0)
    return read(context, n_bars)


def may_return(ruling: Ruling, plan: Plan, bar_steps: int) -> Callable[[int, int], bool]:
    """Whether a new bar may have the music of another, by number from the first new one.

    Their chords must be the same where chords are kept strictly, and no rule may be set that a
    seed need not keep.
    """
    request = ruling.request
    ruled = is_ruled(request)
    chords = ruling.chords if request.chords_fit == "strict" else None

    def fits(bar: int, source: int) -> bool:
        if source < 0 and ruled:
            return False
        if chords is None:
            return True
        here, there = (
            chords.pitch_classes_at(plan.start_steps + i * bar_steps + np.arange(bar_steps))
            for i in (bar, source)
        )
        return bool((here == there).all())

    return fits


def is_ruled(request: Request) -> bool:
    """Whether a request sets a rule that notes must keep."""
    rules = (name for name, row in CONTROLS.items() if row.group == RULES)
    return any(getattr(request, name) != CONTROLS[name].default for name in rules)


def with_settled_form(request: Request, advised: str | None = None) -> Request:
    """The request with the form that holds: as asked, else as advised; None where there is none."""
    form = advised if request.form is None else request.form
    form = None if form == NO_FORM else form
    if form == request.form:
        return request
    settled = copy(request)
    object.__setattr__(settled, "form", form)
    return settled


def with_found_form(request: Request) -> Request:
    """The request with the form of the file ``form_of`` in place of its name.

    Raises
    ------
    ConfigError : its form cannot be made to fit the bars asked for.
    MidiError : it cannot be read.
    """
    if request.form_of is None:
        return request
    found = copy(request)
    object.__setattr__(found, "form", form_in(request.form_of, request.bars))
    object.__setattr__(found, "form_of", None)
    found.sections()
    return found


def form_in(music: Piece | str | bytes | os.PathLike[str], bars: object = None) -> str:
    """The form of a piece or file as ``form`` takes it, for so many bars.

    Parameters
    ----------
    music : a Piece, or a path, bytes or an open file of music.
    bars : how many bars are to be composed; None: as many as it has.

    Raises
    ------
    ConfigError : its sections do not divide into so many bars.
    MidiError : it cannot be read.
    """
    from lstm_music.midi.files import read

    piece = music if isinstance(music, Piece) else read(music)
    sections = find_form(piece)
    total = sum(section.bars for section in sections)
    if not total:
        raise ConfigError("form_of needs a piece with at least one full bar of music")
    if bars is not None and str(bars).strip() != str(total):
        whole = sections[:-1] if sections[-1].bars < sections[0].bars else sections
        return form_text([section._replace(bars=0) for section in whole])
    return form_text(sections, lengths=True)
