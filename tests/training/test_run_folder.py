"""D2: the folder of a run vanishes or changes; nothing is lost in silence or written elsewhere."""

import shutil
import subprocess
import sys

import pytest
from training_runs import command, train

import lstm_music as lm
from lstm_music.cli.main import run
from lstm_music.errors import OutputError, UnsavedError
from lstm_music.nn.model_file import load_model
from lstm_music.training.runs.checkpoint import read_checkpoint
from lstm_music.training.runs.run import Run


def files(folder):
    """Every file below a folder, and its bytes."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def remove_run(folder):
    shutil.rmtree(folder / "m.run")


def file_for_run(folder):
    remove_run(folder)
    (folder / "m.run").write_bytes(b"mine")


def other_run(folder):
    """Somebody begins another run there."""
    remove_run(folder)
    (folder / "m.run").mkdir()
    (folder / "m.run" / "lock").touch()


def remove_lock(folder):
    (folder / "m.run" / "lock").unlink()


def remove_all(folder):
    shutil.rmtree(folder)


def move_away(folder):
    folder.rename(folder.parent / "moved")


def replace_all(folder):
    move_away(folder)
    folder.mkdir()


def folder_for_model(folder):
    (folder / "m.safetensors").unlink()
    (folder / "m.safetensors").mkdir()


FAULTS = {
    remove_run: {"m.known", "m.safetensors"},
    file_for_run: {"m.run", "m.known", "m.safetensors"},
    other_run: {"m.run/lock", "m.known", "m.safetensors"},
    remove_lock: None,
    remove_all: set(),
    move_away: set(),
    replace_all: {"m.known", "m.safetensors"},
    folder_for_model: None,
}
"""What happens in mid-run, and which files are there in the end; None: those of before."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_in_mid_run(whole, tmp_path, fault):
    """Training goes on; what can be written is; the end says what could not."""
    folder = tmp_path / "out"
    folder.mkdir()
    notes, before = [], []

    def strike(progress):
        if progress.validated and not before:
            before.append(files(folder))
            fault(folder)
            before.append(files(tmp_path))

    with pytest.raises(UnsavedError, match="the end of the run is not on disk") as caught:
        train(folder, whole.cache, on_progress=strike, on_note=notes.append, checkpoint_seconds=0.0)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    complaints = [note for note in notes if "training goes on" in note]
    assert complaints
    assert len(complaints) == len(set(complaints))
    after = files(tmp_path)
    left = {name.removeprefix("out/") for name in after if name.startswith("out/")}
    if FAULTS[fault] is not None:
        assert left == FAULTS[fault]
    if "m.safetensors" in left:
        assert after["out/m.safetensors"] == whole.model
    for name, content in before[1].items():  # nobody else's file was touched
        if not name.startswith("out/") or fault in {file_for_run, other_run}:
            assert name == "out/m.safetensors" or after[name] == content


def test_the_model_removed_when_no_better_one_comes(whole, tmp_path):
    """Never success with nothing on disk."""
    train(tmp_path, whole.cache)
    (tmp_path / "m.safetensors").unlink()
    with pytest.raises(UnsavedError, match=r"was removed.*force=True"):
        train(tmp_path, whole.cache)
    assert read_checkpoint(tmp_path / "m.run", pytest.fail) is not None


def test_at_the_command_line(whole, tmp_path):
    slow = command(tmp_path, whole.cache, "--json")
    with subprocess.Popen(slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as job:
        job.stdout.readline()
        (tmp_path / "m.run").rename(tmp_path / "moved")
        _, err = job.communicate(timeout=120)
    assert job.returncode == 74
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith("lstm-music: the end of the run is not on disk: ")
    assert str(tmp_path / "m.run") in last
    load_model(tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    ("name", "is_folder", "words"),
    [
        ("m.run", False, "m.run: cannot write it"),
        ("m.run/lock", True, "lock: cannot write it"),
        ("m.run/metrics.jsonl", True, "metrics.jsonl: cannot write it"),
        ("m.run/last.safetensors", True, "last.safetensors: .*directory"),
        ("m.safetensors", True, "m.safetensors: is a folder"),
    ],
)
@pytest.mark.parametrize("resume", [True, False])
def test_something_else_in_its_place_at_the_start(whole, tmp_path, name, is_folder, words, resume):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if is_folder else path.write_bytes(b"mine")
    with pytest.raises((OutputError, lm.ModelFileError), match=words):
        train(tmp_path, whole.cache, resume=resume, force=True)
    assert path.is_dir() == is_folder


def test_a_name_that_the_folder_of_the_run_needs(whole, tmp_path):
    with pytest.raises(OutputError, match="choose another ending"):
        lm.train(tmp_path, tmp_path / "my.run")
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_drawn_loses_no_model(whole, tmp_path):
    (tmp_path / "m.run" / "losses.png").mkdir(parents=True)
    notes = []
    train(tmp_path, whole.cache, on_note=notes.append)
    assert "losses.png: cannot write it" in notes[-1]
    assert (tmp_path / "m.safetensors").read_bytes() == whole.model


def test_metrics_of_updates_that_were_lost_and_no_other(whole, tmp_path):
    """Killed between a line of metrics and its checkpoint, then stopped before the next line."""
    (tmp_path / "m.run").mkdir()
    (tmp_path / "m.run" / "metrics.jsonl").write_text(whole.metrics)
    train(tmp_path, whole.cache, time_limit=0.0)
    assert (tmp_path / "m.run" / "metrics.jsonl").read_text() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="os.symlink needs rights there")
def test_a_link_to_the_folder_is_followed(whole, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    train(tmp_path / "link", whole.cache)
    assert (tmp_path / "disk" / "m.safetensors").read_bytes() == whole.model


def test_what_is_done_on_the_way_may_fail(whole, tmp_path, capsys):
    """Samples that cannot be written do not end a run."""
    (tmp_path / "m.run").mkdir()
    (tmp_path / "m.run" / "samples").write_bytes(b"mine")
    arguments = command(tmp_path, whole.cache, "--sample-minutes=0")[3:]
    assert run(arguments) == 0
    assert "samples'; training goes on" in capsys.readouterr().err
    assert (tmp_path / "m.safetensors").read_bytes() == whole.model


def test_a_run_that_was_refused_leaves_no_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(lm.ConfigError):
        lm.train(tmp_path / "empty", tmp_path / "m.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_run_that_failed_later_keeps_its_folder(tmp_path, whole, monkeypatch):
    def fail(*_):
        raise lm.ConfigError("later")

    monkeypatch.setattr(Run, "__iter__", fail)
    (tmp_path / "m.run").mkdir()
    (tmp_path / "m.run" / "metrics.jsonl").write_text("{}")
    with pytest.raises(lm.ConfigError, match="later"):
        train(tmp_path, whole.cache)
    assert (tmp_path / "m.run" / "lock").exists()
