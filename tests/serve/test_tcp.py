"""JSON lines over TCP and the standard streams, sent by netcat."""

import base64
import json
import subprocess

import pytest
from music_programs import needs
from paths import MIDI_DATA
from serve_process import COMMAND, Lines, environment

import lstm_music as lm

REEL = MIDI_DATA / "reel.mid"
SHORT = {"task": "vary", "keep": "pitch", "bars": 1, "rng_seed": 1}
PARAMS = {"request": SHORT, "seed": {"data": base64.b64encode(REEL.read_bytes()).decode()}}


def one_line(call_id, method, params=None):
    return json.dumps({"id": call_id, "method": method, "params": params or {}}).encode()


def netcat(port, data):
    """What netcat receives for what it sends."""
    done = subprocess.run(
        ["nc", "-N", "127.0.0.1", str(port)],
        input=data,
        capture_output=True,
        timeout=120,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@needs("nc")
def test_netcat_has_one_answer_for_each_line(server):
    lines = [b"junk", one_line(1, "hello"), b'{"id": 2}', one_line(3, "complete", PARAMS)]
    lines += [one_line(4, "nothing"), b"\xff\xfe\xfd", b"", one_line(5, "schema")]
    answers = netcat(server.port("tcp"), b"\n".join(lines))
    by_id = {answer["id"]: answer for answer in answers}
    assert len(answers) == 7
    assert [answer["id"] for answer in answers].count(None) == 2
    assert by_id[4]["error"]["code"] == "unknown_method"
    assert by_id[2]["error"]["code"] == "bad_call"
    assert by_id[5]["result"]["title"] == "Request"
    (take,) = by_id[3]["result"]["takes"]
    (same,) = lm.load().complete(lm.Request(seed=REEL, **SHORT))
    data = base64.b64decode(take["midi"])
    assert lm.read(data).notes.tolist() == same.piece.notes.tolist()
    assert len(take["notes"]) == len(same.new)


def test_the_standard_streams():
    lines = [b"junk", one_line(1, "hello"), one_line("two", "complete", PARAMS)]
    path = {"music": {"path": str(REEL)}}
    lines += [one_line(3, "read", path)]  # who starts it may name files
    done = subprocess.run(
        [*COMMAND, "--stdio", "--workers", "1"],
        input=b"\n".join(lines),
        capture_output=True,
        env=environment(),
        timeout=120,
        check=True,
    )
    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert answers[None]["error"]["code"] == "bad_json"
    assert answers[1]["result"]["trusted"] is True
    assert answers["two"]["result"]["rng_seed"] == 1
    assert len(answers[3]["result"]["piece"]["notes"]) == len(lm.read(REEL).notes)


@needs("curl")
def test_a_page_cannot_speak_to_the_line_port(server):
    """A browser posts what a page gives it: its first line is HTTP, a later one may be a call."""
    url = f"http://127.0.0.1:{server.port('tcp')}/"
    body = "\n" + one_line(1, "complete", PARAMS).decode() + "\n"
    command = ["curl", "-s", "--http0.9", "--max-time", "60", "-H", "Content-Type: text/plain"]
    done = subprocess.run([*command, "-d", body, url], capture_output=True, check=False)
    assert b'"result"' not in done.stdout
    assert b"HTTP has another port" in done.stdout or not done.stdout


def test_a_line_too_long_costs_only_itself(server, line):
    line.send(b'{"id": 1, "method": "hello", "x": "' + b"x" * (9 << 20) + b'"}')
    assert line.receive()["error"]["code"] == "too_large"
    assert line.ask("hello", call_id=2)["id"] == 2


def test_a_client_can_be_trusted(server, line):
    outside = {"music": {"path": str(REEL)}}
    assert line.ask("read", outside)["error"]["code"] == "forbidden"
    (server.files / "inside.mid").write_bytes(REEL.read_bytes())
    assert "result" in line.ask("read", {"music": {"path": "inside.mid"}})
    assert line.ask("hello", {"token": "a token for the tests"})["result"]["trusted"]
    assert "result" in line.ask("read", outside)


def test_scores_are_read(line):
    abc = b"X:1\nT:Scale\nM:3/4\nL:1/4\nK:G\nGAB|cde|fga|g3|\n"
    params = {"music": {"data": base64.b64encode(abc).decode()}}
    piece = line.ask("read", params)["result"]["piece"]
    assert [note["pitch"] for note in piece["notes"]][:3] == [67, 69, 71]
    assert piece["meters"][0]["numerator"] == 3


def test_clients_that_leave_cost_nothing(server):
    long = {"request": {"bars": 256, "n": 16, "ending": "free"}, "events": True}
    for _ in range(3):
        with Lines(server.port("tcp")) as one:
            one.send({"id": 1, "method": "complete", "params": long})
            assert one.receive()["event"] == "progress"
    with Lines(server.port("tcp")) as one:
        news = one.ask("complete", PARAMS)
        assert news["result"]["rng_seed"] == 1


def test_takes_come_as_they_are_written(line):
    asked = {"bars": 2, "n": 3, "rng_seed": 4, "meter": "4/4", "ending": "free", "drafts": 1}
    params = {"request": asked, "events": True, "formats": ["notes"]}
    line.send({"id": 9, "method": "complete", "params": params})
    news = line.until(9)
    takes = [one["data"] for one in news if one.get("event") == "take"]
    assert [take["index"] for take in takes] == [0, 1, 2]
    assert news[-1]["result"]["n"] == 3
    assert {one["data"]["state"] for one in news if one.get("event") == "progress"} >= {"composing"}
    whole = line.ask("complete", params | {"events": False})["result"]["takes"]
    assert takes == whole


@pytest.mark.parametrize("options", [("--host", "0.0.0.0"), ("--token", "short")])
def test_what_would_be_open_is_refused(options):
    done = subprocess.run(
        [*COMMAND, "--tcp", "0", *options],
        capture_output=True,
        env=environment(),
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert b"token" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_port_that_is_taken(server):
    command = [*COMMAND, "--tcp", str(server.port("tcp"))]
    done = subprocess.run(command, capture_output=True, env=environment(), timeout=120, check=False)
    assert done.returncode == 2
    assert b"cannot listen at port" in done.stderr
