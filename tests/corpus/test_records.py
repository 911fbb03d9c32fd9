"""Records: whole or not there, never half."""

import numpy as np
import pytest

from lstm_music.corpus.building.records import (
    Appender,
    facts_of,
    frame_at,
    frames,
    pack,
    with_facts,
)
from lstm_music.corpus.copies.duplicates import SKETCH_SIZE


def record(number, lengths=(3, 0, 5)):
    rng = np.random.default_rng(number)
    facts = {"id": f"{number}\udcff.mid", "pieces": [{"n_tokens": n} for n in lengths]}
    sketches = [rng.integers(0, 1 << 16, SKETCH_SIZE, dtype=np.uint16) for _ in lengths]
    tokens = [rng.integers(0, 800, n).astype(np.int32) for n in lengths]
    return pack(facts, sketches, tokens), facts, sketches, tokens


def test_round_trip_through_a_mapped_file(tmp_path):
    path = tmp_path / "a.rec"
    made = [record(i, lengths) for i, lengths in enumerate([(3, 0, 5), (), (1,)])]
    with Appender(path) as file:
        for data, *_ in made:
            file.append(data)
    mapped = np.memmap(path, "<i2", "r")
    for frame, (data, facts, sketches, tokens) in zip(frames(path), made, strict=True):
        assert frame.facts == facts == facts_of(data)
        assert frame.size == len(data)
        assert frame.size % 8 == 0
        for start, expected in zip(frame.token_starts(), tokens, strict=True):
            assert mapped[start : start + len(expected)].tolist() == expected.tolist()
        kept = np.fromfile(path, "<u2", len(sketches) * SKETCH_SIZE, offset=frame.sketches_at)
        assert kept.tolist() == [int(x) for sketch in sketches for x in sketch]
        with path.open("rb") as file:
            assert frame_at(file, frame.offset) == frame


def test_every_truncation_and_every_flip_is_seen(tmp_path):
    first, second = record(1)[0], record(2, (2,))[0]
    path = tmp_path / "a.rec"
    for end in range(0, len(first) + len(second), 5):
        path.write_bytes((first + second)[:end])
        assert len(list(frames(path))) == (end >= len(first)) + (end >= len(first + second))
    for place in range(0, len(second), 3):
        damaged = bytearray(second)
        damaged[place] ^= 1
        path.write_bytes(first + bytes(damaged))
        assert len(list(frames(path))) == 1


def test_facts_change_and_music_stays():
    data, facts, *arrays = record(3)
    assert with_facts(data, held_out="test") == pack(facts | {"held_out": "test"}, *arrays)


def test_no_record_where_one_is_wanted(tmp_path):
    (tmp_path / "a.rec").write_bytes(record(1)[0])
    with (tmp_path / "a.rec").open("rb") as file, pytest.raises(ValueError, match="byte 8"):
        frame_at(file, 8)
