"""Sources: what is found where, in which order, and what a folder holds out itself."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lstm_music.corpus.building.sources import list_files
from lstm_music.errors import ConfigError


@pytest.fixture
def folder(tmp_path):
    for name in ("b.mid", "a/c.XML", "a/d.mp3", "readme.txt", "groove/e.mid", "x.kar", "book.abc"):
        path = tmp_path / "music" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"")
    return tmp_path / "music"


def ids(*sources):
    return [file.id for file in list_files(sources)]


def test_a_folder_gives_its_music_sorted(folder):
    assert ids(folder) == ["b.mid", "book.abc", "x.kar", "a/c.XML", "groove/e.mid"]


def test_a_single_file(folder):
    assert ids(folder / "b.mid") == ["b.mid"]


def test_ids_of_two_folders_begin_with_their_names(folder, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.mid").write_bytes(b"")
    assert ids(folder / "a", tmp_path / "other") == ["a/c.XML", "other/b.mid"]


def test_moving_a_folder_changes_nothing(folder, tmp_path):
    before = list(list_files([folder]))
    moved = folder.rename(tmp_path / "elsewhere")
    after = list(list_files([moved]))
    assert [replace(file, path="") for file in after] == [replace(file, path="") for file in before]


def test_the_stamp_changes_with_the_file(folder):
    before = {file.id: file.stamp for file in list_files([folder])}
    (folder / "b.mid").write_bytes(b"longer")
    os.utime(folder / "x.kar", ns=(1, 1))
    after = {file.id: file.stamp for file in list_files([folder])}
    assert {name for name in before if after[name] != before[name]} == {"b.mid", "x.kar"}


def test_links_are_followed_and_their_loops_are_not(folder, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "y.mid").write_bytes(b"")
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "a" / "loop").symlink_to(folder)
    (folder / "z.mid").symlink_to(folder / "z.mid")
    (folder / "self").symlink_to(folder / "self")
    found = ids(folder)
    assert sorted(found) == sorted({*found})
    assert {"link/y.mid", "z.mid", "a/c.XML"} <= set(found)
    assert len(found) == 7


def test_official_split(folder):
    (folder / "info.csv").write_text(
        "drummer,midi_filename,split\n1,b.mid,validation\n1,groove/e.mid,train\n1,x.kar,test\n"
    )
    held_out = {file.id: file.held_out for file in list_files([folder])}
    assert held_out == {
        "b.mid": "valid",
        "book.abc": "",
        "x.kar": "test",
        "a/c.XML": "",
        "groove/e.mid": "",
    }


def test_an_unreadable_split_table_is_told(folder):
    (folder / "info.csv").write_bytes(b"midi_filename,split\n\xff\xfe,test\n")
    first, *others = list_files([folder])
    assert (first.id, len(others)) == ("info.csv", 5)
    assert "split not used" in first.problem


def test_built_in_sources():
    files = list(list_files(["music21:chorales", "music21:tunes"]))
    styles = [file.style for file in files]
    assert styles[:350] == ["chorale"] * 350
    assert set(styles[350:]) == {"folk"}
    assert len({file.id for file in files}) == len(files)
    assert all(Path(file.path).is_file() for file in files)


def test_missing_source():
    with pytest.raises(ConfigError, match="no such corpus: nowhere"):
        list(list_files(["nowhere"]))


def test_a_source_may_say_its_style(tmp_path):
    for name in ("hymns", "a=b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.mid").touch()
    plain, said = (list(list_files([tmp_path / f"hymns{end}"])) for end in ("", "=hymn"))
    assert ([file.style for file in plain], [file.style for file in said]) == ([""], ["hymn"])
    assert said[0].id == plain[0].id and said[0].stamp != plain[0].stamp
    assert [file.style for file in list_files([tmp_path / "a=b"])] == [""]
    assert [file.style for file in list_files([tmp_path / "a=b=band"])] == ["band"]
    assert {file.style for file in list_files(["music21:tunes=lead"])} == {"lead"}
    for spare in ("polka", "spare5", ""):
        with pytest.raises(ConfigError, match=r"hymns=.*: style must be one of chorale, folk, "):
            list(list_files([f"{tmp_path / 'hymns'}={spare}"]))
    with pytest.raises(ConfigError, match=r"no such corpus: .*nowhere=hymn"):
        list(list_files([f"{tmp_path}/nowhere=hymn"]))
