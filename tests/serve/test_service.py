"""What a bad request may cost: its own process, never the next request."""

import asyncio
import base64
import json
import os
import re
import signal
import time
from pathlib import Path

import pytest
from paths import MIDI_DATA
from serve_process import resident

from lstm_music.errors import ModelFileError
from lstm_music.serve.limits import Limits
from lstm_music.serve.protocol import ServeError
from lstm_music.serve.service import Service

REEL = {"data": base64.b64encode((MIDI_DATA / "reel.mid").read_bytes()).decode()}
SHORT = {"request": {"task": "vary", "keep": "pitch", "bars": 1, "rng_seed": 1}, "seed": REEL}
LONG = {"request": {"bars": 256, "n": 16, "rng_seed": 1, "ending": "free", "drafts": 1}}


def call(call_id, method, **params):
    return json.dumps({"id": call_id, "method": method, "params": params}).encode()


class Client:
    """A client inside the server's own process."""

    def __init__(self, service, **session):
        self.service, self.session, self.lines = service, service.session(**session), []

    def begin(self, call_id, method, **params):
        line = call(call_id, method, **params)
        return self.service.submit(self.session, line, self.lines.append)

    async def ask(self, method, **params):
        line = call("x", method, **params)
        return json.loads(await self.service.answer(self.session, line, self.lines.append))

    def news(self, call_id):
        return [one for one in map(json.loads, self.lines) if one["id"] == call_id]

    def composes(self, call_id):
        return any(one["data"]["state"] == "composing" for one in self.news(call_id))

    async def until(self, condition):
        late = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < late
            await asyncio.sleep(0.02)


def with_service(test, **limits):
    async def run():
        service = Service(Limits(workers=1, **limits), token="the token")
        try:
            await service.start()
            await test(service)
        finally:
            await service.close()

    asyncio.run(run())


def code(answer):
    return answer["error"]["code"]


def test_cancelled_requests_and_dead_processes():
    async def test(service):
        client, other = Client(service), Client(service)
        first = (await client.ask("complete", **SHORT))["result"]

        running = client.begin(1, "complete", **LONG, events=True)
        await client.until(lambda: client.composes(1))
        waiting = client.begin(2, "complete", **LONG, events=True)
        await client.until(lambda: client.news(2))
        assert client.news(2)[0]["data"]["state"] == "waiting"
        assert (await other.ask("cancel", id=1))["result"] == {"cancelled": False}
        assert (await client.ask("cancel", id=2))["result"] == {"cancelled": True}
        job = client.news(1)[0]["data"]["job"]
        assert (await other.ask("cancel", job=job))["result"] == {"cancelled": True}
        await asyncio.gather(running, waiting)
        assert [code(client.news(i)[-1]) for i in (1, 2)] == ["cancelled", "cancelled"]
        assert (await client.ask("complete", **SHORT))["result"] == first

        dying = client.begin(3, "complete", **LONG, events=True)
        await client.until(lambda: client.composes(3))
        busy = [worker for worker in service._pool._all if not worker.is_well]
        os.kill(busy[0]._process.pid, signal.SIGSEGV)
        await dying
        assert code(client.news(3)[-1]) == "internal"
        assert "signal 11" in client.news(3)[-1]["error"]["message"]
        assert (await other.ask("complete", **SHORT))["result"] == first
        assert service.is_idle
        assert not client.session.running

    with_service(test)


def test_time_is_bounded():
    async def test(service):
        client = Client(service)
        await asyncio.gather(*(client.begin(i, "complete", **LONG) for i in range(3)))
        messages = [client.news(i)[-1]["error"]["message"] for i in range(3)]
        assert all("longer than 0.3 s" in message for message in messages)
        assert [code(client.news(i)[-1]) for i in range(3)] == ["too_slow"] * 3

    with_service(test, compose_seconds=0.3)


