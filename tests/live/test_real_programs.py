"""`lstm-music live` among real programs: synthesiser, recorder, clocks, DAW, under JACK."""

import os
import signal
import sys
import time

import numpy as np
import pytest
from jack_programs import PERIOD, RATE, SOUNDFONT, JackServer, dumped, needs, wait_for
from live_playing import hanging, melody
from paths import MIDI_DATA, ROOT

from lstm_music.live.events import Timed, note_of

pytestmark = [pytest.mark.clients, needs("jackd", "jack_lsp", "jack_connect", "jack_midi_dump")]
SEED = str(MIDI_DATA / "reel.mid")
ENDLESS = ("--mode", "endless", "--seed", SEED, "--tempo", "120", "--set", "rng_seed=1")
STEP_FRAMES = RATE * 60 / 120 / 24


@pytest.fixture(scope="module")
def server():
    found = JackServer()
    before = {name: os.environ.get(name) for name in ("JACK_DEFAULT_SERVER",)}
    os.environ["JACK_DEFAULT_SERVER"] = found.name
    yield found
    found.stop()
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture(autouse=True)
def _all_end(server):
    yield
    server.end_programs()


@pytest.fixture
def dump(server):
    program = server.start("stdbuf", "-oL", "jack_midi_dump", "-a", "dump")
    server.wait_for_port("dump:input")
    return program


def own_output(server):
    """The port of ours that others connect themselves to; its name differs by backend."""

    def found():
        ports = server.run("jack_lsp").splitlines()
        return next((one for one in ports if "lstm_music" in one and "out" in one), None)

    return wait_for(found)


def timed(events):
    return [Timed(frame / RATE, message) for frame, message in events]


def struck(events):
    """(frame, pitch, velocity)."""
    found = [(frame, note_of(message)) for frame, message in events]
    return [(at, note.pitch, note.velocity) for at, note in found if note and note.velocity]


def test_another_program_hears_every_note_at_its_frame(server, dump, tmp_path):
    live = server.live(tmp_path, *ENDLESS, "--backend", "jack", "--out", "dump:input")
    server.wait_for_port("lstm_music:out")
    with _Recorder() as recorder:
        recorder.hear("lstm_music:out")
        wait_for(lambda: len(struck(dumped(dump.lines))) >= 16)
        assert live.end() == 0
    heard, told = struck(recorder.notes), live.news("note")
    keys = [(one["pitch"], one["velocity"]) for one in told]
    assert [one[1:] for one in struck(dumped(dump.lines))] == keys[: len(heard)]
    assert [one[1:] for one in heard] == keys[: len(heard)]
    wanted = np.array([one["onset_quarters"] * 24 * STEP_FRAMES for one in told[: len(heard)]])
    off = np.array([frame for frame, *_ in heard]) - wanted
    # On a machine that is too busy a note may be late; most are at their frame, and none early.
    assert np.median(np.abs(off - np.median(off))) <= 1
    assert (off - np.median(off)).min() >= -1
    assert not hanging(timed(dumped(dump.lines)))


