"""`lstm-music corpus`: what scan tells, what build makes, and what training takes."""

import json
import re
import shutil

import numpy as np
import pytest
from paths import MIDI_DATA, ROOT

from lstm_music.corpus.batching.augment import transpose
from lstm_music.corpus.building.finish import PIECE
from lstm_music.corpus.cache import open_cache
from lstm_music.midi.files import read
from lstm_music.midi.write import write_midi
from lstm_music.nn.model_file import load_model


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    shutil.copytree(
        MIDI_DATA, folder, ignore=lambda _, names: [n for n in names if ".mid" not in n]
    )
    (folder / "bad.mid").write_bytes(b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\xff\xff\xff\xff")
    (folder / "empty.mid").write_bytes(b"")
    shutil.copy(folder / "reel.mid", folder / "same.mid")
    higher = transpose(read(folder / "waltz.mid"), 3)
    write_midi(higher, folder / "waltz_higher.mid")
    return folder


def test_scan_counts_everything(call, music):
    code, out, _ = call("corpus", "scan", music, "--json")
    assert code == 0
    report = json.loads(out)
    n_music = len(list(MIDI_DATA.glob("*.mid"))) + 2
    assert (report["files"], report["pieces"], report["rejected"]) == (n_music + 2, n_music, 2)
    assert [row["id"] for row in report["rejects"]] == ["bad.mid", "empty.mid"]
    assert all(row["reason"] for row in report["rejects"])
    assert report["meters"]["7/8"] == 1
    assert report["instruments"]["Drums"] == 6
    assert report["duplicates"]["same_file"] == [["reel.mid", "same.mid"]]
    assert report["duplicates"]["same_music"] == [["reel.mid", "same.mid"]]
    assert ["waltz.mid", "waltz_higher.mid"] in report["duplicates"]["near"]
    notes = sum(len(read(music / row).notes) for row in ("single_note.mid", "waltz.mid"))
    assert report["notes"] > notes > 0
    kinds = report["tokens"]["by_kind"]
    assert sum(kinds.values()) == report["tokens"]["all"]
    assert kinds["start"] == kinds["end"] == n_music
    assert kinds["pitch"] + kinds["drum"] <= report["notes"]
    needs = report["training"]
    assert needs["tokens_per_second"] > 0
    assert needs["memory_bytes"] > 10e6


def test_scan_for_people(call, music):
    code, out, _ = call("corpus", "scan", music, "--no-timing")
    assert code == 0
    for words in ("empty.mid: the file is empty", "7/8 1", "reel.mid, same.mid", "hours"):
        assert words in out
    assert "training" not in out


def test_build_then_train_and_scan_the_cache(call, music, tmp_path):
    code, out, _ = call("corpus", "build", music, "-o", "c.cache", "--json")
    assert code == 0
    summary = json.loads(out)
    cache = open_cache(tmp_path / "c.cache")
    assert (summary["pieces"], summary["digest"]) == (len(cache), cache.digest)
    _, out, _ = call("corpus", "scan", "c.cache", "--no-timing", "--json")
    _, expected, _ = call("corpus", "scan", music, "--no-timing", "--json")
    assert out == expected
    sizes = ["--hidden-size", "8", "--layers", "1", "--embedding-size", "8", "--batch-size", "2"]
    sizes += ["--max-tokens", "500", "--evaluate-every", "400"]
    assert call("train", "c.cache", "-o", "m.safetensors", *sizes)[0] == 0
    assert call("train", music, "-o", "n.safetensors", *sizes)[0] == 0
    one, other = (load_model(tmp_path / name)[0] for name in ("m.safetensors", "n.safetensors"))
    assert np.array_equal(one.flat_params, other.flat_params)


def test_build_refuses_what_it_must(call, music):
    assert call("corpus", "build", "nowhere", "-o", "c.cache")[0] == 2
    code, _, err = call("corpus", "build", music, "-o", music)
    assert code == 6
    assert "something else" in err
    assert call("corpus", "build", music, "-o", "c.cache")[0] == 0
    code, _, err = call("corpus", "build", music, "-o", "c.cache", "--strict")
    assert code == 6
    assert "--force" in err
    assert call("corpus", "build", music, "-o", "c.cache", "--strict", "--force")[0] == 0


@pytest.mark.parametrize(
    ("executor", "words"),
    [
        ("slurm", "executor must be"),
        ("dask://", "executor must be"),
        ("dask://127.0.0.1:1", "no Dask scheduler answers"),
    ],
)
def test_executors_that_cannot_work(call, music, executor, words):
    if executor.endswith(":1"):
        pytest.importorskip("distributed", reason="needs the package distributed")
    code, _, err = call("corpus", "build", music, "-o", "c.cache", "--executor", executor)
    assert code == 2
    assert words in err
    assert "Traceback" not in err


def test_an_executor_that_is_not_installed(call, music, monkeypatch):
    for name in ("ray", "distributed"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    for executor in ("ray", "dask://127.0.0.1:8786"):
        code, _, err = call("corpus", "build", music, "-o", "c.cache", "--executor", executor)
        assert code == 2
        assert "pip install" in err


def test_the_page_on_corpora_runs(monkeypatch, tmp_path):
    text = (ROOT / "docs" / "corpus.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "midi_data").symlink_to(MIDI_DATA)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "corpus.md", "exec"), {})
    names = {name for name, _ in re.findall(r"^\| `(\w+\.\w+)`(.*)", text, flags=re.MULTILINE)}
    assert names <= {path.name for path in (tmp_path / "my.cache").iterdir()}
    assert f"{PIECE.itemsize} bytes a piece" in text


def test_the_patterns_of_one_file_are_no_copies(call, tmp_path):
    header = b"MThd\0\0\0\6\0\2\0\2\0\x60"  # format 2: two pieces
    for name, low in (("two.mid", 60), ("copy.mid", 60), ("other.mid", 40)):
        tracks = b""
        for first in (low, low + 1):
            events = b"".join(
                bytes([0, 0x90, pitch, 64, 48, 0x80, pitch, 0]) for pitch in range(first, first + 9)
            )
            chunk = events + b"\0\xff\x2f\0"
            tracks += b"MTrk" + len(chunk).to_bytes(4, "big") + chunk
        (tmp_path / name).write_bytes(header + tracks)
    code, out, _ = call("corpus", "scan", tmp_path, "--json", "--no-timing")
    report = json.loads(out)
    assert (code, report["pieces"]) == (0, 6)
    assert report["duplicates"]["same_file"] == [["copy.mid", "two.mid"]]


def test_one_piece_is_enough_for_a_scan(call):
    code, out, _ = call("corpus", "scan", MIDI_DATA / "jig.mid", "--json")
    assert code == 0
    assert json.loads(out)["training"]["tokens_per_second"] > 0
