"""Single messages beside mido's: byte for byte the same."""

import mido
import pytest

from lstm_music.errors import MidiError
from lstm_music.midi.private import AddedPlace, Pickup, added_payload, pickup_payload
from lstm_music.midi.writing import meta
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter


def of_mido(kind, **fields):
    return bytes(mido.MetaMessage(kind, **fields).bytes())


@pytest.mark.parametrize("text", ["", "Piano", "Flöte №2 右手", "x" * 127, "x" * 128, "y" * 20000])
def test_texts(text):
    latin = text.encode().decode("latin-1")  # mido writes Latin-1
    assert meta.track_name(text) == of_mido("track_name", name=latin)
    assert meta.cue_point(text) == of_mido("cue_marker", text=latin)


def test_text_that_utf_8_cannot_say():
    assert meta.track_name("a\ud800b") == b"\xff\x03\x03a?b"


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("sharps", range(-7, 8))
def test_keys(sharps, mode):
    key = Key(sharps, mode)
    name = str(key).split()[0] + "m" * (mode == "minor")
    assert meta.key_signature(key) == of_mido("key_signature", key=name)


@pytest.mark.parametrize(
    ("numerator", "denominator", "clocks"),
    [(4, 4, 24), (3, 4, 24), (2, 2, 48), (6, 8, 36), (3, 8, 12), (12, 16, 18), (5, 1, 96)],
)
def test_meters(numerator, denominator, clocks):
    expected = of_mido(
        "time_signature", numerator=numerator, denominator=denominator, clocks_per_click=clocks
    )
    assert meta.time_signature(Meter(0, numerator, denominator)) == expected


@pytest.mark.parametrize("tempo", [1, 255, 256, 500_000, 2**24 - 1])
def test_tempos(tempo):
    assert meta.set_tempo(tempo) == of_mido("set_tempo", tempo=tempo)


def test_ports_and_own_events():
    assert meta.midi_port(3) == of_mido("midi_port", port=3)
    pickup = Pickup(24, True, Meter(0, 3, 4))
    data = tuple(pickup_payload(pickup))
    assert meta.pickup_event(pickup) == of_mido("sequencer_specific", data=data)
    places = [AddedPlace((1, 0, 2, 40, 0), 10 * i, 10 * i + 5) for i in range(30)]
    data = tuple(added_payload(places))
    assert meta.added_event(places) == of_mido("sequencer_specific", data=data)


def test_channel_messages():
    program = mido.Message("program_change", channel=15, program=127)
    assert meta.program_change(15, 127) == bytes(program.bytes())
    control = mido.Message("control_change", channel=9, control=64, value=127)
    assert meta.control_change(9, 64, 127) == bytes(control.bytes())


@pytest.mark.parametrize(("channel", "program"), [(16, 0), (-1, 0), (0, 128), (0, -1)])
def test_numbers_that_would_be_another_message(channel, program):
    with pytest.raises(MidiError, match=r"must be 0\.\.15 and its data 0\.\.127, got"):
        meta.program_change(channel, program)
    with pytest.raises(MidiError, match=r"must be 0\.\.15 and its data 0\.\.127, got"):
        meta.control_change(channel, 7, program if channel == 0 else 200)
