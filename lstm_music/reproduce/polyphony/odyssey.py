"""The Odyssey table: what each part of an LSTM is worth for music.

Nine cells predict the next frame of the JSB chorales, with independent keys: V, the LSTM with
peepholes, and V without input gate (NIG), forget gate (NFG), output gate (NOG), input activation
(NIAF), output activation (NOAF) or peepholes (NP), with coupled gates (CIFG), with full gate
recurrence (FGR). Each is trained with settings drawn at random. Trial k has the same draw for all
nine, so that they can be compared pair by pair, and every trial has the same budget: 12 epochs of
8 chorales side by side, gradients through 20 frames.

Draws: H log-uniform in 20..100, learning rate of Adam log-uniform in 0.003..0.03, standard
deviation of the noise on the inputs uniform in 0..1. Greff et al. draw H up to 200, and learning
rate and momentum of gradient descent; with our budget Adam gets further.

Figures: nats a frame on the split named, over all frames; the median trial, and the best. The
intervals are of 95 %, by bootstrap over trials. The paper shows these nets as a box plot without
numbers.

Claim: the best trial of every variant pays less than a first-order model of each key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lstm_music.reproduce.polyphony.heads import BernoulliHead
from lstm_music.reproduce.polyphony.learner import Learner
from lstm_music.reproduce.polyphony.learner import Settings as Training
from lstm_music.reproduce.polyphony.rolls import KEYS, Roll, next_frame, rolls_of
from lstm_music.reproduce.polyphony.scores import score_markov
from lstm_music.reproduce.task import Row, Settings
from lstm_music.types import FloatArray

PAPER = "Greff et al. (2017), arXiv:1503.04069: a box plot without numbers"
VARIANTS = {
    "V": "peephole", "NIG": "nig", "NFG": "nfg", "NOG": "nog", "NIAF": "niaf",
    "NOAF": "noaf", "NP": "np", "CIFG": "cifg", "FGR": "fgr",
}  # fmt: skip
"""The paper's names and the registry's."""

EPOCHS, BATCH_SIZE, CHUNK_STEPS, TRIALS = 12, 8, 20, 30


def draw(trial: int, rng_seed: int = 0, *, quick: bool = False) -> Training:
    """The settings of a trial, the same for every cell.

    Parameters
    ----------
    trial : its number, from 0.
    rng_seed : of the search.
    quick : smaller nets and higher rates, for a few seconds.
    """
    rng = np.random.default_rng([rng_seed, trial])
    H = float(np.exp(rng.uniform(np.log(20), np.log(30 if quick else 100))))
    rate = float(np.exp(rng.uniform(np.log(0.02 if quick else 0.003), np.log(0.03))))
    return Training(
        hidden_sizes=(round(H),),
        learning_rate=rate,
        input_noise=float(rng.uniform(0, 0.3 if quick else 1)),
        epochs=15 if quick else EPOCHS,
        batch_size=4 if quick else BATCH_SIZE,
        chunk_steps=CHUNK_STEPS,
        input_dropout=0.0,
        output_dropout=0.0,
        averaging=0.0,
        rng_seed=trial,
    )


def run_trial(
    variant: str, training: Training, splits: Mapping[str, Sequence[Roll]]
) -> dict[str, float]:
    """Nats a frame of every split but ``train``, by the epoch that ``valid`` chose.

    A trial that diverges has infinite nats.
    """
    learner = Learner(replace(training, cell=VARIANTS[variant]), KEYS, BernoulliHead(KEYS))
    pairs = {name: [next_frame(roll) for roll in rolls] for name, rolls in splits.items()}
    outcome = learner.fit(pairs["train"], pairs["valid"])
    if not outcome.epoch:
        return {name: float("inf") for name in splits if name != "train"}
    return {
        name: outcome.valid.all_frames if name == "valid" else learner.score(held_out).all_frames
        for name, held_out in pairs.items()
        if name != "train"
    }


def interval(values: FloatArray, figure: str, rng_seed: int = 0) -> tuple[float, float, float]:
    """The median or the least of some trials, and the bootstrap interval of 95 %.

    Parameters
    ----------
    values : (trials,) may be infinite.
    figure : ``median`` or ``best``.
    """
    take = np.median if figure == "median" else np.min
    drawn = np.random.default_rng(rng_seed).integers(0, len(values), (2000, len(values)))
    again = np.sort(take(values[drawn], axis=1))
    return float(take(values)), float(again[49]), float(again[1949])


def table(trials: Mapping[str, FloatArray], split: str, floor: float) -> Iterator[Row]:
    """Two rows for each variant.

    Parameters
    ----------
    trials : (trials,) nats of each variant, trial k at the same place; V among them if any is to
        be compared with it.
    split : that they are of.
    floor : nats of the first-order model on it.
    """
    for variant, values in trials.items():
        for figure in ("median", "best"):
            ours, low, high = interval(values, figure)
            yield Row(
                name=f"{variant}, {figure}, {split}",
                ours=ours,
                published=None,
                unit="nats a frame",
                better="lower",
                source=PAPER,
                note=f"95 %: {low:.3f} to {high:.3f}"
                + (_against(values, trials["V"]) if figure == "median" and "V" in trials else ""),
                holds=ours < floor if figure == "best" else None,
            )


def _against(values: FloatArray, vanilla: FloatArray) -> str:
    """Median difference from V over pairs of equal draws, with its interval."""
    pairs = np.isfinite(values[: len(vanilla)]) & np.isfinite(vanilla[: len(values)])
    if values is vanilla or not pairs.any():
        return ""
    differences = (values[: len(vanilla)] - vanilla[: len(values)])[pairs]
    middle, low, high = interval(differences, "median")
    return f"; less V at equal draws: {middle:+.3f} ({low:+.3f} to {high:+.3f})"


def run(settings: Settings) -> Iterator[Row]:
    """All trials of all variants; then the table."""
    splits = rolls_of(settings, needed_by="odyssey")
    held_out = [name for name in splits if name != "train"]
    names = [
        name
        for name in VARIANTS
        if any(settings.wants(f"{name}, {figure}") for figure in ("median", "best"))
    ]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for trial in range(settings.runs or (1 if settings.quick else TRIALS)):
        training = draw(trial, settings.rng_seed, quick=settings.quick)
        for name in names:
            found[name].append(run_trial(name, training, splits))
            settings.progress(f"trial {trial}, {name}: {found[name][-1]['valid']:.3f}")
    for split in held_out:
        floor = score_markov(splits["train"], splits[split]).all_frames
        trials = {name: np.array([one[split] for one in done]) for name, done in found.items()}
        yield from (row for row in table(trials, split, floor) if settings.wants(row.name))
