"""Polyphonic music: the next frame of a piano roll, in nats.

A frame says which of 88 keys sound. The network reads frames 1..t-1 of a piece and gives the
probability of frame t; what counts is -log p, as a mean over the frames of all pieces ("all
frames"), and without the first frame of each ("frames 2..T"). Run it with ``--data`` on a file of
one of the four sets (JSB Chorales, Nottingham, MuseData, Piano-midi.de): it scores every split of
the file. The split ``valid`` chooses the epoch.

First comes the check of the metric: keys at p = 0.5, and each key at its share of the training
frames. Then the networks: one recurrent layer, read by the head, in most recipes with the last
frame beside it; dropout on the frames read, on what the head sees and, in some recipes, on the
recurrent weights; Adam with a rate that falls to 0; the running mean of the weights is scored.
"independent": each key by itself. "NADE": each key knows of those below it, exactly. "conv-lstm":
gates by convolution over the keys.

Stop rule: a number of epochs; the best of them on ``valid`` is scored. Figures: means over seeds.

Claim: the check gives the paper's figures on ``test``; every network pays less than a first-order
model of each key, and on ``test`` less than the figure published; with NADE it pays less than
with independent keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lstm_music.reproduce.curve import Curve, curve_of
from lstm_music.reproduce.polyphony.heads import BernoulliHead, Head, NadeHead
from lstm_music.reproduce.polyphony.learner import Learner
from lstm_music.reproduce.polyphony.learner import Settings as Training
from lstm_music.reproduce.polyphony.rolls import KEYS, Roll, name_of, next_frame, rolls_of
from lstm_music.reproduce.polyphony.scores import (
    UNIFORM_NATS,
    Score,
    bernoulli_nats,
    score,
    score_markov,
    score_static,
    seeds_note,
)
from lstm_music.reproduce.task import Row, Settings

PAPER = "Boulanger-Lewandowski et al. (2012), ICML, table 1"
RANDOM = 61.00
STATIC = {"JSB Chorales": 11.06, "Nottingham": 10.25, "MuseData": 11.51, "Piano-midi.de": 11.05}
"""Row "Note 1-gram" of the paper's table, on test."""

RRU = "RRU (LUMII-Syslab, 2021), its tuned LSTM, test; means of windows of 200 frames"
LSTM = {"JSB Chorales": 8.33, "Nottingham": 3.25, "MuseData": 7.24, "Piano-midi.de": 7.54}
"""Plain LSTM, independent keys, on test."""

NADE = {"JSB Chorales": 5.56, "Nottingham": 2.31, "MuseData": 5.60, "Piano-midi.de": 7.05}
"""Row "RNN-NADE (HF)" of the paper's table, on test."""

MEANS = {"all frames": "all_frames", "frames 2..T": "later_frames"}
"""As rows call them, and :class:`Score`."""

CELLS = ("lstm", "peephole", "coupled", "gru", "layernorm-lstm", "mi-lstm")
CONV = "conv-lstm:size=88,kernel=13"

BASE = Training(
    hidden_sizes=(150,), shortcut=True, batch_size=4, epochs=35, learning_rate=0.01,
    input_dropout=0.25, output_dropout=0.4, averaging=0.99,
)  # fmt: skip
WIDE = replace(
    BASE, hidden_sizes=(500,), shortcut=False, epochs=80, learning_rate=0.007, output_dropout=0.6,
    recurrent_dropout=0.6, averaging=0.995,
)  # fmt: skip
LARGE = replace(BASE, hidden_sizes=(200,), batch_size=8, output_dropout=0.3, averaging=0.995)
RECIPES = {
    "JSB Chorales": WIDE,
    "Nottingham": replace(LARGE, epochs=45, learning_rate=0.005, chunk_steps=20),
    "MuseData": replace(
        LARGE, hidden_sizes=(320,), epochs=14, learning_rate=0.004, chunk_steps=25,
        recurrent_dropout=0.5,
    ),
    "Piano-midi.de": replace(
        LARGE, hidden_sizes=(400,), epochs=25, chunk_steps=100, recurrent_dropout=0.6
    ),
}  # fmt: skip
"""For independent keys; docs/papers.md has what was tried. On JSB conv-lstm takes BASE. In short
chunks an epoch costs the same and makes more updates: on Nottingham the second was at 4.3 nats, and
at 5.6 in chunks of 200.
"""
NADE_RECIPES = {
    "JSB Chorales": replace(BASE, hidden_sizes=(200,), recurrent_dropout=0.5),
    "Nottingham": replace(LARGE, epochs=25, learning_rate=0.005, chunk_steps=20),
}
"""Where NADE takes another."""
QUICK = replace(
    BASE, hidden_sizes=(24,), epochs=6, learning_rate=0.03, output_dropout=0.1, averaging=0.9
)
UNITS = {"JSB Chorales": 200}
"""Hidden units of NADE; 128 for the rest."""


@dataclass(frozen=True, slots=True)
class Model:
    """A network of the table: its name, cell, head, and what was published of its like."""

    name: str
    cell: str
    nade: bool
    published: dict[str, float]
    source: str

    @property
    def convolves(self) -> bool:
        """Whether its places are the keys."""
        return self.cell.startswith("conv-lstm")

    def training(self, known: str | None, quick: bool) -> Training:
        """How it is trained on a set."""
        if quick:
            return QUICK
        if known == "JSB Chorales" and self.convolves:
            return BASE
        own = NADE_RECIPES if self.nade else {}
        return {**RECIPES, **own}.get(known or "", BASE)


