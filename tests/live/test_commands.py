"""What a player says over OSC and in lines, and how the command line refuses."""

import socket
import time

import pytest
from live_playing import melody
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket

import lstm_music as lm
from lstm_music.cli.main import run as cli_run
from lstm_music.live import run as live_run
from lstm_music.live.commands import QuitSession, obey, words_of
from lstm_music.live.dials import Dials
from lstm_music.live.events import Timed
from lstm_music.live.osc import OscCommands
from lstm_music.live.ports.port import one_named
from lstm_music.live.ports.sender import TimedSender
from lstm_music.live.session import Session
from lstm_music.live.settings import Settings


def session(news=None):
    return Session(Settings(), _no_notes, Dials(), (news if news is not None else []).append)


def _no_notes(ask):
    raise lm.ConfigError(f"nothing is written here: {ask.bars}")


def test_words_do_what_they_say():
    news = []
    one = session(news)
    for line in ("set temperature 0.8", "set scale D dorian", "set playable true", "mode endless"):
        obey(one, words_of(line), 0.0)
    assert one.dials.values == {"temperature": 0.8, "scale": "D dorian", "playable": True}
    assert one.mode_name == "endless"
    obey(one, words_of("set temperature"), 0.0)
    assert one.dials.values == {"scale": "D dorian", "playable": True}
    obey(one, words_of("learn scale C major, D dorian"), 0.0)
    assert one.dials.learning == "scale"
    obey(one, ["reset"], 0.0)
    assert one.dials.values == {}
    obey(one, ["panic"], 0.0)
    assert news[-1] == {"event": "panic"}
    with pytest.raises(QuitSession):
        obey(one, ["quit"], 0.0)
    for words in ([], ["set"], ["dance"], ["mode"]):
        with pytest.raises(lm.ConfigError, match="there is no command"):
            obey(one, words, 0.0)


class Port:
    """Plays what it is given, and keeps what it gets."""

    names = "of a test"

    def __init__(self, events=()):
        self.coming, self.sent, self.is_closed = list(events), [], False
        self._begin = time.monotonic()

    def now(self):
        return time.monotonic() - self._begin

    def received(self):
        found = [one for one in self.coming if one.seconds <= self.now()]
        self.coming = [one for one in self.coming if one not in found]
        return found

    def send(self, events):
        assert not self.is_closed
        self.sent += events

    def check(self):
        pass

    def close(self):
        self.is_closed = True


class NoView:
    def show(self, *_):
        pass


def message(address, *values):
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return builder.build().dgram


def test_osc_sets_asks_and_ends():
    osc, one, port, said = OscCommands(0), session(), Port(), []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as patch:
        patch.bind(("127.0.0.1", 0))
        patch.settimeout(5)
        for data in (
            message("/lstm_music/set/temperature", 0.5),
            message("/lstm_music/set/bars", 4.0),
            message("/lstm_music/dance"),
            b"no osc",
            message("/lstm_music/get"),
            message("/lstm_music/quit"),
        ):
            patch.sendto(data, ("127.0.0.1", osc.port))
        live_run.run(one, port, NoView(), osc=osc, complain=said.append)
        answers = [OscPacket(patch.recv(4096)).messages[0].message for _ in range(4)]
    osc.close()
    assert one.dials.values == {"temperature": 0.5, "bars": 4}
    found = {(answer.address, *answer.params[:2]) for answer in answers}
    assert {("/lstm_music/value", "temperature", 0.5), ("/lstm_music/value", "bars", 4)} <= found
    assert sum(address == "/lstm_music/error" for address, *_ in found) == 2
    assert "there is no command 'dance'" in said[0]
    assert port.is_closed


def test_what_composing_refuses_is_told_and_the_session_goes_on():
    news = []
    events = [Timed(at / 8, message) for at, message in melody(100, start=0.0)]
    one, port = session(news), Port(events)
    one.dials.set("temperature", 0.5)
    import queue

    lines = queue.SimpleQueue()

    class Quits:
        def show(self, _, __, now):
            if any(told["event"] == "error" for told in news) or now > 8:
                lines.put("quit")

    live_run.run(one, port, Quits(), lines=lines, complain=news.append)
    assert any("nothing is written here" in told.get("message", "") for told in news)


def test_a_port_is_found_by_a_part_of_its_name():
    there = ["Midi Through", "Big Keystation 61", "Keystation 49"]
    assert one_named("Keystation 49", there) == "Keystation 49"
    assert one_named("Key", there) == "Keystation 49"
    assert one_named("Big", there) == "Big Keystation 61"
    assert one_named("61", there) == "Big Keystation 61"
    assert one_named("Organ", there) is None


def test_messages_leave_in_the_order_of_their_times_and_none_is_left_behind():
    sent = []
    sender = TimedSender(sent.append)
    now = time.monotonic()
    sender.send([Timed(now + 60 - i, bytes((i,))) for i in range(20)])
    sender.send([Timed(now - 1, b"now")])
    while not sent:
        time.sleep(0.001)
    assert sent == [b"now"]
    assert sender.close()
    assert sent == [b"now", *(bytes((i,)) for i in reversed(range(20)))]
    assert not sender.close()


def test_a_message_that_cannot_be_sent_is_kept_as_an_error():
    def send(_):
        raise OSError("unplugged")

    sender = TimedSender(send)
    sender.send([Timed(0.0, b"x")])
    sender.close()
    assert sender.error == "unplugged"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--mode", "follow"], 2, "follow needs instruments"),
        (["--set", "temperature"], 2, "--set must look like temperature=0.8"),
        (["--set", "temprature=1"], 2, "did you mean temperature"),
        (["--sync", "--tempo", "100"], 2, "exclude each other"),
        (["--mode", "endless", "--seed", "nowhere.mid"], 3, "nowhere.mid"),
        (["--with", "kazoo-o-phone"], 2, "kazoo-o-phone"),
        (["--meter", "4"], 2, "meter must look like"),
        (["--learn", "scale"], 2, "scale is text"),
    ],
)
def test_the_command_line_refuses_before_it_opens_a_port(options, code, message, capsys, tmp_path):
    assert cli_run(["live", "--knobs", str(tmp_path / "k"), *options]) == code
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_without_a_jack_server_it_says_what_to_do(capsys, tmp_path, monkeypatch):
    pytest.importorskip(
        "jack", reason="JACK-Client or libjack is not installed", exc_type=Exception
    )
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no_such_server")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    for option in (("--knobs", str(tmp_path / "k")), ("--list",)):
        assert cli_run(["live", "--backend", "jack", *option]) == 5
        assert capsys.readouterr().err == (
            "lstm-music: no JACK server is running; start one, such as jackd or PipeWire, or "
            "leave out --backend jack\n"
        )
