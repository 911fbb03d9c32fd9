"""The blues: the network learns a twelve-bar chord form and plays it on, without end.

A chorus has 12 bars of 8 steps, 96 steps. Each step is 12 binary inputs, the pitch classes of the
chord that sounds; nothing marks a new chord or a new bar. The form is C7 F7 C7 C7 | F7 F7 C7 A7 |
Dm7 G7 C7 G7. The network reads a step and says the next one. Set free, it reads what it said
itself, each output rounded to 0 or 1.

Stop rule: two choruses, read from the start, are right at every step. Then the network is set
free for 1,000 choruses. (What it says is right up to some step exactly if it is right up to there
on the true form, so the test reads the form and compares.)

The paper gives no score: its network was trained until it could go round, in 15 to 45 minutes on a
1 GHz Pentium. Its published figure here is the lower of the two, in seconds.

Claim: all of 1,000 free choruses are right at every step.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from lstm_music.backends.registry import get_backend
from lstm_music.nn.optim import make_optimiser
from lstm_music.nn.sequence_net import SequenceNet, State, bernoulli_loss
from lstm_music.reproduce.learning import hold, make_net
from lstm_music.reproduce.task import Row, Settings
from lstm_music.types import FloatArray

PAPER = "Eck & Schmidhuber (2002), IDSIA-07-02, experiment 1"
SECONDS_PUBLISHED = 15 * 60

FORM = "C7 F7 C7 C7 F7 F7 C7 A7 Dm7 G7 C7 G7"
CHORDS = {
    "C7": (0, 4, 7, 10),
    "F7": (5, 9, 0, 3),
    "A7": (9, 1, 4, 7),
    "Dm7": (2, 5, 9, 0),
    "G7": (7, 11, 2, 5),
}
"""Pitch classes, C = 0."""
STEPS_PER_BAR, CHORUSES = 8, 1000
HIDDEN_SIZE, RATE, LIMIT = 48, 0.01, 3000


def chorus() -> FloatArray:
    """The form once, (96, 1, 12) float32."""
    bars = np.zeros((12, 12), np.float32)
    for bar, name in enumerate(FORM.split()):
        bars[bar, list(CHORDS[name])] = 1
    return np.repeat(bars, STEPS_PER_BAR, axis=0)[:, None]


def train(net: SequenceNet, form: FloatArray) -> int | None:
    """Updates until two choruses are right; None: not within the limit."""
    adam = make_optimiser("adam", net.flat.size, backend=get_backend("cpu", n_threads=1))
    song = np.concatenate([form, form, form[:1]])
    for update in range(LIMIT):
        answers, _, tape = net.forward(song[:-1])
        if ((answers > 0) == (song[1:] > 0)).all():
            return update
        _, d_answers = bernoulli_loss(answers, song[1:])
        adam.step(net.flat, net.backward(d_answers, tape), RATE, max_norm=1.0)
    return None


def right_choruses(net: SequenceNet, form: FloatArray) -> int:
    """Choruses that the network plays from the start before its first wrong step."""
    state: State | None = None
    following = np.roll(form, -1, axis=0)
    for done in range(CHORUSES):
        answers, state, _ = net.forward(form, state)
        if ((answers > 0) != (following > 0)).any():
            return done
    return CHORUSES


def run(settings: Settings) -> Iterator[Row]:
    """Two rows."""
    form, right, seconds = chorus(), [], []
    for seed in settings.seeds(1, 10):
        net = make_net(settings.cell or "lstm", 12, HIDDEN_SIZE, 12, rng_seed=seed)
        hold(net.cells[0], STEPS_PER_BAR)
        began = time.process_time()
        updates = train(net, form)
        seconds.append(time.process_time() - began)
        right.append(right_choruses(net, form))
        settings.progress(f"seed {seed}: {updates} updates, {right[-1]} choruses right")
    note = f"of {len(right)} networks; {settings.cell or 'lstm'} of {HIDDEN_SIZE} units, Adam"
    yield Row(
        name="right choruses, set free",
        ours=float(min(right)),
        published=None,
        unit="choruses",
        better="higher",
        source=PAPER,
        note=f"the worst {note}",
        holds=min(right) == CHORUSES,
    )
    yield Row(
        name="time to learn",
        ours=float(np.median(seconds)),
        published=SECONDS_PUBLISHED,
        unit="seconds",
        better="lower",
        source=PAPER,
        note=f"processor time, the median {note}",
    )
