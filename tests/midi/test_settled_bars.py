"""The bars of a file of ours are settled: reading it back infers nothing."""

import pytest

from lstm_music.midi.private import Pickup, parse_pickup, pickup_payload
from lstm_music.midi.read import read_midi_bytes
from lstm_music.music.listening.rhythm import infer_meter
from lstm_music.music.meter import Meter

TICKS = 480


def number(value):
    """A variable-length quantity."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(parts[::-1])


def meta(kind, data):
    return b"\x00\xff" + bytes([kind]) + number(len(data)) + data


def settled(pickup):
    return meta(0x7F, pickup_payload(pickup))


def meter(numerator, power):
    return meta(0x58, bytes([numerator, power, 24, 8]))


def waltz(*events):
    """Sixteen bars of bass, chord, chord in quarters, after some events at tick 0."""
    track = b"".join(events)
    for beat in range(48):
        pitches = (60, 64, 67) if beat % 3 else (41 + 2 * (beat // 3 % 4),)
        track += b"".join(bytes([0, 0x90, pitch, 80]) for pitch in pitches)
        for i, pitch in enumerate(pitches):
            track += number(0 if i else TICKS) + bytes([0x80, pitch, 64])
    track += meta(0x2F, b"")
    header = b"MThd" + (6).to_bytes(4, "big") + bytes([0, 0, 0, 1]) + TICKS.to_bytes(2, "big")
    return header + b"MTrk" + len(track).to_bytes(4, "big") + track


def read(*events):
    return read_midi_bytes(waltz(*events))


def test_without_the_event_the_meter_is_found():
    assert str(infer_meter(read()).meters[0]) == "3/4"
    assert str(infer_meter(read(meter(4, 2))).meters[0]) == "3/4"


def test_a_settled_meter_without_a_pickup_stays():
    piece = read(settled(Pickup(0, own_bar=False)), meter(4, 2))
    assert infer_meter(piece) is piece
    assert (piece.meters, piece.pickup_steps) == ((Meter(0, 4, 4),), 0)
    assert not piece.repairs


def test_bars_of_one_beat_stay_when_they_are_settled():
    piece = read(settled(Pickup(0, own_bar=False)), meter(1, 2))
    assert infer_meter(piece) is piece
    assert piece.meters == (Meter(0, 1, 4),)


def test_a_settled_pickup_stays():
    piece = read(settled(Pickup(36, own_bar=False)), meter(4, 2))
    assert infer_meter(piece) is piece
    assert (piece.meters, piece.pickup_steps) == ((Meter(0, 4, 4),), 36)


def test_a_settled_meter_can_be_another_than_the_file_says():
    for events in ((), (meter(4, 2),)):
        piece = read(settled(Pickup(24, own_bar=False, meter=Meter(0, 6, 8))), *events)
        assert infer_meter(piece) is piece
        assert (piece.meters, piece.pickup_steps) == ((Meter(0, 6, 8),), 24)
        assert "meter" not in piece.unstated


def test_a_meter_that_somebody_changed_since_is_not_settled():
    piece = read(settled(Pickup(96, own_bar=False)), meter(3, 2))
    assert piece.settled_bars is None
    assert piece.pickup_steps == 0


@pytest.mark.parametrize(
    "pickup",
    [Pickup(72, own_bar=False), Pickup(24, own_bar=True), Pickup(24, True, Meter(0, 3, 4))],
)
def test_a_pickup_that_does_not_fit_the_meters_is_not_settled(pickup):
    """As long as a bar; or a bar of its own, which the meters do not have."""
    assert read(settled(pickup), meter(3, 2)).settled_bars is None
    later = number(48 * TICKS) + meter(4, 2)[1:]
    if pickup.own_bar:
        assert read(settled(pickup), meter(3, 2), later).settled_bars is None


def test_what_is_settled_of_another_meter_says_nothing():
    piece = read(settled(Pickup(0, own_bar=False)), meter(3, 2))
    moved = piece.replace(meters=(Meter(0, 4, 4),))
    assert str(infer_meter(moved).meters[0]) == "3/4"
    open_again = read(settled(Pickup(0, own_bar=False)), meter(4, 2))
    open_again = open_again.replace(unstated=frozenset({"meter"}))
    assert str(infer_meter(open_again).meters[0]) == "3/4"


@pytest.mark.parametrize(
    "pickup",
    [Pickup(0, False), Pickup(24, True), Pickup(12, False, Meter(0, 12, 8))],
)
def test_the_payload_comes_back(pickup):
    assert parse_pickup(pickup_payload(pickup)) == pickup


def test_payloads_of_older_files_are_read():
    old = b"\x7dlstm_music pickup_steps=24 own_bar=1"
    assert parse_pickup(old) == Pickup(24, own_bar=True)
    assert pickup_payload(Pickup(24, own_bar=True)) == old


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x7dlstm_music pickup_steps=-1 own_bar=0",
        b"\x7dlstm_music pickup_steps=0 own_bar=0 meter=3/5",
        b"\x7dlstm_music pickup_steps=0 own_bar=0 meter=99/4",
        b"\x43lstm_music pickup_steps=0 own_bar=0",
    ],
)
def test_other_payloads_are_somebody_elses(payload):
    assert parse_pickup(payload) is None


def test_the_length_is_still_told():
    piece = read(settled(Pickup(0, own_bar=False)), meter(4, 2)).replace(length_steps=1152)
    assert infer_meter(piece).length_steps == 1152
