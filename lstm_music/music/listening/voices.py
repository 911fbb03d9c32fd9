"""Voices of a polyphonic track: lines that a listener follows, the highest first.

After the contig mapping of Chew and Wu (2004): where all voices sound they are told apart by
height alone; between such places each line goes on where it leaps least, and lines do not cross.
Here both are one search over the onsets, by beam: a note may take any voice that is free, leaps
cost their semitones, crossings cost `_CROSSING`. So two voices that really cross come back
uncrossed, with their notes exchanged, unless the leap that this takes is larger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from heapq import nsmallest
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.music.piece import Piece, Track

MAX_VOICES = 8
"""More notes at once than this share voices."""

_BEAM, _WAYS = 12, 6
_CROSSING = 10.0  # semitones that a crossing of two voices is worth
_OVERLAP_SHARE, _OVERLAP_STEPS = 0.25, 4  # a legato note may sound on into the next

Ints = npt.NDArray[np.int64]


def separate_voices(piece: Piece, track: int) -> Ints:
    """Voice of each note of a track, 0 the highest.

    Parameters
    ----------
    piece : any piece.
    track : index of the track; a drum track has one voice.

    Returns
    -------
    voices : (notes of the track,) int64, in the order they have in ``piece.notes``.

    Examples
    --------
    >>> from lstm_music.music.piece import make_notes
    >>> two = make_notes([(0, 48, 48, 80, 0), (0, 24, 72, 80, 0), (24, 24, 71, 80, 0)])
    >>> separate_voices(Piece(notes=two, tracks=(Track(),)), 0).tolist()
    [1, 0, 0]
    """
    notes = piece.notes[piece.notes["track"] == track]
    if not len(notes) or piece.tracks[track].is_drum:
        return np.zeros(len(notes), np.int64)
    chords = list(_chords(notes))
    anchors = _anchors(chords)
    voices = np.zeros(len(notes), np.int64)
    if len(anchors) > 1:
        for number, voice in _search(chords, anchors):
            voices[number] = voice
    return voices


def split_voices(piece: Piece) -> Piece:
    """The piece with a track for each voice, in the place of its track, the highest first.

    The voices of one track keep its program and pedal; numbers from 1 are added to its name.
    """
    tracks: list[Track] = []
    notes, pedal = piece.notes.copy(), [piece.pedal[:0]]
    for index, track in enumerate(piece.tracks):
        voices = separate_voices(piece, index)
        count = int(voices.max(initial=0)) + 1
        notes["track"][piece.notes["track"] == index] = len(tracks) + voices
        for voice in range(count):
            name = f"{track.name} {voice + 1}".strip() if count > 1 else track.name
            own = piece.pedal[piece.pedal["track"] == index]
            own["track"] = len(tracks)
            pedal.append(own)
            tracks.append(replace(track, name=name))
    return piece.replace(notes=notes, tracks=tuple(tracks), pedal=np.concatenate(pedal))


class _Note(NamedTuple):
    number: int  # among the notes of its track
    onset: int
    free: int  # from when another note of its voice may begin
    pitch: int


class _Path(NamedTuple):
    """Voices of the notes so far."""

    cost: float
    last: tuple[float, ...]  # pitch that each voice had last
    free: tuple[int, ...]  # from when each voice is free
    trail: tuple[object, ...]  # ((number, voice) pairs, trail before)


def _chords(notes: npt.NDArray[np.void]) -> Iterator[list[_Note]]:
    """Notes that begin together, highest first."""
    duration = notes["duration_steps"].astype(np.int64)
    slack = np.minimum(duration * _OVERLAP_SHARE, _OVERLAP_STEPS).astype(np.int64)
    free = notes["onset_steps"] + duration - slack
    columns = (notes["onset_steps"].tolist(), free.tolist(), notes["pitch_midi"].tolist())
    chord: list[_Note] = []
    for number, row in enumerate(zip(*columns, strict=True)):
        if chord and row[0] != chord[0].onset:
            yield chord[::-1]  # a Piece sorts by pitch within an onset
            chord = []
        chord.append(_Note(number, *row))
    yield chord[::-1]


def _anchors(chords: list[list[_Note]]) -> list[float]:
    """Mean pitch of each voice where all of them sound, highest first; its length is how many."""
    most: list[list[int]] = [[]]
    sounding: list[_Note] = []
    for chord in chords:
        sounding = [note for note in sounding if note.free > chord[0].onset] + chord
        if len(sounding) > len(most[0]):
            most = []
        if not most or len(sounding) == len(most[0]):
            most.append(sorted((note.pitch for note in sounding), reverse=True))
    means = [float(pitch) for pitch in np.mean(most, axis=0)]
    return means if len(means) <= MAX_VOICES else means[: MAX_VOICES - 1] + means[-1:]


def _search(chords: list[list[_Note]], anchors: list[float]) -> list[tuple[int, int]]:
    """(number of note, voice) of the cheapest path."""
    beam = [_Path(0.0, tuple(anchors), (0,) * len(anchors), ())]
    for chord in chords:
        # Of the ways to one state only the cheapest can be part of the best path.
        best: dict[tuple[object, ...], _Path] = {}
        for before in beam:
            for path in _continued(before, chord):
                known = best.get((path.last, path.free))
                if known is None or path.cost < known.cost:
                    best[path.last, path.free] = path
        beam = nsmallest(_BEAM, best.values(), key=lambda path: path.cost)
    found: list[tuple[int, int]] = []
    trail = beam[0].trail
    while trail:
        pairs, trail = trail  # type: ignore[assignment]
        found.extend(pairs)  # type: ignore[arg-type]
    return found


def _continued(path: _Path, chord: list[_Note]) -> list[_Path]:
    """The path with the notes of a chord given to free voices in order of height: the best ways."""
    now = chord[0].onset
    voices = range(len(path.last))
    available = [voice for voice in voices if path.free[voice] <= now]
    if len(available) < len(chord):  # voices are shared: cut what is held, then double up
        available = list(voices)
    held = [voice for voice in voices if voice not in available]
    surplus = max(len(chord) - len(available), 0)
    costs = [{voice: _cost(path, note, voice, held) for voice in available} for note in chord]
    ways = [
        (sum(cost[voice] for cost, voice in zip(costs, taken, strict=True)), taken)
        for way in combinations(available, len(chord) - surplus)
        for taken in [way + way[-1:] * surplus]
    ]
    return [_after(path, chord, *way) for way in nsmallest(_WAYS, ways)]


def _cost(path: _Path, note: _Note, voice: int, held: list[int]) -> float:
    """The leap, and the voices that sound and are crossed by it."""
    crossed = sum((note.pitch - path.last[other]) * (other - voice) < 0 for other in held)
    return abs(note.pitch - path.last[voice]) + _CROSSING * crossed


def _after(path: _Path, chord: list[_Note], cost: float, taken: tuple[int, ...]) -> _Path:
    last, free = list(path.last), list(path.free)
    for note, voice in zip(chord, taken, strict=True):
        last[voice], free[voice] = note.pitch, max(note.free, free[voice])
    pairs = [(note.number, voice) for note, voice in zip(chord, taken, strict=True)]
    return _Path(path.cost + cost, tuple(last), tuple(free), (pairs, path.trail))
