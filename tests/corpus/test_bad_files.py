"""Nothing that a folder may hold stops a build: each bad file is left out with its reason."""

import json
import os
import socket
import stat
import sys
import zipfile
from pathlib import Path

import pytest
from paths import MIDI_DATA

from lstm_music.cli.main import run
from lstm_music.corpus.building import tokenise
from lstm_music.corpus.building.sources import SourceFile
from lstm_music.corpus.building.tokenise import content_digest
from lstm_music.corpus.cache import open_cache, token_cache
from lstm_music.errors import MidiError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files and names")

WALTZ = (MIDI_DATA / "waltz.mid").read_bytes()


def rejected(folder, **options):
    return dict(token_cache([folder], **options).rejected)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "good.mid").write_bytes(WALTZ)
    return tmp_path / "music"


def test_what_is_no_regular_file(folder):
    os.mkfifo(folder / "pipe.mid")
    (folder / "device.mid").symlink_to("/dev/zero")
    (folder / "gone.mid").symlink_to(folder / "nowhere")
    (folder / "loop.mid").symlink_to(folder / "loop.mid")
    (folder / "folder.mid").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(folder)  # a socket's path may be no longer than about 100 bytes
        try:
            server.bind("socket.mid")
        finally:
            os.chdir(here)
        reasons = rejected(folder)
    assert set(reasons) == {"pipe.mid", "device.mid", "gone.mid", "loop.mid", "socket.mid"}
    assert "not a regular file" in reasons["pipe.mid"]
    assert "not a regular file" in reasons["device.mid"]
    assert "cannot be read" in reasons["gone.mid"]


def test_bombs_and_rubbish(folder):
    with zipfile.ZipFile(folder / "bomb.mxl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", bytes(300 << 20))
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 20}">' for i in range(1, 12))
    (folder / "laughs.xml").write_text(
        f'<!DOCTYPE a [<!ENTITY a0 "ha">{entities}]><score-partwise>&a11;</score-partwise>'
    )
    (folder / "deep.xml").write_text("<a>" * 200_000)
    (folder / "noise.krn").write_bytes(os.urandom(10_000))
    (folder / "lie.mid").write_bytes(b"MThd\0\0\0\6\0\1\xff\xff\0\x60MTrk\xff\xff\xff\xff\0\x90")
    (folder / "photo.mid").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    (folder / "empty.mid").write_bytes(b"")
    with (folder / "sparse.mid").open("wb") as file:
        file.truncate(1 << 40)
    reasons = rejected(folder)
    assert len(reasons) == 8
    assert all(reasons.values())
    assert "bytes long" in reasons["sparse.mid"]


def test_rejects_tell_the_byte(folder, capsys):
    (folder / "short.mid").write_bytes(WALTZ[:10])
    assert run(["corpus", "scan", str(folder), "--no-timing", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rejects"]
    assert row["id"] == "short.mid"
    assert isinstance(row["offset"], int)


ODD_NAMES = (
    "名前.mid",
    "😀.mid",
    "line\nbreak.mid",
    "-x.mid",
    "trailing space .mid",
    "e\u0301.mid",
    "\u202ertl.mid",
    os.fsdecode(b"\xff\xfe-bytes.mid"),
    "n" * 251 + ".mid",
    "a,b;c'd\"e.mid",
)


def test_odd_names_everywhere(folder, tmp_path, capsys):
    for name in ODD_NAMES:
        (folder / name).write_bytes(WALTZ)
        (folder / f"bad {name}"[-200:]).write_bytes(b"bad")
    assert run(["corpus", "build", str(folder), "-o", str(tmp_path / "c.cache")]) == 0
    cache = open_cache(tmp_path / "c.cache")
    assert set(cache.ids) == {"good.mid", *ODD_NAMES}
    assert len(cache.rejected) == len(ODD_NAMES)
    for options in ([], ["--json"]):
        assert run(["corpus", "scan", str(tmp_path / "c.cache"), "--no-timing", *options]) == 0
        out = capsys.readouterr().out
    assert json.loads(out)["duplicates"]["same_file"] == [sorted({"good.mid", *ODD_NAMES})]


def test_a_folder_named_in_bytes_and_deep_ones(folder):
    deep = folder / os.fsdecode(b"\xe9t\xe9")
    for _ in range(12):
        deep /= "d" * 30
    deep.mkdir(parents=True)
    (deep / "x.mid").write_bytes(WALTZ)
    cache = token_cache([folder])
    assert sorted(cache.ids)[-1].endswith("/x.mid")


def test_a_file_that_vanishes_or_is_locked_is_told_and_tried_again(folder, tmp_path, monkeypatch):
    (folder / "other.mid").write_bytes(WALTZ[:-4] + b"\0\xff\x2f\0")
    whole = tokenise.os.open

    def refuse(path, *args):
        if str(path).endswith("other.mid"):
            raise PermissionError(13, "Permission denied")
        return whole(path, *args)

    monkeypatch.setattr(tokenise.os, "open", refuse)
    assert rejected(folder, path=tmp_path / "cache") == {
        "other.mid": "cannot be read (Permission denied)"
    }
    monkeypatch.undo()
    assert rejected(folder, path=tmp_path / "cache") == {}
    with pytest.raises(MidiError, match="No such file"):
        content_digest(SourceFile("x.mid", str(folder / "x.mid")))


def test_a_folder_that_cannot_be_searched(folder, monkeypatch):
    (folder / "inner").mkdir()
    whole = os.scandir

    def refuse(path):
        if str(path).endswith("inner/") or str(path).endswith("inner"):
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr("lstm_music.corpus.building.sources.os.scandir", refuse)
    assert "Permission denied" in rejected(folder)["inner/"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_no_permission(folder):
    (folder / "secret.mid").write_bytes(WALTZ)
    (folder / "secret.mid").chmod(0)
    (folder / "closed").mkdir(mode=stat.S_IWUSR)
    assert set(rejected(folder)) == {"secret.mid", "closed/"}
