"""OSC as liblo's oscsend sends it and its oscdump hears it."""

import shlex
import socket
import subprocess
import threading
import time

import pytest
from music_programs import needs
from paths import MIDI_DATA
from serve_process import START_SECONDS, running

import lstm_music as lm

pytestmark = [needs("oscsend"), needs("oscdump")]

REEL = MIDI_DATA / "reel.mid"


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Dump:
    """oscdump, and what it has heard: (address, values) of each message."""

    def __init__(self, port):
        command = ["stdbuf", "-oL", "oscdump", "-L", str(port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def until(self, address):
        """All messages up to the first of an address, which must come."""
        found = []
        late = threading.Timer(START_SECONDS, self.process.kill)
        late.start()
        while not found or found[-1][0] != address:
            line = self.process.stdout.readline()
            assert line, found
            heard, types, *values = shlex.split(line)[1:]  # the time stands first
            found.append((heard, [_value(t, v) for t, v in zip(types, values)]))
        late.cancel()
        return found


def _value(kind, text):
    return {"i": int, "h": int, "f": float, "d": float, "s": str}[kind](text)


@pytest.fixture(scope="module")
def osc(tmp_path_factory):
    files = tmp_path_factory.mktemp("osc")
    (files / "reel.mid").write_bytes(REEL.read_bytes())
    port = free_port()
    dump = Dump(port)
    options = ["--osc", 0, "--osc-reply", port, "--files", files, "--workers", 1]
    try:
        with running(*options) as server:
            server.dump, server.files = dump, files
            yield server
    finally:
        dump.process.kill()
        dump.process.wait()
        dump.process.stdout.close()


def send(server, address, types="", *values):
    command = ["oscsend", "127.0.0.1", str(server.port("osc")), f"/lstm_music/{address}"]
    command += [types, *map(str, values)] if types else []
    subprocess.run(command, check=True, timeout=60)
    time.sleep(0.05)  # UDP keeps no order between two processes


def test_a_patch_sets_its_dials_and_asks(osc):
    send(osc, "reset")
    send(osc, "seed", "s", "reel.mid")
    for name, types, *values in [
        ("task", "s", "infill"),
        ("bars", "ii", 3, 4),
        ("n", "f", 2.0),
        ("rng_seed", "i", 7),
        ("pitch_range", "s", "1:50-90"),
        ("temperature", "f", 0.75),
    ]:
        send(osc, f"set/{name}", types, *values)
    send(osc, "complete", "s", "mine")
    heard = osc.dump.until("/lstm_music/done")
    request = lm.Request(
        "infill",
        REEL,
        bars=(3, 4),
        n=2,
        rng_seed=7,
        pitch_range={1: (50, 90)},
        temperature=0.75,
    )
    takes = lm.load().complete(request)
    assert heard[-1] == ("/lstm_music/done", ["mine", 2, "7"])
    notes = [values for address, values in heard if address == "/lstm_music/note"]
    for index, take in enumerate(takes):
        mine = [note[2:] for note in notes if note[1] == index]
        new = take.new
        wanted = [new[name].tolist() for name in ("track", "pitch_midi", "velocity")]
        assert [note[:3] for note in mine] == list(map(list, zip(*wanted)))
        quarters = (new["onset_steps"] / 24).tolist()
        assert [note[3] for note in mine] == pytest.approx(quarters, abs=1e-4)
    heads = [values for address, values in heard if address == "/lstm_music/take"]
    assert [head[:3] for head in heads] == [["mine", i, len(t.new)] for i, t in enumerate(takes)]
    for head, take in zip(heads, takes):
        assert lm.read(head[3]).notes.tolist() == take.piece.notes.tolist()
    assert [a for a, _ in heard].index("/lstm_music/take_end") > 2


def test_a_seed_can_be_notes(osc):
    send(osc, "reset")
    send(osc, "seed/meter", "ii", 4, 4)
    for i in range(16):
        send(osc, "seed/note", "iiiff", 0, 60 + i % 5, 90, i / 2, 0.5)
    for name, value in (("task", "infill"), ("bars", "2")):
        send(osc, f"set/{name}", "s", value)
    send(osc, "complete", "s", "played")
    heard = osc.dump.until("/lstm_music/done")
    onsets = [values[5] for address, values in heard if address == "/lstm_music/note"]
    assert onsets
    assert all(4 <= onset < 8 for onset in onsets)
    send(osc, "seed/note", "iii", 0, 60, 90)
    assert osc.dump.until("/lstm_music/error")[-1][1][1] == "bad_params"
    send(osc, "seed/key", "s", "C major")
    assert osc.dump.until("/lstm_music/error")[-1][1][1] == "bad_params"
    send(osc, "reset")


def test_bad_messages_are_answered_and_cost_nothing(osc):
    def error(*message):
        send(osc, *message)
        return osc.dump.until("/lstm_music/error")[-1][1]

    send(osc, "reset")
    assert error("compose")[1] == "unknown_method"
    send(osc, "set/temprature", "f", 1)
    answer = error("complete", "s", "a")
    assert answer[:2] == ["a", "bad_params"]
    assert "temperature" in answer[2]
    send(osc, "set/temprature")
    assert error("seed", "ss", "a", "b")[1] == "bad_params"
    send(osc, "seed", "s", "/etc/hostname")
    assert error("complete", "s", "b")[:2] == ["b", "forbidden"]
    send(osc, "reset")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        for junk in (b"junk", b"#bundle\0" + b"\xff" * 40, b"/lstm_music/hello\0\0\0,i\0\0"):
            one.sendto(junk, ("127.0.0.1", osc.port("osc")))
            assert osc.dump.until("/lstm_music/error")[-1][1][1] == "bad_call"
    send(osc, "hello", "i", 5)
    assert osc.dump.until("/lstm_music/hello")[-1][1] == [5, lm.__version__, 1]


def test_a_request_can_be_cancelled(osc):
    send(osc, "reset")
    send(osc, "set/bars", "i", 256)
    send(osc, "set/n", "i", 16)
    send(osc, "set/ending", "s", "free")
    send(osc, "complete", "i", 3)
    osc.dump.until("/lstm_music/progress")
    send(osc, "cancel", "i", 3)
    heard = osc.dump.until("/lstm_music/error")
    assert heard[-1][1][:2] == [3, "cancelled"]
    send(osc, "reset")


def test_answers_go_to_who_asked_unless_told_otherwise():
    """As a patch has them that sends and receives by one port."""
    from pythonosc.osc_message import OscMessage
    from pythonosc.osc_message_builder import OscMessageBuilder

    with (
        running("--osc", 0, "--workers", 1) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
    ):
        one.settimeout(START_SECONDS)
        message = OscMessageBuilder("/lstm_music/hello")
        message.add_arg(1)
        one.sendto(message.build().dgram, ("127.0.0.1", server.port("osc")))
        assert OscMessage(one.recv(65536)).params == [1, lm.__version__, 1]
