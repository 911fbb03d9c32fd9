"""The colours of tracks: the same in every picture of a piece."""

import re

from lstm_music.evaluate.track_colours import TRACK_COLOURS, track_colour
from lstm_music.studio.run import STATIC


def test_24_tracks_differ():
    assert len({track_colour(track) for track in range(24)}) == 24
    assert track_colour(24) == track_colour(0)


def test_the_studio_has_the_same():
    """Its page is static and cannot ask; from the 13th track on it repeated its own."""
    text = (STATIC / "js" / "roll" / "colours.js").read_text()
    (rows,) = re.findall(r"const TRACKS = \[(.*?)\]", text, re.DOTALL)
    assert tuple(re.findall(r'"(#\w+)"', rows)) == TRACK_COLOURS
