"""lstm_music.client: one server for all programs, and safe inside each of them."""

import ast
import base64
import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from music_programs import needs
from paths import MIDI_DATA, ROOT
from serve_process import COMMAND, environment

import lstm_music as lm
from lstm_music import client

REEL = MIDI_DATA / "reel.mid"
SHORT = {"task": "vary", "keep": "pitch", "bars": 1, "rng_seed": 1}
LONG = {"request": {"bars": 256, "n": 16, "ending": "free"}, "events": True}


def start_command():
    """A command that starts this checkout from a program that knows nothing of it."""
    words = ["env", f"PYTHONPATH={environment()['PYTHONPATH']}", *COMMAND]
    return json.dumps([*words, "--workers", "1"])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A state folder; the server that was started there is ended."""
    folder = tmp_path_factory.mktemp("state") / "lstm_music"
    yield folder
    known = folder / client.SERVER_FILE
    if known.exists():
        os.kill(json.loads(known.read_text())["pid"], signal.SIGTERM)


@pytest.fixture
def shared(place, monkeypatch):
    monkeypatch.setenv(client.STATE_VARIABLE, str(place))
    monkeypatch.setenv(client.COMMAND_VARIABLE, start_command())
    return place


def pid(folder):
    return json.loads((folder / client.SERVER_FILE).read_text())["pid"]


def servers(folder):
    """The shared servers of a state folder, by what they were started with."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            place = f"{client.STATE_VARIABLE}={folder}".encode()
            if b"--shared" in words and place in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def test_programs_that_start_together_share_one_server(shared):
    code = (
        "from lstm_music import client; c = client.connect(); "
        "print(c.call('read', {'music': {'path': %r}})['piece']['notes'][0]['pitch'])"
    )
    command = [sys.executable, "-P", "-c", code % str(REEL)]

    def run(_):
        return subprocess.run(
            command, capture_output=True, text=True, env=environment(), timeout=180, check=True
        ).stdout

    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(run, range(3)))
    first = lm.read(REEL).notes["pitch_midi"][0]
    assert said == [f"{first}\n"] * 3
    late = time.monotonic() + 60
    while len(servers(shared)) > 1 and time.monotonic() < late:
        time.sleep(0.1)  # those that came second are about to end
    assert servers(shared) == [pid(shared)]
    assert (shared / client.SERVER_FILE).stat().st_mode & 0o777 == 0o600
    assert shared.stat().st_mode & 0o777 == 0o700


def test_takes_news_and_errors(shared):
    with client.connect() as one:
        assert one.server["trusted"] is True
        params = {"request": SHORT, "seed": client.file_content(str(REEL))}
        (take,) = one.call("complete", params)["takes"]
        (same,) = lm.load().complete(lm.Request(seed=REEL, **SHORT))
        assert lm.read(base64.b64decode(take["midi"])).notes.tolist() == same.piece.notes.tolist()
        with pytest.raises(client.ServerError, match="did you mean temperature") as caught:
            one.call("complete", {"request": {"temprature": 1}})
        assert caught.value.code == "bad_params"

        begin = time.monotonic()
        call = one.begin("complete", LONG)
        other = one.begin("complete", params)
        assert one.news(call) == [] or time.monotonic() - begin < 5
        with pytest.raises(TimeoutError):
            one.wait(call, 0.1)
        one.cancel(call)
        with pytest.raises(client.ServerError) as caught:
            one.wait(call, 60)
        assert caught.value.code == "cancelled"
        assert one.wait(other, 60)["takes"] == [take]
        assert one.news(call) == []


def test_a_lost_server_is_told_and_a_new_one_started(shared):
    one = client.connect()
    old = pid(shared)
    os.kill(old, signal.SIGKILL)
    with pytest.raises(client.NoServerError, match="lost"):
        one.call("hello")
    one.close()
    assert pid(shared) == old  # what it has left
    with client.connect() as again:
        assert again.call("hello")["name"] == "lstm_music"
    assert pid(shared) != old


