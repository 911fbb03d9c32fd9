"""Infill, accompany, vary and again on the command line: files, report, exit codes."""

import json
import shutil

import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.generate.takes import likeness

REEL, DRUMS = MIDI_DATA / "reel.mid", MIDI_DATA / "drums.mid"
INFILL = ("infill", "tune.mid", "--bars", "3-4", "--rng-seed", 1)


@pytest.fixture
def tune(call, tmp_path):
    shutil.copy(REEL, tmp_path / "tune.mid")
    return lm.read(REEL)


def new(path):
    piece = lm.read(path)
    return piece.notes


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (INFILL, "tune-infilled.mid"),
        (("vary", "tune.mid", "--keep", "rhythm", "--bars", "1-2"), "tune-varied.mid"),
        (("accompany", "tune.mid", "--with", "bass", "--bars", "1-2"), "tune-accompanied.mid"),
        (("generate", "--seed", "tune.mid", "--bars", 1), "tune-continued.mid"),
    ],
)
def test_names_and_the_same_once_more(call, tune, tmp_path, args, name):
    code, out, err = call(*args)
    assert (code, out.strip()) == (0, name)
    assert err.splitlines()[-1].startswith("rng seed ")
    first = (tmp_path / name).read_bytes()
    assert call("again", name, "-o", "once-more.mid")[0] == 0
    assert (tmp_path / "once-more.mid").read_bytes() == first
    assert call("again", name)[1].strip() == name.replace(".mid", "-2.mid")
    assert (tmp_path / name).read_bytes() == first


def test_given_notes_stand_and_another_is_another(call, tune, tmp_path):
    names = [call(*INFILL, "--another")[1].strip() for _ in range(3)]
    assert names == ["tune-infilled.mid", "tune-infilled-2.mid", "tune-infilled-3.mid"]
    results = [lm.read(tmp_path / name) for name in names]
    bar = tune.meters[0].bar_steps
    first = tune.pickup_steps or 0
    inside = [
        (r.notes["onset_steps"] >= first + 2 * bar) & (r.notes["onset_steps"] < first + 4 * bar)
        for r in (tune, *results)
    ]
    for result, where in zip(results, inside[1:]):
        assert result.notes[~where].tolist() == tune.notes[~inside[0]].tolist()
    gaps = [r.notes[where] for r, where in zip(results, inside[1:])]
    for i, one in enumerate(gaps):
        assert all(likeness(one, other) <= 0.8 for other in gaps[:i])
    assert call("again", names[2], "-o", "x.mid")[0] == 0
    assert (tmp_path / "x.mid").read_bytes() == (tmp_path / names[2]).read_bytes()


def test_the_report_as_json(call, tune):
    args = ("--scale", "D major", "--max-density", 4, "-n", 2, "--json")
    report = json.loads(call(*INFILL, *args)[1])
    assert report["task"] == "infill"
    assert report["rng_seed"] == 1
    assert [f["path"] for f in report["files"]] == [f"tune-infilled-00{i}.mid" for i in (1, 2)]
    for file in report["files"]:
        assert file["report"]["scale"] == {
            "asked": "D major",
            "came_out": {"share_inside": 1.0},
            "kept": True,
        }
        assert file["report"]["max_density"]["came_out"]["1"] <= 4
        assert file["new_notes"] > 0


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("infill", "tune.mid"), 2, "--bars or --tracks must be given to infill"),
        (("infill", "tune.mid", "--bars", "90-91"), 2, "the piece has 16 bars"),
        (("infill", "tune.mid", "--bars", "8-5"), 2, "first bar first"),
        (("infill", "no.mid", "--bars", "1"), 3, "no.mid"),
        ((*INFILL, "--min-density", 9, "--grid", "1/4"), 2, "--min-density must be"),
        (("vary", "tune.mid"), 2, "--keep must be given to vary"),
        (("accompany", "tune.mid", "--with", "xyz"), 2, "xyz"),
        (("again", "tune.mid"), 2, "does not say how it was made"),
        (("generate", "tune.mid"), 2, "write --seed tune.mid"),
        (("generate", "--seed", "tune.mid", "--key", "D minor"), 2, "key is for a piece from"),
        ((*INFILL, "-o", "tune.mid"), 6, "tune.mid"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(call, tune, tmp_path, args, code, said):
    found, out, err = call(*args)
    assert found == code
    assert said in err
    assert "Traceback" not in err
    assert out == ""
    assert (tmp_path / "tune.mid").read_bytes() == REEL.read_bytes()


def test_again_wants_the_seed_that_was_given(call, tune, tmp_path):
    assert call(*INFILL)[0] == 0
    shutil.copy(DRUMS, tmp_path / "tune.mid")
    code, _, err = call("again", "tune-infilled.mid", "-o", "x.mid")
    assert code == 2
    assert "no file beside it or here is its seed" in err
    code, _, err = call("again", "tune-infilled.mid", "--seed", "tune.mid", "-o", "x.mid")
    assert code == 2
    assert "it is not the seed" in err
    assert call("again", "tune-infilled.mid", "--seed", REEL, "-o", "x.mid")[0] == 0
    assert (tmp_path / "x.mid").read_bytes() == (tmp_path / "tune-infilled.mid").read_bytes()
