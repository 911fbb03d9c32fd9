"""The gates of a network over a piece, as a picture: below the piano roll, bar under bar."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lstm_music.evaluate.gates.follow import Following
from lstm_music.evaluate.gates.record import Gates
from lstm_music.evaluate.gates.words import followed, percent, quantity_name, shown
from lstm_music.evaluate.piano_roll import (
    bar_starts,
    draw_notes,
    draw_time,
    roll_panels,
    stacked_axes,
)
from lstm_music.evaluate.track_colours import track_colour
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.types import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SURPRISE_INCHES, _TRACE_INCHES, _MAP_INCHES = 0.9, 0.55, 1.7
NOTHING = "none"
"""The name of the units that follow nothing, as far as can be told."""

_TOLD_SHARE = 0.4
"""Of a map's height, at least, is for units that follow something."""
_LEAST_LABEL = 0.045
_FAR_PERCENT = 98
"""So many of a unit's values lie within the colours of its state."""

_Floats = npt.NDArray[np.float64]


def token_edges(gates: Gates) -> _Floats:
    """(T+1,) where each token is drawn, in steps: those of an onset share the time to the next.

    Tokens at the end of the piece share its last beat.
    """
    first = np.searchsorted(gates.onset_steps, gates.onsets)
    after = np.append(first[1:], len(gates.onset_steps))
    end = max(gates.piece.end_steps, int(gates.onsets[-1]) + 1)
    stops = np.append(gates.onsets[1:], end)
    parts = [
        np.linspace(start, stop, n, endpoint=False)
        for start, stop, n in zip(gates.onsets, stops, after - first)
    ]
    return np.concatenate([*parts, [end]])


def scaled_state(values: FloatArray) -> FloatArray:
    """(T, H) a state between -1 and 1: over the size that nearly all values of a unit have."""
    far = np.percentile(np.abs(values), _FAR_PERCENT, axis=0)
    return np.clip(values / np.where(far > 0, far, 1), -1, 1)


def draw_gates(
    gates: Gates,
    following: Following,
    *,
    layer: int,
    span: tuple[int, int] | None = None,
    title: str = "",
) -> Figure:
    """Piano roll, surprise, units that follow something, then all units of a layer.

    Parameters
    ----------
    gates, following : of `gates_of` and `follow`.
    layer : whose units are all drawn, from 0.
    span : from which step to which; None: all bars.
    title : stands above.

    Raises
    ------
    ConfigError : matplotlib is not installed, or nothing sounds in the span.
    """
    starts = list(bar_starts(gates.piece))
    start, end = span or (starts[0], starts[-1])
    panels = roll_panels(gates.piece, start, end)
    traces = shown(gates, following)
    maps = [*gates.roles, gates.memory]
    heights = [panel.inches for panel in panels]
    heights += [_SURPRISE_INCHES, *[_TRACE_INCHES] * len(traces), *[_MAP_INCHES] * len(maps)]
    width = float(np.clip(0.26 * (end - start) / STEPS_PER_QUARTER, 9, 60))
    figure = stacked_axes(width, heights, 0.5)
    axes = iter(figure.axes)
    for panel in panels:
        draw_notes(at := next(axes), panel, gates.piece)
        legend = at.get_legend()
        if legend is not None:
            legend.remove()
    _draw_surprise(next(axes), gates)
    edges = token_edges(gates)
    for found in traces:
        values = gates.layers[found.layer][found.quantity][:, found.unit]
        chance = percent(following.chance[found.what])
        text = (
            f"{found.quantity}, layer {found.layer} unit {found.unit} follows "
            f"{followed(found.what)}: {found.how} ({percent(found.explained)}; chance {chance})"
        )
        at = next(axes)
        _draw_trace(at, edges, values, is_gate=found.quantity in gates.roles, text=text)
        if found.quantity == gates.memory and "f" in gates.roles:
            _draw_forget_gate(at, edges, gates.layers[found.layer]["f"][:, found.unit])
    for quantity in maps:
        _draw_map(next(axes), gates, following, layer, quantity, edges)
    for at in figure.axes:
        draw_time(at, gates.piece, start, end)
    figure.axes[0].set_title(" ".join(title.split()), loc="left", fontsize=10, parse_math=False)
    figure.axes[-1].set_xlabel("bar", fontsize=8)
    return figure


