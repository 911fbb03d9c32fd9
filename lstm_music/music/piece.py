"""Piece: the one currency of the music tower.

All times are whole grid steps (24 a quarter note, ``lstm_music.music.grid``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError, ShapeError
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.key import Key, KeyChange
from lstm_music.music.meter import BarLines, Meter
from lstm_music.music.order import extremes, in_order, pedal_in_order
from lstm_music.music.original import Original

NOTE_DTYPE = np.dtype(
    [
        ("onset_steps", "<i4"),
        ("duration_steps", "<i4"),
        ("pitch_midi", "u1"),  # 0..127, 60 = C4; for drums the General MIDI key
        ("velocity", "u1"),  # 1..127
        ("track", "<u2"),  # index into Piece.tracks
        # How far it is played after (before: < 0) its onset: 96ths of a quarter, 4 a step.
        ("timing_96ths", "i1"),
    ]
)

_NOTE_FIELDS = len(NOTE_DTYPE.names or ())

TIMING_PER_STEP = 4
MAX_TIMING_96THS = 16
"""A note is played at most a sixth of a quarter note off its onset."""

PEDAL_DTYPE = np.dtype(
    [
        ("onset_steps", "<i4"),
        ("track", "<u2"),
        ("down", "?"),  # sustain pedal (controller 64) pressed or released
    ]
)

DEFAULT_USEC_PER_QUARTER = 500_000

_COMPARED = ("tracks", "meters", "tempos", "key", "key_changes", "pickup_steps", "style")


@dataclass(frozen=True, slots=True)
class Track:
    """One instrument: General MIDI ``program`` 0..127, ``is_drum`` (channel 10), ``name``."""

    program: int = 0
    is_drum: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.program <= 127:
            raise ConfigError(f"program must be 0..127, got {self.program}")


@dataclass(frozen=True, slots=True, order=True)
class Tempo:
    """A tempo from ``onset_steps`` on, exact as in the file: microseconds a quarter note."""

    onset_steps: int
    usec_per_quarter: int = DEFAULT_USEC_PER_QUARTER

    @classmethod
    def from_bpm(cls, tempo_bpm: float, onset_steps: int = 0) -> Tempo:
        """Tempo of ``tempo_bpm`` quarter notes a minute.

        Raises
        ------
        ConfigError : slower than MIDI can say, or absurdly fast.
        """
        if not 4.0 <= tempo_bpm <= 1000.0:  # also catches NaN
            raise ConfigError(f"tempo_bpm must be 4..1000 quarter notes a minute, got {tempo_bpm}")
        return cls(onset_steps, round(60e6 / tempo_bpm))

    @property
    def tempo_bpm(self) -> float:
        """Quarter notes a minute."""
        return 60e6 / self.usec_per_quarter


def _is(array: npt.NDArray[np.void], dtype: np.dtype[np.void]) -> bool:
    """Whether an array is of a dtype; comparing fields is slow, and hardly ever needed."""
    return array.dtype is dtype or array.dtype == dtype


def make_notes(rows: Iterable[Sequence[int]]) -> npt.NDArray[np.void]:
    """Notes from rows of (onset_steps, duration_steps, pitch_midi, velocity, track[, timing]).

    Examples
    --------
    >>> make_notes([(0, 24, 60, 80, 0)])["timing_96ths"].tolist()
    [0]
    """
    return np.array([(*row, 0)[:_NOTE_FIELDS] for row in rows], NOTE_DTYPE)


def on_their_onsets(notes: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """A copy of notes (N,) NOTE_DTYPE that are played exactly on their onsets."""
    notes = notes.copy()
    notes["timing_96ths"] = 0
    return notes


def played_96ths(notes: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """When notes (N,) NOTE_DTYPE are played, in 96ths of a quarter, never before the beginning."""
    on_grid = TIMING_PER_STEP * notes["onset_steps"].astype(np.int64)
    return np.asarray(np.maximum(on_grid + notes["timing_96ths"], 0))


def with_onsets(
    notes: npt.NDArray[np.void], onset_steps: npt.NDArray[np.int64]
) -> npt.NDArray[np.void]:
    """A copy of notes (N,) NOTE_DTYPE with other onsets (N,), played when they were played."""
    moved = notes.copy()
    moved["onset_steps"] = onset_steps
    moved["timing_96ths"] = played_96ths(notes) - TIMING_PER_STEP * onset_steps
    return moved


def _empty_notes() -> npt.NDArray[np.void]:
    return np.empty(0, NOTE_DTYPE)


def _empty_pedal() -> npt.NDArray[np.void]:
    return np.empty(0, PEDAL_DTYPE)


@dataclass(frozen=True, eq=False, repr=False)
class Piece:
    """A piece of music on the grid.

    Equality compares the music (notes, tracks, meters, tempos, keys, pedal, pickup, style), not
    where it came from.

    Parameters
    ----------
    notes : (N,) NOTE_DTYPE, sorted by (onset, track, pitch, duration); the constructor sorts.
    tracks : at least every track that a note names.
    meters : in order; the first at step 0.
    tempos : in order; the first at step 0.
    key : at the beginning; None when unknown.
    key_changes : later keys, in order, each after step 0.
    pedal : (P,) PEDAL_DTYPE, sorted by (onset, track).
    pickup_steps : length of the incomplete first bar, 0 when the first bar is full.
    style : free word such as "chorale"; "" when unknown.
    title : name of the whole, "" when unknown; not compared.
    source : where it came from (a path, a corpus id).
    repairs : what the reader had to mend, one sentence each.
    max_timing_error_steps : largest distance of an onset in the source from the grid.
    unstated : which of "meter" and "tempo" the source does not state; not compared.
    length_steps : length of the whole as its source tells it, trailing rest included; 0 when it
        does not; not compared.
    original : the MIDI file that it was read from, which writing keeps; not compared.
    added_places : (track, start_steps, end_steps) of each stretch of a track that we have written
        into somebody else's music; not compared.
    settled_bars : meters and pickup that are settled: told by a file of ours, chosen, or inferred.
        `infer_meter` leaves them while they are those of the piece; not compared.
    """

    notes: npt.NDArray[np.void] = field(default_factory=_empty_notes)
    tracks: tuple[Track, ...] = ()
    meters: tuple[Meter, ...] = (Meter(0, 4, 4),)
    tempos: tuple[Tempo, ...] = (Tempo(0),)
    key: Key | None = None
    pedal: npt.NDArray[np.void] = field(default_factory=_empty_pedal)
    pickup_steps: int = 0
    style: str = ""
    title: str = ""
    source: str = ""
    repairs: tuple[str, ...] = ()
    max_timing_error_steps: float = 0.0
    unstated: frozenset[str] = frozenset()
    key_changes: tuple[KeyChange, ...] = ()
    length_steps: int = 0
    original: Original | None = None
    settled_bars: tuple[tuple[Meter, ...], int] | None = None
    added_places: tuple[tuple[int, int, int], ...] = ()

    def __post_init__(self) -> None:
        if not (_is(self.notes, NOTE_DTYPE) and _is(self.pedal, PEDAL_DTYPE)):
            raise ShapeError(
                "notes and pedal must be of NOTE_DTYPE and PEDAL_DTYPE, "
                f"got {self.notes.dtype} and {self.pedal.dtype}"
            )
        notes = np.ascontiguousarray(self.notes)
        self._check(notes)
        object.__setattr__(self, "notes", in_order(notes))
        object.__setattr__(self, "pedal", pedal_in_order(np.ascontiguousarray(self.pedal)))

    def _check(self, notes: npt.NDArray[np.void]) -> None:
        for name, changes in (("meters", self.meters), ("tempos", self.tempos)):
            onsets = [change.onset_steps for change in changes]
            if onsets[:1] != [0] or (len(onsets) > 1 and any(b <= a for a, b in pairwise(onsets))):
                raise ConfigError(f"{name} must start at step 0 and rise, got onsets {onsets[:8]}")
        if not 0 <= self.pickup_steps < self.meters[0].bar_steps:
            raise ConfigError(
                f"pickup_steps must be 0..{self.meters[0].bar_steps - 1}, got {self.pickup_steps}"
            )
        onsets = [0, *(change.onset_steps for change in self.key_changes)]
        if any(b <= a for a, b in pairwise(onsets)):
            raise ConfigError(f"key_changes must rise from after step 0, got onsets {onsets[1:9]}")
        onset, duration, track, _ = extremes(notes)
        if onset < 0 or duration < 1:
            raise ConfigError("notes must have onset_steps >= 0 and duration_steps >= 1")
        if track >= len(self.tracks):
            raise ConfigError(f"a note names track {track} of {len(self.tracks)}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Piece):
            return NotImplemented
        return (
            np.array_equal(self.notes, other.notes)
            and np.array_equal(self.pedal, other.pedal)
            and all(getattr(self, name) == getattr(other, name) for name in _COMPARED)
        )

    __hash__ = None  # type: ignore[assignment]  # holds arrays

    def __repr__(self) -> str:
        """What it is, in a line: all its notes would fill the screen."""
        title, quarters = f" {self.title!r}" * bool(self.title), self.end_steps / STEPS_PER_QUARTER
        tracks = f"{len(self.tracks)} track{'s' * (len(self.tracks) != 1)}"
        return f"<Piece{title}: {len(self.notes)} notes, {tracks}, {quarters:g} quarter notes>"

    @property
    def end_steps(self) -> int:
        """Where the last note ends, in steps; 0 without notes."""
        return extremes(self.notes)[3]

    @property
    def bar_lines(self) -> BarLines:
        """Bar arithmetic for this piece."""
        return BarLines(self.meters, self.pickup_steps)

    def replace(self, **changes: Any) -> Piece:
        """A copy with some fields changed."""
        return replace(self, **changes)

    def write(self, path: str | os.PathLike[str], *, force: bool = False, text: str = "") -> None:
        """Write a file: MIDI, MusicXML, sound, JSON or CSV; see ``lstm_music.midi.export``.

        Parameters
        ----------
        path : file to write, replaced whole or not at all. Its ending says what it becomes:
            ``.mid .midi .musicxml .xml .mxl .wav .json .csv``; MIDI without one.
        force : overwrite an existing file.
        text : a remark, kept in the file (in MIDI as a cue point; not in sound and CSV).

        Raises
        ------
        OutputExistsError : the file exists and ``force`` is not given.
        OutputError : another ending, a place that cannot be written, or no FluidSynth for ``.wav``.
        MidiError : the piece holds what MIDI cannot say.
        """
        # The one import that reaches up a floor: docs/adr/0001-public-names-that-reach-up.md.
        from lstm_music.midi.export.formats import write_piece

        write_piece(self, path, force=force, text=text)


def pitched_notes(piece: Piece) -> npt.NDArray[np.void]:
    """The notes that are not of drums, (N,) NOTE_DTYPE."""
    pitched = np.array([not track.is_drum for track in piece.tracks], bool)
    return piece.notes[pitched[piece.notes["track"]]] if len(piece.notes) else piece.notes
