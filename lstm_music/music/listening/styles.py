"""The style of a piece, as far as its instruments tell it."""

from __future__ import annotations

from lstm_music.music.distinct import distinct
from lstm_music.music.piece import Piece

_KEYBOARDS = frozenset(range(8))
_VOICES = frozenset({52, 53, 54})
_ELECTRIC = frozenset({*range(26, 32), *range(33, 40), *range(80, 104)})
"""Electric guitars and basses, synthesizers."""

_MOST_HANDS = 3  # tracks of a piano piece; four voices on a piano may be a hymn
_MOST_SINGERS = 3


def infer_style(piece: Piece) -> str:
    """The piece's own style, or what its instruments can only be; "" where they do not tell.

    "drums": drums alone. "band": drums and others, or electric instruments together. "piano": one
    or two hands at keyboards. "song": up to three singers with instruments. "ensemble": other
    groups. A single line, an organ, a choir or four voices on a piano may be anything.

    Examples
    --------
    >>> from lstm_music.music.piece import Track, make_notes
    >>> notes = make_notes([(0, 24, 64, 80, 0), (0, 24, 40, 80, 1), (0, 24, 36, 80, 2)])
    >>> [infer_style(Piece(notes=notes, tracks=tracks)) for tracks in (
    ...     (Track(0), Track(0), Track(0)), (Track(52), Track(0), Track(0)),
    ...     (Track(40), Track(41), Track(42)), (Track(25), Track(32), Track(is_drum=True)))]
    ['piano', 'song', 'ensemble', 'band']
    """
    if piece.style or not len(piece.notes):
        return piece.style
    playing = [piece.tracks[track] for track in distinct(piece.notes["track"])]
    pitched = [track.program for track in playing if not track.is_drum]
    if len(pitched) < len(playing):
        return "band" if pitched else "drums"
    programs = set(pitched)
    if programs <= _KEYBOARDS:
        is_piano = 2 <= len(pitched) <= _MOST_HANDS or (len(pitched) == 1 and _has_chords(piece))
        return "piano" if is_piano else ""
    singers = sum(program in _VOICES for program in pitched)
    if singers:
        return "song" if singers <= _MOST_SINGERS and singers < len(pitched) else ""
    if len(pitched) == 1 or (len(programs) == 1 and programs <= set(range(16, 24))):
        return ""
    return "band" if len(programs & _ELECTRIC) > len(programs) // 3 else "ensemble"


def _has_chords(piece: Piece) -> bool:
    onsets = piece.notes["onset_steps"]
    return len(distinct(onsets)) < 0.9 * len(onsets)
