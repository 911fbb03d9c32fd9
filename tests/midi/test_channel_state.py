"""Channels that several track chunks share, resolved by time; ports; drum parts; resets."""

import channel_programs as slow
import numpy as np
import pytest
from smf_bytes import END, NOTE, smf

from lstm_music.midi.limits import Limits
from lstm_music.midi.raw import IS_DRUM
from lstm_music.midi.read import read_midi_bytes, read_midi_pieces_bytes
from lstm_music.midi.scan import scan


def programs(*tracks, **header):
    return [track.program for track in read_midi_bytes(smf(*tracks, **header)).tracks]


def are_drums(*tracks):
    return [track.is_drum for track in read_midi_bytes(smf(*tracks)).tracks]


def on(channel, ticks="00", pitch="3C"):
    """A note of a quarter at 96 ticks."""
    return f"{ticks} 9{channel:X} {pitch} 40  60 8{channel:X} {pitch} 40 "


def sysex(payload):
    data = bytes.fromhex(payload + "F7")
    return f"00 F0 {len(data):02x} {data.hex()} "


@pytest.mark.parametrize("rare", [0.0, 0.15])
@pytest.mark.parametrize(("midi_format", "n_chunks"), [(0, 1), (1, 2), (1, 4), (2, 3)])
def test_random_files_are_read_as_a_slow_and_obvious_reader_does(midi_format, n_chunks, rare):
    n_notes = 0
    for seed in range(40):
        rng = np.random.default_rng([seed, n_chunks, midi_format])
        events = slow.random_events(rng, n_chunks, 30, rare)
        raw = scan(slow.to_file(events, n_chunks, midi_format), Limits())
        parts = [events]
        if midi_format == 2:
            parts = [[e for e in events if e.chunk == c] for c in range(n_chunks)]
        expected = []
        for part in parts:
            ends = slow.closed(part, slow.ends(part))
            for e in part:
                if e.kind == "on":
                    program, _, is_drum = slow.sound(e, part)
                    end = ends[e.chunk, e.order]
                    expected.append((e.tick, end, e.chunk, e.channel, program, e.port, is_drum))
        found = zip(
            *(
                raw.notes[name].tolist()
                for name in ("onset_ticks", "end_ticks", "mtrk", "channel", "program", "port")
            ),
            (raw.notes["flags"] & IS_DRUM > 0).tolist(),
            strict=True,
        )
        assert list(found) == expected, seed
        n_notes += len(expected)
    assert n_notes > 200


@pytest.mark.parametrize("rare", [0.0, 0.15])
@pytest.mark.parametrize("n_chunks", [1, 3])
def test_the_pedal_of_random_files_is_that_of_the_slow_reader(n_chunks, rare):
    n_changes = 0
    for seed in range(40):
        rng = np.random.default_rng([seed, n_chunks])
        events = slow.random_events(rng, n_chunks, 40, rare)
        raw = scan(slow.to_file(events, n_chunks, 1), Limits())
        for port in (0, 1):
            for channel in slow.CHANNELS:
                mine = raw.pedal[(raw.pedal["port"] == port) & (raw.pedal["channel"] == channel)]
                at = dict(zip(mine["ticks"].tolist(), (mine["value"] >= 64).tolist()))
                found = []
                for tick, down in at.items():
                    if down != (found[-1][1] if found else False):
                        found.append((tick, down))
                assert found == slow.pedal_states(events, (port, channel)), (seed, port, channel)
                n_changes += len(found)
    assert n_changes > 80


def test_banks_of_instruments_are_those_of_the_slow_reader():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        events = slow.random_events(rng, 3, 30, 0.0)
        if not any(e.kind == "on" for e in events):
            continue
        piece = read_midi_bytes(slow.to_file(events, 3, 1))
        first = {}
        for e in events:
            if e.kind == "on":
                program, bank, is_drum = slow.sound(e, events)
                first.setdefault((e.chunk, e.channel, program, e.port, is_drum), bank << 7)
        instruments = piece.original.instruments
        assert [(*i[:4], i.is_drum) for i in instruments] == list(first)
        assert [i.bank for i in instruments] == list(first.values())


