"""Superimposed sines: go on with a sum of 2 to 5 sine waves that never repeats.

The series is sin(0.2 t) + sin(0.311 t) + sin(0.42 t) + sin(0.51 t) + sin(0.63 t), t = 1, 2, ..., or
its first 2, 3 or 4 terms. The network reads steps 1..400; the first 100 are washout. From then on
it reads its own answers for 300 steps.

Net: one layer of LSTM cells, 10, 15, 20 and 20 for 2, 3, 4 and 5 sines. Its hidden weights are
evolved (Evolino, enforced sub-populations), its readout is the pseudo-inverse on steps 101..400.
Fitness is the closed-loop error from step 101 to 400; nothing after step 400 is seen.

Figure: root mean squared error on steps 401..700 in deviations of the series (NRMSE), the mean over
the runs.

The paper's table could not be checked, so no published figure stands here.

Claim: no run errs by more than 0.0001, 0.001, 0.01 and 0.05 of a deviation.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lstm_music.reproduce.evolving import EVOLINO, evolved, nrmse
from lstm_music.reproduce.task import Row, Settings
from lstm_music.types import FloatArray

PAPER = f"{EVOLINO}, superimposed sines"
FREQUENCIES = (0.2, 0.311, 0.42, 0.51, 0.63)
HIDDEN_SIZES = {2: 10, 3: 15, 4: 20, 5: 20}
BOUNDS = {2: 1e-4, 3: 1e-3, 4: 0.01, 5: 0.05}
READ, FREE = 400, 300
SCALE, START_RANGE = 1e-6, 0.5
"""The net sees the series times SCALE. So small, every cell stays near linear: a sum of sines is
then within its reach, and evolution has to find time constants and a stable loop.
"""


def series(n_sines: int) -> FloatArray:
    """The first 700 steps, (700, 1)."""
    t = np.arange(1, READ + FREE + 1)[:, None]
    total: FloatArray = np.sin(t * np.array(FREQUENCIES[:n_sines])).sum(axis=1, keepdims=True)
    return total


def run(settings: Settings) -> Iterator[Row]:
    """A row for each number of sines."""
    for n_sines in HIDDEN_SIZES:
        name = f"{n_sines} sines"
        if settings.wants(name) and not (settings.quick and n_sines in {3, 4}):
            yield _row(settings, n_sines, name)


def _row(settings: Settings, n_sines: int, name: str) -> Row:
    values, errors, curves = series(n_sines), [], []
    for seed in settings.seeds(1, 5):
        found, curve = evolved(
            values[:READ],
            cell=settings.cell or "lstm",
            hidden_size=HIDDEN_SIZES[n_sines],
            scale=SCALE,
            start_range=START_RANGE,
            generations=6 if settings.quick else 25,
            population=24 if settings.quick else 40,
            rng_seed=seed,
            told=settings.told(f"{name}, seed {seed}"),
        )
        run_on = found.go_on(values[:READ], FREE)
        curves.append(curve)
        errors.append(nrmse(run_on, values[READ:], float(values.std())))
    return Row(
        name=f"{name}, steps 401..700",
        ours=float(np.mean(errors)),
        published=None,
        unit="NRMSE",
        better="lower",
        source=PAPER,
        note=f"worst of {len(errors)}: {max(errors):.2g}; LSTM of {HIDDEN_SIZES[n_sines]} units",
        holds=max(errors) < BOUNDS[n_sines],
        curve=curves[0],
    )
