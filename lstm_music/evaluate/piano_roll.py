"""Music as a picture: a bar for every note, over beats and bar lines.

Drawn with matplotlib, which is imported when a picture is made, and without pyplot: no window.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError, MidiError
from lstm_music.evaluate.statistics import beat_steps
from lstm_music.evaluate.track_colours import track_colour
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.instruments.general_midi import DRUM_NAMES, instrument_name
from lstm_music.music.piece import Piece

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg")

_NOTES = "notes"  # gid of the notes in a picture, one collection a track
_BLACK_KEYS = (1, 3, 6, 8, 10)
_STROKE_STEPS = 5  # a stroke of a drum has no length of its own
_THICKNESS = 0.8  # of a note, in semitones
_FAINTEST = 0.4  # opacity of the softest note
_MOST_BAR_NUMBERS = 32
_DPI = 100
_ADDED = "added"  # gid of the background of what we added
_ADDED_COLOUR = (1.0, 0.8, 0.2, 0.18)


class Panel(NamedTuple):
    """Pitched notes, or drums, of a picture: notes with a row each, counted from the bottom."""

    notes: npt.NDArray[np.void]
    rows: npt.NDArray[np.int64]  # (N,)
    n_rows: int
    row_inches: float
    labels: dict[int, str]  # row: what stands beside it
    shaded: list[int]

    @property
    def inches(self) -> float:
        """How high it is drawn."""
        return 0.3 + self.row_inches * self.n_rows


def bar_span(piece: Piece, first: int, last: int) -> tuple[int, int]:
    """Steps from the start of bar ``first`` to the end of bar ``last``.

    Bars are numbered as in a score: a pickup is 0, the first full bar 1.

    Raises
    ------
    ConfigError : the piece has no such bars.
    MidiError : it has no notes.
    """
    starts = list(bar_starts(piece))
    lowest = 0 if piece.pickup_steps else 1
    highest = lowest + len(starts) - 2
    if not lowest <= first <= last <= highest:
        raise ConfigError(
            f"bars must be two numbers of {lowest}-{highest}, the bars of the piece, in order; "
            f"got {first}-{last}"
        )
    return starts[first - lowest], starts[last - lowest + 1]


def piano_roll(
    piece: Piece, span: tuple[int, int] | None = None, *, title: str = "", kind: str = "png"
) -> bytes:
    """The picture of `draw_piano_roll` as a file: the same bytes for the same music.

    Parameters
    ----------
    piece, span, title : as there.
    kind : one of `FORMATS`.

    Raises
    ------
    ConfigError : as there, or another format.
    MidiError : the piece has no notes.
    """
    if kind not in FORMATS:
        raise ConfigError(f"a piano roll is one of {', '.join(FORMATS)}, got {kind!r}")
    return picture_bytes(draw_piano_roll(piece, span, title=title), kind)


def picture_bytes(figure: Figure, kind: str) -> bytes:
    """A figure as a file of one of `FORMATS`: the same bytes for the same figure."""
    import matplotlib as mpl

    # Whatever says when and by what it was made differs from run to run.
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    picture = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "lstm_music"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # of a title: a box is drawn
        figure.savefig(picture, format=kind, dpi=_DPI, metadata=metadata)
    return picture.getvalue()


def draw_piano_roll(
    piece: Piece, span: tuple[int, int] | None = None, *, title: str = ""
) -> Figure:
    """Draw every note as a bar, coloured by track; the louder, the fuller the colour.

    Drums stand below the pitched notes, a row for each drum that is played. What we added to
    somebody else's music (`Piece.added_places`) has another background.

    Parameters
    ----------
    piece : at least one note.
    span : from which step to which (`bar_span`); None = all bars.
    title : stands above.

    Raises
    ------
    ConfigError : matplotlib is not installed, or nothing sounds in the span.
    MidiError : the piece has no notes.
    """
    starts = list(bar_starts(piece))
    start, end = span or (starts[0], starts[-1])
    panels = roll_panels(piece, start, end)
    figure = _new_figure(panels, end - start)
    for axes, panel in zip(figure.axes, panels):
        draw_notes(axes, panel, piece)
        draw_time(axes, piece, start, end)
        for left, right in _added_spans(piece, set(panel.notes["track"].tolist()), start, end):
            axes.axvspan(left, right, color=_ADDED_COLOUR, linewidth=0, gid=_ADDED, zorder=1)
    figure.axes[0].set_title(" ".join(title.split()), loc="left", fontsize=10, parse_math=False)
    figure.axes[-1].set_xlabel("bar", fontsize=8)
    return figure


def roll_panels(piece: Piece, start: int, end: int) -> list[Panel]:
    """What sounds in [start, end), pitched notes above, drums below.

    Raises
    ------
    ConfigError : nothing does.
    """
    notes = piece.notes
    ends = notes["onset_steps"] + notes["duration_steps"]
    notes = notes[(notes["onset_steps"] < end) & (ends > start)]
    if not len(notes):
        raise ConfigError("nothing sounds in these bars; choose others")
    is_drum = np.array([track.is_drum for track in piece.tracks], bool)[notes["track"]]
    panels = []
    if not is_drum.all():
        panels.append(_pitched(notes[~is_drum]))
    if is_drum.any():
        panels.append(_drums(notes[is_drum]))
    return panels


def bar_starts(piece: Piece) -> Iterator[int]:
    """Where each bar begins, a pickup counted, and where the last one ends."""
    if not len(piece.notes):
        raise MidiError("there are no notes to draw; give a file that sounds", path=piece.source)
    lines, start = piece.bar_lines, 0
    while start < piece.end_steps:
        yield start
        start = lines.bar_end(start)
    yield start


def _pitched(notes: npt.NDArray[np.void]) -> Panel:
    """A row a semitone, with the names of the Cs (C4 is 60)."""
    pitches = notes["pitch_midi"].astype(np.int64)
    lowest, highest = int(pitches.min()) - 2, int(pitches.max()) + 2
    rows = range(lowest, highest + 1)
    names = {p - lowest: f"C{p // 12 - 1}" for p in rows if p % 12 == 0}
    black = [p - lowest for p in rows if p % 12 in _BLACK_KEYS]
    return Panel(notes, pitches - lowest, len(rows), 0.1, names, black)


def _drums(notes: npt.NDArray[np.void]) -> Panel:
    """A row a drum."""
    keys, rows = np.unique(notes["pitch_midi"], return_inverse=True)
    names = {row: DRUM_NAMES.get(int(key), f"key {key}") for row, key in enumerate(keys)}
    strokes = notes.copy()
    strokes["duration_steps"] = _STROKE_STEPS
    return Panel(
        strokes, rows.astype(np.int64), len(keys), 0.16, names, list(range(1, len(keys), 2))
    )


def _new_figure(panels: list[Panel], steps: int) -> Figure:
    """Empty axes, one below another, wide and high enough."""
    width = float(np.clip(0.15 * steps / STEPS_PER_QUARTER, 6, 60))
    return stacked_axes(width, [panel.inches for panel in panels], 0.3)


def stacked_axes(width: float, heights: list[float], rest: float) -> Figure:
    """A figure of axes one below another that share their time, sizes in inches.

    Raises
    ------
    ConfigError : matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError(
            f"matplotlib cannot be imported ({error}): pip install 'lstm_music[plot]'"
        ) from None
    figure = Figure(figsize=(width, sum(heights) + rest), layout="constrained")
    figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)
    return figure