def test_a_program_set_by_a_chunk_with_notes_holds_for_the_next():
    assert programs("00 C0 28" + NOTE + NOTE + END, "81 40" + NOTE[3:] + END) == [40, 40]


def test_two_chunks_that_set_their_own_program_at_one_tick_stay_two_instruments():
    assert programs("00 C0 28" + NOTE * 2 + END, "00 C0 11" + NOTE * 2 + END) == [40, 17]


def test_a_later_program_of_another_chunk_takes_over():
    assert programs("00 C0 28" + NOTE * 2 + END, "60 C0 11" + END) == [40, 17]


def test_all_notes_off_of_another_chunk_ends_notes():
    raw = scan(smf("00 90 3C 40 60 FF 2F 00", "30 B0 7B 00" + END), Limits())
    assert raw.notes["end_ticks"].tolist() == [48]
    assert raw.repairs == ()


@pytest.mark.parametrize(
    ("setup", "is_drum"),
    [
        ("00 BA 00 78 00 CA 00 ", True),  # General MIDI 2
        ("00 BA 00 7F 00 CA 00 ", True),  # XG
        ("00 BA 00 7E 00 CA 00 ", True),
        ("00 BA 00 7F ", True),  # no program at all: at once
        ("00 CA 00 00 BA 00 7F ", False),  # waits for a program
        ("00 BA 00 79 00 CA 00 ", False),
        ("00 BA 00 01 00 BA 20 7F 00 CA 00 ", False),  # the other byte of the bank
        (sysex("41 10 42 12 40 00 7F 00 41") + "00 BA 00 7F 00 CA 00 ", False),  # MT-32 of GS
        (
            sysex("41 10 42 12 40 00 7F 00 41")
            + sysex("43 10 4C 00 00 7E 00")
            + "00 BA 00 7F 00 CA 00 ",
            True,
        ),  # of XG, as the file says both
        (sysex("41 10 42 12 40 1A 15 02 0F"), True),
        (sysex("41 10 42 12 40 1A 15 01 00"), True),  # a wrong checksum
        (sysex("41 10 42 12 40 1B 15 02 0E"), False),  # channel 12
        (sysex("41 10 16 12 40 1A 15 02 0F"), False),  # another model
        (sysex("43 10 4C 08 0A 07 02"), True),
        (sysex("43 10 4C 08 0A 07 00"), False),
        (sysex("43 10 4B 08 0A 07 02"), False),
    ],
)
def test_drum_parts_on_channel_11(setup, is_drum):
    assert are_drums(setup + on(10) + END) == [is_drum]
    assert are_drums(on(10, pitch="3C") + END, setup + END) == [is_drum]


@pytest.mark.parametrize(
    ("setup", "is_drum"),
    [
        ("", True),
        ("00 B9 00 00 00 C9 00 ", True),
        ("00 B9 00 79 00 C9 00 ", False),
        (sysex("41 10 42 12 40 10 15 00 1B"), False),
        (sysex("43 10 4C 08 09 07 00"), False),
        (sysex("41 10 42 12 40 11 15 02 18"), True),  # of channel 1
    ],
)
def test_drum_parts_on_channel_10(setup, is_drum):
    assert are_drums(setup + on(9) + END) == [is_drum]


def test_a_reset_undoes_what_was_set_before_it():
    reset = sysex("7E 7F 09 01")
    assert programs("00 C0 05" + NOTE + reset + NOTE + END) == [5, 0]
    assert programs("00 C0 05" + reset + NOTE + END) == [5]  # at one tick, in either order
    assert programs("00 C0 05" + NOTE + NOTE + END, "60 " + reset[3:] + END) == [5, 0]
    pedal = read_midi_bytes(smf("00 B0 40 7F" + NOTE + reset + NOTE + END)).pedal
    assert pedal.tolist() == [(0, 0, True), (24, 0, False)]


