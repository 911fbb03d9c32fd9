"""A server in a process of its own, as a user starts it, and ways to talk to it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from paths import ROOT

START_SECONDS = 120
PROGRAM = [sys.executable, "-P", "-m", "lstm_music"]
COMMAND = [*PROGRAM, "serve"]


def environment(**more):
    """The environment of a process that runs this checkout."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return os.environ | {"PYTHONPATH": path} | more


class Running:
    """A server that listens."""

    def __init__(self, process, addresses):
        self.process, self.addresses = process, addresses

    def port(self, transport):
        return self.addresses[transport]["port"]

    def url(self, path="/api"):
        return f"http://127.0.0.1:{self.port('http')}{path}"

    def workers(self):
        """The processes that compose: children of the server."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]

    def memory(self):
        """Resident megabytes of the server and of all that compose."""
        return sum(map(resident, [self.process.pid, *self.workers()]))


def resident(pid):
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


@contextmanager
def running(*options, **variables):
    """A server with these options."""
    with started([*COMMAND, "--json", *map(str, options)], **variables) as (process, addresses):
        yield Running(process, addresses)


@contextmanager
def started(command, **variables):
    """A server, and the object that it prints; ended by the signal of a service manager."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(**variables))
    try:
        line = process.stdout.readline()
        assert line, f"the server ended with {process.wait()}"
        yield process, json.loads(line)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(START_SECONDS)
        finally:
            process.kill()
            process.stdout.close()


class Lines:
    """A connection that sends and receives lines of JSON."""

    def __init__(self, port, seconds=START_SECONDS):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.file = self.socket.makefile("rwb")

    def send(self, line):
        data = line if isinstance(line, bytes) else json.dumps(line).encode()
        self.file.write(data + b"\n")
        self.file.flush()

    def receive(self):
        line = self.file.readline()
        return json.loads(line) if line else None

    def ask(self, method, params=None, call_id=1):
        self.send({"id": call_id, "method": method, "params": params or {}})
        return self.receive()

    def until(self, call_id):
        """All that comes, up to the answer to a call."""
        found = []
        while True:
            found.append(self.receive())
            if found[-1] is None or (found[-1]["id"] == call_id and "event" not in found[-1]):
                return found

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
