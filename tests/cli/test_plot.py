"""`lstm-music plot`: writes a picture, and never over another file unasked."""

import json

import pytest
from paths import MIDI_DATA

JIG = MIDI_DATA / "jig.mid"


def test_plot_writes_the_picture_it_names(call, tmp_path):
    code, out, _ = call("plot", JIG)
    assert (code, out) == (0, "jig.png\n")
    assert (tmp_path / "jig.png").read_bytes().startswith(b"\x89PNG")
    code, out, _ = call("plot", JIG, "-o", "roll.SVG", "--bars", "1-4", "--json")
    assert (code, json.loads(out)) == (0, {"path": "roll.SVG"})
    assert b"<svg" in (tmp_path / "roll.SVG").read_bytes()


def test_plot_does_not_overwrite_unasked(call, tmp_path):
    (tmp_path / "roll.png").write_bytes(b"mine")
    code, _, err = call("plot", JIG, "-o", "roll.png")
    assert code == 6
    assert "--force" in err
    assert (tmp_path / "roll.png").read_bytes() == b"mine"
    assert call("plot", JIG, "-o", "roll.png", "--force")[0] == 0
    assert (tmp_path / "roll.png").read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ([JIG, "-o", "roll.gif"], 2, ".png or .svg"),
        ([JIG, "-o", "roll"], 2, ".png or .svg"),
        ([JIG, "--bars", "4"], 2, "1-8"),
        ([JIG, "--bars", "3-2"], 2, "0-16"),
        ([JIG, "--bars", "1-99"], 2, "0-16"),
        (["no.mid"], 3, "no.mid"),
    ],
)
def test_plot_says_what_is_wrong(args, code, words, call, tmp_path):
    got, _, err = call("plot", *args)
    assert got == code
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())
