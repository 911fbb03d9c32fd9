"""Where composed pieces go: by name, by format, to the next free name."""

import json
import os
from multiprocessing import get_context
from pathlib import Path

import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music import files
from lstm_music.cli.outputs import FORMATS, Outputs, free_paths, plan_outputs
from lstm_music.errors import ConfigError, OutputError, OutputExistsError
from lstm_music.files import atomic_write
from lstm_music.midi.export.formats import to_bytes

BASE = Path("tune-continued.mid")
JIG = MIDI_DATA / "jig.mid"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def names(paths):
    return [Path(path).name for path in paths]


def test_the_next_free_name():
    assert free_paths(BASE, 1) == [BASE]
    for name in (BASE, "tune-continued-2.mid", "tune-continued-4.mid", "tune-continued-001.mid"):
        Path(name).touch()
    assert names(free_paths(BASE, 1)) == ["tune-continued-3.mid"]
    Path("tune-continued-3.mid").symlink_to("nowhere")
    assert names(free_paths(BASE, 1)) == ["tune-continued-5.mid"]
    assert names(free_paths(BASE.with_suffix(".json"), 1)) == ["tune-continued.json"]


def test_several_go_on_from_the_last_number():
    assert names(free_paths(BASE, 2)) == ["tune-continued-001.mid", "tune-continued-002.mid"]
    for name in ("tune-continued-003.mid", "tune-continued-9.mid", "other-007.mid"):
        Path(name).touch()
    assert names(free_paths(BASE, 2)) == ["tune-continued-004.mid", "tune-continued-005.mid"]
    Path("tune-continued-999.mid").touch()
    assert names(free_paths(BASE, 1)) == ["tune-continued.mid"]
    assert names(free_paths(BASE, 2)) == ["tune-continued-1000.mid", "tune-continued-1001.mid"]


def test_a_name_that_was_asked_for_is_kept():
    assert plan_outputs(Path("a.mid"), BASE, 1).paths == (Path("a.mid"),)
    Path("a.mid").touch()
    with pytest.raises(OutputExistsError):
        plan_outputs(Path("a.mid"), BASE, 1)
    BASE.touch()
    assert plan_outputs(None, BASE, 1, force=True).paths == (BASE,)  # forced: over it
    assert names(plan_outputs(None, BASE, 1).paths) == ["tune-continued-2.mid"]


@pytest.mark.parametrize(
    ("output", "format_name", "suffix"),
    [
        (None, None, ".mid"),
        (None, "json", ".json"),
        ("-", None, ".mid"),
        ("-", "csv", ".csv"),
        ("a", None, ".mid"),
        ("a", "mxl", ".mxl"),
        ("a.XML", None, ".xml"),
        ("a.xml", "musicxml", ".musicxml"),
        ("a.midi", "mid", ".mid"),
    ],
)
def test_what_is_written(output, format_name, suffix):
    planned = plan_outputs(output and Path(output), BASE, 1, format_name=format_name)
    assert planned.suffix == suffix
    if output is None:
        assert planned.paths == (BASE.with_suffix(suffix),)


def test_formats_are_all_written():
    for name in FORMATS:
        if name != "wav":
            assert to_bytes(lm.read(JIG), f".{name}")


def test_a_wrong_ending_is_refused_before_the_work():
    with pytest.raises(OutputError, match=r"\.abc is not written"):
        plan_outputs(Path("a.abc"), BASE, 1)
    with pytest.raises(ConfigError, match="do not go together"):
        plan_outputs(Path("a.mid"), BASE, 1, format_name="json")
    with pytest.raises(ConfigError, match="2 files"):
        plan_outputs(Path("-"), BASE, 2)


def test_a_name_that_is_taken_meanwhile_is_left():
    piece = lm.read(JIG)
    one, two = plan_outputs(None, BASE, 1), plan_outputs(None, BASE, 2)
    for path in (*one.paths, *two.paths):
        path.write_bytes(b"mine")
    assert names(one.write([piece], texts=[""])) == ["tune-continued-2.mid"]
    assert names(two.write([piece, piece], texts=["", ""])) == [
        "tune-continued-003.mid",
        "tune-continued-004.mid",
    ]
    assert BASE.read_bytes() == b"mine"
    with pytest.raises(OutputExistsError):
        Outputs((BASE,), ".mid", force=False).write([piece], texts=[""])


def _take(folder, i):
    base = Path(folder, "a.mid")
    piece = lm.read(JIG).replace(title=f"piece {i}", original=None)
    outputs = Outputs((base,), ".json", force=False, base=base)
    return [str(path) for _ in range(8) for path in outputs.write([piece], texts=[""])]


def test_several_processes_at_once_lose_nothing(tmp_path):
    with get_context("spawn").Pool(3) as pool:
        taken = pool.starmap(_take, [(str(tmp_path), i) for i in range(3)])
    assert len({path for paths in taken for path in paths}) == 24
    for i, paths in enumerate(taken):
        assert {json.loads(Path(path).read_bytes())["title"] for path in paths} == {f"piece {i}"}
    assert len(list(tmp_path.iterdir())) == 24  # nothing of the work is left


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_made_at_the_last_moment_is_not_overwritten(has_links, monkeypatch, tmp_path):
    target = tmp_path / "a.bin"
    fsync = os.fsync

    def late(descriptor):
        fsync(descriptor)
        if not target.exists():
            target.write_bytes(b"theirs")

    def no_links(*_args):
        raise PermissionError(1, "Operation not permitted")

    if not has_links:
        monkeypatch.setattr(files.os, "link", no_links)
        atomic_write(tmp_path / "b.bin", b"ours", overwrite=False)
        assert (tmp_path / "b.bin").read_bytes() == b"ours"
        (tmp_path / "b.bin").unlink()
    monkeypatch.setattr(files.os, "fsync", late)
    with pytest.raises(OutputExistsError):
        atomic_write(target, b"ours", overwrite=False)
    assert target.read_bytes() == b"theirs"
    assert names(tmp_path.iterdir()) == ["a.bin"]


def test_generate_twice_makes_two_files(call, tmp_path):
    generate = ("generate", "--bars", 1, "--rng-seed", 1, "--seed", JIG)
    for name in ("jig-continued.mid", "jig-continued-2.mid"):
        code, out, _ = call(*generate)
        assert (code, out) == (0, f"{name}\n")
    assert call(*generate, "--format", "csv")[1] == "jig-continued.csv\n"
    assert call(*generate, "-o", "jig-continued.mid")[0] == 6
    assert len(list(tmp_path.iterdir())) == 3


def test_generate_writes_what_it_is_asked_for(call):
    generate = ("generate", "--bars", 1, "--rng-seed", 1, "--seed", JIG)
    assert call(*generate, "-o", "x.musicxml")[0] == 0
    assert call(*generate, "-o", "x.json")[0] == 0
    found = json.loads(Path("x.json").read_text("utf-8"))
    assert '"rng_seed":1' in found["text"]
    assert {note["added"] for note in found["notes"]} == {False, True}
    assert len(lm.read("x.musicxml").notes) == len(found["notes"])
    code, _, err = call(*generate, "-o", "x.abc")
    assert code == 2
    assert ".abc is not written" in err
