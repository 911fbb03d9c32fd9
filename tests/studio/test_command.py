"""`lstm-music studio`, as it is started, refused and ended."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from paths import MIDI_DATA
from serve_process import PROGRAM, environment
from studio_page import studio_server

STUDIO = [*PROGRAM, "studio", "--no-browser"]
REEL = MIDI_DATA / "reel.mid"


def refused(*options, **variables):
    """The exit code and the message of a studio that does not start."""
    command = [*STUDIO, *map(str, options)]
    run = subprocess.run(
        command,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in run.stderr
    return run.returncode, run.stderr


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, message = refused("--port", taken.getsockname()[1])
    assert code == 2
    assert "choose another port: 0 takes a free one" in message


def test_a_file_that_is_not_there():
    code, message = refused("no such.mid")
    assert code == 3
    assert "no such.mid: no such file" in message


def test_without_the_libraries(tmp_path):
    (tmp_path / "starlette.py").write_text("raise ImportError(name='starlette')")
    path = os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]])
    code, message = refused("--port", 0, PYTHONPATH=path)
    assert code == 2
    assert "starlette is not installed; pip install 'lstm_music[serve]'" in message


def test_it_opens_the_browser_with_the_file_and_ends_with_ctrl_c(tmp_path):
    shown = tmp_path / "shown"
    shower = tmp_path / "browser"
    shower.write_text(f'#!/bin/sh\nprintf %s "$1" > {shown}\n')
    shower.chmod(0o755)
    command = [*PROGRAM, "studio", "--port", "0", str(REEL)]
    process = subprocess.Popen(
        command, env=environment(BROWSER=str(shower)), stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stderr.readline()
        assert line.startswith("The studio is at http://127.0.0.1:")
        end = time.monotonic() + 60
        while not (shown.exists() and shown.read_text()):
            assert time.monotonic() < end
            time.sleep(0.05)
        address = shown.read_text()
        assert address in line
        assert address.endswith("/?open=reel.mid")
        base = address.partition("?")[0]
        with urllib.request.urlopen(f"{base}opened", timeout=60) as response:
            assert response.read() == REEL.read_bytes()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.stderr.close()


def test_what_other_sites_may_not_do():
    with studio_server("--port", 0) as (_, url):
        with urllib.request.urlopen(url, timeout=60) as response:
            headers = response.headers
        assert headers["Content-Security-Policy"] == "frame-ancestors 'self'"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        with urllib.request.urlopen(f"{url}js/main.js", timeout=60) as response:
            assert response.headers["Content-Type"].startswith("text/javascript")
        for path in ("opened", "js/../../run.py", "..%2frun.py"):
            try:
                urllib.request.urlopen(f"{url}{path}", timeout=60)
            except urllib.error.HTTPError as error:
                assert error.code == 404
                error.close()
            else:
                raise AssertionError(path)
