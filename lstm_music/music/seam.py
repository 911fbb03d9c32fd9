"""Where music that goes on after a piece begins."""

from __future__ import annotations

from lstm_music.music.bars import onsets_in_bars
from lstm_music.music.meter import BarLines
from lstm_music.music.piece import MAX_TIMING_96THS, TIMING_PER_STEP, Piece


def next_bar_steps(piece: Piece) -> int:
    """The bar line from which new music goes on: an onset in steps.

    That is the bar line after the last sound. But notes of earlier bars that ring over a bar line
    by less than a beat (a legato overhang, a release) do not make a bar of their own; and where
    the source tells a length that ends on a later bar line (`Piece.length_steps`), the rest before
    it belongs to the piece.

    Parameters
    ----------
    piece : at least one note.

    Examples
    --------
    >>> from lstm_music.music.piece import Track, make_notes
    >>> next_bar_steps(Piece(notes=make_notes([(72, 30, 60, 80, 0)]), tracks=(Track(),)))
    96
    """
    lines = piece.bar_lines
    after_onsets = lines.bar_end(_last_onset(piece))
    start = max(after_onsets, _after_ringing(lines, piece.end_steps))
    length = piece.length_steps
    return length if length > start and lines.bar_start(length) == length else start


def _last_onset(piece: Piece) -> int:
    """The last onset, in steps: the bar line, where it is a downbeat that is played early."""
    last = int(piece.notes["onset_steps"].max())
    if piece.bar_lines.bar_end(last) - last > MAX_TIMING_96THS // TIMING_PER_STEP:
        return last
    return max(last, int(onsets_in_bars(piece).max()))


def _after_ringing(lines: BarLines, end: int) -> int:
    """The bar line at or after the end of the last sound, or the one it rings over a little."""
    bar = lines.bar_start(end - 1)
    beat = lines.meter_at(bar).beat_steps
    return bar if end - bar < beat else lines.bar_end(end - 1)
