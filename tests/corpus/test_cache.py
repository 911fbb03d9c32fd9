"""The token cache: made once, brought up to date, damage told."""

import json
import shutil

import numpy as np
import pytest

from lstm_music.corpus.building import build as build_module
from lstm_music.corpus.building import reading
from lstm_music.corpus.building.build import build
from lstm_music.corpus.building.facts import count_bars
from lstm_music.corpus.building.options import CorpusOptions
from lstm_music.corpus.cache import open_cache, token_cache
from lstm_music.errors import ConfigError, OutputError, OutputExistsError
from lstm_music.music.meter import Meter
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track
from lstm_music.tokens.decode import decode
from lstm_music.tokens.vocabulary import DEFAULT

ABC = "X:{n}\nM:2/4\nL:1/4\nK:C\nC{melody}|GE|FD|C2|\n\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "music").mkdir()
    book = "".join(ABC.format(n=n, melody="CDEFGAB"[n]) for n in range(7))
    (tmp_path / "music" / "book.abc").write_text(book)
    (tmp_path / "music" / "bad.mid").write_bytes(b"nothing")
    return tmp_path / "music"


def same(one, other):
    return (
        all(list(getattr(one, name)) == list(getattr(other, name)) for name in ("ids", "styles"))
        and one.sides.tolist() == other.sides.tolist()
        and [t.tolist() for t in one] == [t.tolist() for t in other]
        and (one.rejected, one.digest) == (other.rejected, other.digest)
    )


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_tokens_of_a_folder(folder):
    cache = token_cache([folder])
    assert cache.ids[:] == tuple(f"book.abc#{n}" for n in range(1, 8))
    assert [id_ for id_, _ in cache.rejected] == ["bad.mid"]
    pieces = [decode(tokens) for tokens in cache]
    assert [int(piece.notes["pitch_midi"][1]) for piece in pieces] == [60, 62, 64, 65, 67, 69, 71]
    assert cache.n_tokens == sum(len(tokens) for tokens in cache)
    assert [cache.piece_tokens(i).tolist() for i in range(7)] == [t.tolist() for t in cache]


def test_nothing_is_read_again_until_something_changes(folder, tmp_path, monkeypatch):
    path = tmp_path / "cache"
    first = token_cache([folder], path)
    before = contents(path)
    read = []
    work = reading.work
    monkeypatch.setattr(reading, "work", lambda files, job: read.extend(files) or work(files, job))
    told = []
    again = token_cache([folder], path, on_reject=lambda *args: told.append(args))
    assert same(again, first)
    assert contents(path) == before
    assert told == list(first.rejected)
    assert not read
    (folder / "book.abc").write_text(ABC.format(n=1, melody="c"))
    assert len(token_cache([folder], path)) == 1
    assert [file.id for file in read] == ["book.abc"]


def test_a_file_that_is_gone_is_gone(folder, tmp_path):
    token_cache([folder], tmp_path / "cache")
    (folder / "bad.mid").unlink()
    shutil.copy(folder / "book.abc", folder / "copy.abc")
    cache = token_cache([folder], tmp_path / "cache")
    assert cache.rejected == ()
    assert same(cache, token_cache([folder]))


def test_moved_files_are_not_parsed_again(folder, tmp_path, monkeypatch):
    token_cache([folder], tmp_path / "cache")
    (folder / "book.abc").rename(folder / "renamed.abc")
    monkeypatch.setattr("lstm_music.corpus.building.tokenise.read_file", None)  # a call would fail
    cache = token_cache([folder], tmp_path / "cache")
    assert cache.ids[0] == "renamed.abc#1"
    monkeypatch.undo()
    assert same(cache, token_cache([folder]))


def test_moving_the_folder_changes_no_side_and_no_digest(folder, tmp_path):
    first = token_cache([folder])
    moved = folder.rename(tmp_path / "elsewhere")
    assert same(token_cache([moved]), first)


def test_a_cache_as_the_source(folder, tmp_path):
    made = token_cache([folder], tmp_path / "cache")
    assert same(token_cache([tmp_path / "cache"]), made)
    with pytest.raises(ConfigError, match="only source"):
        token_cache([tmp_path / "cache", folder])


def test_other_options_need_force(folder, tmp_path):
    build([folder], tmp_path / "cache")
    strict = CorpusOptions(strict=True)
    with pytest.raises(OutputExistsError, match="strict True"):
        build([folder], tmp_path / "cache", strict)
    build([folder], tmp_path / "cache", strict, force=True)
    assert json.loads((tmp_path / "cache" / "options.json").read_text())["strict"] is True


def test_a_folder_of_other_things_is_left_alone(folder, tmp_path):
    before = contents(folder)
    with pytest.raises(OutputExistsError, match="something else"):
        build([folder], folder, force=True)
    (folder / "lock").unlink()
    assert contents(folder) == before


