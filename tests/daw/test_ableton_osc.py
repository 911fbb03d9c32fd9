"""Our program for AbletonOSC, with a stand-in of AbletonOSC and a real server.

The addresses and their arguments are those of AbletonOSC, repository ideoforms/AbletonOSC; beside
each stands the file of its folder abletonosc that adds it. Whatever else is sent is an error.
"""

import socket
import subprocess
import sys
import threading

import pytest
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer
from pythonosc.udp_client import SimpleUDPClient


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class AbletonOsc:
    """One track of slots; each clip is {"length", "notes", "name"}."""

    def __init__(self, slots):
        self.slots, self.errors = slots, []
        self.reply_port = free_port()
        self._client = SimpleUDPClient("127.0.0.1", self.reply_port)
        dispatcher = Dispatcher()
        dispatcher.set_default_handler(self._heard)
        self.server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self._client.close()

    def _heard(self, address, *values):
        name = address.removeprefix("/live/").replace("/", "_")
        try:
            answer = getattr(self, name)(*values)
        except Exception as error:
            self.errors.append(f"{address} {values}: {error!r}")
            return
        if answer is not None:
            self._client.send_message(address, list(answer))

    def _clip(self, track, slot):
        assert track == 0
        assert self.slots[slot] is not None
        return self.slots[slot]

    # view.py: /live/view/get/selected_clip answers track, scene
    def view_get_selected_clip(self):
        return 0, 0

    # song.py: /live/song/get/num_scenes
    def song_get_num_scenes(self):
        return (len(self.slots),)

    # song.py, a property: /live/song/get/signature_numerator
    def song_get_signature_numerator(self):
        return (4,)

    # song.py, a property: /live/song/get/signature_denominator
    def song_get_signature_denominator(self):
        return (4,)

    # song.py, a method: /live/song/create_scene index; -1 is at the end
    def song_create_scene(self, index):
        assert index == -1
        self.slots.append(None)

    # clip_slot.py, a property: /live/clip_slot/get/has_clip track, slot
    def clip_slot_get_has_clip(self, track, slot):
        return track, slot, self.slots[slot] is not None

    # clip_slot.py, a method: /live/clip_slot/create_clip track, slot, length
    def clip_slot_create_clip(self, track, slot, length):
        assert self.slots[slot] is None
        assert isinstance(length, float)
        self.slots[slot] = {"length": length, "notes": [], "name": ""}

    # clip.py, a property: /live/clip/get/length track, slot
    def clip_get_length(self, track, slot):
        return track, slot, self._clip(track, slot)["length"]

    # clip.py: /live/clip/get/notes; of each note pitch, start, duration, velocity, mute
    def clip_get_notes(self, track, slot):
        return track, slot, *(value for note in self._clip(track, slot)["notes"] for value in note)

    # clip.py, a property: /live/clip/set/name track, slot, name
    def clip_set_name(self, track, slot, name):
        self._clip(track, slot)["name"] = name

    # clip.py: /live/clip/add/notes track, slot, then five values a note, in that order
    def clip_add_notes(self, track, slot, *flat):
        assert len(flat) % 5 == 0
        for pitch, start, duration, velocity, mute in zip(*[iter(flat)] * 5):
            assert isinstance(pitch, int)
            assert start >= 0
            assert duration > 0
            assert 1 <= velocity <= 127
            self._clip(track, slot)["notes"].append([pitch, start, duration, velocity, bool(mute)])


def notes(bars):
    scale = [60, 62, 64, 65, 67, 69, 71, 72]
    return [[scale[(i + i // 5) % 8], i / 2, 0.5, 80, i == 3] for i in range(bars * 8)]


@pytest.fixture
def play(host):
    servers = []

    def run(slots, *words, code=0):
        live = AbletonOsc(slots)
        servers.append(live)
        command = [sys.executable, "-P", "-m", "lstm_music.daw.ableton_osc", *words]
        command += ["--live-port", str(live.port), "--reply-port", str(live.reply_port)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False, env=host
        )
        assert done.returncode == code, done.stderr
        assert live.errors == []
        return live.slots, done

    yield run
    for live in servers:
        live.close()


def test_takes_become_clips_and_the_clip_stays(play):
    mine = {"length": 32.0, "notes": notes(8), "name": "mine"}
    other = {"length": 4.0, "notes": notes(1), "name": "other"}
    slots, done = play([mine, other, None], "infill", "--first", "5", "--bars", "2", "--takes", "2")
    assert slots[0] == {"length": 32.0, "notes": notes(8), "name": "mine"}
    assert slots[1]["name"] == "other"
    assert [slot["name"] for slot in slots[2:]] == ["infill 1", "infill 2"]
    for slot in slots[2:]:
        inside = [note for note in slot["notes"] if 16 <= note[1] < 24]
        assert inside
        outside = [note for note in slot["notes"] if note not in inside]
        assert outside == [n for n in notes(8) if not 16 <= n[1] < 24]
    assert "slot 4 of track 1" in done.stdout


def test_continue(play):
    slots, _ = play(
        [{"length": 16.0, "notes": notes(4), "name": ""}, None],
        "continue",
        "--bars",
        "2",
        "--takes",
        "1",
    )
    assert slots[1]["length"] == 24
    assert slots[1]["notes"][:32] == notes(4)
    assert all(16 <= note[1] < 24 for note in slots[1]["notes"][32:])


def test_what_is_missing_is_said(play):
    _, done = play([None], "infill", code=1)
    assert "no clip" in done.stderr
    _, done = play([{"length": 8.0, "notes": [], "name": ""}], "infill", code=1)
    assert "no notes" in done.stderr


def test_a_live_that_is_not_there_is_named(host):
    command = [sys.executable, "-P", "-m", "lstm_music.daw.ableton_osc", "infill"]
    command += ["--live-port", str(free_port()), "--reply-port", str(free_port())]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=host
    )
    assert done.returncode == 1
    assert "choose AbletonOSC in Live's Settings" in done.stderr
