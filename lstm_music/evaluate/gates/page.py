"""The gates of a network over a piece, as a page to explore."""

from __future__ import annotations

from html import escape
from textwrap import dedent
from typing import Any

import numpy as np

from lstm_music.evaluate.gates.figure import groups, scaled_state, token_edges
from lstm_music.evaluate.gates.follow import DRAWS, Finding, Following, quantities
from lstm_music.evaluate.gates.record import Gates
from lstm_music.evaluate.gates.words import finding_name, followed, percent, quantity_name, shown
from lstm_music.evaluate.pages.roll import roll_svg
from lstm_music.evaluate.pages.shell import Html, html_page, packed, table
from lstm_music.evaluate.piano_roll import bar_starts

_PX_PER_STEP = 1.5
_MOST_BYTES = 8_000_000
"""Of the values of all units; of a longer piece fewer units are kept, the surest first."""
_MOST_ROWS = 8
_STEM_PX = 60


def gates_page(
    gates: Gates,
    following: Following,
    *,
    layer: int,
    span: tuple[int, int] | None = None,
    title: str,
) -> bytes:
    """A page of one file with a piano roll, the surprise of each note, and all units below it.

    Parameters
    ----------
    gates, following : of `gates_of` and `follow`.
    layer : which layer's map is shown first.
    span : from which step to which; None: all bars.
    title : as text.

    Raises
    ------
    ConfigError : nothing sounds in the span.
    """
    starts = list(bar_starts(gates.piece))
    start, end = span or (starts[0], starts[-1])
    edges = token_edges(gates)
    inside = np.flatnonzero((edges[1:] > start) & (edges[:-1] < end))
    columns = slice(int(inside[0]), int(inside[-1]) + 1)
    kept = edges[columns.start : columns.stop + 1]
    x = (np.clip(kept, start, end) - start) * _PX_PER_STEP
    data = {
        "width": round((end - start) * _PX_PER_STEP),
        "edges": [round(float(at), 1) for at in x],
        "bars": [(at - start) * _PX_PER_STEP for at in starts if start <= at <= end],
        "layers": _layers(gates, following, columns),
    }
    body = "\n".join([
        _introduction(gates, following),
        '<h2>Over the piece</h2><div class="scroll" tabindex="0" aria-label="over the piece">',
        roll_svg(gates.piece, _PX_PER_STEP, (start, end), title="piano roll", nats=gates.note_nats),
        '<div class="lane">surprise of each note, nats (0: sure; 0.69: even odds)</div>',
        _surprise(gates, start, end),
        '<div id="traces"></div><div class="lane" id="map-label"></div>',
        '<canvas id="map" role="img" aria-label="all units of a layer"></canvas></div>',
        _choices(gates, layer),
        "<h2>What units follow</h2>",
        _findings(gates, following),
        "<h2>The cell</h2>",
        f"<pre>{escape(dedent(gates.cell.equations.strip(chr(10))).rstrip())}</pre>",
        f'<p class="note">{escape(gates.cell.cite)}</p>',
    ])  # fmt: skip
    return html_page(title, body, scripts=["gates"], data=data)


def _introduction(gates: Gates, following: Following) -> str:
    notes, nats = len(gates.note_nats), float(gates.note_nats.sum())
    told = sum(1 for _ in {(f.layer, f.quantity, f.unit) for f in following.findings})
    read = f"{notes} notes, {nats / max(notes, 1):.2f} nats a note"
    return (
        f"<p>{len(gates.layers)} layers of {gates.hidden_size} {escape(gates.cell.name)} units "
        f"read {read}. Of {following.series:,} gates and states {told} follow something in the "
        "music surer than chance explains.</p>"
    )


