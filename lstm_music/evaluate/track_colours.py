"""The colours of tracks in pictures."""

from __future__ import annotations

# The first ten are matplotlib's own. The others lie far apart in CIELAB, from these and from one
# another, and are neither too light for white paper nor too dark for black.
TRACK_COLOURS = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"),
    *("#bcbd22", "#17becf", "#760aff", "#ff00e2", "#0062ff", "#62620a", "#ff0080", "#0a764e"),
    *("#9327c4", "#9d5800", "#e26276", "#ba0093", "#0089ff", "#934e76", "#a79362", "#006c76"),
)


def track_colour(track: int) -> str:
    """The colour of a track, counted from 0, as "#rrggbb"; those of 24 tracks differ."""
    return TRACK_COLOURS[track % len(TRACK_COLOURS)]
