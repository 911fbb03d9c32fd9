"""Chord symbols over which the melody of a lead sheet from nothing is written."""

from __future__ import annotations

import numpy as np

from lstm_music.generate.forms.plan import FormPlan
from lstm_music.music.harmony.progression_model import ProgressionModel, symbol_notes
from lstm_music.music.piece import Piece
from lstm_music.tokens.vocabulary import USUAL_VELOCITY
from lstm_music.types import NoteArray

_MELODY_AND_CHORDS = 2


def drawn_symbols(
    model: ProgressionModel,
    header: Piece,
    form: FormPlan,
    rng: np.random.Generator,
    *,
    closes: bool,
) -> NoteArray | None:
    """The notes of the last of two tracks, for all bars; None where music of the style has no chord
    symbols, or none in this meter.

    Parameters
    ----------
    model : of chord progressions.
    header : style, meter, key and tracks of the piece.
    form : which of its bars return; their chords return, too.
    rng : decides.
    closes : whether the last chord is the tonic's.
    """
    meter, key = header.meters[0], header.key
    if key is None or len(header.tracks) != _MELODY_AND_CHORDS:
        return None
    if not model.knows(header.style, meter):
        return None
    sources = [None if back is None else back.bar for back in form.returns]
    symbols = model.draw(header.style, key.mode, meter, sources, rng, closes=closes)
    return symbol_notes(
        symbols,
        len(sources) * meter.bar_steps,
        key.tonic_pitch_class,
        track=_MELODY_AND_CHORDS - 1,
        velocity=USUAL_VELOCITY,
    )