def _draw_surprise(axes: Axes, gates: Gates) -> None:
    """A stem a note; notes of one onset stand beside each other."""
    onsets = gates.piece.notes["onset_steps"].astype(float)
    number = np.arange(len(onsets)) - np.searchsorted(onsets, onsets)
    colours = [track_colour(track) for track in gates.piece.notes["track"].tolist()]
    axes.vlines(onsets + 2 * number + 1, 0, gates.note_nats, colors=colours, linewidth=1.3)
    axes.set_ylim(0, None)
    axes.tick_params(labelsize=7)
    _label(axes, "surprise of each note, nats")


def _draw_trace(
    axes: Axes, edges: _Floats, values: FloatArray, *, is_gate: bool, text: str
) -> None:
    axes.stairs(values, edges, color="tab:blue" if is_gate else "tab:red", linewidth=1)
    if is_gate:
        axes.set_ylim(-0.05, 1.05)
    else:
        axes.axhline(0, color="0.6", linewidth=0.5)
    axes.tick_params(labelsize=6)
    _label(axes, text)


def _draw_forget_gate(axes: Axes, edges: _Floats, values: FloatArray) -> None:
    """Behind a state, the gate that keeps it or lets it go."""
    behind = axes.twinx()
    behind.stairs(values, edges, color="tab:blue", linewidth=0.5, alpha=0.45)
    behind.set_ylim(-0.05, 1.05)
    behind.set_yticks([])
    behind.spines[["top", "right"]].set_visible(False)


def _draw_map(
    axes: Axes, gates: Gates, following: Following, layer: int, quantity: str, edges: _Floats
) -> None:
    """All units of a gate or state, those that follow the same beside each other."""
    is_gate = quantity in gates.roles
    order = following.order(layer, quantity, gates.hidden_size)
    values = gates.layers[layer][quantity][:, order]
    ticks = groups(following, layer, quantity, gates.hidden_size)
    n_told = sum(stop - first for first, stop, name in ticks if name != NOTHING)
    rows = row_edges(n_told, gates.hidden_size)
    axes.pcolormesh(
        edges,
        rows,
        (values if is_gate else scaled_state(values)).T,
        cmap="Greys_r" if is_gate else "RdBu_r",
        vmin=0 if is_gate else -1,
        vmax=1,
        rasterized=True,
    )
    axes.set_ylim(gates.hidden_size, 0)
    axes.set_yticks([])
    for first, stop, name in ticks:
        top, bottom = rows[first], rows[stop]
        axes.axhline(bottom, color="tab:orange", linewidth=0.8, zorder=5)
        if bottom - top > _LEAST_LABEL * gates.hidden_size:
            axes.text(
                -0.003, (top + bottom) / 2, name, fontsize=6, ha="right", va="center",
                transform=axes.get_yaxis_transform(),
            )  # fmt: skip
    scale = "0 black, 1 white" if is_gate else "red above 0, blue below"
    _label(axes, f"{quantity_name(gates, quantity)}, layer {layer}: {scale}")


def row_edges(n_told: int, n: int) -> _Floats:
    """(n+1,) edges of the rows of a map n high: those that follow something get their share."""
    share = max(n_told / n, _TOLD_SHARE) if 0 < n_told < n else n_told / n
    heights = np.full(n, n * (1 - share) / max(n - n_told, 1))
    heights[:n_told] = n * share / max(n_told, 1)
    return np.append(0, np.cumsum(heights))


def groups(
    following: Following, layer: int, quantity: str, hidden_size: int
) -> list[tuple[int, int, str]]:
    """(first row, row after, name) of units that follow the same, in the order of `order`."""
    best: dict[int, str] = {}
    for found in sorted(following.findings, key=lambda found: -found.explained):
        if (found.layer, found.quantity) == (layer, quantity):
            best.setdefault(found.unit, found.what)
    names = [best.get(u, NOTHING) for u in following.order(layer, quantity, hidden_size)]
    cuts = [0, *(k for k in range(1, len(names)) if names[k] != names[k - 1]), len(names)]
    return [(a, b, names[a]) for a, b in pairwise(cuts)]


def _label(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=7, pad=2, parse_math=False)
