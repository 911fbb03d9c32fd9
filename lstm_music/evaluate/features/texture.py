"""How many sound at once, how loud, and what the drums do."""

from __future__ import annotations

from collections import Counter

import numpy as np

from lstm_music.evaluate.features.numbers import (
    Features,
    deviation_of,
    distinct,
    entropy,
    mean,
    mean_of,
    share,
)
from lstm_music.evaluate.view import Columns, View, nearest_16th
from lstm_music.music.grid import STEPS_PER_QUARTER

# General MIDI drum keys.
_KICKS, _SNARES, _TOMS = (35, 36), (37, 38, 39, 40), (41, 43, 45, 47, 48, 50)
_HATS, _CYMBALS = (42, 44, 46), (49, 51, 52, 53, 55, 57, 59)


def polyphony_features(view: View) -> Features:
    """Pitched notes that sound and begin together."""
    together = _sounding(view.pitched, view.end_steps)
    heard = Counter({n: steps for n, steps in together.items() if n})
    at_once = Counter(Counter(view.pitched.onsets).values())
    playing = set(zip(view.bars, view.notes.tracks, strict=True))
    tracks_of_bar = Counter(Counter([bar for bar, _ in playing]).values())
    return {
        "notes that sound together": mean_of(heard),
        "notes that sound together, deviation": deviation_of(heard),
        "time with one note alone": share(heard, 1),
        "time in silence": share(together, 0) if heard else None,
        "notes an onset": mean_of(at_once),
        "onsets of one note alone": share(at_once, 1),
        "tracks that play in a bar": mean_of(tracks_of_bar),
        "tracks that play in a bar, deviation": deviation_of(tracks_of_bar),
    }


def _sounding(notes: Columns, end: int) -> Counter[int]:
    """How many of the notes sound -> for how many steps."""
    begun = np.bincount(np.array(notes.onsets, np.int64), minlength=end + 1)
    ended = np.bincount(np.array(notes.ends, np.int64), minlength=end + 1)
    steps = np.bincount(np.cumsum(begun - ended)[:end]).tolist()
    return Counter({n: count for n, count in enumerate(steps) if count})


def loudness_features(view: View) -> Features:
    """Velocities, and how far notes are played off their onsets."""
    velocities = view.piece.notes["velocity"].tolist()
    off = Counter(map(abs, view.piece.notes["timing_96ths"].tolist()))
    counts = Counter(velocities)
    return {
        "velocity, mean": mean_of(counts),
        "velocity, deviation": deviation_of(counts),
        "velocity, entropy": entropy(counts),
        "velocity, change from note to note": mean(_changes(view.notes.tracks, velocities)),
        "accent on quarters": _accent(view, velocities),
        "timing off the grid": mean_of(off),
        "timing off the grid, deviation": deviation_of(off),
    }


def _changes(tracks: list[int], velocities: list[int]) -> list[int]:
    """How much louder or softer each note is than the one before it in its track."""
    changes, before = [], dict[int, int]()
    for track, velocity in zip(tracks, velocities, strict=True):
        if track in before:
            changes.append(abs(velocity - before[track]))
        before[track] = velocity
    return changes


def _accent(view: View, velocities: list[int]) -> float | None:
    """Mean velocity of the notes on quarters less that of the others."""
    on, off = list[int](), list[int]()
    for onset, velocity in zip(view.notes.onsets, velocities, strict=True):
        (off if view.place_at[onset] % STEPS_PER_QUARTER else on).append(velocity)
    loud, soft = mean(on), mean(off)
    return None if loud is None or soft is None else loud - soft


def drum_features(view: View) -> Features:
    """Which drums play where; None without drums."""
    onsets, keys = view.strokes.onsets, view.strokes.pitches
    counts = Counter(keys)
    played = {view.bar_at[onset] for onset in onsets}
    strokes = [
        (view.bar_at[onset], nearest_16th(view.place_at[onset]), key)
        for onset, key in zip(onsets, keys, strict=True)
    ]
    kick_on_1, snare_on_2, snare_on_4 = (
        {bar for bar, place, key in strokes if key in drums and place == 4 * (beat - 1)}
        for drums, beat in ((_KICKS, 1), (_SNARES, 2), (_SNARES, 4))
    )
    toms = {bar for bar, _, key in strokes if key in _TOMS}
    return {
        "drums, distinct": distinct(counts),
        "drums, entropy": entropy(counts),
        "strokes on the bass drum": share(counts, *_KICKS),
        "strokes on the snare": share(counts, *_SNARES),
        "strokes on the hi-hat": share(counts, *_HATS),
        "strokes on cymbals": share(counts, *_CYMBALS),
        "bars with toms": len(toms) / len(played) if played else None,
        "bars with the bass drum on 1": len(kick_on_1) / len(played) if played else None,
        "bars with the snare on 2 and 4": (
            len(snare_on_2 & snare_on_4) / len(played) if played else None
        ),
    }
