"""Calls and answers as files in a folder."""

import json
import os
import time

import pytest
from serve_process import START_SECONDS, running


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exchange")
    old = folder / "left.call"
    old.write_text('{"id": 1, "method": "schema"}\n')
    os.utime(old, (0, 0))
    with running("--exchange", folder, "--workers", 1) as server:
        assert server.addresses == {"exchange": [str(folder)]}
        yield folder


def answers(folder, name):
    """All lines of an answer, the last of which is no news."""
    path, late = folder / f"{name}.answer", time.monotonic() + START_SECONDS
    while time.monotonic() < late:
        text = path.read_text() if path.exists() else ""
        lines = [json.loads(line) for line in text.splitlines()] if text.endswith("\n") else []
        if lines and "event" not in lines[-1]:
            return lines
        time.sleep(0.02)
    raise AssertionError(f"no answer in {path}")


def test_news_and_the_answer_grow_line_by_line(folder):
    params = {"request": {"bars": 2, "n": 2, "rng_seed": 1}, "events": True}
    call = {"id": "a", "method": "complete", "params": params}
    (folder / "one.call").write_text(json.dumps(call) + "\n")
    *news, last = answers(folder, "one")
    assert [one["data"]["index"] for one in news if one["event"] == "take"] == [0, 1]
    assert last["result"]["n"] == 2
    assert not (folder / "one.call").exists()


def test_half_a_call_waits_for_its_other_half(folder):
    path = folder / "two.call"
    path.write_text('{"id": 2, "method": ')
    time.sleep(0.3)
    assert path.exists()
    with path.open("a") as file:
        file.write('"hello"}\n')
    (last,) = answers(folder, "two")
    assert last["result"]["name"] == "lstm_music"
    assert last["result"]["trusted"] is False


def test_a_name_used_again_gets_its_own_answer(folder):
    for method in ("hello", "nothing"):
        (folder / "same.call").write_text(json.dumps({"id": method, "method": method}) + "\n")
        late = time.monotonic() + START_SECONDS
        while answers(folder, "same")[-1]["id"] != method:
            assert time.monotonic() < late
    assert answers(folder, "same")[-1]["error"]["code"] == "unknown_method"


def test_what_is_no_json_or_too_long_is_answered(folder):
    (folder / "bad.call").write_text("?\n")
    assert answers(folder, "bad")[0]["error"]["code"] == "bad_json"
    (folder / "long.call").write_bytes(b"x" * 9_000_000)
    assert answers(folder, "long")[0]["error"]["code"] == "too_large"


def test_what_was_left_long_ago_is_removed_unanswered(folder):
    assert not (folder / "left.call").exists()
    assert not (folder / "left.answer").exists()
