"""Scales, chords, and what sounds over the bass."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.features.numbers import Features, commonest, entropy, mean
from lstm_music.evaluate.metrics import pitch_class_entropy, scale_consistency
from lstm_music.evaluate.voice_leading import parallel_rates, root_position_at_rest
from lstm_music.music.excerpt import excerpt
from lstm_music.music.harmony.find import NO_CHORD, QUALITIES, chord_rows
from lstm_music.music.harmony.scales import pitch_classes
from lstm_music.music.piece import Piece, pitched_notes

_PHRASE_BARS = 4
_SEVENTHS = [QUALITIES.index(name) for name in ("7", "maj7", "m7", "m7b5")]
_MINOR = [QUALITIES.index(name) for name in ("min", "m7")]
_UNSTABLE = [QUALITIES.index(name) for name in ("dim", "aug", "m7b5")]


def key_features(piece: Piece) -> Features:
    """How firmly the pitched notes keep to one scale."""
    classes = pitched_notes(piece)["pitch_midi"] % 12
    phrases = [scale_consistency(phrase) for phrase in _phrases(piece)]
    return {
        "pitch classes, entropy": pitch_class_entropy(piece),
        "pitch classes, commonest": commonest(classes),
        "scale consistency": scale_consistency(piece),
        "scale consistency of four bars": mean([x for x in phrases if x is not None]),
        "first and last third use the same pitch classes": _likeness_of_thirds(piece),
    }


def _phrases(piece: Piece) -> list[Piece]:
    """The piece in stretches of four bars."""
    lines, starts = piece.bar_lines, [piece.pickup_steps]
    while starts[-1] < piece.end_steps:
        end = starts[-1]
        for _ in range(_PHRASE_BARS):
            end = lines.bar_end(end)
        starts.append(end)
    return [excerpt(piece, a, b) for a, b in pairwise(starts)]


def _likeness_of_thirds(piece: Piece) -> float | None:
    """Cosine of the counts of pitch classes, 0..1."""
    third = piece.end_steps / 3
    onsets = piece.notes["onset_steps"]
    first = pitch_classes(piece.replace(notes=piece.notes[onsets < third])).astype(float)
    last = pitch_classes(piece.replace(notes=piece.notes[onsets >= 2 * third])).astype(float)
    size = float(np.linalg.norm(first) * np.linalg.norm(last))
    return float(first @ last) / size if size else None


def chord_features(piece: Piece) -> Features:
    """The chords that are found in the notes, beat by beat, and how they follow one another."""
    rows = chord_rows(piece)
    is_chord = rows.root != NO_CHORD
    root, quality = rows.root[is_chord].astype(np.int64), rows.quality[is_chord]
    onsets = rows.onset_steps[is_chord]
    chords = root * len(QUALITIES) + quality
    moves = np.diff(root) % 12
    moves = moves[moves > 0]
    places, _ = piece.bar_lines.places(onsets)
    n_bars = int(piece.bar_lines.bars_at(np.array([max(piece.end_steps - 1, 0)]))[0]) + 1
    return {
        "chords a bar": len(root) / n_bars if len(root) else None,
        "chords, distinct": float(len(np.unique(chords))) if len(chords) else None,
        "chords, entropy": entropy(chords),
        "chords that begin on a bar line": mean(places == 0),
        "minor chords": mean(np.isin(quality, _MINOR)),
        "seventh chords": mean(np.isin(quality, _SEVENTHS)),
        "diminished and augmented chords": mean(np.isin(quality, _UNSTABLE)),
        "roots that fall a fifth": mean(moves == 5),
        "roots that rise a fifth": mean(moves == 7),
        "roots that move by step": mean(np.isin(moves, (1, 2, 10, 11))),
        "roots that move by a third": mean(np.isin(moves, (3, 4, 8, 9))),
    }


def sonority_features(piece: Piece) -> Features:
    """What sounds together at each onset, and on what chords the parts rest."""
    over_bass, in_beats = _over_bass(piece)
    return {
        "over the bass: octaves": mean(over_bass == 0),
        "over the bass: thirds and sixths": mean(np.isin(over_bass, (3, 4, 8, 9))),
        "over the bass: fifths": mean(over_bass == 7),
        "over the bass: fourths": mean(over_bass == 5),
        "over the bass: dissonances": mean(np.isin(over_bass, (1, 2, 6, 10, 11))),
        "triads among three notes or more": mean(in_beats),
        "chords at rest on their root": root_position_at_rest(piece),
    }


def parallel_features(piece: Piece) -> Features:
    """Parallel perfect intervals between parts."""
    return {f"parallel {kind} per 100 notes": rate for kind, rate in parallel_rates(piece).items()}


def _over_bass(piece: Piece) -> tuple[npt.NDArray[np.int64], list[bool]]:
    """Intervals over the lowest note, modulo octaves, and which chords are triads, any way up."""
    notes = pitched_notes(piece)
    begin = notes["onset_steps"].astype(np.int64)
    end = begin + notes["duration_steps"]
    intervals, triads = [np.empty(0, np.int64)], []
    for onset in np.unique(begin).tolist():
        pitches = np.unique(notes["pitch_midi"][(begin <= onset) & (onset < end)].astype(np.int64))
        intervals.append((pitches[1:] - pitches[0]) % 12)
        classes = np.unique(pitches % 12)
        if len(classes) >= 3:
            triads.append(len(classes) == 3 and _is_triad(classes))
    return np.concatenate(intervals), triads


def _is_triad(classes: npt.NDArray[np.int64]) -> bool:
    """Whether three pitch classes are a major or minor triad."""
    sizes = [sorted(((classes - root) % 12).tolist()) for root in classes]
    return [0, 4, 7] in sizes or [0, 3, 7] in sizes