@pytest.mark.parametrize("backend", ["jack", "rtmidi"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_note_hangs_when_a_signal_ends_it(server, dump, tmp_path, backend, number):
    live = server.live(tmp_path, *ENDLESS, "--backend", backend)
    live.wait_for("ready")
    server.connect(own_output(server), "dump:input")
    wait_for(lambda: len(struck(dumped(dump.lines))) >= 4)
    assert live.end(number) == 0
    events = wait_for(lambda: [one for one in dumped(dump.lines) if one[1] == b"\xb0\x7b\x00"])
    assert events
    assert not hanging(timed(dumped(dump.lines)))


def test_no_note_hangs_when_the_program_fails(server, dump, tmp_path):
    """What nobody foresaw: the session itself breaks in the middle of its music."""
    code = (
        "import sys; from lstm_music.live.session import Session\n"
        "whole = Session.advance\n"
        "def advance(self, now):\n"
        "    if self.n_sounding and self.bar_and_beat(now) > (1, 1): raise RuntimeError('x')\n"
        "    return whole(self, now)\n"
        "Session.advance = advance\n"
        "from lstm_music.cli.main import run; sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-P", "-c", code, "live", "--json", "--backend", "jack", *ENDLESS]
    program = server.start(*command, "--knobs", str(tmp_path / "k"), "--out", "dump:input")
    assert program.wait() == 1
    wait_for(lambda: (0, b"\xb0\x7b\x00") in [(0, m) for _, m in dumped(dump.lines)])
    assert struck(dumped(dump.lines))
    assert not hanging(timed(dumped(dump.lines)))


def test_a_server_that_is_gone_is_told(tmp_path):
    server = JackServer("gone")
    live = server.live(tmp_path, *ENDLESS, "--backend", "jack")
    live.wait_for("note")
    server.stop_alone()
    assert live.wait() == 5
    server.end_programs()
    assert any("JACK server is gone" in line for line in live.lines)


@pytest.mark.parametrize("backend", ["jack", "rtmidi"])
def test_a_synthesiser_that_vanishes_is_told_and_no_note_hangs(server, dump, tmp_path, backend):
    synth = server.start("jack_midi_dump", "synth")
    server.wait_for_port("synth:input")
    live = server.live(tmp_path, *ENDLESS, "--backend", backend, "--out", "synth:input")
    server.connect(own_output(server), "dump:input")
    wait_for(lambda: len(struck(dumped(dump.lines))) >= 4)
    synth.end()
    ended_for_want_of("synth:input", live, dump)


@pytest.mark.parametrize("backend", ["jack", "rtmidi"])
def test_a_keyboard_that_vanishes_is_told_and_no_note_hangs(server, dump, tmp_path, backend):
    from lstm_music.live.ports.jack import JackPort
    from lstm_music.live.ports.port import PortNames

    keyboard = JackPort(PortNames("keyboard"))
    try:
        live = server.live(tmp_path, *ENDLESS, "--backend", backend, "--in", "keyboard:out")
        server.connect(own_output(server), "dump:input")
        wait_for(lambda: len(struck(dumped(dump.lines))) >= 4)
    finally:
        keyboard.close()
    ended_for_want_of("keyboard:out", live, dump)


def ended_for_want_of(name, live, dump):
    """A session that ends by itself, with a line that says why and with its notes ended."""
    assert live.wait() == 5
    assert [line for line in live.lines if "is gone" in line] == [
        f"lstm-music: the MIDI port '{name}' is gone; connect it again, and start us again"
    ]
    wait_for(lambda: [one for one in dumped(dump.lines) if one[1] == b"\xb0\x7b\x00"])
    assert not hanging(timed(dumped(dump.lines)))


def test_it_answers_what_a_player_plays(server, dump, tmp_path):
    from lstm_music.live.ports.jack import JackPort
    from lstm_music.live.ports.port import PortNames

    live = server.live(tmp_path, "--backend", "jack", "--out", "dump:input", "--bars", "1")
    live.wait_for("ready")
    player = JackPort(PortNames("player", target="lstm_music:in"))
    try:
        begin = player.now() + 0.2
        phrase = melody(100, start=0.0)
        player.send(Timed(begin + at, message) for at, message in phrase)
        (asked,) = live.wait_for("asked")[:1]
        assert [row[2] for row in asked["heard"]] == [60, 62, 64, 65, 67, 65, 64, 62]
        assert [row[0] for row in asked["heard"]] == [12 * i for i in range(8)]
        assert abs(asked["tempo_bpm"] - 100) < 1
        wait_for(lambda: struck(dumped(dump.lines)))
        live.wait_for("written")
    finally:
        player.close()
        assert live.end() == 0
    assert not hanging(timed(dumped(dump.lines)))


@needs("jack_midi_clock")
def test_a_real_clock_program_leads(server, dump, tmp_path):
    clock = server.start("jack_midi_clock", "-b", "100", "-B", "-d", "0")
    live = server.live(tmp_path, *ENDLESS[:4], "--sync", "--backend", "jack", "--out", "dump:input")
    live.wait_for("ready")
    try:
        server.connect("jack_midi_clock:mclk_out", "lstm_music:in")
        time.sleep(0.5)
        assert not live.news("note")  # it waits for the start
        _transport("start")
        live.wait_for("note", 8)
        wait_for(lambda: len(struck(dumped(dump.lines))) >= 4)
        (asked,) = live.news("asked")[:1]
        assert abs(asked["tempo_bpm"] - 100) < 2
        _transport("stop")
        live.wait_for("bar", 2)
        wait_for(lambda: live.news("bar")[-1]["bar"] is None)
        time.sleep(0.5)
        assert not hanging(timed(dumped(dump.lines)))
        n = len(struck(dumped(dump.lines)))
        time.sleep(1)
        assert len(struck(dumped(dump.lines))) == n
    finally:
        clock.end()
        assert live.end() == 0


def _transport(do):
    import jack

    with jack.Client("transport", no_start_server=True) as client:
        if do == "start":
            client.transport_frame = 0
            client.transport_start()
        else:
            client.transport_stop()
        time.sleep(0.1)


@needs("jack_mclk_dump")
def test_a_real_program_reads_our_clock(server, tmp_path):
    reader = server.start("stdbuf", "-o0", "jack_mclk_dump", "-n")
    live = server.live(tmp_path, *ENDLESS, "--backend", "jack", "--send-clock")
    live.wait_for("ready")
    server.connect("lstm_music:out", "jack_mclk_dump:mclk_in")

    def tempos():
        words = [line.split("[BPM]")[0].split()[-1] for line in reader.lines if "[BPM]" in line]
        return [float(word) for word in words if word.replace(".", "").isdecimal()]

    wait_for(lambda: len(tempos()) > 60)
    assert live.end() == 0
    reader.end(signal.SIGINT)
    assert abs(np.median(tempos()) - 120) < 0.1


@needs("fluidsynth")
def test_a_synthesiser_sounds_our_notes_when_they_are_due(server, tmp_path):
    synth = server.start(
        *("fluidsynth", "-i", "-s", "-m", "jack", "-a", "jack", "-R", "0", "-C", "0"),
        *(
            "-o",
            "midi.jack.id=fluid",
            "-o",
            f"shell.port={_free_port()}",
            "-g",
            "2",
            str(SOUNDFONT),
        ),
    )
    try:
        wait_for(lambda: "fluid:midi_00" in server.run("jack_lsp"))
        with _Recorder("fluid:left") as recorder:
            live = server.live(tmp_path, *ENDLESS, "--backend", "jack", "--out", "fluid:midi_00")
            live.wait_for("ready")
            recorder.hear("lstm_music:out")
            wait_for(lambda: len(struck(recorder.notes)) >= 8)
            time.sleep(0.5)
            assert live.end() == 0
            time.sleep(1.0)
        frames, sound = recorder.sound()
        assert np.abs(sound).max() > 0.01
        loud = np.flatnonzero(np.abs(sound) > 0.1 * np.abs(sound).max())
        late = frames[loud[0]] - struck(recorder.notes)[0][0]
        assert -2 * PERIOD <= late <= 0.1 * RATE  # a period or two, and the attack of a piano
        tail = np.abs(sound[-RATE // 4 :]).max()
        assert tail < 0.02 * np.abs(sound).max()  # it is silent again
    finally:
        synth.end(signal.SIGKILL)


def _free_port():
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class _Recorder:
    """Records sound and MIDI, each with its frame."""

    def __init__(self, source=None):
        import jack

        self._client = jack.Client("recorder", no_start_server=True)
        self._in = self._client.inports.register("in")
        self._midi = self._client.midi_inports.register("midi")
        self._blocks, self._notes = [], []
        self._client.set_process_callback(self._process)
        self._source = source

    def _process(self, _):
        frame = self._client.last_frame_time
        self._blocks.append((frame, self._in.get_array().copy()))
        for offset, data in self._midi.incoming_midi_events():
            self._notes.append((frame + offset, bytes(data)))

    def __enter__(self):
        self._client.activate()
        if self._source is not None:
            self._client.connect(self._source, self._in)
        return self

    def __exit__(self, *_):
        self._client.deactivate()
        self._client.close()

    def hear(self, source):
        self._client.connect(source, self._midi)

    @property
    def notes(self):
        return list(self._notes)

    def sound(self):
        frames = np.concatenate([np.arange(len(b)) + frame for frame, b in self._blocks])
        return frames, np.concatenate([block for _, block in self._blocks])


@needs("ardour7-lua")
def test_ardour_records_us_note_for_note(server, tmp_path):
    live = server.live(tmp_path, *ENDLESS, "--backend", "jack")
    live.wait_for("note")
    script = str(ROOT / "tests" / "live" / "record.lua")
    settings = {"SESSION_DIR": tmp_path, "HOME": tmp_path, "SOURCE": "lstm_music:out"}
    settings |= {"RECORD_SECONDS": 6}
    env = [f"{name}={value}" for name, value in settings.items()]
    ardour = server.start("env", *env, "stdbuf", "-oL", "ardour7-lua", script)
    assert ardour.wait(90) == 0
    assert live.end() == 0
    rows = [line.split() for line in ardour.lines if line.startswith("note ")]
    recorded = [(_ticks(at), int(pitch), int(velocity)) for _, at, pitch, velocity in rows]
    recorded = recorded[1:]  # Ardour may begin to record in the middle of the first
    assert len(recorded) >= 12
    told = [
        (round(one["onset_quarters"] * 1920), one["pitch"], one["velocity"])
        for one in live.news("note")
    ]
    keys = [one[1:] for one in recorded]
    (first,) = [
        i for i in range(len(told)) if [one[1:] for one in told[i : i + len(keys)]] == keys
    ][:1]
    ours = told[first : first + len(recorded)]
    off = np.array([a[0] - b[0] for a, b in zip(recorded, ours)])
    off = off - np.median(off)
    # As above: where the machine is too busy a note may be late, but most are not, and none early.
    assert np.mean(np.abs(off) <= 4) >= 0.8  # of 1920 to the quarter: a millisecond
    assert off.min() >= -4


def _ticks(text):
    quarters, ticks = text.split(":")
    return 1920 * int(quarters) + int(ticks)
