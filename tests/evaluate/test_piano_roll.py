"""The piano roll shows every note where it is, and is a picture."""

import re
import sys

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.errors import ConfigError, MidiError
from lstm_music.evaluate.piano_roll import bar_span, draw_piano_roll, piano_roll
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes

PNG = b"\x89PNG\r\n\x1a\n"


def boxes(figure):
    """(left, right, row) of every note drawn, panel by panel."""
    found = []
    for axes in figure.axes:
        for notes in axes.collections:
            if notes.get_gid() == "notes":
                corners = np.array([path.vertices for path in notes.get_paths()])
                sides = corners[:, 0, 0], corners[:, 2, 0], corners[:, :2, 1].mean(axis=1)
                found.append(np.stack(sides, axis=-1).round().astype(int))
    return np.concatenate(found)


def ticks(axis):
    return {
        round(t): label.get_text() for t, label in zip(axis.get_ticklocs(), axis.get_ticklabels())
    }


@pytest.mark.parametrize("name", ["chorale", "jig", "drums", "band", "nocturne"])
def test_a_box_for_every_note(name):
    piece = lm.read(MIDI_DATA / f"{name}.mid")
    drawn = boxes(draw_piano_roll(piece))
    assert len(drawn) == len(piece.notes)
    assert sorted(drawn[:, 0]) == sorted(piece.notes["onset_steps"])


def test_boxes_stand_at_time_and_pitch():
    notes = make_notes([(0, 24, 60, 80, 0), (24, 48, 64, 80, 0), (72, 24, 55, 80, 1)])
    figure = draw_piano_roll(Piece(notes=notes, tracks=(Track(), Track(32))))
    (axes,) = figure.axes
    (middle_c,) = [row for row, name in ticks(axes.yaxis).items() if name == "C4"]
    drawn = boxes(figure).tolist()
    assert drawn == [[0, 24, middle_c], [24, 72, middle_c + 4], [72, 96, middle_c - 5]]
    colours = {tuple(c.get_facecolor()[0][:3]) for c in axes.collections if c.get_gid() == "notes"}
    assert len(colours) == 2
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "Acoustic Grand Piano",
        "Acoustic Bass",
    ]


def test_a_louder_note_is_fuller():
    notes = make_notes([(0, 24, 60, 30, 0), (24, 24, 60, 120, 0)])
    (axes,) = draw_piano_roll(Piece(notes=notes, tracks=(Track(),))).axes
    (drawn,) = [c for c in axes.collections if c.get_gid() == "notes"]
    soft, loud = drawn.get_facecolor()[:, 3]
    assert soft < loud <= 1


def test_drums_have_names():
    notes = make_notes(
        [(0, 6, 36, 80, 0), (24, 6, 38, 80, 0), (48, 6, 42, 80, 0), (72, 6, 22, 80, 0)]
    )
    (axes,) = draw_piano_roll(Piece(notes=notes, tracks=(Track(is_drum=True),))).axes
    names = ["key 22", "Bass Drum 1", "Acoustic Snare", "Closed Hi-Hat"]
    assert list(ticks(axes.yaxis).values()) == names


def test_bar_lines_and_beats_of_a_jig():
    jig = (Meter(0, 6, 8),)
    notes = make_notes([(0, 12, 60, 80, 0), (12, 72, 62, 80, 0), (84, 72, 64, 80, 0)])
    piece = Piece(notes=notes, tracks=(Track(),), meters=jig, pickup_steps=12)
    (axes,) = draw_piano_roll(piece).axes
    assert ticks(axes.xaxis) == {0: "", 12: "1", 84: "2", 156: ""}
    assert axes.get_xticks(minor=True).tolist() == [48, 120]
    assert bar_span(piece, 0, 1) == (0, 84)
    assert bar_span(piece, 2, 2) == (84, 156)


def test_beats_of_a_pickup_count_from_its_end():
    notes = make_notes([(0, 36, 60, 80, 0), (36, 96, 62, 80, 0)])
    (axes,) = draw_piano_roll(Piece(notes=notes, tracks=(Track(),), pickup_steps=36)).axes
    assert axes.get_xticks(minor=True).tolist() == [12, 60, 84, 108]