def test_waiting_is_bounded():
    async def test(service):
        client = Client(service)
        first = client.begin(1, "complete", **LONG, events=True)
        await client.until(lambda: client.composes(1))
        answer = await client.ask("complete", **SHORT)
        assert code(answer) == "too_slow"
        assert "turn" in answer["error"]["message"]
        service.leave(client.session)
        await first

    with_service(test, wait_seconds=0.3)


def test_memory_is_bounded_and_answers_too():
    sizes = []

    async def measure(service):
        sizes.extend(address_space(worker._process.pid) for worker in service._pool._all)

    async def test(service):
        client = Client(service)
        assert code(await client.ask("complete", **LONG)) == "out_of_memory"
        assert code(await client.ask("read", music=REEL)) == "too_large"
        assert "result" in await client.ask("complete", **SHORT | {"formats": []})

    with_service(measure)
    with_service(test, memory_bytes=max(sizes) + (56 << 20), answer_bytes=4000)


def address_space(pid):
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmSize:\s+(\d+)", status)[1]) * 1024


def test_the_queue_is_bounded_and_fair():
    async def test(service):
        greedy, modest = Client(service), Client(service)
        begun = [greedy.begin(i, "complete", **LONG) for i in range(6)]
        await greedy.until(lambda: len(greedy.lines) == 2)
        assert sorted(code(json.loads(line)) for line in greedy.lines) == ["busy", "busy"]
        waiting = modest.begin("m", "complete", **SHORT)
        await asyncio.sleep(0.1)
        assert not modest.lines
        service.leave(greedy.session)
        await asyncio.gather(*begun)
        await waiting
        assert "result" in modest.news("m")[-1]

    with_service(test, waiting_a_client=3)


def test_tokens_and_hello():
    async def test(service):
        stranger = Client(service, admitted=False)
        assert code(await stranger.ask("schema")) == "forbidden"
        assert code(await stranger.ask("hello", token="another")) == "forbidden"
        assert code(await stranger.ask("hello", token=5)) == "bad_params"
        assert (await stranger.ask("hello"))["result"]["trusted"] is False
        assert code(await stranger.ask("complete", **SHORT)) == "forbidden"
        told = (await stranger.ask("hello", token="the token"))["result"]
        assert told["trusted"] is True
        assert told["protocol"] == 1
        assert "complete" in told["methods"]
        schema = (await stranger.ask("schema"))["result"]
        assert schema["properties"]["keep"]["enum"] == ["rhythm", "pitch", "outline"]
        models = (await stranger.ask("models"))["result"]
        assert [one["name"] for one in models if one["default"]] == ["default"]
        assert "chorale" in models[0]["styles"]
        assert code(await stranger.ask("schema", deep=True)) == "bad_params"
        assert code(await stranger.ask("compose")) == "unknown_method"
        path = {"path": str(MIDI_DATA / "reel.mid")}
        assert "result" in await stranger.ask("read", music=path)
        assert code(await Client(service).ask("read", music=path)) == "forbidden"
        same_id = [stranger.begin(5, "complete", **SHORT) for _ in range(2)]
        await asyncio.gather(*same_id)
        assert sorted("error" in one for one in stranger.news(5)) == [False, True]

    with_service(test)


def test_a_bad_model_is_told_at_the_start(tmp_path):
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no model")

    async def start():
        service = Service(Limits(workers=1), model=str(bad))
        try:
            await service.start()
        finally:
            await service.close()

    with pytest.raises(ServeError) as caught:
        asyncio.run(start())
    assert caught.value.code == "bad_model"
    assert not isinstance(caught.value, ModelFileError)


def test_models_are_loaded_in_the_precision_of_the_server():
    async def run():
        service = Service(Limits(workers=1), precision="int8")
        try:
            await service.start()
            return await Client(service).ask("complete", **SHORT)
        finally:
            await service.close()

    assert asyncio.run(run())["result"]["precision"] == "int8"


def test_processes_end_with_the_server():
    async def run():
        service = Service(Limits(workers=1))
        await service.start()
        pids = [worker._process.pid for worker in service._pool._all]
        assert all(resident(pid) > 10 for pid in pids)
        await service.close()
        return pids

    for pid in asyncio.run(run()):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
