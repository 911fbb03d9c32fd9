"""Music through pipes, and standard output that is full, closed or gone; all in real processes."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from paths import MIDI_DATA, ROOT
from smf_bytes import END, NOTE, smf

CHORALE = MIDI_DATA / "chorale.mid"
ABC = b"X:1\nM:2/4\nL:1/4\nK:C\nCE|GE|FD|C2|\n"
KERN = b"!!!OTL: Air\n**kern\n*M2/4\n=1\n4c\n4e\n=2\n*-\n"
XML = b"""<?xml version="1.0"?><score-partwise><part-list><score-part id="P1"><part-name/>
</score-part></part-list><part id="P1"><measure number="1"><attributes><divisions>1</divisions>
</attributes><note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>
</measure></part></score-partwise>"""

needs_full_device = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="needs /dev/full, a device that takes nothing"
)
# Of a program that reads what it prints, only the shell can close the streams.
CLOSED = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-"}


def lstm_music(*args, python=(), cwd, closed=(), **streams):
    """A finished process; what is not given as a stream is caught, or empty."""
    command = [sys.executable, *python, "-m", "lstm_music", *map(str, args)]
    if closed:
        closing = " ".join(CLOSED[name] for name in closed)
        command = ["sh", "-c", f'exec "$@" {closing}', "", *command]
    if "input" not in streams:
        streams.setdefault("stdin", subprocess.DEVNULL)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=cwd, env=environment, check=False, **streams)


def only_line(run):
    lines = run.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    assert "bug" not in lines[0]
    return lines[0]


PRINTING = {
    "inspect": ("inspect", CHORALE),
    "inspect --json": ("inspect", CHORALE, "--json"),
    "metrics": ("metrics", CHORALE),
    "plot": ("plot", CHORALE, "-o", "roll.png"),
    "plot -o -": ("plot", CHORALE, "-o", "-"),
    "generate": ("generate", "--bars", 1, "--rng-seed", 1, "-o", "x.mid"),
    "config show": ("config", "show"),
    "config init -": ("config", "init", "-"),
    "--help": ("--help",),
    "plot --help": ("plot", "--help"),
    "--version": ("--version",),
}


@needs_full_device
@pytest.mark.parametrize("name", PRINTING)
def test_a_full_standard_output_is_an_output_error(name, tmp_path):
    with Path("/dev/full").open("wb") as full:
        run = lstm_music(*PRINTING[name], cwd=tmp_path, stdout=full)
    assert run.returncode == 2
    assert "standard output: cannot write it (No space left on device)" in only_line(run)


@needs_full_device
def test_what_a_command_left_in_the_buffer_is_an_output_error_too(tmp_path):
    code = (
        "from lstm_music.cli import main as module;"
        "module.cli.main = lambda **_: print('not flushed'); module.main()"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert run.returncode == 2
    assert "standard output" in only_line(run)


@needs_full_device
def test_unbuffered_and_in_development_mode_too(tmp_path):
    with Path("/dev/full").open("wb") as full:
        for python in (["-u"], ["-X", "dev"]):
            run = lstm_music("inspect", CHORALE, python=python, cwd=tmp_path, stdout=full)
            assert (run.returncode, len(run.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize("name", ["inspect", "plot -o -", "--help"])
def test_a_closed_standard_output_is_an_output_error(name, tmp_path):
    run = lstm_music(*PRINTING[name], cwd=tmp_path, closed=["stdout"])
    assert run.returncode == 2
    assert "standard output: cannot write it (it is closed)" in only_line(run)
    assert lstm_music(*PRINTING[name], cwd=tmp_path, closed=CLOSED).returncode == 2


@pytest.mark.parametrize("name", ["inspect", "plot -o -", "--help"])
def test_a_reader_that_is_gone_ends_it_quietly(name, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    run = lstm_music(*PRINTING[name], cwd=tmp_path, stdout=writing)
    os.close(writing)
    assert (run.returncode, run.stderr) == (141, b"")


def test_a_pipe_that_does_not_wait_is_waited_for(tmp_path):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    filled = os.write(writing, bytes(1 << 20))  # to the brim
    command = [sys.executable, "-m", "lstm_music", "config", "show"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=writing) as run:
        os.close(writing)
        with suppress(subprocess.TimeoutExpired):
            run.wait(2)  # one that gives up has done so by now
        with os.fdopen(reading, "rb") as pipe:
            printed = pipe.read()[filled:]
    assert run.returncode == 0
    assert printed == lstm_music("config", "show", cwd=tmp_path).stdout


@needs_full_device
def test_work_goes_on_when_standard_error_takes_nothing(tmp_path):
    generate = PRINTING["generate"]
    with Path("/dev/full").open("wb") as full:
        run = lstm_music(*generate, cwd=tmp_path, stderr=full)
        assert (run.returncode, run.stdout) == (0, b"x.mid\n")
        assert lstm_music(*generate, cwd=tmp_path, stderr=full).returncode == 6
    assert lstm_music(*generate, "-f", cwd=tmp_path, closed=["stderr"]).returncode == 0


def test_without_a_console_what_is_printed_goes_nowhere(tmp_path):
    """``pythonw`` on Windows: no streams, and nothing wrong with that."""
    code = (
        "import sys; sys.stdin = sys.stdout = sys.stderr = None;"
        "from lstm_music.cli.main import guard_standard_streams, run;"
        "here, sys.platform = sys.platform, 'win32'; guard_standard_streams();"
        f"sys.platform = here; sys.exit(run(['plot', {str(CHORALE)!r}, '-o', 'roll.svg']))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "roll.svg").exists()


@pytest.mark.parametrize(
    ("data", "notes"), [(CHORALE.read_bytes(), 250), (ABC, 7), (KERN, 2), (XML, 1)]
)
def test_music_of_any_kind_comes_through_a_pipe(data, notes, tmp_path):
    run = lstm_music("inspect", "-", "--json", cwd=tmp_path, input=data)
    assert run.returncode == 0, run.stderr
    facts = json.loads(run.stdout)
    assert (facts["file"], facts["notes"]) == ("-", notes)


def test_metrics_novelty_and_plot_read_a_pipe(tmp_path):
    tune = smf(NOTE * 16 + END)
    (tmp_path / "a.mid").write_bytes(tune)
    run = lstm_music("metrics", "-", "a.mid", cwd=tmp_path, input=tune)
    from_pipe, from_file = run.stdout.decode().splitlines()
    assert from_pipe == from_file.replace("a.mid: ", "-: ")
    run = lstm_music("novelty", "-", "--against", MIDI_DATA, cwd=tmp_path, input=tune)
    assert "\n-: " in run.stdout.decode(), run.stderr
    run = lstm_music("plot", "-", cwd=tmp_path, input=tune)
    assert run.stdout == b"stdin.png\n"


def test_a_picture_goes_to_standard_output_and_nothing_else_does(tmp_path):
    run = lstm_music("plot", "-", "-o", "-", cwd=tmp_path, input=CHORALE.read_bytes())
    assert run.stdout.startswith(b"\x89PNG")
    assert run.stdout.endswith(b"IEND\xaeB`\x82")
    assert (run.stderr, list(tmp_path.iterdir())) == (b"", [])


GENERATE = ("generate", "--bars", 1, "--rng-seed", 1)


def test_generate_reads_and_writes_pipes(tmp_path):
    run = lstm_music(*GENERATE, "--seed", CHORALE, "-o", "a.mid", cwd=tmp_path)
    assert run.returncode == 0
    seed = CHORALE.read_bytes()
    run = lstm_music(*GENERATE, "--seed", "-", "-o", "-", cwd=tmp_path, input=seed)
    assert run.returncode == 0, run.stderr
    assert run.stdout == (tmp_path / "a.mid").read_bytes()
    run = lstm_music("inspect", "-", cwd=tmp_path, input=run.stdout)
    assert run.returncode == 0
    lstm_music(*GENERATE, "--seed", "-", cwd=tmp_path, input=seed)
    assert {path.name for path in tmp_path.iterdir()} == {"a.mid", "stdin-continued.mid"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((*GENERATE, "-o", "-", "-n", 2), "2 files cannot go to standard output"),
        ((*GENERATE, "-o", "-", "--json"), "--json and -o -"),
        (("plot", CHORALE, "-o", "-", "--json"), "--json and -o -"),
        (("train", MIDI_DATA, "-o", "-"), "-o - means standard output"),
        (("corpus", "build", MIDI_DATA, "-o", "-"), "-o - means standard output"),
        (("corpus", "scan", "-"), "no such corpus: -"),
    ],
)
def test_what_cannot_go_through_a_pipe_is_one_line(args, words, tmp_path):
    run = lstm_music(*args, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, b"")
    assert words in only_line(run)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "standard input: it is empty"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "standard input: its first bytes are of no known kind"),
        (b"Dear all,\n", "standard input: its first bytes are of no known kind"),
        (b"MThd", "standard input: "),
        (b"<html></html>", "standard input: "),
        (bytes(33 << 20), "standard input: its first bytes"),
        (CHORALE.read_bytes() + bytes(17 << 20), "standard input: the file is larger than"),
    ],
)
def test_no_music_in_a_pipe_is_one_line(data, words, tmp_path):
    run = lstm_music("inspect", "-", cwd=tmp_path, input=data)
    assert run.returncode == 3
    assert words in only_line(run)


def test_a_pipe_without_end_is_not_read_for_ever(tmp_path):
    with Path("/dev/zero").open("rb") as zeros:
        assert lstm_music("inspect", "-", cwd=tmp_path, stdin=zeros).returncode == 3


def test_no_input_is_one_line(tmp_path):
    run = lstm_music("inspect", "-", cwd=tmp_path, closed=["stdin"])
    assert run.returncode == 3
    assert "standard input: it is closed" in only_line(run)


def test_a_terminal_neither_gives_nor_takes_a_file(tmp_path):
    terminal, other_end = pty.openpty()
    run = lstm_music("inspect", "-", cwd=tmp_path, stdin=other_end)
    assert run.returncode == 3
    assert "standard input: it is a terminal" in only_line(run)
    run = lstm_music("plot", CHORALE, "-o", "-", cwd=tmp_path, stdout=other_end)
    assert run.returncode == 2
    assert "standard output: a terminal cannot show it" in only_line(run)
    os.close(terminal)
    os.close(other_end)
