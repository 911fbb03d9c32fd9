"""HTTP and its events, as curl sees them; 200 requests, eight at once."""

import base64
import json
import re
import subprocess

import pytest
from music_programs import needs
from paths import MIDI_DATA
from serve_process import running

import lstm_music as lm

pytestmark = needs("curl")

REEL = MIDI_DATA / "reel.mid"
DATA = base64.b64encode(REEL.read_bytes()).decode()
SHORT = {"task": "vary", "keep": "rhythm", "bars": 1, "rng_seed": 1}
JSON = ("-H", "Content-Type: application/json")
TOKEN = "a token of the tests"


def curl(url, *options, data=None):
    """Status, headers and body."""
    body = ["--data-binary", "@-"] if data is not None else []
    command = ["curl", "-s", "-i", "-H", "Expect:", "--max-time", "120", *body, *options, url]
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode().lower(), body


def call(url, method, params=None, *options, call_id=1):
    data = json.dumps({"id": call_id, "method": method, "params": params or {}}).encode()
    status, _, body = curl(url, *JSON, *options, data=data)
    return status, json.loads(body)


def complete(**more):
    return {"request": SHORT | more, "seed": {"data": DATA}}


def test_what_needs_no_parameters(server):
    for name in ("hello", "schema", "models"):
        status, headers, body = curl(server.url(f"/api/{name}"))
        assert status == 200
        assert "cache-control: no-store" in headers
        assert "application/json" in headers
        assert "result" in json.loads(body)
    assert curl(server.url("/api/complete"))[0] == 404
    assert curl(server.url("/"))[0] == 404


def test_a_call(server):
    status, answer = call(server.url(), "complete", complete(), call_id="seven")
    assert (status, answer["id"]) == (200, "seven")
    (same,) = lm.load().complete(lm.Request(seed=REEL, **SHORT))
    (take,) = answer["result"]["takes"]
    assert [note["pitch"] for note in take["notes"]] == same.new["pitch_midi"].tolist()


def test_errors_have_their_status(server):
    url = server.url()
    assert curl(url, *JSON, data=b"junk")[0] == 400
    assert curl(url, *JSON, data=b"x" * (9 << 20))[0] == 413
    assert call(url, "complete", complete(bars="x"))[0] == 422
    assert call(url, "nothing")[0] == 404
    assert call(url, "read", {"music": {"path": str(REEL)}})[0] == 403
    bearer = ("-H", "Authorization: Bearer a token for the tests")
    assert call(url, "read", {"music": {"path": str(REEL)}}, *bearer)[0] == 200
    assert curl(url, data=json.dumps({"method": "hello"}).encode())[0] == 400  # a form
    assert call(url, "hello")[0] == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Host: evil.example", 403),
        ("Host: localhost.evil.example:80", 403),
        ("Host: 127.0.0.1.evil.example", 403),
        ("Host: [", 403),
        ("Host: localhost", 200),
        ("Host: LOCALHOST:99", 200),
        ("Host: [::1]:8765", 200),
        ("Origin: http://evil.example", 403),
        ("Origin: null", 403),
        ("Origin: https://127.0.0.1", 403),
        ("Origin: http://127.0.0.1:1", 403),
    ],
)
def test_hosts_and_origins(server, header, status):
    assert call(server.url(), "hello", None, "-H", header)[0] == status


def test_a_page_of_our_own_may_call(server):
    own = f"Origin: http://127.0.0.1:{server.port('http')}"
    assert call(server.url(), "hello", None, "-H", own)[0] == 200


def events(body):
    """(kind, data) of each event."""
    found = re.findall(rb"event: (\w+)\ndata: (.*)\n\n", body)
    assert b"".join(b"event: %s\ndata: %s\n\n" % one for one in found) == body
    return [(kind.decode(), json.loads(data)) for kind, data in found]


def test_server_sent_events(server):
    asked = {"bars": 2, "n": 2, "rng_seed": 4, "meter": "4/4", "ending": "free", "drafts": 1}
    params = {"request": asked, "events": True, "formats": ["notes"]}
    data = json.dumps({"id": "result", "method": "complete", "params": params}).encode()
    accept = ("-N", "-H", "Accept: text/event-stream")
    status, headers, body = curl(server.url(), *JSON, *accept, data=data)
    assert status == 200
    assert "text/event-stream" in headers
    kinds = [kind for kind, _ in events(body)]
    assert kinds.count("take") == 2
    assert kinds[-1] == "result"
    assert set(kinds[:-1]) == {"progress", "take"}
    takes = [one["data"] for kind, one in events(body) if kind == "take"]
    whole = call(server.url(), "complete", params | {"events": False})[1]["result"]["takes"]
    assert takes == whole
    ((kind, answer),) = events(curl(server.url(), *JSON, *accept, data=b"junk")[2])
    assert (kind, answer["error"]["code"]) == ("error", "bad_json")


