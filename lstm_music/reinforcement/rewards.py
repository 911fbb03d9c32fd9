"""Rewards: small pure functions of a piece, each from 0 (not at all) to 1, and a line of help.

A model is rewarded for what it is told to do, not for what was meant. The help says how each reward
can be had cheaply, and the report of a run shows what else has moved.

Several follow the rules of Jaques et al. (2017), arXiv:1611.02796, section 5.1: notes of the key,
leaps resolved, no excessive repeats, a motif that comes back, a highest note that stands alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.form import form_of
from lstm_music.evaluate.metrics import groove_consistency
from lstm_music.evaluate.voice_leading import parallel_rates
from lstm_music.music.beats import beat_strengths
from lstm_music.music.harmony import cadence
from lstm_music.music.harmony.scales import MAJOR_SCALE, notes_in_scale, pitch_classes
from lstm_music.music.piece import Piece, pitched_notes

LEAP = 5
"""A perfect fourth or more, in semitones."""

STEP = 2
"""A whole tone or less."""

_SCALES = {"major": (MAJOR_SCALE,), "minor": ((0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 8, 11))}
_USUAL_RETURNS = 0.5
_MOST_IN_A_ROW = 2
_PARALLELS = 10.0

_Ints = npt.NDArray[np.int64]


def melodies(piece: Piece) -> list[_Ints]:
    """Pitches of the highest note at each onset, (n,) for each track that has pitches."""
    notes = pitched_notes(piece)
    lines = []
    for track in np.unique(notes["track"]):
        mine = notes[notes["track"] == track]
        last = np.append(np.diff(mine["onset_steps"]) > 0, True)
        lines.append(mine["pitch_midi"][last].astype(np.int64))
    return lines


def _moves(piece: Piece) -> _Ints:
    """The intervals of all melodies, in semitones."""
    return np.concatenate([np.empty(0, np.int64), *(np.diff(line) for line in melodies(piece))])


def in_key(piece: Piece) -> float:
    """Share of the pitched notes that belong to the stated key, of minor the better scale."""
    counts = pitch_classes(piece)
    if piece.key is None or not counts.any():
        return 0.0
    tonic = piece.key.tonic_pitch_class
    held = max(notes_in_scale(counts, tonic, scale) for scale in _SCALES[piece.key.mode])
    return held / int(counts.sum())


def resolves_leaps(piece: Piece) -> float:
    """Share of the leaps that a step the other way follows; half for a piece without leaps."""
    leaps = resolved = 0
    for line in melodies(piece):
        moves = np.diff(line)
        before, after = moves[:-1], moves[1:]
        leaps += int((np.abs(moves) >= LEAP).sum())
        is_back = (np.sign(after) == -np.sign(before)) & (np.abs(after) <= STEP)
        resolved += int(((np.abs(before) >= LEAP) & is_back).sum())
    return resolved / leaps if leaps else 0.5


def stepwise(piece: Piece) -> float:
    """Share of the melodic intervals that are steps; a repeated note is none."""
    moves = np.abs(_moves(piece))
    return float(((moves > 0) & (moves <= STEP)).mean()) if len(moves) else 0.0


def few_repeats(piece: Piece) -> float:
    """Share of the melodic notes that are not the third or later of the same pitch in a row."""
    total = excess = 0
    for line in melodies(piece):
        run = 0
        for move in np.diff(line, prepend=-1).tolist():
            run = 0 if move else run + 1
            excess += run >= _MOST_IN_A_ROW
        total += len(line)
    return 1.0 - excess / total if total else 0.0


def motif_returns(piece: Piece) -> float:
    """How near the share of bars that come again, exactly or varied, is to a half."""
    form = form_of(piece)
    if form.returning is None:
        return 0.0
    varied = max((share for share in form.varied.values() if share is not None), default=0.0)
    share = min(form.returning + varied, 1.0)
    return 1.0 - abs(share - _USUAL_RETURNS) / _USUAL_RETURNS


def ends_on_tonic(piece: Piece) -> float:
    """1 if the bass of the last chord is the tonic of the stated key."""
    return float(bool(cadence.ends_on_tonic(piece)))


def unique_peak(piece: Piece) -> float:
    """Share of the melodies whose highest note comes once only."""
    lines = melodies(piece)
    once = [int((line == line.max()).sum()) == 1 for line in lines]
    return sum(once) / len(once) if once else 0.0


def strong_beats(piece: Piece) -> float:
    """Mean accent weight of the onsets (music21's: 1 on the downbeat), each as long as its note."""
    notes = piece.notes
    if not len(notes):
        return 0.0
    lines = piece.bar_lines
    places, _ = lines.places(notes["onset_steps"].astype(np.int64))
    meters = [lines.meter_at(int(onset)) for onset in notes["onset_steps"]]
    levels = [
        float(beat_strengths(meter)[place % meter.bar_steps])
        for meter, place in zip(meters, places.tolist(), strict=True)
    ]
    return float(np.average(np.exp2(-np.array(levels)), weights=notes["duration_steps"]))


def even_rhythm(piece: Piece) -> float:
    """How alike the rhythms of neighbouring bars are (groove consistency of Dong et al. 2020)."""
    return groove_consistency(piece) or 0.0


def no_parallels(piece: Piece) -> float:
    """1 without parallel fifths, octaves and unisons; 0 from ten on, for each 100 notes."""
    rates = [rate for rate in parallel_rates(piece).values() if rate is not None]
    return max(1.0 - sum(rates) / _PARALLELS, 0.0) if rates else 0.0


def density(piece: Piece, notes_a_bar: float) -> float:
    """How near the number of notes a bar is to the number asked for."""
    last = max(piece.length_steps, piece.end_steps)
    n_bars = piece.bar_lines.bar_at(last - 1) + 1 if last else 0
    return _near(len(piece.notes) / n_bars, notes_a_bar) if n_bars else 0.0


def polyphony(piece: Piece, voices: float) -> float:
    """How near the mean number of notes that sound at once is to the number asked for."""
    last = max(piece.length_steps, piece.end_steps)
    return _near(int(piece.notes["duration_steps"].sum()) / last, voices) if last else 0.0


def _near(value: float, wanted: float) -> float:
    return max(1.0 - abs(value - wanted) / wanted, 0.0)


@dataclass(frozen=True)
class Reward:
    """One row of the table.

    Parameters
    ----------
    function : of a piece, and of the number asked for if there is a ``default``.
    help : a line, with the cheap way to have it.
    default : of the number in ``density:6=1``; None: it takes none.
    """

    function: Callable[..., float]
    help: str
    default: float | None = None


REWARDS: dict[str, Reward] = {
    "in_key": Reward(in_key, "Notes of the stated key. Cheaply: few different notes."),
    "resolves_leaps": Reward(
        resolves_leaps, "A leap is followed by a step back. Cheaply: one leap, resolved."
    ),
    "stepwise": Reward(stepwise, "Melodies go by step. Cheaply: scales, or a trill."),
    "few_repeats": Reward(
        few_repeats, "No note comes three times in a row. Cheaply: two notes in turn."
    ),
    "motif_returns": Reward(
        motif_returns, "Half of the bars come again. Cheaply: bars of one long note."
    ),
    "ends_on_tonic": Reward(ends_on_tonic, "The last bass note is the tonic of the key."),
    "unique_peak": Reward(unique_peak, "The highest note comes once. Cheaply: one squeak."),
    "strong_beats": Reward(
        strong_beats, "Long notes on strong beats. Cheaply: a note a bar; add density."
    ),
    "even_rhythm": Reward(even_rhythm, "Neighbouring bars have one rhythm. Cheaply: a metronome."),
    "no_parallels": Reward(no_parallels, "No parallel fifths and octaves. Cheaply: one voice."),
    "density": Reward(density, "So many notes a bar: density:6=1.", 6.0),
    "polyphony": Reward(polyphony, "So many notes at once in the mean: polyphony:2=1.", 2.0),
}
"""Name: reward."""
