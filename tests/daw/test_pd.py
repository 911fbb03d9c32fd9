"""Our abstraction in a real Pure Data without a window, with a real server."""

import socket
import subprocess
import threading

import pytest
from music_programs import needs
from serve_process import START_SECONDS, running

pytestmark = needs("pd")

PATCH = """#N canvas 0 0 400 300 10;
#X obj 20 20 loadbang;
#X obj 20 50 delay 300;
#X msg 20 80 {messages};
#X obj 20 110 lstm_music {port} {reply};
#X obj 20 140 print note;
#X obj 120 140 print told;
#X connect 0 0 1 0;
#X connect 1 0 2 0;
#X connect 2 0 3 0;
#X connect 3 0 4 0;
#X connect 3 1 5 0;
"""


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def play(scripts, tmp_path_factory):
    """Sends messages to the abstraction; gives the notes, and all else that came, by lines."""
    folder, reply = scripts("pd"), free_port()
    with running("--osc", 0, "--osc-reply", reply, "--workers", 1) as server:

        def run(*messages):
            patch = tmp_path_factory.mktemp("patch") / "drive.pd"
            text = " \\, ".join(messages)
            patch.write_text(PATCH.format(messages=text, port=server.port("osc"), reply=reply))
            command = ["pd", "-nogui", "-noaudio", "-nomidi", "-path", str(folder), str(patch)]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            late = threading.Timer(START_SECONDS, process.kill)
            late.start()
            lines = []
            try:
                for line in process.stderr:
                    lines.append(line.strip())
                    if line.startswith(("told: done", "told: error")):
                        break
            finally:
                late.cancel()
                process.kill()
                process.wait()
                process.stderr.close()
            told = [line.removeprefix("told: ") for line in lines if line.startswith("told: ")]
            notes = [line.split()[1:] for line in lines if line.startswith("note: ")]
            return [list(map(float, note)) for note in notes], told

        yield run


def test_a_patch_fills_a_bar_of_the_notes_it_sends(play):
    seed = [f"note 0 {60 + i % 5} 90 {i / 2} 0.5" for i in range(24)]
    wishes = ["set task infill", "set bars 2", "set n 2", "set rng_seed 5"]
    notes, told = play("reset", "seed", "meter 4 4", *seed, *wishes, "compose mine")
    assert told[-1] == "done mine 2 5"
    assert {note[0] for note in notes} == {0, 1}
    assert all(4 <= onset < 8 for _, _, _, _, onset, _ in notes)
    heads = [line.split() for line in told if line.startswith("take mine")]
    assert [int(head[3]) for head in heads] == [sum(n[0] == i for n in notes) for i in (0, 1)]


def test_a_control_can_be_taken_back(play):
    _, told = play("reset", "set bars 2", "set scale 7", "set scale", "compose 3")
    assert told[-1].startswith("done 3 1")


def test_what_is_wrong_is_told(play):
    notes, told = play("reset", "set temprature 2", "compose 4")
    assert told[-1].startswith("error 4 bad_params")
    assert notes == []


def test_the_help_patch_opens_without_errors(scripts):
    command = ["pd", "-nogui", "-noaudio", "-nomidi", "-path", str(scripts("pd"))]
    command += ["-send", "pd quit", str(scripts("pd") / "lstm_music-help.pd")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