def models(cell: str | None, quick: bool) -> list[Model]:
    """The networks of a run: all, or those of one cell."""
    names = (cell,) if cell else ("lstm",) if quick else CELLS
    found = [Model(f"{name}, independent", name, False, LSTM, RRU) for name in names]
    found.append(Model(f"{names[0]}, NADE", names[0], True, NADE, f"{PAPER}, RNN-NADE (HF)"))
    if not cell:
        found.append(Model("conv-lstm, independent", CONV, False, {}, PAPER))
    return found


def train(
    model: Model, training: Training, units: int, splits: dict[str, list[Roll]], settings: Settings
) -> tuple[dict[str, Score], Curve]:
    """The score of a trained network on every split but ``train``; its curve on ``valid``."""
    H = (KEYS * (1 if settings.quick else 4),) if model.convolves else training.hidden_sizes
    seed = training.rng_seed
    head: Head = NadeHead(KEYS, units, rng_seed=seed) if model.nade else BernoulliHead(KEYS)
    learner = Learner(replace(training, cell=model.cell, hidden_sizes=H), KEYS, head)
    pairs = {name: [next_frame(roll) for roll in rolls] for name, rolls in splits.items()}
    told = settings.told(f"{model.name}, seed {seed}")
    outcome = learner.fit(
        pairs["train"],
        pairs["valid"],
        lambda epoch, nats: told(f"epoch {epoch}, {nats:.3f} nats a frame on valid"),
    )
    found = {name: learner.score(pieces) for name, pieces in pairs.items() if name != "train"}
    return found, curve_of(outcome.curve, across="epochs", up="nats a frame, valid")


def run(settings: Settings) -> Iterator[Row]:
    """The check of the metric; then two rows for every network and split."""
    splits = rolls_of(settings, needed_by="polyphony")
    known = name_of(splits["train"])
    held_out = [name for name in splits if name != "train"]
    prefix = _prefix(settings, known)
    for split in held_out:
        checks = _check(splits["train"], splits[split], (prefix, split), known)
        yield from (row for row in checks if settings.wants(row.name))
    if settings.quick:
        splits = {name: rolls[:60] for name, rolls in splits.items()}
    floors = {split: score_markov(splits["train"], splits[split]) for split in held_out}
    units = 24 if settings.quick else UNITS.get(known or "", 128)
    independent: dict[str, Score] = {}
    for model in models(settings.cell, settings.quick):
        wanted = [
            split
            for split in held_out
            if any(settings.wants(f"{prefix}, {model.name}, {split}, {of}") for of in MEANS)
        ]
        if not wanted:
            continue
        training = model.training(known, settings.quick)
        found = [
            train(model, replace(training, rng_seed=seed), units, splits, settings)
            for seed in settings.seeds(1, 5)
        ]
        for split in wanted:
            scores, curve = [one[split] for one, _ in found], found[0][1]
            limit = floors[split]
            if model.nade and split in independent:
                limit = independent[split]
            elif not model.nade:
                independent.setdefault(split, _mean(scores))
            rows = _rows(model, (prefix, split), scores, limit, known, curve)
            yield from (row for row in rows if settings.wants(row.name))


def _prefix(settings: Settings, known: str | None) -> str:
    """What the rows' names begin with: the set, so that a table may hold all four."""
    if known:
        return known.partition(" ")[0]
    return settings.data.stem if settings.data else "made up"


def _check(
    train: Sequence[Roll], held_out: Sequence[Roll], of: tuple[str, str], known: str | None
) -> list[Row]:
    """Rows of the models that learn nothing but shares; ``of`` is the set and the split."""
    prefix, split = of
    uniform = score([bernoulli_nats(np.full(KEYS, 0.5), roll) for roll in held_out])
    static, markov = score_static(train, held_out), score_markov(train, held_out)
    on_test = STATIC.get(known or "")
    published = on_test if split == "test" else None
    a_row = partial(Row, unit="nats a frame", better="lower", source=PAPER)
    return [
        a_row(
            name=f"{prefix}, p = 0.5, {split}", ours=uniform.all_frames, published=RANDOM,
            note="88 log 2, whatever the music",
            holds=abs(uniform.all_frames - UNIFORM_NATS) < 1e-9,
        ),
        a_row(
            name=f"{prefix}, share of each key, {split}", ours=static.all_frames,
            published=published,
            note=f"frames 2..T: {static.later_frames:.3f}"
            + (f"; published on test: {on_test}" if on_test and not published else ""),
            holds=None if published is None else round(static.all_frames, 2) == published,
        ),
        a_row(
            name=f"{prefix}, first order of each key, {split}", ours=markov.all_frames,
            published=None,
            note=f"frames 2..T: {markov.later_frames:.3f}; not in the paper",
        ),
    ]  # fmt: skip


def _rows(
    model: Model,
    of: tuple[str, str],
    scores: Sequence[Score],
    limit: Score,
    known: str | None,
    curve: Curve,
) -> Iterator[Row]:
    """All frames, and frames 2..T, of a set and a split."""
    prefix, split = of
    there = model.published.get(known or "")
    published = there if split == "test" else None
    for name, key in MEANS.items():
        values = [getattr(one, key) for one in scores]
        ours, below = float(np.mean(values)), getattr(limit, key)
        note = seeds_note(values)
        if there and not published:
            note += f"; published on test: {there}"
        yield Row(
            name=f"{prefix}, {model.name}, {split}, {name}",
            ours=ours,
            published=published,
            unit="nats a frame",
            better="lower",
            source=model.source,
            note=note,
            holds=ours < below and (published is None or ours < published),
            curve=curve if key == "all_frames" else None,
        )


def _mean(scores: Sequence[Score]) -> Score:
    return Score(
        float(np.mean([one.all_frames for one in scores])),
        float(np.mean([one.later_frames for one in scores])),
        scores[0].frames,
    )
