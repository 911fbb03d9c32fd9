"""Checkpoints under kills at every system call, full disks, lost pages and hostile files."""

import errno
import itertools
import os
import signal

import numpy as np
import pytest

import lstm_music as lm
from lstm_music import files
from lstm_music.errors import OutputError
from lstm_music.nn.sealed import seal
from lstm_music.training.runs.checkpoint import LAST, PREVIOUS, read_checkpoint, write_checkpoint

SYSTEM_CALLS = ("open", "fsync", "replace", "rename", "unlink", "stat", "chmod")


def arrays(value):
    return {"params": np.full(700, value, np.float32), "m": np.full(5, value, np.float64)}


def save(folder, value):
    write_checkpoint(folder, arrays(value), {"step": value})


def loaded(folder):
    """The step of the state that a resume finds, its arrays checked."""
    content = read_checkpoint(folder, lambda _: None)
    step = content.facts["step"]
    assert (content.tensor("params", (700,)) == step).all()
    assert (content.tensor("m", (5,)) == step).all()
    return step


def count_down(monkeypatch, fault, n):
    """Run ``fault`` instead of, or before, the n-th system call from now on."""
    left = [n]

    def counted(function):
        def call(*args, **kwargs):
            left[0] -= 1
            if left[0] == 0:
                fault()
            return function(*args, **kwargs)

        return call

    for name in SYSTEM_CALLS:
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    real = os.fdopen

    def fdopen(*args, **kwargs):
        file = real(*args, **kwargs)
        return _Proxy(file, counted(file.write))

    monkeypatch.setattr(files.os, "fdopen", fdopen)
    return left


class _Proxy:
    """A file whose write is counted."""

    def __init__(self, file, write):
        self._file, self.write = file, write

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._file.close()

    def flush(self):
        self._file.flush()

    def fileno(self):
        return self._file.fileno()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_every_system_call_of_a_save(tmp_path, monkeypatch):
    """K2: what is found is the old state or the new one, and nothing stays behind for ever."""
    found = []
    for n in range(1, 100):
        folder = tmp_path / str(n)
        folder.mkdir()
        save(folder, 1)
        save(folder, 2)
        child = os.fork()
        if child == 0:
            with monkeypatch.context() as patch:
                count_down(patch, lambda: os._exit(9), n)
                save(folder, 3)
                os._exit(0)
        _, status = os.waitpid(child, 0)
        found.append(loaded(folder))
        save(folder, 4)
        assert loaded(folder) == 4
        assert sorted(p.name for p in folder.iterdir()) == sorted([LAST, PREVIOUS])
        if os.waitstatus_to_exitcode(status) == 0:
            break
    assert n > 5
    assert set(found) == {2, 3}
    assert found == sorted(found)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EXDEV])
def test_a_disk_that_refuses_at_any_point(tmp_path, monkeypatch, code):
    """D1, D2: one error of ours, the old state stays, no temporary file is left."""

    def refuse():
        raise OSError(code, os.strerror(code))

    refused = 0
    for n in range(1, 100):
        folder = tmp_path / f"{n}"
        folder.mkdir()
        save(folder, 1)
        save(folder, 2)
        with monkeypatch.context() as patch:
            left = count_down(patch, refuse, n)
            try:
                save(folder, 3)
            except OutputError as error:
                refused += 1
                assert os.strerror(code) in str(error)
        assert loaded(folder) in {2, 3}
        assert not list(folder.glob("*.tmp"))
        assert not list(folder.glob(".*.tmp"))
        if left[0] > 0:
            break
    assert refused > 3


def damaged_copies(blob):
    """Every flip of every byte in three masks, every truncation, every page zeroed."""
    for mask in (0x01, 0x80, 0xFF):
        for i in range(len(blob)):
            yield blob[:i] + bytes([blob[i] ^ mask]) + blob[i + 1 :]
    for i in range(len(blob)):
        yield blob[:i]
    for start in range(0, len(blob), 1024):
        hole = blob[:start] + bytes(min(1024, len(blob) - start)) + blob[start + 1024 :]
        if hole != blob:
            yield hole


def test_every_damage_is_noticed_and_the_state_before_serves(tmp_path):
    """C1, K3."""
    write_checkpoint(tmp_path, {"x": np.ones(64, np.float32)}, {"step": 1})
    write_checkpoint(tmp_path, {"x": np.ones(300, np.float32)}, {"step": 2})
    blob = (tmp_path / LAST).read_bytes()
    previous = (tmp_path / PREVIOUS).read_bytes()
    cases = 0
    for copy in damaged_copies(blob):
        (tmp_path / LAST).write_bytes(copy)
        notes = []
        assert read_checkpoint(tmp_path, notes.append).facts["step"] == 1
        assert len(notes) == 1
        assert str(tmp_path / LAST) in notes[0]
        cases += 1
    assert cases > 4 * len(blob)
    (tmp_path / PREVIOUS).write_bytes(previous[:-1])
    with pytest.raises(lm.ModelFileError, match="no whole checkpoint"):
        read_checkpoint(tmp_path, lambda _: None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_reader_always_finds_a_whole_state(tmp_path):
    """W2: 10,000 reads while another process saves as fast as it can."""
    save(tmp_path, 0)
    child = os.fork()
    if child == 0:
        for step in itertools.count(1):
            save(tmp_path, step)
    try:
        steps = [loaded(tmp_path) for _ in range(10_000)]
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert steps == sorted(steps)
    assert len(set(steps)) > 10


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"checkpoint_version": 99},
        {"checkpoint_version": "1"},
    ],
)
def test_sealed_files_of_another_kind_are_refused(tmp_path, facts):
    (tmp_path / LAST).write_bytes(seal({"x": np.ones(3, np.float32)}, facts))
    with pytest.raises(lm.ModelFileError, match="this lstm_music reads 1"):
        read_checkpoint(tmp_path, lambda _: None)