def _surprise(gates: Gates, start: int, end: int) -> str:
    """A stem a note; those of one onset stand beside each other."""
    notes, nats = gates.piece.notes, gates.note_nats
    onsets = notes["onset_steps"].astype(np.int64)
    inside = (onsets >= start) & (onsets < end)
    tallest = max(float(nats[inside].max(initial=0)), 1.0)
    number = np.arange(len(onsets)) - np.searchsorted(onsets, onsets)
    parts = []
    for k in np.flatnonzero(inside).tolist():
        x = (int(onsets[k]) - start + 2 * int(number[k])) * _PX_PER_STEP + 1
        height = _STEM_PX * float(nats[k]) / tallest
        parts.append(
            f'<rect class="t{notes["track"][k] % 8}" x="{x:.1f}" y="{_STEM_PX - height:.1f}" '
            f'width="1.4" height="{height:.1f}"/>'
        )
    width = (end - start) * _PX_PER_STEP
    return (
        f'<svg role="img" aria-label="surprise of each note" width="{width:.0f}" '
        f'height="{_STEM_PX}">{"".join(parts)}</svg>'
    )


def _choices(gates: Gates, layer: int) -> str:
    layers = "".join(
        f"<option{' selected' if k == layer else ''}>{k}</option>" for k in range(len(gates.layers))
    )
    names = "".join(
        f'<option value="{name}">{escape(quantity_name(gates, name))}</option>'
        for name in quantities(gates)
    )
    return (
        f'<div class="keys"><label>layer <select id="layer">{layers}</select></label>'
        f'<label>map of <select id="quantity">{names}</select></label>'
        '<span class="note">a click on the map shows one unit</span></div>'
    )


def _layers(gates: Gates, following: Following, columns: slice) -> list[dict[str, Any]]:
    """Of each layer and quantity: the units kept, in the order of the map, a byte a value."""
    names = quantities(gates)
    n_tokens = columns.stop - columns.start
    most = max(_MOST_BYTES // (n_tokens * len(names) * len(gates.layers)), 8)
    n_units = min(gates.hidden_size, most)
    found = []
    for k, layer in enumerate(gates.layers):
        entry = {}
        for name in names:
            units = following.order(k, name, gates.hidden_size)[:n_units]
            is_gate = name in gates.roles
            values = layer[name][:, units] if is_gate else scaled_state(layer[name][:, units])
            share = values if is_gate else (values + 1) / 2
            cells = np.rint(255 * share[columns].T).astype(np.uint8)
            sizes = groups(following, k, name, gates.hidden_size)
            entry[name] = {
                "title": quantity_name(gates, name),
                "gate": is_gate,
                "units": units,
                "groups": [[f"of {what}", stop - first] for first, stop, what in sizes],
                "cells": packed(cells.tobytes()),
            }
        found.append(entry)
    return found


def _findings(gates: Gates, following: Following) -> str:
    """A table a kind, the surest first."""
    at_first = shown(gates, following)
    parts = [
        '<p class="note">Explained is the share of the variance of a unit that the music explains '
        "in bars that were held out. Chance is the best share that any of the "
        f"{following.series:,} gates and states had in {DRAWS} draws with the music moved against "
        "them; a unit is named only where it is above that. What a unit follows here need not be "
        "what it is for: in music where short notes stand off the beat alone, the two cannot be "
        "told apart.</p>"
    ]
    for what, chance in following.chance.items():
        rows = [f for f in following.findings if f.what == what]
        name = followed(what)
        if not rows:
            parts.append(f"<p>No unit follows {escape(name)}, as far as can be told.</p>")
            continue
        parts.append(f"<h3>{escape(name[0].upper() + name[1:])} ({len(rows)} found)</h3>")
        cells = [
            (_button(gates, f, f in at_first), f.how, percent(f.explained), percent(chance))
            for k, f in enumerate(rows)
            if k < _MOST_ROWS or f in at_first
        ]
        parts.append(table(("unit", "how", "explained", "chance"), cells, numbers_from=2))
    for what, reason in following.left_out.items():
        parts.append(f'<p class="note">Not told: {escape(what)} ({escape(reason)}).</p>')
    return "\n".join(parts)


def _button(gates: Gates, found: Finding, at_first: bool) -> Html:
    words = f"{found.how} ({percent(found.explained)})"
    return Html(
        f'<button data-layer="{found.layer}" data-quantity="{found.quantity}" '
        f'data-unit="{found.unit}" data-words="{escape(words)}"'
        f"{' data-shown=1' if at_first else ''}>{escape(finding_name(gates, found))}</button>"
    )
