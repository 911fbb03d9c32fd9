"""Numbers that tell music from noise, the same for a corpus and for what a model composed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.bars import bar_likeness
from lstm_music.evaluate.metrics import (
    groove_consistency,
    pitch_class_entropy,
    scale_consistency,
)
from lstm_music.evaluate.voice_leading import parallel_rates, root_position_at_rest
from lstm_music.music.bars import bar_number, bar_numbers
from lstm_music.music.harmony.cadence import ends_on_tonic
from lstm_music.music.meter import BarLines, Meter
from lstm_music.music.piece import Piece
from lstm_music.music.promises import (
    beat_is_obeyed,
    key_is_obeyed,
    key_or_mode_is_obeyed,
    meter_is_obeyed,
)


@dataclass(frozen=True, slots=True)
class PieceStatistics:
    """What a listener would notice first.

    Parameters
    ----------
    n_notes : notes in the piece.
    distinct_pitches : different MIDI pitches (drum keys count as pitches).
    distinct_durations : different durations on the grid.
    on_beat_share : share of notes that start on a beat, 0..1; dotted beats in compound meters.
    longest_repeat : most notes in a row that come again later, note for note: same pitches,
        durations and distances in time; the two runs do not overlap.
    longest_same_pitch_run : most onsets in a row of one track that have the very same pitches.
    n_bars : bars up to the last note's end; a pickup is none (`lstm_music.music.bars`).
    notes_per_bar : notes that begin in these bars, a bar.
    empty_bars : those of these bars in which nothing sounds.
    pitch_class_entropy : see `pitch_class_entropy`.
    scale_consistency : see `scale_consistency`.
    groove_consistency : see `groove_consistency`.
    bar_likeness : how alike neighbouring bars are, 0..1, instrument by instrument
        (`lstm_music.evaluate.bars.bar_likeness`).
    parallel_fifths, parallel_octaves, parallel_unisons : for each 100 pitched notes, between all
        pairs of parts (`lstm_music.evaluate.voice_leading`).
    root_position_at_rest : share of the chords at rest that are triads on their root, 0..1 (see
        `root_position_at_rest`).
    key_is_obeyed, key_or_mode_is_obeyed, ends_on_tonic, beat_is_obeyed, meter_is_obeyed : see
        `lstm_music.music.promises`.
    """

    n_notes: int
    distinct_pitches: int
    distinct_durations: int
    on_beat_share: float
    longest_repeat: int
    longest_same_pitch_run: int
    n_bars: int
    notes_per_bar: float
    empty_bars: int
    pitch_class_entropy: float | None
    scale_consistency: float | None
    groove_consistency: float | None
    bar_likeness: float | None
    parallel_fifths: float | None
    parallel_octaves: float | None
    parallel_unisons: float | None
    root_position_at_rest: float | None
    key_is_obeyed: bool | None
    key_or_mode_is_obeyed: bool | None
    ends_on_tonic: bool | None
    beat_is_obeyed: bool | None
    meter_is_obeyed: bool | None


def piece_statistics(piece: Piece) -> PieceStatistics:
    """Measure one piece; without notes the counts are zero, and what cannot be told is None."""
    notes = piece.notes
    n_bars = bar_number(piece, piece.end_steps - 1) if len(notes) else 0
    in_bars = int((notes["onset_steps"] >= piece.pickup_steps).sum())
    rates = parallel_rates(piece)
    return PieceStatistics(
        n_notes=len(notes),
        distinct_pitches=len(np.unique(notes["pitch_midi"])),
        distinct_durations=len(np.unique(notes["duration_steps"])),
        on_beat_share=_on_beat_share(piece),
        longest_repeat=longest_repeat(note_rows(piece)),
        longest_same_pitch_run=longest_same_pitch_run(piece),
        n_bars=n_bars,
        notes_per_bar=in_bars / n_bars if n_bars else 0.0,
        empty_bars=_empty_bars(piece, n_bars),
        pitch_class_entropy=pitch_class_entropy(piece),
        scale_consistency=scale_consistency(piece),
        groove_consistency=groove_consistency(piece),
        bar_likeness=bar_likeness(piece),
        parallel_fifths=rates["fifths"],
        parallel_octaves=rates["octaves"],
        parallel_unisons=rates["unisons"],
        root_position_at_rest=root_position_at_rest(piece),
        key_is_obeyed=key_is_obeyed(piece),
        key_or_mode_is_obeyed=key_or_mode_is_obeyed(piece),
        ends_on_tonic=ends_on_tonic(piece),
        beat_is_obeyed=beat_is_obeyed(piece),
        meter_is_obeyed=meter_is_obeyed(piece),
    )


def beat_steps(meter: Meter) -> int:
    """Length of one beat; three units in a compound meter such as 6/8."""
    unit = meter.bar_steps // meter.numerator
    compound = meter.denominator >= 8 and meter.numerator > 3 and meter.numerator % 3 == 0
    return 3 * unit if compound else unit


def _on_beat_share(piece: Piece) -> float:
    if not len(piece.notes):
        return 0.0
    lines = piece.bar_lines
    onsets, counts = np.unique(piece.notes["onset_steps"], return_counts=True)
    on_beat = [_is_on_beat(int(onset), lines, piece.pickup_steps) for onset in onsets]
    return float(counts[on_beat].sum() / counts.sum())


def _is_on_beat(onset_steps: int, lines: BarLines, pickup_steps: int) -> bool:
    beat = beat_steps(lines.meter_at(onset_steps))
    if onset_steps < pickup_steps:  # a pickup is the end of a bar
        return (pickup_steps - onset_steps) % beat == 0
    return (onset_steps - lines.bar_start(onset_steps)) % beat == 0


def note_rows(piece: Piece) -> npt.NDArray[np.int32]:
    """Rows for `longest_repeat`, (N, 4): pitch, duration, track, and time since the note before."""
    notes = piece.notes
    rows = np.zeros((len(notes), 4), np.int32)
    for i, name in enumerate(("pitch_midi", "duration_steps", "track")):
        rows[:, i] = notes[name]
    rows[1:, 3] = notes["onset_steps"][1:] - notes["onset_steps"][:-1]
    return rows


def longest_repeat(rows: npt.NDArray[np.int32]) -> int:
    """Length of the longest run of rows that comes again without overlap.

    The first row of a run may differ in its last column: how long the silence before it was does
    not belong to the repeat. Doubling, then binary search over the length, since a run's parts
    repeat with it.

    Examples
    --------
    >>> longest_repeat(np.array([[1, 0], [2, 1], [3, 1], [1, 5], [2, 1]], np.int32))
    2
    """
    # With the last column as the first, a run is a piece of the bytes: all but its first number.
    width = rows.shape[1]
    data = rows[:, np.arange(-1, width - 1)].tobytes()
    repeats = partial(_repeats, data, width * rows.itemsize, rows.itemsize)
    most = len(rows) // 2
    low, high = 0, 1
    while high <= most and repeats(high):
        low, high = high, 2 * high
    high = min(high - 1, most)
    while low < high:
        length = (low + high + 1) // 2
        if repeats(length):
            low = length
        else:
            high = length - 1
    return low


def _repeats(data: bytes, width: int, skipped: int, length: int) -> bool:
    """Whether so many rows of ``width`` bytes come again, but for the first ``skipped`` bytes."""
    first_seen: dict[bytes, int] = {}
    size = length * width
    for i in range(0, len(data) - size + 1, width):
        if i - first_seen.setdefault(data[i + skipped : i + size], i) >= size:
            return True
    return False


def longest_same_pitch_run(piece: Piece) -> int:
    """Most onsets in a row of one track that have the very same pitches."""
    columns = (piece.notes[name].tolist() for name in ("track", "onset_steps", "pitch_midi"))
    chords = defaultdict[int, dict[int, tuple[int, ...]]](dict)
    for track, onset, pitch in zip(*columns, strict=True):
        mine = chords[track]
        mine[onset] = (*mine.get(onset, ()), pitch)
    runs = (len(list(run)) for mine in chords.values() for _, run in groupby(mine.values()))
    return max(runs, default=0)


def _empty_bars(piece: Piece, n_bars: int) -> int:
    onsets = piece.notes["onset_steps"]
    from_bar = bar_numbers(piece, onsets)
    to_bar = bar_numbers(piece, onsets + piece.notes["duration_steps"] - 1)
    begun = np.bincount(from_bar, minlength=n_bars + 2) - np.bincount(
        to_bar + 1, minlength=n_bars + 2
    )
    return int((np.cumsum(begun)[1 : n_bars + 1] == 0).sum())
