"""The notes of a score in the order in which its measures sound."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from lstm_music.midi.scores.notes import ScoreNote
from lstm_music.midi.scores.repeats import Measure


class _Run(NamedTuple):
    """Measures that sound as they are written, one after the other: steps, written and sounding."""

    start: int
    end: int
    sounds_at: int
    goes_back: bool
    left_at: int  # where the run before is left, in written steps


def unfold_notes(
    notes: Sequence[ScoreNote],
    measures: Sequence[Measure],
    order: Sequence[int],
    chord_track: int | None = None,
) -> list[ScoreNote]:
    """Every note once for each time its measure sounds.

    A note is cut where the music jumps away from it. On ``chord_track``, that of the realised chord
    symbols, what is in force where the music goes on sounds from there: after a jump back the chord
    as written there, after an ending that is left out the chord before it.
    """
    by_onset = sorted(notes, key=lambda note: note.onset)
    onsets = [note.onset for note in by_onset]
    chords = [note for note in by_onset if note.track == chord_track]
    unfolded: list[ScoreNote] = []
    for run in _runs(measures, order):
        shift = run.sounds_at - run.start
        first = bisect_left(onsets, run.start) if run.start > measures[0].onset_steps else 0
        inside = by_onset[first : bisect_left(onsets, run.end)]
        written_end = measures[-1].onset_steps + measures[-1].length_steps
        is_cut = run.end < written_end
        for note in [*_held(chords, run), *inside]:
            end = min(note.end, run.end) if is_cut else note.end
            unfolded.append(note._replace(onset=note.onset + shift, end=end + shift))
    return unfolded


def _runs(measures: Sequence[Measure], order: Sequence[int]) -> Iterator[_Run]:
    edges = [i for i in range(1, len(order)) if order[i] != order[i - 1] + 1]
    sounds_at = left_at = 0
    for first, after in pairwise([0, *edges, len(order)]):
        start, last = measures[order[first]].onset_steps, measures[order[after - 1]]
        end = last.onset_steps + last.length_steps
        goes_back = first > 0 and order[first] <= order[first - 1]
        yield _Run(start, end, sounds_at, goes_back, left_at if first else start)
        sounds_at, left_at = sounds_at + end - start, end


def _held(chords: Sequence[ScoreNote], run: _Run) -> list[ScoreNote]:
    """The chord in force where a run begins, from there to the next chord."""
    place = run.start if run.goes_back else run.left_at
    following = min((n.onset for n in chords if n.onset >= run.start), default=run.end)
    if following == run.start:
        return []
    return [
        note._replace(onset=run.start, end=min(following, run.end))
        for note in chords
        if note.onset < place <= note.end and (note.end > place or not run.goes_back)
    ]
