"""The animation of README: a real infill, half a minute long, and small."""

import runpy

import numpy as np
import pytest
from paths import ROOT
from PIL import Image

FILE = ROOT / "docs" / "infill.gif"


@pytest.fixture(scope="module")
def make():
    return runpy.run_path(str(ROOT / "docs" / "make_animation.py"))


def test_it_is_short_and_small_and_shown():
    with Image.open(FILE) as picture:
        milliseconds = 0
        for frame in range(picture.n_frames):
            picture.seek(frame)
            milliseconds += picture.info["duration"]
    assert 25_000 <= milliseconds <= 40_000
    assert FILE.stat().st_size < 1_000_000
    assert "(docs/infill.gif)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_shows_an_infill(make):
    scene = make["make_scene"]()
    before, after = scene.before.notes, scene.after.notes
    outside = [np.array([not scene.is_open(note) for note in notes]) for notes in (before, after)]
    assert np.array_equal(before[outside[0]], after[outside[1]])
    assert not np.array_equal(before[~outside[0]], after[~outside[1]])
    pictures = [picture for picture, _ in make["frames"](scene)]
    new = np.array([0xD1, 0x36, 0x2F])
    red = [int((np.array(picture) == new).all(axis=-1).sum()) for picture in pictures]
    assert red[1] == 0 < red[2] < red[-1]  # note by note
