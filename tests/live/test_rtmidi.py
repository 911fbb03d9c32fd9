"""MIDI through rtmidi, where the system has none."""

import os
import sys
from types import SimpleNamespace

import pytest

from lstm_music.cli.main import run


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
