"""Chorales at sixteenth notes: four voices, in nats a note.

A step is a sixteenth; it has the pitches of soprano, alto, tenor and bass (MIDI 36..81, or a
rest). The network reads the steps before and the place in the bar of 16 steps, and gives the
probability of the soprano, of the alto given the soprano, and so on: a softmax each, exact. A
note that lasts counts at every step. Run it with ``--data`` on a file with ``train_steps`` and
``valid_steps``, (steps, 4) int16, S A T B, -1 for a rest, and their lengths.

Training shifts every chorale anew in every epoch, by up to six semitones, as far as its voices
stay within the pitches. Dropout, Adam with a rate that falls to 0, the running mean of the weights.

Stop rule: a number of epochs; the best of them on ``valid`` is scored. Figure: nats a note, the
mean over voices and steps.

Claim: the network pays less than a model that repeats each voice's last pitch, and changes it as
often as the training steps do, to pitches with the shares that they have there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from lstm_music.errors import ConfigError
from lstm_music.reproduce.curve import Curve, curve_of
from lstm_music.reproduce.polyphony.chain import ChainHead
from lstm_music.reproduce.polyphony.learner import Learner, Pair
from lstm_music.reproduce.polyphony.learner import Settings as Training
from lstm_music.reproduce.polyphony.rolls import Integers, read_pieces
from lstm_music.reproduce.polyphony.scores import seeds_note
from lstm_music.reproduce.task import Row, Settings

PAPER = "Huang et al. (2018), Music Transformer, test, as quoted by others"
TRANSFORMER = 0.335
"""With relative attention to pitch and time. 0.417 without."""

VOICES, LOWEST, VALUES, BAR = 4, 36, 47, 16
REST = VALUES - 1
FULL = Training(
    hidden_sizes=(256,), shortcut=True, epochs=60, batch_size=8, chunk_steps=64,
    learning_rate=0.005, input_dropout=0.1, output_dropout=0.3, recurrent_dropout=0.3,
    averaging=0.998,
)  # fmt: skip
QUICK = replace(FULL, hidden_sizes=(32,), epochs=5, learning_rate=0.02, averaging=0.9)


def read_steps(settings: Settings) -> dict[str, list[Integers]]:
    """Values (T, 4) of every split, 0..45 for a pitch and 46 for a rest; made up if need be."""
    if settings.data is None:
        if not settings.quick:
            raise ConfigError("jsb16 needs chorales: --data FILE.npz; --quick makes some up")
        return {"train": made_up_steps(30, 1), "valid": made_up_steps(10, 2)}
    splits = read_pieces(settings.data, "steps")
    if "valid" not in splits:
        raise ConfigError(f"{settings.data} must hold valid_steps: they choose the epoch")
    return {name: [_values(piece, settings) for piece in pieces] for name, pieces in splits.items()}


def _values(steps: Integers, settings: Settings) -> Integers:
    values = np.where(steps < 0, REST, steps.astype(np.int64) - LOWEST)
    if steps.shape[1] != VOICES or values.min() < 0 or values.max() > REST:
        raise ConfigError(f"{settings.data}: expected {VOICES} voices of pitches 36..81 or -1")
    return values


def made_up_steps(pieces: int, rng_seed: int) -> list[Integers]:
    """Four voices in parallel, a new chord of a fixed round every four steps."""
    rng = np.random.default_rng(rng_seed)
    chord, round_ = np.array([28, 24, 19, 12]), np.array([0, 5, 7, 0, -3, 2])
    return [
        chord
        + round_[(int(rng.integers(0, 6)) + np.arange(int(rng.integers(48, 97))) // 4) % 6][:, None]
        for _ in range(pieces)
    ]


def next_step(values: Integers) -> Pair:
    """Inputs (T, 4 x 47 + 16) of 0 and 1: the step before, the place in the bar; targets (T, 4)."""
    T = len(values)
    inputs = np.zeros((T, VOICES * VALUES + BAR), np.uint8)
    before = values[:-1] + VALUES * np.arange(VOICES)
    inputs[np.arange(1, T)[:, None], before] = 1
    inputs[np.arange(T), VOICES * VALUES + np.arange(T) % BAR] = 1
    return inputs, values


def shifted(values: Integers, rng: np.random.Generator) -> Integers:
    """A piece some semitones up or down, at most six, within the pitches; rests stay."""
    sounding = values < REST
    low = int(values[sounding].min(initial=REST))
    high = int(values[sounding].max(initial=0))
    shift = int(rng.integers(-min(6, low), min(6, max(0, REST - 1 - high)) + 1))
    return np.where(sounding, values + shift, values)


def repeat_nats(train: Sequence[Integers], held_out: Sequence[Integers]) -> float:
    """Nats a note of a model that repeats: share of changes of each voice, shares of its values.

    A first step, or a change, costs the share of its value among all steps, one added to each.
    """
    total = notes = 0.0
    for voice in range(VOICES):
        lines = [piece[:, voice] for piece in train]
        counts = np.bincount(np.concatenate(lines), minlength=VALUES) + 1.0
        share = counts / counts.sum()
        changes = np.concatenate([line[1:] != line[:-1] for line in lines])
        change = (changes.sum() + 1) / (len(changes) + 2)
        for piece in held_out:
            line = piece[:, voice]
            p = change * share[line]
            p[1:] += (1 - change) * (line[1:] == line[:-1])
            p[0] = share[line[0]]
            total -= float(np.log(p).sum())
            notes += len(line)
    return total / notes


def run(settings: Settings) -> Iterator[Row]:
    """The repeating model, then the network, on every split but ``train``."""
    splits = read_steps(settings)
    held_out = [name for name in splits if name != "train"]
    floors = {name: repeat_nats(splits["train"], splits[name]) for name in held_out}
    for name, nats in floors.items():
        if settings.wants(f"repeats, {name}"):
            yield _row(f"repeats, {name}", nats, None, "shares of changes and of pitches")
    cell = settings.cell or "lstm"
    wanted = [name for name in held_out if settings.wants(f"{cell}, {name}")]
    if not wanted:
        return
    found = [_train(splits, cell, seed, settings) for seed in settings.seeds(1, 3)]
    for name in wanted:
        values, curve = [one[name] for one, _ in found], found[0][1]
        ours = float(np.mean(values))
        published = TRANSFORMER if name == "test" else None
        note = f"{seeds_note(values)}; pieces to train on shifted by up to six semitones"
        note += "" if published else f"; published on test: {TRANSFORMER}"
        yield _row(f"{cell}, {name}", ours, published, note, ours < floors[name], curve)


def _train(
    splits: dict[str, list[Integers]], cell: str, seed: int, settings: Settings
) -> tuple[dict[str, float], Curve]:
    """Nats a note of a trained network on every split but ``train``; its curve on ``valid``."""
    training = replace(QUICK if settings.quick else FULL, cell=cell, rng_seed=seed)
    head = ChainHead(VOICES, VALUES, training.hidden_sizes[0], rng_seed=seed)
    learner = Learner(training, VOICES * VALUES + BAR, head)
    pairs = {name: [next_step(piece) for piece in pieces] for name, pieces in splits.items()}
    told = settings.told(f"{cell}, seed {seed}")

    def again(epoch: int) -> list[Pair]:
        rng = np.random.default_rng([seed, 3, epoch])
        return [next_step(shifted(piece, rng)) for piece in splits["train"]]

    outcome = learner.fit(
        pairs["train"],
        pairs["valid"],
        lambda epoch, nats: told(f"epoch {epoch}, {nats / VOICES:.4f} nats a note on valid"),
        again,
    )
    found = {
        name: learner.score(pieces).all_frames / VOICES
        for name, pieces in pairs.items()
        if name != "train"
    }
    nats = [of_a_step / VOICES for of_a_step in outcome.curve]
    return found, curve_of(nats, across="epochs", up="nats a note, valid")


def _row(
    name: str,
    ours: float,
    published: float | None,
    note: str,
    holds: bool | None = None,
    curve: Curve | None = None,
) -> Row:
    return Row(
        name=name, ours=ours, published=published, unit="nats a note", better="lower",
        source=PAPER, note=note, holds=holds, curve=curve,
    )  # fmt: skip
