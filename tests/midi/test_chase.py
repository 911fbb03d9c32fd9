"""What a channel of a file is set to at a moment."""

import pytest
from smf_bytes import END, NOTE, smf

import lstm_music as lm
from lstm_music.midi.writing import chase
from lstm_music.midi.writing.original_file import OriginalFile


def opened(*tracks):
    return OriginalFile(lm.read(smf(*tracks)).original)


def channel(*tracks, port=0):
    """The first channel of a file of these tracks."""
    return opened(*tracks).channel(port, 0)


@pytest.mark.parametrize(
    ("kind", "message", "value"),
    [
        (chase.MODULATION, "B0 01 30", 0x30),
        (chase.EXPRESSION, "B0 0B 30", 0x30),
        (chase.SUSTAIN, "B0 40 7F", 0x7F),
        (chase.SOSTENUTO, "B0 42 7F", 0x7F),
        (67, "B0 43 7F", 0x7F),
        (chase.PRESSURE, "D0 30", 0x30),
        (chase.BEND, "E0 12 34", 0x34 << 7 | 0x12),
    ],
)
def test_controller_121_puts_back_what_was_set_before_it(kind, message, value):
    assert channel(f"00 {message}" + NOTE + END).value(kind, 0) == value
    assert channel(f"00 {message} 00 B0 79 00" + NOTE + END).value(kind, 0) is None
    assert channel(f"00 B0 79 00 00 {message}" + NOTE + END).value(kind, 0) == value


@pytest.mark.parametrize("controller", [0, 7, 10, 32, 91])
def test_controller_121_leaves_the_rest(controller):
    settings = channel(f"00 B0 {controller:02X} 30 00 B0 79 00" + NOTE + END)
    assert settings.value(controller, 0) == 0x30


def test_a_setting_holds_from_its_tick_on():
    settings = channel("00 B0 07 10" + NOTE + "00 B0 07 20" + NOTE + END)
    assert [settings.value(7, ticks) for ticks in (0, 95, 96)] == [16, 16, 32]
    assert settings.changes_between(0, 96, [7])
    assert not settings.changes_between(0, 95, [7])
    assert not settings.changes_between(0, 96, [8])
    assert not settings.changes_between(96, 999, [7])


def test_ports_go_up_to_127_and_an_event_without_one_names_none():
    file = opened("00 FF 21 01 21" + NOTE + "00 FF 21 00" + NOTE + END, NOTE + END)
    is_note = file.events["status"] >> 4 == 9
    assert file.ports[is_note].tolist() == [33, 33, 0]


def test_the_bank_of_a_sound_is_the_one_set_before_its_program():
    settings = channel("00 B0 00 02 00 B0 20 03 00 C0 05 00 B0 00 09" + NOTE + END)
    assert settings.sound(0) == (5, 2 << 7 | 3)
    assert channel(NOTE + END).sound(0) == (0, 0)


def test_of_programs_at_one_tick_the_one_of_the_chunk_counts():
    settings = channel("00 C0 05" + NOTE + END, "00 C0 06" + NOTE + "00 C0 07" + NOTE + END)
    assert [settings.sound(0, mtrk).program for mtrk in (0, 1, None)] == [5, 6, 6]
    assert settings.sound(96, 0).program == 7  # a later one of another chunk takes over


def test_only_settings_that_last_are_copied_to_another_channel():
    dump = "".join(f"00 B0 {controller:02X} 11 " for controller in range(120))
    copied = [kind for kind, _ in channel(dump + NOTE + END).controls(0)]
    banks_parameters_and_pedals = {0, 32, 6, 38, 96, 97, 98, 99, 100, 101, 1, 64, 66}
    assert copied == [k for k in range(120) if k not in banks_parameters_and_pedals]


LOUD = "00 B0 07 64 00 B0 0B 7F" + NOTE  # a volume of 100


@pytest.mark.parametrize(
    ("then", "restored"),
    [
        ("00 B0 07 0D", []),  # 13 is more than an eighth
        ("00 B0 07 0C", [(7, 100)]),
        ("00 B0 0B 0F", [(11, 127)]),  # expression fades as well
        ("00 B0 07 30 00 B0 0B 10", [(7, 100), (11, 127)]),
    ],
)
def test_what_is_below_an_eighth_of_the_loudest_note_has_faded_out(then, restored):
    assert channel(LOUD + then + NOTE + END).loudness_restored(96) == restored


def test_notes_that_come_later_say_nothing_of_a_fade():
    settings = channel("00 B0 07 05" + NOTE + NOTE + "00 B0 07 64" + NOTE + END)
    assert settings.loudness_restored(96) == []
    assert channel("00 B0 07 05" + END, NOTE + END).loudness_restored(0) == []


def test_a_channel_that_says_nothing_has_a_volume_of_100():
    assert channel(NOTE + "00 B0 07 01" + NOTE + END).loudness_restored(96) == [(7, 100)]
