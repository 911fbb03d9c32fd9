"""The one place that writes files: all or nothing, and one clear line when it cannot."""

import os
import stat

import pytest

from lstm_music.errors import OutputError, OutputExistsError
from lstm_music.files import atomic_write


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "a.bin"
    atomic_write(path, b"one")
    atomic_write(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert names(tmp_path) == ["a.bin"]


def test_a_new_file_has_the_usual_permissions_and_an_old_one_keeps_its_own(tmp_path):
    usual, kept = tmp_path / "usual", tmp_path / "kept"
    usual.touch()
    kept.touch(mode=0o600)
    atomic_write(kept, b"x")
    atomic_write(tmp_path / "new", b"x")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode


def test_does_not_overwrite_when_told_not_to(tmp_path):
    path = tmp_path / "a.bin"
    atomic_write(path, b"one", overwrite=False)
    with pytest.raises(OutputExistsError, match=r"a\.bin: exists"):
        atomic_write(path, b"two", overwrite=False)
    assert path.read_bytes() == b"one"


def test_follows_a_link(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"one")
    link.symlink_to(target)
    atomic_write(link, b"two")
    assert link.is_symlink()
    assert target.read_bytes() == b"two"


def test_a_name_as_long_as_names_may_be(tmp_path):
    path = tmp_path / ("n" * 255)
    atomic_write(path, b"x")
    assert path.read_bytes() == b"x"


@pytest.mark.parametrize("step", ["fsync", "open", "write"])
def test_a_failure_leaves_the_old_file_and_nothing_else(step, tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    data = b"new"
    if step == "write":
        data = "not bytes"
    else:

        def fails(*_args):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, step, fails)
    with pytest.raises((OutputError, TypeError)):
        atomic_write(path, data)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_the_file_is_on_the_disk_before_its_name_and_the_name_before_the_end(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace

    def spied_fsync(descriptor):
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def spied_replace(*args):
        calls.append("name")
        replace(*args)

    monkeypatch.setattr(os, "fsync", spied_fsync)
    monkeypatch.setattr(os, "replace", spied_replace)
    atomic_write(tmp_path / "a.bin", b"x")
    assert calls == ["file", "name", "folder"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing/a.bin", "No such file"),
        ("folder", "is a folder"),
        ("device", "not a regular file"),
        ("plain/a.bin", "Not a directory"),
        ("a\0b", "not a file name"),
        ("n" * 256, "File name too long"),
    ],
)
def test_where_it_cannot_write_it_says_so(name, words, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").touch()
    (tmp_path / "device").symlink_to("/dev/null")
    with pytest.raises(OutputError, match=words) as caught:
        atomic_write(f"{tmp_path}/{name}", b"x")
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["device", "folder", "plain"]


def test_an_unwritable_folder(tmp_path):
    if os.geteuid() == 0:
        folder = "/proc/self"  # the one folder in which even root may not create a file
    else:
        tmp_path.chmod(0o500)
        folder = str(tmp_path)
    with pytest.raises(OutputError, match="cannot write"):
        atomic_write(f"{folder}/out.mid", b"x")
