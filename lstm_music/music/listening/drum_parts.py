"""Drum parts that no channel, bank or message tells: known by name or by their keys."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lstm_music.music.order import tracks_on_keys
from lstm_music.music.piece import Piece, Track
from lstm_music.types import NoteArray

_KICKS, _SNARES, _CYMBALS = (35, 36), (37, 38, 39, 40), (42, 44, 46, 51, 53, 59)
_KIT = (22, 87)  # the keys of drum kits, pads included
_CORE = np.zeros(256, np.uint8)
_CORE[list(_KICKS + _SNARES + _CYMBALS)] = 1
_KIT_PROGRAMS = frozenset({0, 8, 16, 24, 25, 32, 40, 48, 56})  # of drum kits; else 0
_NAME = re.compile(
    r"\b(drums?|drum ?(kit|set|loop|machine|part|track)s?|drumkits?|drumsets?|kit|perc|percussions?"
    r"|percussão|percusión|bater[ií]a|batterie|schlagzeug|trommeln|trummor|slagverk)\b"
    r"|ドラム|ﾄﾞﾗﾑ|架子鼓|爵士鼓|드럼|ударные|барабаны",
    re.IGNORECASE,
)
_PITCHED = re.compile(r"steel|taiko|timpani|synth|organ|melod|bass|tongue|hang\b", re.IGNORECASE)

_LEAST_NOTES = 8
_LEAST_IN_RANGE = 0.97
_LEAST_NAMED = 0.4  # share of kicks, snares and cymbals in a part that is named drums
_LEAST_SHARES = (0.06, 0.06, 0.15)  # of kicks, snares, cymbals
_LEAST_CORE = 0.65  # of all three together
_MANY_NOTES, _SAMPLING = 1000, 0.15
_LEAST_TRITONES = 0.12  # of the intervals between neighbours, which music hardly has

_Ints = npt.NDArray[np.int64]


def with_drum_parts(piece: Piece) -> Piece:
    """The piece with each track that can only be a drum part marked as one; ``repairs`` says so.

    A track counts if it has the program of a kit (0 is what a channel has that none is set on),
    and its name says drums and most of its notes are on the keys of a kit; or, whatever its name,
    nearly all of them are, there are kicks, snares and cymbals, and so many tritones between
    neighbours as no pitched part has.

    Parameters
    ----------
    piece : returned as it is if there is no such track.
    """
    candidates = _candidates(piece)
    if not candidates:
        return piece
    notes = piece.notes[np.argsort(piece.notes["track"], kind="stable")]
    starts = np.searchsorted(notes["track"], candidates)
    ends = np.searchsorted(notes["track"], candidates, "right")
    reasons = {}
    for i, start, end in zip(candidates, starts, ends, strict=True):
        if reason := _reason(piece.tracks[i], notes[start:end]):
            reasons[i] = reason
    if not reasons:
        return piece
    tracks = tuple(
        replace(track, is_drum=True) if i in reasons else track
        for i, track in enumerate(piece.tracks)
    )
    sentences = [
        f"track {i + 1} was taken for a drum part by its {reason}" for i, reason in reasons.items()
    ]
    return piece.replace(tracks=tracks, repairs=(*piece.repairs, *sentences))


def _candidates(piece: Piece) -> list[int]:
    """Tracks that may be drum parts, at little cost."""
    named, unset = [], []
    for i, track in enumerate(piece.tracks):
        if track.is_drum or track.program not in _KIT_PROGRAMS:
            continue
        if track.name and _is_named(track):
            named.append(i)
        elif track.program == 0:
            unset.append(i)
    if unset and len(piece.notes) >= _LEAST_NOTES:
        # Of many notes every seventh says enough to leave most tracks out.
        step = 1 if len(piece.notes) < _MANY_NOTES else 7
        named += tracks_on_keys(piece.notes, unset, _CORE, _LEAST_CORE - _SAMPLING, step)
    return sorted(named)


def _is_named(track: Track) -> bool:
    name = track.name.replace("_", " ")
    return _NAME.search(name) is not None and _PITCHED.search(name) is None


def _reason(track: Track, notes: NoteArray) -> str:
    """What tells that a candidate with these notes is a drum part; "" if nothing does."""
    pitch = notes["pitch_midi"].astype(np.int64)
    if not len(pitch):
        return ""
    low, high = _KIT
    if np.mean((pitch >= low) & (pitch <= high)) < _LEAST_IN_RANGE:
        return ""
    shares = [float(np.isin(pitch, keys).mean()) for keys in (_KICKS, _SNARES, _CYMBALS)]
    if track.name and _is_named(track) and sum(shares) >= _LEAST_NAMED:
        return "name"
    if track.program or len(pitch) < _LEAST_NOTES or sum(shares) < _LEAST_CORE:
        return ""
    if any(a < b for a, b in zip(shares, _LEAST_SHARES, strict=True)):
        return ""
    return "keys" if _tritones(notes["onset_steps"], pitch) >= _LEAST_TRITONES else ""


def _tritones(onset: npt.NDArray[np.int32], pitch: _Ints) -> float:
    """Share of tritones among the intervals, but unisons, of notes that are next to each other."""
    order = np.lexsort((pitch, onset))
    steps = np.abs(np.diff(pitch[order])) % 12
    steps = steps[steps > 0]
    return float(np.mean(steps == 6)) if len(steps) else 0.0
