"""What stands about the notes of a score: clefs, dynamics and tempos."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import median
from typing import NamedTuple

from lstm_music.midi.export.voices import Bar, Note
from lstm_music.midi.scores.expression.dynamics import LEVELS
from lstm_music.music.piece import Piece, Track

_DYNAMICS = {name: LEVELS[name] for name in ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff")}
_MUCH_VELOCITY = 14
"""So far a bar must be from the dynamic in force to get one of its own."""

_MUCH_TEMPO = 0.03
_MAX_DECIMALS = 2  # of the first tempo

# Clefs by music21's names, each with the pitches that need no ledger line.
_COMMON = {"TrebleClef": (62, 79), "BassClef": (41, 59)}
_OF_PROGRAMS: dict[int, dict[str, tuple[int, int]]] = (
    {guitar: {"Treble8vbClef": (50, 67)} for guitar in range(24, 32)}
    | {bass: {"Bass8vbClef": (29, 47)} for bass in (*range(32, 40), 43)}
    | {41: {"AltoClef": (52, 69)}}
)
_VERY_HIGH = {"Treble8vaClef": (74, 91)}
_VERY_HIGH_MIDI = 91  # where the median lies above this


class TempoMark(NamedTuple):
    """A tempo at ``onset_steps``: quarter notes a minute; ``printed`` where a number is shown."""

    onset_steps: int
    tempo_bpm: float
    printed: bool


def clef_of(track: Track | None, notes: Sequence[Note]) -> str:
    """music21's name of the clef in which the notes of a staff need fewest ledger lines.

    Examples
    --------
    >>> clef_of(Track(0), [Note(0, 24, 40, 80)]), clef_of(Track(0, is_drum=True), [])
    ('BassClef', 'PercussionClef')
    """
    if track is not None and track.is_drum:
        return "PercussionClef"
    pitches = [note.pitch_midi for note in notes] or [60]
    clefs = _COMMON if track is None else _OF_PROGRAMS.get(track.program, {}) | _COMMON
    if median(pitches) > _VERY_HIGH_MIDI:
        clefs = _VERY_HIGH

    def outside(name: str) -> int:
        low, high = clefs[name]
        return sum(max(low - pitch, pitch - high, 0) for pitch in pitches)

    return min(clefs, key=outside)  # of equals the first


def dynamics_of(notes: Sequence[Note], bars: Sequence[Bar]) -> dict[int, str]:
    """Dynamics by the onset of the bar that they begin with.

    The first bar with notes has one, and each that is much louder or softer than what was marked.
    """
    marks: dict[int, str] = {}
    in_force = -2.0 * _MUCH_VELOCITY
    starts = [bar.start for bar in bars]
    at = 0

    def bar_of(note: Note) -> int:
        nonlocal at
        while at + 1 < len(starts) and starts[at + 1] <= note.start:
            at += 1
        return starts[at]

    for start, found in groupby(sorted(notes, key=lambda n: n.start), bar_of):
        level = median(note.velocity for note in found)
        if abs(level - in_force) >= _MUCH_VELOCITY:
            nearest = min(_DYNAMICS, key=lambda name: abs(_DYNAMICS[name] - level))
            if _DYNAMICS[nearest] != in_force:
                marks[start] = nearest
            in_force = _DYNAMICS[nearest]
    return marks


def tempo_marks(piece: Piece) -> list[TempoMark]:
    """All tempos; the first, and whole numbers that are news to a player, are printed.

    A rubato that was played has others, and many: they sound, and the page stays clear.
    """
    marks: list[TempoMark] = []
    shown = 0.0
    for tempo in piece.tempos:
        bpm = _shortest(tempo.usec_per_quarter)
        is_short = round(bpm, 0 if marks else _MAX_DECIMALS) == bpm
        printed = is_short and abs(bpm - shown) >= _MUCH_TEMPO * shown
        shown = bpm if printed else shown
        marks.append(TempoMark(tempo.onset_steps, bpm, printed))
    return marks


def _shortest(usec_per_quarter: int) -> float:
    """The quarter notes a minute with fewest decimals that are this tempo to the microsecond."""
    exact = 60e6 / usec_per_quarter
    rounded = (round(exact, digits) for digits in range(12))
    return next((bpm for bpm in rounded if bpm and round(60e6 / bpm) == usec_per_quarter), exact)
