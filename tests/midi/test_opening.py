"""New bars written alone: how the file begins."""

import numpy as np
from smf_bytes import END, NOTE, smf
from smf_events import list_events

import lstm_music as lm
from lstm_music.midi.write import to_midi_bytes
from lstm_music.midi.writing.opening import new_bars_alone
from lstm_music.music.key import Key, KeyChange
from lstm_music.music.meter import Meter
from lstm_music.music.piece import PEDAL_DTYPE, Tempo, make_notes

BAR = NOTE * 4


def alone(data, start=96, pedal=(), **changes):
    """The bars from a step on, after one note that begins there is added."""
    piece = lm.read(data)
    longer = piece.replace(
        notes=np.concatenate([piece.notes, make_notes([(start, 24, 70, 90, 0)])]),
        pedal=np.concatenate([piece.pedal, np.array(list(pedal), PEDAL_DTYPE)]),
        **changes,
    )
    return new_bars_alone(longer, start)


def opening(piece):
    """The events at tick 0 of each chunk, in hex."""
    tracks = list_events(to_midi_bytes(piece)).tracks
    return [[event.hex(" ") for tick, event in track if tick == 0] for track in tracks]


def test_a_pedal_that_is_pressed_on_the_first_beat_stays():
    piece = alone(smf(BAR + END), pedal=[(96, 0, True)])
    assert piece.pedal.tolist() == [(0, 0, True)]
    assert "b0 40 7f" in opening(piece)[0]


def test_another_meter_than_the_file_says_is_stated():
    data = smf("00 FF 58 04 04 02 18 08" + BAR + END)
    piece = alone(data, meters=(Meter(0, 3, 4),))
    said = [text[:11] for text in opening(piece)[0] if text.startswith("ff 58")]
    assert said[-1] == "ff 58 04 03"
    same = opening(alone(data))[0]
    assert [text[:11] for text in same if text.startswith("ff 58")] == ["ff 58 04 04"]


def test_a_key_is_said_once():
    data = smf("00 FF 59 02 01 00" + NOTE + "00 FF 59 02 02 00" + NOTE * 3 + END)
    assert [text for text in opening(alone(data))[0] if text.startswith("ff 59")] == [
        "ff 59 02 02 00"
    ]


def test_what_is_set_on_the_first_beat_is_in_force():
    data = smf("00 B0 0A 10" + BAR + "00 B0 0A 20 00 E0 00 50" + END)
    assert [text for text in opening(alone(data))[0] if text[:2] in ("b0", "e0")] == ["b0 0a 20"]


def test_each_channel_begins_with_the_bank_that_its_program_had():
    first = "B0 00 01", "B1 00 02", "C0 05", "C1 06", "B0 00 03", "B1 00 04"
    (events,) = opening(alone(smf("00 " + " 00 ".join(first) + BAR + END)))
    kept = [text.upper() for text in events if text[0] in "bc"]
    assert kept == list(first)


def test_events_of_other_makers_stay():
    assert "ff 7f 03 43 01 02" in opening(alone(smf("00 FF 7F 03 43 01 02" + BAR + END)))[0]


def test_another_tempo_or_key_on_the_first_beat_is_in_force():
    """As music goes on at its usual tempo after a ritardando."""
    said = "00 FF 51 03 07 A1 20 00 FF 59 02 01 00"
    data = smf(said + NOTE * 3 + "00 FF 51 03 16 E3 60" + NOTE + END)
    piece = lm.read(data)
    changes = {
        "tempos": (*piece.tempos, Tempo(96, 500_000), Tempo(108, 600_000)),
        "key_changes": (KeyChange(96, Key(2, "major")),),
    }
    made = alone(data, **changes)
    (events,) = opening(made)
    assert [text for text in events if text[:5] in ("ff 51", "ff 59")] == [
        "ff 51 03 07 a1 20",
        "ff 59 02 02 00",
    ]
    again = lm.read(to_midi_bytes(made))
    assert again.tempos == (Tempo(0, 500_000), Tempo(12, 600_000))
    assert str(again.key) == "D major"