def test_no_server_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv(client.STATE_VARIABLE, str(tmp_path))
    with pytest.raises(client.NoServerError, match="no server runs"):
        client.connect(start=False)
    monkeypatch.setenv(client.COMMAND_VARIABLE, '["false"]')
    with pytest.raises(client.NoServerError, match="ended with status 1"):
        client.connect()
    monkeypatch.setenv(client.COMMAND_VARIABLE, "/no/such/program")
    with pytest.raises(client.NoServerError, match="cannot start"):
        client.connect()
    monkeypatch.setenv(client.COMMAND_VARIABLE, "")
    (tmp_path / client.COMMAND_FILE).write_text(json.dumps({"command": [sys.executable, "x"]}))
    assert client.server_command() == [sys.executable, "x"]


def test_a_second_shared_server_gives_way(shared):
    with client.connect():
        done = subprocess.run(
            [*COMMAND, "--shared"],
            capture_output=True,
            env=environment(),
            timeout=120,
            check=False,
        )
    assert done.returncode == 75
    assert b"runs already" in done.stderr


def test_a_server_that_nobody_calls_ends(tmp_path):
    variables = {client.STATE_VARIABLE: str(tmp_path)}
    options = ["--shared", "--workers", "1", "--idle-minutes", "0.005"]
    subprocess.run([*COMMAND, *options], env=environment(**variables), timeout=120, check=True)
    assert not (tmp_path / client.SERVER_FILE).exists()


def test_it_is_one_file_of_the_standard_library():
    tree = ast.parse(Path(client.__file__).read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.partition(".")[0])
    assert names <= sys.stdlib_module_names
    assert "threading" not in names  # a host may end its interpreter at any time


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """The program of host.c, built for this Python."""
    program = tmp_path_factory.mktemp("host") / "host"
    config = sysconfig.get_config_var
    library = config("LIBDIR")
    command = ["gcc", "-O1", "-Wall", "-Werror", str(Path(__file__).with_name("host.c"))]
    command += ["-o", str(program), f"-I{sysconfig.get_path('include')}", f"-L{library}"]
    command += [f"-L{config('LIBPL')}", f"-Wl,-rpath,{library}", f"-lpython{config('LDVERSION')}"]
    command += [*config("LIBS").split(), *config("SYSLIBS").split()]
    subprocess.run([*command, *config("LINKFORSHARED").split()], check=True)
    return program


SCRIPT = """
import os, sys
sys.path.insert(0, {folder!r})
{imports}
answer = ""
{use}
with open({out!r}, "a") as file:
    print(answer, sys.stdout is None, "numpy" in sys.modules, file=file)
"""
USE = """
one = client.connect()
call = one.begin("complete", {params!r})
kinds = []
while not kinds or kinds[-1] not in ("result", "error"):
    for kind, data in one.news(call):
        kinds.append(kind)
        answer = data.get("n", answer)
one.close()
"""
ASK = {"request": SHORT | {"n": 2}, "seed": {"path": str(REEL)}, "events": True}


@needs("gcc")
@pytest.mark.parametrize("mode", ["same", "sub", "again"])
@pytest.mark.parametrize("imports", ["import lstm_music", "from lstm_music import client", "copy"])
def test_inside_a_host(host, mode, imports, shared, tmp_path):
    """In one interpreter, in sub-interpreters and in restarted ones, without standard streams."""
    folder = ROOT
    if imports == "copy":
        (tmp_path / "lstm_client.py").write_bytes(Path(client.__file__).read_bytes())
        folder, imports = tmp_path, "import lstm_client as client"
    uses = "client" in imports
    out, script = tmp_path / "out", tmp_path / "script.py"
    use = USE.format(params=ASK) if uses else ""
    script.write_text(SCRIPT.format(folder=str(folder), imports=imports, use=use, out=str(out)))
    closed = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    subprocess.run(
        [*closed, str(host), mode, str(script), "3"],
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        check=True,
        timeout=180,
    )
    assert out.read_text() == f"{'2' if uses else ''} True False\n" * 3
