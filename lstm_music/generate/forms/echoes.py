"""Bars of drums that resemble earlier ones: what of a form the network reads as a lean."""

from __future__ import annotations

import numpy as np

from lstm_music.generate.echo import Echo
from lstm_music.generate.forms.plan import FormPlan
from lstm_music.music.grooves import SIXTEENTH_STEPS

PULL, PULL_VARIED = 2.0, 1.0
"""Nats for a stroke that is left out or added: so strong that new bars resemble their models as
much as those of drummers do (docs/judge.md)."""


def echo_of(form: FormPlan, starts: list[int], n_before: int, bar_steps: int) -> Echo | None:
    """What the network is pulled by; None: by nothing.

    Parameters
    ----------
    form : with its echoes.
    starts : where all bars begin, in steps of the prompt; those of a seed come first.
    n_before : how many these are.
    bar_steps : length of a new bar.
    """
    if not any(form.echoes) or bar_steps % SIXTEENTH_STEPS:
        return None
    n_places = bar_steps // SIXTEENTH_STEPS
    shifts = np.zeros((len(form.echoes), n_places), np.intc)
    pulls = np.zeros((len(form.echoes), n_places), np.float32)
    for i, back in enumerate(form.echoes):
        if back is not None:
            shifts[i] = starts[n_before + i] - starts[n_before + back.bar]
            pulls[i] = PULL_VARIED if back.is_varied else PULL
    return Echo(starts[n_before], shifts.ravel(), pulls.ravel())
