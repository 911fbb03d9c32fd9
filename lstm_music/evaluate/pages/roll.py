"""A piano roll as inline SVG, in the colours of the page."""

from __future__ import annotations

from html import escape

import numpy as np

from lstm_music.evaluate.piano_roll import bar_starts, beats_between, roll_panels
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.instruments.general_midi import DRUM_NAMES
from lstm_music.music.piece import Piece
from lstm_music.types import FloatArray

ROW_PX = 5.0
_LANE_PX = 12.0
_GAP_PX = 8.0
_BAR_NUMBERS_PX = 16.0
_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def pitch_name(pitch_midi: int) -> str:
    """A pitch in words: 60 is C4."""
    return f"{_NAMES[pitch_midi % 12]}{pitch_midi // 12 - 1}"


def roll_svg(
    piece: Piece,
    px_per_step: float,
    span: tuple[int, int] | None = None,
    *,
    title: str,
    nats: FloatArray | None = None,
) -> str:
    """Every note as a box, coloured by track, over bars and beats.

    Parameters
    ----------
    piece : at least one note.
    px_per_step : width of a grid step.
    span : from which step to which; None: all bars.
    title : what is said to those who do not see it.
    nats : (N,) surprise of each note of the piece, told beside its name.

    Raises
    ------
    ConfigError : nothing sounds in the span.
    MidiError : the piece has no notes.
    """
    starts = list(bar_starts(piece))
    start, end = span or (starts[0], starts[-1])
    shades, parts, top = [], [], 0.0
    index = {note.tobytes(): k for k, note in enumerate(piece.notes)}
    for panel in roll_panels(piece, start, end):
        row_px = ROW_PX if panel.row_inches < 0.15 else _LANE_PX
        height = panel.n_rows * row_px
        for row in panel.shaded:
            y = top + height - (row + 1) * row_px
            shades.append(
                f'<rect class="shade" x="0" y="{y:.1f}" width="100%" height="{row_px:.1f}"/>'
            )
        for note, row in zip(panel.notes, panel.rows.tolist(), strict=True):
            x = (int(note["onset_steps"]) - start) * px_per_step
            width = max(int(note["duration_steps"]) * px_per_step - 0.6, 1.0)
            y = top + height - (row + 1) * row_px
            opacity = 0.45 + 0.55 * int(note["velocity"]) / 127
            known = index.get(note.tobytes())
            words = _words(piece, note) + (
                "" if nats is None or known is None else f": {nats[known]:.2f} nats"
            )
            parts.append(
                f'<rect class="note t{note["track"] % 8}" x="{x:.1f}" y="{y + 0.3:.1f}" '
                f'width="{width:.1f}" height="{row_px - 0.6:.1f}" fill-opacity="{opacity:.2f}">'
                f"<title>{escape(words)}</title></rect>"
            )
        top += height + _GAP_PX
    lines = _grid(piece, start, end, px_per_step, top)
    width = (end - start) * px_per_step
    return (
        f'<svg class="roll" role="img" aria-label="{escape(title)}" width="{width:.0f}" '
        f'height="{top + _BAR_NUMBERS_PX:.0f}">{"".join([*shades, lines, *parts])}</svg>'
    )


def _words(piece: Piece, note: np.void) -> str:
    pitch, at = int(note["pitch_midi"]), int(note["onset_steps"])
    drum = piece.tracks[note["track"]].is_drum
    name = DRUM_NAMES.get(pitch, f"key {pitch}") if drum else pitch_name(pitch)
    lines = piece.bar_lines
    bar = lines.bar_at(at) + (0 if piece.pickup_steps else 1)
    beat = 1 + (at - lines.bar_start(at)) / STEPS_PER_QUARTER
    return f"{name}, bar {bar}, quarter {beat:.3g}"


def _grid(piece: Piece, start: int, end: int, px: float, height: float) -> str:
    """Bar lines with their numbers, and thinner ones for the beats."""
    parts = [
        f'<line class="beat" x1="{(at - start) * px:.1f}" x2="{(at - start) * px:.1f}" y1="0" '
        f'y2="{height:.0f}"/>'
        for at in beats_between(piece, start, end)
    ]
    first = 0 if piece.pickup_steps else 1
    for number, at in enumerate(bar_starts(piece), first):
        if not start <= at <= end:
            continue
        x = (at - start) * px
        parts.append(f'<line class="bar" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height:.0f}"/>')
        if number and at < end:
            parts.append(f'<text x="{x + 2:.1f}" y="{height + 11:.0f}">{number}</text>')
    return "".join(parts)
