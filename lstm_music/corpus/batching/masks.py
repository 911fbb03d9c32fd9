"""Masks: parts of a piece are hidden and the rest is given, so that a network learns to fill in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.music.harmony.find import chord_rows
from lstm_music.music.piece import Piece
from lstm_music.music.places import begins_in
from lstm_music.tokens.conditioning import Conditioning
from lstm_music.tokens.encode import given_text
from lstm_music.tokens.streams import MAX_TRACKS
from lstm_music.tokens.wishes import Measures, measure, wish_values
from lstm_music.types import BoolArray, NoteArray

ENDLESS_STEPS = 1 << 30

WHOLE, SPANS, TRACKS = "whole", "spans", "tracks"

Places = list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class MaskChances:
    """How often a piece is shown how.

    Parameters
    ----------
    whole : nothing is given: the piece is read as it stands.
    spans : some bars are open in all tracks.
    tracks : some tracks are open, all through or for a stretch; pieces of one track have spans.
    wishes : something is wished of the open places.
    chords : the chords are told.

    The first three are shares of one another.
    """

    whole: float = 0.3
    spans: float = 0.35
    tracks: float = 0.35
    wishes: float = 0.5
    chords: float = 0.3

    @classmethod
    def of(cls, infill: float) -> MaskChances:
        """Chances under which a share ``infill`` of the pieces, 0..1, has given parts."""
        return cls(whole=1.0 - infill, spans=infill / 2, tracks=infill / 2)


def given_notes(piece: Piece, places: Places) -> NoteArray:
    """The notes that do not begin in an open place, in order of onset, track and pitch."""
    notes = piece.notes
    return notes[~begins_in(notes, places)]


def draw_mask(
    piece: Piece, rng: np.random.Generator, chances: MaskChances | None = None
) -> Conditioning | None:
    """Hide a random part of a piece; None: nothing is given and nothing wished.

    Parameters
    ----------
    piece : canonical, with a note.
    rng : decides.
    chances : how often what is done.
    """
    chances = chances or MaskChances()
    bar_lines = _bar_lines(piece)
    places = _draw_places(piece, bar_lines, rng, chances)
    is_whole = places is None
    if places is None:
        places = [(track, 0, ENDLESS_STEPS) for track in range(len(piece.tracks))]
    wishes = onsets = chords = None
    if rng.random() < chances.wishes:
        wishes, onsets = _draw_wishes(piece, bar_lines, places, rng)
    if rng.random() < chances.chords:
        chords = chord_values(piece)
    if is_whole and wishes is None and chords is None:
        return None
    given = given_notes(piece, places)
    return Conditioning(given, places, wishes, onsets, chords, given_text(given, piece.tracks))


def chord_values(piece: Piece) -> npt.NDArray[np.intc]:
    """(C, 3) onset, and values of the streams ``chord_root`` and ``chord_quality``."""
    found = chord_rows(piece)
    is_chord = found.root >= 0
    quality = np.where(is_chord, found.quality + 1, 0)
    return np.stack([found.onset_steps, found.root + 2, quality], axis=1).astype(np.intc)


def _bar_lines(piece: Piece) -> list[int]:
    """Where each bar begins, and where the last one ends."""
    lines, at = piece.bar_lines, [0]
    while at[-1] < piece.end_steps:
        at.append(lines.bar_end(at[-1]))
    return at


def _draw_places(
    piece: Piece, bar_lines: list[int], rng: np.random.Generator, chances: MaskChances
) -> Places | None:
    """The open places in order; None: all is open."""
    n_tracks, n_bars = len(piece.tracks), len(bar_lines) - 1
    shares = np.array([chances.whole, chances.spans, chances.tracks])
    kind = (WHOLE, SPANS, TRACKS)[int(rng.choice(3, p=shares / shares.sum()))]
    if kind == WHOLE or n_bars < 2:
        return None
    if kind == TRACKS and n_tracks > 1:
        n_open = int(rng.integers(1, n_tracks))
        tracks = np.sort(rng.permutation(n_tracks)[:n_open]).tolist()
        if rng.random() < 0.5:
            return [(track, 0, ENDLESS_STEPS) for track in tracks]
        spans = _draw_spans(n_bars, rng, longest=n_bars)
    else:
        tracks = list(range(n_tracks))
        spans = _draw_spans(n_bars, rng, longest=max(n_bars // 2, 1))
    ends = [*bar_lines[:-1], ENDLESS_STEPS if rng.random() < 0.5 else bar_lines[-1]]
    return [(track, bar_lines[first], ends[last]) for track in tracks for first, last in spans]


def _draw_spans(n_bars: int, rng: np.random.Generator, longest: int) -> list[tuple[int, int]]:
    """One to three stretches of bars [first, last), apart from one another; lengths even in log."""
    taken = np.zeros(n_bars + 1, bool)
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        length = round(float(np.exp(rng.uniform(0.0, np.log(min(longest, 16))))))
        first = int(rng.integers(0, n_bars - length + 1))
        taken[first : first + length] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[False], taken]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _draw_wishes(
    piece: Piece, bar_lines: list[int], places: Places, rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """What the hidden music is like, some of it told: bar by bar, or the mean of a whole place."""
    is_open = np.zeros((len(bar_lines) - 1, MAX_TRACKS), bool)
    starts = np.array(bar_lines[:-1])
    for track, start, end in places:
        is_open[(starts >= start) & (starts < end), track] = True
    hidden = piece.replace(notes=piece.notes[begins_in(piece.notes, places)])
    measures = measure(hidden, len(starts))
    told = rng.random(5) < 0.5
    if rng.random() < 0.5:
        measures = _averaged(measures, is_open)
    density, polyphony, register, duration = (
        np.where(is_open & told[i], values, np.nan) for i, values in enumerate(measures[:4])
    )
    onsets = np.where(is_open.any(axis=1) & told[4], measures.onsets, np.nan)
    return wish_values(Measures(density, polyphony, register, duration, onsets))


def _averaged(measures: Measures, is_open: BoolArray) -> Measures:
    """The mean over all open bars of a track in each of them."""
    means = []
    for values in measures[:4]:
        known = is_open & ~np.isnan(values)
        total = np.where(known, values, 0.0).sum(axis=0)
        with np.errstate(invalid="ignore"):
            mean = total / known.sum(axis=0)
        means.append(np.broadcast_to(mean, values.shape))
    bars = np.asarray(is_open.any(axis=1))
    onsets = np.full(len(bars), measures.onsets[bars].mean() if bars.any() else np.nan)
    return Measures(means[0], means[1], means[2], means[3], onsets)
