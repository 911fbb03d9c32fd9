"""The protocol without a process: calls, answers, lines, limits on both."""

import asyncio
import json
import re

import pytest
from paths import ROOT

from lstm_music.errors import ConfigError, MidiError, ModelFileError
from lstm_music.serve.limits import Limits
from lstm_music.serve.lines import Outbox, Splitter
from lstm_music.serve.protocol import (
    CODES,
    ServeError,
    envelope,
    error_payload,
    parse_call,
    to_json,
)
from lstm_music.serve.service import METHODS, Bucket

BAD_JSON = [
    b"",
    b"junk",
    b"{",
    b"[1]",
    b"null",
    b'"text"',
    b"1",
    b"\xff\xfe",
    b'{"id": NaN, "method": "hello"}',
    b'{"id": 1, "method": "hello", "params": {"x": Infinity}}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"id": ' + b"9" * 5000 + b"}",
]
BAD_CALLS = {
    b"{}": None,
    b'{"id": 5}': 5,
    b'{"id": "five", "method": 3}': "five",
    b'{"id": 5, "method": "hello", "params": []}': 5,
    b'{"id": 5, "method": "hello", "params": null}': 5,
    b'{"id": 5, "method": "hello", "jsonrpc": "2.0"}': 5,
    b'{"id": 1.5, "method": "hello"}': None,
    b'{"id": true, "method": "hello"}': None,
    b'{"id": [], "method": "hello"}': None,
    b'{"id": 9007199254740992, "method": "hello"}': None,
    b'{"id": "' + b"x" * 257 + b'", "method": "hello"}': None,
}


@pytest.mark.parametrize("line", BAD_JSON, ids=lambda line: repr(line[:20]))
def test_what_is_no_json(line):
    with pytest.raises(ServeError) as caught:
        parse_call(line, 1 << 20)
    assert caught.value.code == "bad_json"


@pytest.mark.parametrize("line", BAD_CALLS, ids=lambda line: repr(line[:40]))
def test_what_is_no_call_is_told_by_its_id(line):
    with pytest.raises(ServeError) as caught:
        parse_call(line, 1 << 20)
    assert (caught.value.code, caught.value.id) == ("bad_call", BAD_CALLS[line])


def test_a_call():
    call = parse_call(b'{"id": "a", "method": "read", "params": {"x": [1, null]}}', 100)
    assert (call.id, call.method, call.params) == ("a", "read", {"x": [1, None]})
    with pytest.raises(ServeError, match="up to 10 bytes"):
        parse_call(b'{"method": "hello"}', 10)


@pytest.mark.parametrize("call_id", [None, 0, -7, "", "x", 'a",\n"result":{', "ü\ud800"])
def test_answers_are_one_line_of_ascii_with_the_id(call_id):
    for kind in ("result", "error", "take", "progress"):
        line = envelope(call_id, kind, to_json({"x": 'a"\n\u2028'}))
        assert b"\n" not in line
        assert line.isascii()
        answer = json.loads(line)
        assert answer["id"] == call_id
        assert set(answer) == ({"id", kind} if kind in ("result", "error") else set(answer))
    assert answer == {"id": call_id, "event": "progress", "data": {"x": 'a"\n\u2028'}}


def test_errors_have_codes_that_the_page_names():
    errors = {
        "bad_params": ConfigError("x"),
        "bad_music": MidiError("x"),
        "bad_model": ModelFileError("x"),
        "out_of_memory": MemoryError(),
        "internal": KeyError("x"),
        "busy": ServeError("busy", "x"),
    }
    for code, error in errors.items():
        told = json.loads(error_payload(error))
        assert told["code"] == code
        assert code in CODES
        assert told["message"]


def test_lines_are_cut_wherever_they_are_torn():
    text = b"one\n\ntwo\r\n" + b"x" * 20 + b"\nlast"
    for size in range(1, len(text) + 1):
        splitter, found = Splitter(10), []
        for i in range(0, len(text), size):
            found += splitter.feed(text[i : i + size])
        assert splitter.holds_some
        assert [*found, *splitter.feed(b"\n")] == [b"one", b"", b"two\r", None, b"last"]
        assert not splitter.holds_some


def test_a_line_that_is_too_long_is_not_kept():
    splitter = Splitter(1000)
    for _ in range(1000):
        assert splitter.feed(b"x" * 1000) == []
        assert len(splitter._parts) <= 2000
    assert splitter.feed(b"\n{}\n") == [None, b"{}"]


def test_calls_are_counted(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("lstm_music.serve.service.time.monotonic", lambda: now[0])
    bucket = Bucket(3, 2.0)
    for _ in range(3):
        bucket.take()
    with pytest.raises(ServeError, match="2 calls a second"):
        bucket.take()
    assert not bucket.is_full
    now[0] = 0.5
    bucket.take()
    with pytest.raises(ServeError):
        bucket.take()
    now[0] = 100.0
    assert bucket.is_full


def test_a_client_that_does_not_read_is_left():
    async def talk():
        outbox, wrote = Outbox(100), []
        stuck = asyncio.Event()

        async def write(data):
            wrote.append(data)
            await stuck.wait()

        carrying = asyncio.create_task(outbox.carry(write))
        for _ in range(20):
            outbox.send(b"x" * 20)
            await asyncio.sleep(0)
        assert outbox.is_lost
        stuck.set()
        await carrying
        return wrote

    assert len(asyncio.run(talk())) == 1


def test_all_lines_are_written_before_the_end():
    async def talk():
        outbox, wrote = Outbox(100), []

        async def write(data):
            await asyncio.sleep(0)
            wrote.append(data)

        carrying = asyncio.create_task(outbox.carry(write))
        for i in range(5):
            outbox.send(b"%d" % i)
        outbox.finish()
        await carrying
        return wrote

    assert asyncio.run(talk()) == [b"0\n", b"1\n", b"2\n", b"3\n", b"4\n"]


def test_the_page_tells_codes_limits_and_methods():
    page = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    rows = [f"| `{code}` | {status} | {meaning} |" for code, (status, meaning) in CODES.items()]
    assert [line for line in page.splitlines() if line in rows] == rows
    table = page.partition("## Methods")[2].partition("###")[0]
    methods = re.findall(r"^\| `(\w+)` \|", table, re.M)
    assert sorted(methods) == list(METHODS)
    formats = re.search(r"each take is told: (.*?) \|", page)[1]
    assert re.findall(r"`(\w+)`", formats) == ["notes", "midi", "piece", "musicxml", "csv"]
    limits = Limits(workers=4)
    for shown in (
        f"{limits.compose_seconds:g} s, {limits.wait_seconds:g} s, {limits.receive_seconds:g} s",
        f"| {limits.memory_bytes >> 30} GB |",
        f"| {limits.request_bytes >> 20} MB, {limits.answer_bytes >> 20} MB |",
        f"| {limits.bars}, {limits.takes}, {limits.notes:,}, {limits.avoided} |",
        f"| {limits.waiting}, {limits.waiting_a_client} |",
        f"| {limits.connections} each |",
        f"| {limits.burst} at once, {limits.a_second:g} a second |",
    ):
        assert shown in page
