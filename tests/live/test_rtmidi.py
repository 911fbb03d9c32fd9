"""MIDI through rtmidi, where the system has none."""

import os
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from lstm_music.cli.main import run
from lstm_music.errors import BackendError
from lstm_music.live.ports.port import Presence


class NoMidi:
    """An output of rtmidi on a machine without ALSA's sequencer and without JACK."""

    def __init__(self, *_):
        os.write(2, b"ALSA lib seq_hw.c: open /dev/snd/seq failed\n")
        raise RuntimeError("JACK server not running?")


@pytest.mark.parametrize("options", [("--list",), ("--in", "Keystation", "--out", "FluidSynth")])
def test_without_midi_one_line_says_so_and_the_libraries_are_silent(monkeypatch, capfd, options):
    ways = SimpleNamespace(get_compiled_api=lambda: [2, 3], MidiOut=NoMidi)
    monkeypatch.setitem(sys.modules, "rtmidi", ways)
    assert run(["live", *options]) == 5
    assert capfd.readouterr().err == (
        "lstm-music: no MIDI here: JACK server not running?; on Linux load snd-seq or start JACK\n"
    )
    os.write(2, b"back")
    assert capfd.readouterr().err == "back"


@pytest.mark.parametrize(
    ("there", "is_there"),
    [
        (["loopMIDI 0", "Keystation 1"], True),
        (["Keystation 0"], True),  # Windows counts its ports: another one is gone
        (["loopMIDI 0"], False),
        ([], False),
    ],
)
def test_a_port_is_known_by_its_name_and_not_by_its_number(there, is_there):
    presence = Presence("Keystation 1", lambda: there)
    with nullcontext() if is_there else pytest.raises(BackendError, match="'Keystation 1' is gone"):
        presence.check()