def test_what_we_added_has_another_background():
    piece = lm.read(MIDI_DATA / "band.mid")
    places = tuple((track, 4 * 96, 8 * 96) for track in range(len(piece.tracks)))
    piece = piece.replace(added_places=places)
    for axes in draw_piano_roll(piece).axes:
        (added,) = [patch for patch in axes.patches if patch.get_gid() == "added"]
        assert added.get_x() == 4 * 96
    later = draw_piano_roll(piece, bar_span(piece, 5, 6)).axes
    earlier = draw_piano_roll(piece, bar_span(piece, 1, 4)).axes
    plain = draw_piano_roll(piece.replace(added_places=())).axes
    for axes in (*later, *earlier, *plain):
        assert not [patch for patch in axes.patches if patch.get_gid() == "added"]


def test_bars_written_anew_have_it_where_their_track_is_drawn():
    piece = lm.read(MIDI_DATA / "band.mid")
    drums = [track.is_drum for track in piece.tracks].index(True)
    other = int(not drums)
    places = ((other, 192, 288), (other, 96, 216), (drums, 480, 576), (other, 384, 480))
    pitched, below = draw_piano_roll(piece.replace(added_places=places)).axes
    for axes, expected in ((pitched, [(96, 288), (384, 480)]), (below, [(480, 576)])):
        added = [patch for patch in axes.patches if patch.get_gid() == "added"]
        spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in added]
        assert spans == expected


def test_some_bars_only():
    piece = lm.read(MIDI_DATA / "chorale.mid")
    figure = draw_piano_roll(piece, bar_span(piece, 3, 4))
    drawn = boxes(figure)
    assert figure.axes[0].get_xlim() == (192, 384)
    assert 0 < len(drawn) < len(piece.notes)
    assert (drawn[:, 0] < 384).all()
    assert (drawn[:, 1] > 192).all()


@pytest.mark.parametrize("bars", [(0, 4), (3, 2), (1, 17)])
def test_bars_that_the_piece_lacks(bars):
    with pytest.raises(ConfigError, match="1-16"):
        bar_span(lm.read(MIDI_DATA / "chorale.mid"), *bars)


def test_pictures_are_pictures_and_the_same_each_time():
    piece = lm.read(MIDI_DATA / "jig.mid")
    assert piano_roll(piece).startswith(PNG)
    svg = piano_roll(piece, kind="svg")
    assert svg.startswith(b"<?xml")
    assert re.search(rb"<svg ", svg)
    assert piano_roll(piece) == piano_roll(piece)
    assert piano_roll(piece, kind="svg") == svg
    with pytest.raises(ConfigError, match="png, svg"):
        piano_roll(piece, kind="gif")


def test_a_title_is_never_read_as_a_formula_and_may_be_in_any_script():
    piece = lm.read(MIDI_DATA / "jig.mid")
    assert piano_roll(piece, title="$x^{ \\frac$ \n 桜").startswith(PNG)


def test_nothing_to_draw():
    with pytest.raises(MidiError, match="no notes"):
        draw_piano_roll(Piece())
    notes = make_notes([(0, 24, 60, 80, 0), (960, 24, 60, 80, 0)])
    piece = Piece(notes=notes, tracks=(Track(),))
    with pytest.raises(ConfigError, match="nothing sounds"):
        draw_piano_roll(piece, bar_span(piece, 3, 4))


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigError, match=r"lstm_music\[plot\]"):
        piano_roll(lm.read(MIDI_DATA / "jig.mid"))


# From linear sRGB to CIE XYZ, of which the second row is the luminance.
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def _cielab(xyz):
    share = xyz / [0.9505, 1, 1.089]
    f = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    x, y, z = f.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def test_many_tracks_have_colours_that_can_be_told_apart_on_light_and_dark():
    rows = [(24 * i, 24, 40 + i, 127, i) for i in range(24)]
    figure = draw_piano_roll(Piece(notes=make_notes(rows), tracks=(Track(),) * 24))
    drawn = [c for axes in figure.axes for c in axes.collections if c.get_gid() == "notes"]
    colours = np.array([c.get_facecolor()[0][:3] for c in drawn])
    assert len(colours) == 24
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ.T
    lab = _cielab(xyz)
    apart = np.linalg.norm(lab[:, None] - lab, axis=2) + 99 * np.eye(24)
    assert apart.min() > 25  # matplotlib's own ten: 27
    for luminance in xyz[:, 1]:
        assert 1.05 / (luminance + 0.05) >= 1.9  # contrast with white, as WCAG defines it
        assert (luminance + 0.05) / 0.05 >= 3  # with black