def draw_notes(axes: Axes, panel: Panel, piece: Piece) -> None:
    """A box for every note of a panel, coloured by track."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba

    for row in panel.shaded:
        axes.axhspan(row - 0.5, row + 0.5, color="0.955", linewidth=0, zorder=0)
    left, right = (
        panel.notes["onset_steps"],
        panel.notes["onset_steps"] + panel.notes["duration_steps"],
    )
    bottom, top = panel.rows - _THICKNESS / 2, panel.rows + _THICKNESS / 2
    corners = [(left, bottom), (left, top), (right, top), (right, bottom)]
    boxes = np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)  # (N, 4, 2)
    opacity = _FAINTEST + (1 - _FAINTEST) * panel.notes["velocity"] / 127
    tracks = np.unique(panel.notes["track"])
    for track in tracks:
        mine = panel.notes["track"] == track
        colours = [to_rgba(track_colour(track), alpha) for alpha in opacity[mine]]
        name = piece.tracks[track].name or instrument_name(piece.tracks[track].program)
        axes.add_collection(
            PolyCollection(
                boxes[mine], facecolors=colours, edgecolors="0.2", linewidths=0.3,
                gid=_NOTES, label=name, zorder=3,
            )
        )  # fmt: skip
    if len(tracks) > 1:
        axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    axes.set_ylim(-0.6, panel.n_rows - 0.4)
    axes.set_yticks(list(panel.labels), list(panel.labels.values()), fontsize=7)


def draw_time(axes: Axes, piece: Piece, start: int, end: int) -> None:
    """Bar lines with their numbers, and thinner lines for the beats."""
    first = 0 if piece.pickup_steps else 1
    bars = {at: n for n, at in enumerate(bar_starts(piece), first) if start <= at <= end}
    every = -(-len(bars) // _MOST_BAR_NUMBERS)
    names = [str(n) if n and n % every == 1 % every and at < end else "" for at, n in bars.items()]
    axes.set_xlim(start, end)
    axes.set_xticks(list(bars), names, fontsize=7)
    axes.set_xticks(list(beats_between(piece, start, end)), minor=True)
    axes.grid(axis="x", which="major", color="0.45", linewidth=0.8)
    axes.grid(axis="x", which="minor", color="0.82", linewidth=0.5)
    axes.tick_params(which="both", length=0)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _added_spans(piece: Piece, tracks: set[int], start: int, end: int) -> list[tuple[int, int]]:
    """Where in [start, end) some of these tracks are ours, in order; none where it is all of it."""
    spans: list[tuple[int, int]] = []
    for track, *place in sorted(piece.added_places, key=itemgetter(1)):
        left, right = max(place[0], start), min(place[1], end)
        if track not in tracks or left >= right:
            continue
        if spans and left <= spans[-1][1]:
            left, right = spans[-1][0], max(spans.pop()[1], right)
        spans.append((left, right))
    return [] if spans == [(start, end)] else spans


def beats_between(piece: Piece, start: int, end: int) -> Iterator[int]:
    """Beats of a stretch that are not bar lines."""
    starts = list(bar_starts(piece))
    for bar, after in pairwise(starts):
        beat = beat_steps(piece.bar_lines.meter_at(bar))
        from_line = (after - bar) % beat if bar < piece.pickup_steps else 0  # a bar's end
        yield from (
            at for at in range(bar + from_line, after, beat) if bar < at and start <= at < end
        )