def test_a_cache_of_another_version_is_made_anew(folder, tmp_path):
    build([folder], tmp_path / "cache")
    before = contents(tmp_path / "cache")
    options = json.loads(before["options.json"]) | {"version": 1}
    (tmp_path / "cache" / "options.json").write_text(json.dumps(options))
    with pytest.raises(ConfigError, match="another version"):
        open_cache(tmp_path / "cache")
    build([folder], tmp_path / "cache")
    assert contents(tmp_path / "cache") == before


def test_damage_is_told(folder, tmp_path):
    build([folder], tmp_path / "cache")
    with pytest.raises(ConfigError, match="no finished cache"):
        open_cache(tmp_path)
    for name in ("cache.json", "index.bin", "records.rec", "options.json"):
        path = tmp_path / "cache" / name
        data = path.read_bytes()
        for damaged in (b"", data[:-9], data[: len(data) // 2], b"[]", bytes(len(data))):
            path.write_bytes(damaged)
            with pytest.raises(ConfigError, match="cache"):
                open_cache(tmp_path / "cache")
        path.write_bytes(data)
    assert len(open_cache(tmp_path / "cache")) == 7


def test_damaged_records_are_read_anew(folder, tmp_path):
    build([folder], tmp_path / "cache")
    before = contents(tmp_path / "cache")
    path = tmp_path / "cache" / "records.rec"
    for place in range(0, len(before["records.rec"]), 97):
        data = bytearray(before["records.rec"])
        data[place] ^= 0x10
        path.write_bytes(data)
        build([folder], tmp_path / "cache")
        assert contents(tmp_path / "cache") == before


def test_two_runs_at_once(folder, tmp_path):
    held, refused = build_module._locked(tmp_path / "cache"), pytest.raises(OutputError)
    with held, refused as error:
        build([folder], tmp_path / "cache")
    assert "another run" in str(error.value)
    build([folder], tmp_path / "cache")


def test_nothing_usable(tmp_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a.mid").write_bytes(b"")
    with pytest.raises(ConfigError, match="no usable piece"):
        token_cache([tmp_path / "music"])


@pytest.mark.parametrize("setting", [{"timing": "swung"}, {"reader": "mido"}])
def test_options_that_do_not_exist(setting):
    with pytest.raises(ConfigError, match=next(iter(setting.values()))):
        CorpusOptions(**setting)


def test_count_bars_counts_pickup_and_held_notes():
    notes = np.zeros(2, NOTE_DTYPE)
    notes["onset_steps"], notes["duration_steps"] = [0, 24], [24, 97]
    piece = Piece(notes=notes, tracks=(Track(),), meters=(Meter(0, 4, 4),), pickup_steps=24)
    assert count_bars(piece) == 3
    assert count_bars(Piece()) == 0


def rewrite_vocabulary(path, **changes):
    """Make a cache say that another version made it."""
    facts = json.loads((path / "options.json").read_text())
    vocabulary = json.loads(facts["vocabulary"]) | changes
    (path / "options.json").write_text(json.dumps(facts | {"vocabulary": json.dumps(vocabulary)}))


@pytest.mark.parametrize("n_streams", [0, 31, DEFAULT.n_streams])
def test_a_cache_of_other_streams_is_still_good(folder, tmp_path, monkeypatch, n_streams):
    """Older versions wrote the streams, too; they are computed anew whenever it is used."""
    path = tmp_path / "cache"
    first = token_cache([folder], path)
    rewrite_vocabulary(path, streams=DEFAULT.streams[:n_streams])
    assert same(open_cache(path), first)
    read = []
    work = reading.work
    monkeypatch.setattr(reading, "work", lambda files, job: read.extend(files) or work(files, job))
    assert same(token_cache([folder], path), first)
    assert not read


@pytest.mark.parametrize(
    "changes", [{"ranges": []}, {"styles": ["jazz"]}, {"streams": [], "more": 1}]
)
def test_a_cache_of_other_tokens_is_not(folder, tmp_path, changes):
    path = tmp_path / "cache"
    token_cache([folder], path)
    rewrite_vocabulary(path, **changes)
    with pytest.raises(ConfigError, match="another version"):
        open_cache(path)


@pytest.mark.parametrize("vocabulary", ["", "{", "[" * 100_000, "[]", "5", None, 5])
def test_a_cache_of_no_vocabulary_is_of_another_version(vocabulary):
    facts = CorpusOptions().to_facts()
    assert CorpusOptions.from_facts(facts) == CorpusOptions()
    assert CorpusOptions.from_facts(facts | {"vocabulary": vocabulary}) is None
