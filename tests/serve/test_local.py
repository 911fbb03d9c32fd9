"""Calls that are answered in place: the same answers as those of a server."""

import asyncio
import base64
import json
import sys

import pytest
from paths import MIDI_DATA

from lstm_music.serve.limits import Limits
from lstm_music.serve.local import Local
from lstm_music.serve.service import Service

REEL = {"data": base64.b64encode((MIDI_DATA / "reel.mid").read_bytes()).decode()}
VARY = {"task": "vary", "keep": "pitch", "bars": 1, "n": 2, "rng_seed": 1}


@pytest.fixture(scope="module")
def local():
    return Local()


def line(method, **params):
    return json.dumps({"id": 7, "method": method, "params": params}).encode()


def ask(local, text):
    news = []
    answer = json.loads(local.answer(text, news.append))
    return answer, [json.loads(one) for one in news]


@pytest.fixture(scope="module")
def served():
    """What a server answers to a line."""
    lines = [
        line("schema"),
        line("read", music=REEL),
        line("complete", seed=REEL, request=VARY),
        line("complete", seed=REEL, request=VARY | {"n": 99}),
        line("complete", seed={"path": "/etc/passwd"}),
        line("read", music={"data": "AAAA"}),
        b'{"id": 7, "method": "read", "more": 1}',
        b"no JSON",
    ]

    async def answers():
        service = Service(Limits(workers=1))
        await service.start()
        try:
            session = service.session()
            return {one: json.loads(await service.answer(session, one, print)) for one in lines}
        finally:
            await service.close()

    return asyncio.run(answers())


def test_the_answers_are_those_of_a_server(local, served):
    for text, answer in served.items():
        assert ask(local, text) == (answer, [])
    assert sum("result" in answer for answer in served.values()) == 3


def test_takes_come_before_the_result(local):
    answer, news = ask(local, line("complete", seed=REEL, request=VARY, events=True))
    assert [one["event"] for one in news] == ["take", "take"]
    assert [one["id"] for one in news] == [7, 7]
    assert [one["data"]["index"] for one in news] == [0, 1]
    assert answer["result"]["n"] == 2


def test_hello_says_what_can_be_called(local):
    answer, _ = ask(local, line("hello"))
    assert answer["result"]["methods"] == ["complete", "hello", "models", "read", "schema"]
    for method in answer["result"]["methods"]:
        refused = ask(local, line(method, music="no music"))[0].get("error", {})
        assert refused.get("code") != "unknown_method"
    assert ask(local, line("cancel"))[0]["error"]["code"] == "unknown_method"


def test_a_library_that_is_missing_is_named(local, monkeypatch):
    monkeypatch.setitem(sys.modules, "music21", None)
    answer, _ = ask(local, line("read", music=REEL, formats=["musicxml"]))
    assert answer["error"]["code"] == "bad_params"
    assert "music21" in answer["error"]["message"]
