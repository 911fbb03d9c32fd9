"""The chord symbols of a lead sheet, which the readers of scores realise as a track of blocks."""

from __future__ import annotations

from functools import cache

import numpy as np

from lstm_music.music.harmony.chord import QUALITY_TONES, Chord, written_quality
from lstm_music.music.harmony.names import PITCH_CLASS_NAMES
from lstm_music.music.harmony.track import ChordTrack
from lstm_music.music.piece import Piece

CHORD_TRACK = "Chords"
"""Name of the track on which chord symbols are realised."""

UNNAMED = "other"
"""Quality of a chord that has no name here; its root is its bass."""

_ALTERED = (
    *("7b9", "7#9", "7b5", "7#11", "7b13", "7b9#5", "maj7#11", "add9", "madd9", "m7add11"),
    *("13add11", "maj13add11"),  # as music21 realises a thirteenth chord
)
"""Further symbols that are told by their notes."""


@cache
def _symbols() -> dict[frozenset[int], str]:
    """What is written behind a root, by the semitones over it; of two with the same the first."""
    found: dict[frozenset[int], str] = {}
    for written in (*map(written_quality, QUALITY_TONES), *_ALTERED):
        found.setdefault(Chord.parse(f"C{written}").pitch_classes, written)
    return found


def chord_of(pitch_classes: frozenset[int], bass: int) -> Chord:
    """The chord that these pitch classes are: with its root in the bass if it can be.

    Else another of them is the root; else the bass is not counted as part of the chord. A chord
    that is none of these has the quality `UNNAMED`, and its bass for a root.

    Raises
    ------
    ConfigError : the bass is not among them, or one is not 0..11.

    Examples
    --------
    >>> [chord_of(frozenset(tones), bass).symbol for tones, bass in (
    ...     ({0, 4, 7}, 4), ({0, 4, 7, 9}, 0), ({2, 6, 7, 11}, 6), ({0, 1, 2}, 0))]
    ['C/E', 'C6', 'Gmaj7/F#', 'C(other)']
    """
    others = sorted(pitch_classes - {bass})
    upper = pitch_classes - {bass}
    for root, tones in (
        *((root, pitch_classes) for root in (bass, *others)),
        *((root, upper) for root in others),
    ):
        written = _symbols().get(frozenset((tone - root) % 12 for tone in tones))
        if written is not None:
            over = "" if root == bass else f"/{PITCH_CLASS_NAMES[bass]}"
            return Chord.parse(PITCH_CLASS_NAMES[root] + written + over)
    return Chord(bass, pitch_classes, bass, f"{PITCH_CLASS_NAMES[bass]}({UNNAMED})", UNNAMED)


def written_chords(piece: Piece) -> ChordTrack | None:
    """The chord symbols that came with a piece; None if none did.

    They are read off the track called `CHORD_TRACK`, on which the readers of MusicXML and other
    scores put them: a symbol at each onset, up to the next one or until its notes end.

    Examples
    --------
    >>> from lstm_music.music.piece import Track, make_notes
    >>> blocks = [(0, 48, p, 80, 0) for p in (48, 52, 55)] + [(96, 48, p, 80, 0) for p in (57, 60)]
    >>> str(written_chords(Piece(notes=make_notes(blocks), tracks=(Track(name="Chords"),))))
    'C N.C. A(other)'
    """
    tracks = [i for i, track in enumerate(piece.tracks) if track.name == CHORD_TRACK]
    notes = piece.notes[piece.notes["track"] == tracks[-1]] if tracks else piece.notes[:0]
    if not len(notes):
        return None
    onsets, first = np.unique(notes["onset_steps"], return_index=True)
    onset_steps: list[int] = []
    chords: list[Chord | None] = []
    for onset, block, following in zip(
        onsets.tolist(), np.split(notes, first[1:]), [*onsets[1:].tolist(), None], strict=True
    ):
        classes = frozenset((block["pitch_midi"] % 12).tolist())
        onset_steps.append(onset)
        chords.append(chord_of(classes, int(block["pitch_midi"].min()) % 12))
        end = onset + int(block["duration_steps"].max())
        if following is not None and end < following:
            onset_steps.append(end)
            chords.append(None)
    return ChordTrack(tuple(onset_steps), tuple(chords), max(end, onset_steps[-1] + 1))
