"""A JACK server without hardware, and real programs in its graph."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

RATE, PERIOD = 48_000, 1024
SOUNDFONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")


def needs(*programs):
    """Skip, with the reason counted, where a program is missing; `.ci/run` installs them all."""
    missing = [name for name in programs if shutil.which(name) is None]
    if "fluidsynth" in programs and not SOUNDFONT.exists():
        missing.append("timgm6mb-soundfont")
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def wait_for(what, seconds=20.0):
    """The first true value of ``what()``."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError(f"nothing came within {seconds} s: {what}")


def _priority():
    """Real time where it is allowed: on a busy machine JACK skips periods without."""
    may = subprocess.run(["chrt", "-f", "10", "true"], check=False, capture_output=True)
    return ["-R", "-P", "10"] if may.returncode == 0 else ["-r"]


class JackServer:
    """``jackd`` with the dummy driver, under a name of its own."""

    def __init__(self, name="music"):
        self.name = f"lstm_{name}_{os.getpid()}"
        self.programs = []
        self.env = os.environ | {
            "JACK_DEFAULT_SERVER": self.name,
            "JACK_NO_START_SERVER": "1",
            "JACK_NO_AUDIO_RESERVATION": "1",
        }
        command = ["jackd", *_priority(), "-n", self.name, "-t", "10000", "-d", "dummy"]
        self._process = subprocess.Popen(
            [*command, "-r", str(RATE), "-p", str(PERIOD)],
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: "system" in self.run("jack_lsp"))

    def run(self, *command):
        """The output of a program that ends by itself."""
        return subprocess.run(
            command, env=self.env, capture_output=True, text=True, check=False, timeout=60
        ).stdout

    def start(self, *command):
        """A program that goes on; its output is kept line by line."""
        self.programs.append(Program(command, self.env))
        return self.programs[-1]

    def live(self, tmp_path, *options):
        """``lstm-music live``."""
        self.programs.append(Live(self.env, tmp_path, *options))
        return self.programs[-1]

    def end_programs(self):
        """End all that is still running."""
        while self.programs:
            program = self.programs.pop()
            if program.process.poll() is None:
                program.process.kill()
            program.wait()

    def wait_for_port(self, name):
        wait_for(lambda: name in self.run("jack_lsp").splitlines())

    def connect(self, source, target):
        self.wait_for_port(source)
        self.wait_for_port(target)
        self.run("jack_connect", source, target)

    def stop(self):
        """End the server, and all that is in its graph."""
        self.end_programs()
        self.stop_alone()

    def stop_alone(self):
        """The server goes, its clients stay."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:  # it waits for a client that was killed
            self._process.kill()
            self._process.wait(10)


class Program:
    """A process whose lines are read as they come."""

    def __init__(self, command, env):
        self.process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def end(self, with_signal=signal.SIGTERM):
        """End it, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.wait()

    def wait(self, seconds=40):
        """Its exit code, when it ends by itself."""
        code = self.process.wait(seconds)
        self._reader.join(5)
        self.process.stdout.close()
        return code


class Live(Program):
    """``lstm-music live --json``."""

    def __init__(self, env, tmp_path, *options):
        command = [sys.executable, "-P", "-m", "lstm_music", "live", "--json"]
        command += ["--knobs", str(tmp_path / "knobs.json"), *options]
        super().__init__(command, env)

    def news(self, kind=None):
        found = []
        for line in list(self.lines):
            if line.startswith("{"):
                one = json.loads(line)
                found += [one] if kind in (None, one["event"]) else []
        return found

    def wait_for(self, kind, n=1, seconds=40.0):
        return wait_for(lambda: len(found := self.news(kind)) >= n and found, seconds)


def dumped(lines):
    """(frame, bytes) of each event that ``jack_midi_dump -a`` shows."""
    found = (re.match(r"\s*(\d+): ((?:[0-9a-f]{2} ?)+)", line) for line in lines)
    return [(int(one[1]), bytes.fromhex(one[2])) for one in found if one]