def test_who_hangs_up_cancels(server):
    long = {"request": {"bars": 256, "n": 16, "ending": "free"}}
    for events_too in (True, False):
        data = json.dumps({"method": "complete", "params": long | {"events": events_too}})
        accept = ["-H", "Accept: text/event-stream"] if events_too else []
        command = ["curl", "-s", *JSON, *accept, "--max-time", "2", "-d", data, server.url()]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 28
    status, _ = call(server.url(), "complete", complete())
    assert status == 200


@pytest.fixture(scope="module")
def open_server(tmp_path_factory):
    """One that other machines may reach, with a page."""
    page = tmp_path_factory.mktemp("page")
    (page / "index.html").write_text("<title>page</title>")
    (page.parent / "secret.txt").write_text("secret")
    options = ["--http", 0, "--tcp", 0, "--host", "0.0.0.0", "--token", TOKEN, "--static", page]
    options += ["--allow-host", "studio.example", "--allow-origin", "https://studio.example"]
    with running(*options, "--workers", 1) as one:
        yield one


@needs("nc")
def test_beyond_this_machine_the_token_is_needed(open_server):
    url = open_server.url()
    assert call(url, "hello")[0] == 403
    assert curl(open_server.url("/api/hello"))[0] == 403
    assert call(url, "hello", None, "-H", "Authorization: Bearer another token")[0] == 403
    bearer = ("-H", f"Authorization: Bearer {TOKEN}")
    assert call(url, "hello", None, *bearer)[1]["result"]["trusted"] is True
    assert call(url, "hello", None, *bearer, "-H", "Host: studio.example")[0] == 200
    assert call(url, "hello", None, *bearer, "-H", "Origin: https://studio.example")[0] == 200
    lines = b'{"id": 1, "method": "schema"}\n{"id": 2, "method": "hello"}\n'
    command = ["nc", "-N", "127.0.0.1", str(open_server.port("tcp"))]
    done = subprocess.run(command, input=lines, capture_output=True, check=True, timeout=60)
    answers = {one["id"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert answers[1]["error"]["code"] == "forbidden"
    assert "result" in answers[2]


def test_a_page_stands_at_the_root(open_server):
    status, headers, body = curl(open_server.url("/"))
    assert (status, body) == (200, b"<title>page</title>")
    assert "text/html" in headers
    for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"):
        assert curl(open_server.url(path), "--path-as-is")[0] == 404
    assert curl(open_server.url("/"), "-H", "Host: evil.example")[0] == 403


N, AT_ONCE, SEEDS = 200, 8, 10


def load(server, folder):
    """200 calls by one curl, eight at once; (id, status, answer) of each."""
    parts = []
    for i in range(N):
        body = {"id": f"call {i}", "method": "complete", "params": complete(rng_seed=i % SEEDS)}
        if i % 20 == 7:
            body["params"]["request"] |= {"bars": 9999}
        (folder / f"in-{i}.json").write_text(json.dumps(body))
        parts.append(
            f'url = "{server.url()}"\nheader = "Content-Type: application/json"\n'
            f'data-binary = "@{folder}/in-{i}.json"\noutput = "{folder}/out-{i}.json"\n'
            f'write-out = "{i} %{{http_code}}\\n"\nsilent\n'
        )
    (folder / "calls").write_text("next\n".join(parts))
    command = ["curl", "-Z", "--parallel-max", str(AT_ONCE), "-K", str(folder / "calls")]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=900)
    status = dict(map(int, line.split()) for line in done.stdout.splitlines())
    return [(i, status[i], json.loads((folder / f"out-{i}.json").read_text())) for i in range(N)]


def test_200_requests_eight_at_once(server, tmp_path):
    """None is lost, none mixed up with another, a bad one costs no other, and memory stays."""
    model = lm.load()
    wanted = [
        model.complete(lm.Request(seed=REEL, **SHORT | {"rng_seed": seed}))[0].new.tolist()
        for seed in range(SEEDS)
    ]
    assert len({str(notes) for notes in wanted}) > SEEDS // 2
    load(server, tmp_path)
    before = server.memory()
    for i, status, answer in load(server, tmp_path):
        assert answer["id"] == f"call {i}"
        if i % 20 == 7:
            assert (status, answer["error"]["code"]) == (422, "bad_params")
            continue
        assert status == 200
        (take,) = answer["result"]["takes"]
        notes = wanted[i % SEEDS]
        assert [note["pitch"] for note in take["notes"]] == [note[2] for note in notes]
    grown = server.memory() - before
    assert grown < 8, f"{grown:.1f} MB more after {N} requests"
