"""The token cache: whole again from its file, made anew when anything has changed."""

from dataclasses import replace

import numpy as np
import pytest
from corpus_data import cache_of, random_piece

from lstm_music.corpus import cache as cache_module
from lstm_music.corpus.cache import count_bars, read_cache, token_cache, write_cache
from lstm_music.errors import ConfigError
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.tokens.decode import decode

ABC = "X:{n}\nM:2/4\nL:1/4\nK:C\nC{melody}|GE|FD|C2|\n\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "music").mkdir()
    book = "".join(ABC.format(n=n, melody="CDEFGAB"[n]) for n in range(7))
    (tmp_path / "music" / "book.abc").write_text(book)
    (tmp_path / "music" / "bad.mid").write_bytes(b"nothing")
    return tmp_path / "music"


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in one.__dataclass_fields__
    )


def test_tokens_of_a_folder(folder):
    cache = token_cache([folder])
    assert cache.ids == tuple(f"{folder}/book.abc#{n}" for n in range(1, 8))
    assert [id_ for id_, _ in cache.rejected] == [f"{folder}/bad.mid"]
    pieces = [decode(tokens) for tokens in cache]
    assert [int(piece.notes["pitch_midi"][1]) for piece in pieces] == [60, 62, 64, 65, 67, 69, 71]
    assert [cache.piece_tokens(i).tolist() for i in range(7)] == [t.tolist() for t in cache]


def test_the_file_is_reused_until_something_changes(folder, tmp_path, monkeypatch):
    path = tmp_path / "cache.safetensors"
    first = token_cache([folder], path)
    monkeypatch.setattr(cache_module, "load_items", None)  # a call would fail
    told = []
    again = token_cache([folder], path, on_reject=lambda *args: told.append(args))
    assert same(again, first)
    assert told == list(first.rejected)
    (folder / "book.abc").write_text(ABC.format(n=1, melody="c"))
    with pytest.raises(TypeError):
        token_cache([folder], path)
    monkeypatch.undo()
    assert len(token_cache([folder], path)) == 1


def test_round_trip_and_damage(tmp_path):
    rng = np.random.default_rng(2)
    cache = cache_of(
        [random_piece(rng) for _ in range(5)], ["train", "test", "valid"] + ["train"] * 2
    )
    path = tmp_path / "cache.safetensors"
    write_cache(path, cache)
    assert same(read_cache(path), cache)
    assert cache.indices("train").tolist() == [0, 3, 4]
    assert cache.n_targets("train") == sum(len(cache.piece_tokens(i)) - 1 for i in (0, 3, 4))
    data = path.read_bytes()
    for damaged in (b"", data[:-9], data[:50], b"{}" * 40):
        path.write_bytes(damaged)
        assert read_cache(path) is None
    assert read_cache(tmp_path / "none") is None


def test_a_cache_that_does_not_add_up_is_not_used(tmp_path):
    cache = cache_of([random_piece(np.random.default_rng(2))])
    for wrong in ({"lengths": cache.lengths + 1}, {"ids": ()}, {"sides": np.zeros(2, np.uint8)}):
        write_cache(tmp_path / "cache", replace(cache, **wrong))
        assert read_cache(tmp_path / "cache") is None


def test_nothing_usable(tmp_path):
    (tmp_path / "a.mid").write_bytes(b"")
    with pytest.raises(ConfigError, match="no usable piece"):
        token_cache([tmp_path])


def test_count_bars_counts_pickup_and_held_notes():
    notes = make_notes([(0, 24, 60, 80, 0), (24, 97, 60, 80, 0)])
    piece = Piece(notes=notes, tracks=(Track(),), meters=(Meter(0, 4, 4),), pickup_steps=24)
    assert count_bars(piece) == 3
    assert count_bars(Piece()) == 0
