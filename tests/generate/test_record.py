"""The record inside a result."""

import json

import pytest

from lstm_music.errors import ConfigError
from lstm_music.generate.asking.record import Record, controls_to_keep, file_hash, find_record
from lstm_music.generate.asking.request import Request

RECORD = Record("vary", {"keep": "rhythm", "n": 2}, 5, 1, "default", "ab", "x y.mid", "cd")


def test_it_is_found_again_in_any_file():
    data = b"MThd\x00\xff" + RECORD.to_text().encode() + b"\xff\x2f\x00"
    assert find_record(data) == RECORD
    assert find_record(json.dumps({"text": RECORD.to_text(), "b": [1]}).encode()) == RECORD
    assert find_record(b"MThd") is None
    assert find_record(b"{ not json") is None


def test_the_newest_of_several_counts_and_what_is_cut_off_does_not():
    later = Record("infill", {}, 6, 0, "m", "h")
    text = RECORD.to_text() + "\0" + later.to_text() + "\0" + RECORD.to_text()[:-9]
    assert find_record(text.encode()) == later


def test_it_asks_for_the_same():
    seed = object()
    request = RECORD.request(seed)
    assert (request.task, request.seed, request.rng_seed) == ("vary", seed, 5)
    assert (request.keep, request.n) == ("rhythm", 2)


def test_a_control_of_a_later_version_is_named():
    record = Record("generate", {"loudness": 3}, 1, 0, "m", "h")
    with pytest.raises(ConfigError, match="'loudness', which this version cannot do"):
        record.request(None)


def test_what_decides_the_music_is_kept():
    asked = {"bars": "5-8", "threads": 3, "rng_seed": 4, "grid": None, "rests": False, "n": 1}
    assert controls_to_keep(asked) == {"bars": "5-8", "rests": False}
    assert Request("infill", b"", **controls_to_keep(asked)).rests is False


def test_a_hash_is_the_beginning_of_the_sha256():
    assert file_hash(b"") == "e3b0c44298fc1c14"


def test_a_precision_is_kept_and_none_means_bfloat16():
    brief = Record("generate", {}, 1, 0, "m", "h", precision="int8")
    assert find_record(brief.to_text().encode()) == brief
    assert "precision" not in RECORD.to_text()  # as files made before there was another one
    found = find_record(RECORD.to_text().encode())
    assert found is not None
    assert found.precision == "bfloat16"
