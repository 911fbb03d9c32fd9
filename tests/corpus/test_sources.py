"""Sources: what is found where, in which order, and what a folder holds out itself."""

from pathlib import Path

import pytest

from lstm_music.corpus.sources import infer_style, list_items
from lstm_music.errors import ConfigError
from lstm_music.music.piece import Piece, Track

ABC = "X:1\nM:2/4\nL:1/4\nK:C\nCD|EF|\n\nX:2\nM:2/4\nL:1/4\nK:C\nEF|GA|\n"


def no_reject(id_, reason):
    raise AssertionError((id_, reason))


@pytest.fixture
def folder(tmp_path):
    for name in ("b.mid", "a/c.XML", "a/d.mp3", "readme.txt", "groove/e.mid", "x.kar"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "book.abc").write_text(ABC)
    return tmp_path


def names(items, folder):
    return [str(Path(item.id).relative_to(folder)) for item in items]


def test_a_folder_gives_its_music_sorted_and_its_tune_books_cut_apart(folder):
    items = list_items([folder], no_reject)
    found = ["a/c.XML", "b.mid", "book.abc#1", "book.abc#2", "groove/e.mid", "x.kar"]
    assert names(items, folder) == found
    assert items[2].path is None
    assert "EF|GA" in items[3].abc


def test_a_single_file(folder):
    assert names(list_items([folder / "b.mid"], no_reject), folder) == ["b.mid"]


def test_official_split(folder):
    (folder / "info.csv").write_text(
        "drummer,midi_filename,split\n1,b.mid,validation\n1,groove/e.mid,train\n1,x.kar,test\n"
    )
    held_out = {item.id: item.held_out for item in list_items([folder], no_reject)}
    assert [side for side in held_out.values() if side] == ["valid", "test"]
    assert held_out[str(folder / "b.mid")] == "valid"


def test_an_unreadable_split_table_is_told(folder):
    (folder / "info.csv").write_bytes(b"midi_filename,split\n\xff\xfe,test\n")
    told = []
    assert len(list_items([folder], lambda *args: told.append(args))) == 6
    assert told[0][0].endswith("info.csv")


def test_built_in_sources():
    items = list_items(["music21:chorales", "music21:tunes"], no_reject)
    assert [item.style for item in items] == ["chorale"] * 350 + ["folk"] * 4248
    assert len({item.id for item in items}) == len(items)


def test_missing_source():
    with pytest.raises(ConfigError, match="no such corpus: nowhere"):
        list_items(["nowhere"], no_reject)


def test_style():
    drums, piano = Track(is_drum=True), Track()
    assert infer_style(Piece(tracks=(drums, drums))) == "drums"
    assert infer_style(Piece(tracks=(drums, piano))) == ""
    assert infer_style(Piece(tracks=(piano,), style="lead")) == "lead"
    assert infer_style(Piece()) == ""
