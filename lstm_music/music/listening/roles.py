"""What each track is for: melody, bass, chords, drums or something else.

Told from what a listener goes by: which track is on top and which at the bottom while it sounds,
how high it lies, how many notes sound at once, how much of the piece it plays. The instrument's
family and the words of the track's name count a little.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.instruments.general_midi import FAMILY_NAMES, family_of
from lstm_music.music.piece import Piece, Track

ROLES = ("melody", "bass", "chords", "drums", "other")

_BASS_FROM, _CHORDS_FROM = 1.3, 1.6
_SAMPLE_STEPS, _MAX_SAMPLES = 12, 4096  # eighths; 128 bars of 4/4 and more say no more
_MIDDLE_C = 60.0
_BASS_BELOW = 55.0  # G3: lines that lie below it are bass lines more and more
_MELODIC_FAMILIES = frozenset({"Reed", "Pipe", "Brass", "Synth Lead"})
_NAMES = {
    "melody": re.compile(
        r"\b(melod\w*|lead|vocals?|vox|voice|sing\w*|solo|soprano|treble|right)\b", re.IGNORECASE
    ),
    "bass": re.compile(r"\b(bass|basso|contrabass|bassline)\b", re.IGNORECASE),
    "chords": re.compile(
        r"\b(chords?|pads?|harmony|accomp\w*|rhythm|strings?|comp(ing)?)\b", re.IGNORECASE
    ),
}

Floats = npt.NDArray[np.float64]


class _Line(NamedTuple):
    """What is heard of each track; (tracks,) each, 0 for a track without pitched notes."""

    pitch: Floats  # mean over time
    polyphony: Floats  # notes at once, while any sounds
    coverage: Floats  # share of the piece while it sounds
    on_top: Floats  # share of that while nothing is higher
    at_bottom: Floats  # share of that while nothing is lower


def track_roles(piece: Piece) -> tuple[str, ...]:
    """One of `ROLES` for each track.

    At most one track is the melody: the best of those that are no bass line, also when it is
    the only track. Tracks without notes are "other".

    Examples
    --------
    >>> from lstm_music.music.piece import make_notes
    >>> notes = make_notes([(0, 96, 76, 80, 0), (0, 96, 40, 80, 1), (0, 24, 36, 80, 2)])
    >>> track_roles(Piece(notes=notes, tracks=(Track(73), Track(32), Track(is_drum=True))))
    ('melody', 'bass', 'drums')
    """
    line = _listen(piece)
    roles = []
    melodic = np.full(len(piece.tracks), -np.inf)
    for i, track in enumerate(piece.tracks):
        if track.is_drum or not line.polyphony[i]:
            roles.append("drums" if track.is_drum else "other")
            continue
        bass, chords = _bass(track, line, i), _chords(track, line, i)
        is_bass = bass >= _BASS_FROM and line.on_top[i] < 1
        roles.append("bass" if is_bass else "chords" if chords >= _CHORDS_FROM else "other")
        if not is_bass:
            melodic[i] = _melody(track, line, i)
    if len(melodic) and np.isfinite(melodic.max()):
        roles[int(melodic.argmax())] = "melody"
    return tuple(roles)


def _named(track: Track, role: str) -> float:
    return float(bool(_NAMES[role].search(track.name.replace("_", " "))))


def _melody(track: Track, line: _Line, i: int) -> float:
    family = FAMILY_NAMES[family_of(track.program)]
    return float(
        0.7 * line.on_top[i]
        + 0.5 * np.clip((line.pitch[i] - _MIDDLE_C) / 12, -1, 1)
        - 0.8 * np.clip(line.polyphony[i] - 1, 0, 1.5)
        + 1.5 * line.coverage[i]
        + 0.3 * (family in _MELODIC_FAMILIES)
        + 0.7 * _named(track, "melody")
        - 0.4 * _named(track, "chords")
    )


def _bass(track: Track, line: _Line, i: int) -> float:
    family = FAMILY_NAMES[family_of(track.program)]
    return float(
        1.5 * line.at_bottom[i]
        + np.clip((_BASS_BELOW - line.pitch[i]) / 12, -1, 1.5)
        - 0.7 * np.clip(line.polyphony[i] - 1, 0, 3)
        + 1.0 * (family == "Bass")
        + 0.7 * _named(track, "bass")
    )


def _chords(track: Track, line: _Line, i: int) -> float:
    return float(line.polyphony[i] + 0.3 * _named(track, "chords"))


def _listen(piece: Piece) -> _Line:
    count = len(piece.tracks)
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    notes = piece.notes[~drums[piece.notes["track"]]] if len(piece.notes) else piece.notes
    if not len(notes):
        return _Line(*(np.zeros(count) for _ in _Line._fields))
    track = notes["track"].astype(np.int64)
    duration = notes["duration_steps"].astype(np.float64)
    total = np.bincount(track, weights=duration, minlength=count)
    pitch = np.bincount(track, weights=duration * notes["pitch_midi"], minlength=count)
    at, of, height = _sampled(notes)
    sounding = np.unique(at * count + of)
    heard = np.bincount(sounding % count, minlength=count).astype(np.float64)
    tops, bottoms = _extremes(at, of, height, count)
    samples = max(len(np.unique(at)), 1)
    notes_heard = np.bincount(of, minlength=count)
    per = np.maximum(heard, 1)
    return _Line(
        pitch / np.maximum(total, 1),
        np.where(total > 0, np.maximum(notes_heard / per, 1), 0),
        heard / samples,
        tops / per,
        bottoms / per,
    )


def _sampled(
    notes: npt.NDArray[np.void],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Time, track and pitch of every note at every eighth at which it sounds, in order of time.

    A note between two eighths counts at the one before it.
    """
    first = (notes["onset_steps"] - notes["onset_steps"].min()).astype(np.int64) // _SAMPLE_STEPS
    inside = first < _MAX_SAMPLES
    notes, first = notes[inside], first[inside]
    length = np.minimum(
        np.maximum(notes["duration_steps"] // _SAMPLE_STEPS, 1), _MAX_SAMPLES - first
    )
    owner = np.repeat(np.arange(len(notes)), length)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(length) - length, length)
    at = first[owner] + within
    order = np.argsort(at, kind="stable")
    owner = owner[order]
    return (
        at[order],
        notes["track"][owner].astype(np.int64),
        notes["pitch_midi"][owner].astype(np.int64),
    )


def _extremes(
    at: npt.NDArray[np.int64], of: npt.NDArray[np.int64], height: npt.NDArray[np.int64], count: int
) -> tuple[Floats, Floats]:
    """At how many samples each track has the highest, and the lowest, note of all."""
    found = []
    for value in (height, -height):
        order = np.lexsort([-value, at])
        firsts = np.flatnonzero(np.diff(at[order], prepend=-1))
        found.append(np.bincount(of[order[firsts]], minlength=count).astype(np.float64))
    return found[0], found[1]