def test_ports_are_sets_of_channels_of_their_own():
    port = "00 FF 21 01 01"
    piece = read_midi_bytes(smf("00 C0 05" + NOTE + END, port + NOTE + END))
    assert [(t.program, i.port) for t, i in zip(piece.tracks, piece.original.instruments)] == [
        (5, 0),
        (0, 1),
    ]


def test_a_port_that_changes_inside_a_chunk():
    """One pitch, one channel, two ports: two notes that do not end each other."""
    back = "00 FF 21 01 00"
    data = smf("00 90 3C 40 00 FF 21 01 01 00 90 3C 41 30 80 3C 00" + back + "30 80 3C 00" + END)
    piece = read_midi_bytes(data)
    assert len(piece.tracks) == 2
    assert piece.notes[["duration_steps", "velocity", "track"]].tolist() == [
        (24, 64, 0),
        (12, 65, 1),
    ]


def test_controller_121_lifts_the_pedal_and_only_a_pressed_one():
    piece = read_midi_bytes(smf("00 B0 79 00 00 B0 40 7F" + NOTE + "00 B0 79 00" + NOTE + END))
    assert piece.pedal.tolist() == [(0, 0, True), (24, 0, False)]
    assert len(read_midi_bytes(smf("00 B0 79 00" + NOTE + END)).pedal) == 0


def test_controller_121_lifts_nothing_that_is_up_or_of_another_channel():
    half = read_midi_bytes(smf("00 B0 40 3F" + NOTE + "00 B0 79 00" + NOTE + END))
    assert half.pedal.tolist() == [(0, 0, False)]
    other = "00 B1 79 00" + on(1)
    piece = read_midi_bytes(smf("00 B0 40 7F" + NOTE + other + END))
    assert piece.pedal.tolist() == [(0, 0, True)]


def test_a_reset_lifts_no_pedal_that_was_lifted_before_it():
    reset = sysex("7E 7F 09 01")
    dump = "00 B0 40 7F" + NOTE + "00 B0 40 00" + NOTE + reset + NOTE + END
    assert read_midi_bytes(smf(dump)).pedal.tolist() == [(0, 0, True), (24, 0, False)]


@pytest.mark.parametrize(("end", "duration"), [("81 40", 48), ("8A 00", 96)])
def test_a_last_note_that_never_ends_lasts_a_whole_note_at_most(end, duration):
    piece = read_midi_bytes(smf(f"00 90 3C 40 {end} FF 2F 00"))
    assert piece.notes["duration_steps"].tolist() == [duration]


def test_a_pedal_that_two_chunks_repeat_is_told_once():
    track = "00 B0 40 7F" + NOTE + "00 B0 40 00 00 B0 40 7F" + NOTE + "00 B0 40 00" + END
    alone, both = read_midi_bytes(smf(track)), read_midi_bytes(smf(track, track))
    assert len(both.pedal) == 2 * len(alone.pedal) == 8
    other = "00 B0 40 00 00 B0 40 7F" + NOTE + "00 B0 40 00" + NOTE + END
    mixed = read_midi_bytes(smf(track, other)).pedal
    assert mixed[mixed["track"] == 0][["onset_steps", "down"]].tolist() == [
        (0, False),
        (0, True),
        (24, False),
        (48, False),
    ]


def test_patterns_of_format_2_share_nothing():
    first = "00 B0 40 7F 00 C0 05" + NOTE + END
    pieces = read_midi_pieces_bytes(smf(first, NOTE + END, midi_format=2))
    assert [p.tracks[0].program for p in pieces] == [5, 0]
    assert [len(p.pedal) for p in pieces] == [1, 0]
