"""The messages that we write out, beside those that mido makes of the same values."""

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_music.midi.private import AddedPlace, Pickup, added_payload, pickup_payload
from lstm_music.midi.writing import meta
from lstm_music.music.key import Key
from lstm_music.music.meter import DENOMINATORS, Meter

bytes_7 = st.integers(0, 127)
channels = st.integers(0, 15)


def of_mido(kind, **fields):
    return bytes(mido.MetaMessage(kind, **fields).bytes())


@given(st.text(max_size=9), st.sampled_from([1, 14, 15, 1821, 1822]))
def test_text_is_utf_8_behind_its_length(text, times):
    text *= times  # lengths of one byte, two and three
    # mido writes Latin-1, so it is given the characters that our bytes are in it.
    latin = text.encode().decode("latin-1")
    assert meta.track_name(text) == of_mido("track_name", name=latin)
    assert meta.cue_point(text) == of_mido("cue_marker", text=latin)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16383, 16384, 2097151, 2097152])
def test_lengths_on_both_sides_of_each_further_byte(size):
    assert meta.track_name("x" * size) == of_mido("track_name", name="x" * size)


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("sharps", range(-7, 8))
def test_every_key(sharps, mode):
    tonic = str(Key(sharps, mode)).split()[0]
    expected = of_mido("key_signature", key=tonic + "m" * (mode == "minor"))
    assert meta.key_signature(Key(sharps, mode)) == expected


@pytest.mark.parametrize("denominator", DENOMINATORS)
def test_every_meter(denominator):
    for numerator in range(1, 65):
        dotted = denominator >= 8 and numerator > 3 and not numerator % 3
        expected = of_mido(
            "time_signature",
            numerator=numerator,
            denominator=denominator,
            clocks_per_click=24 * 4 * (3 if dotted else 1) // denominator,
        )
        assert meta.time_signature(Meter(0, numerator, denominator)) == expected


@given(st.integers(1, 2**24 - 1), bytes_7)
def test_tempos_and_ports(usec_per_quarter, port):
    assert meta.set_tempo(usec_per_quarter) == of_mido("set_tempo", tempo=usec_per_quarter)
    assert meta.midi_port(port) == of_mido("midi_port", port=port)


@given(channels, bytes_7, bytes_7)
def test_programs_and_controllers(channel, number, value):
    program = mido.Message("program_change", channel=channel, program=number)
    control = mido.Message("control_change", channel=channel, control=number, value=value)
    assert meta.program_change(channel, number) == bytes(program.bytes())
    assert meta.control_change(channel, number, value) == bytes(control.bytes())


@pytest.mark.parametrize("n_places", [0, 1, 40])
def test_our_own_events(n_places):
    places = [AddedPlace((2, 0, 9, 0, 1), 96 * i, 96 * i + 48) for i in range(n_places)]
    pickup = Pickup(24, own_bar=False, meter=Meter(0, 3, 4))
    for event, payload in (
        (meta.added_event(places), added_payload(places)),
        (meta.pickup_event(pickup), pickup_payload(pickup)),
    ):
        assert event == of_mido("sequencer_specific", data=tuple(payload))
