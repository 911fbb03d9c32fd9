"""The scanner on well-formed bytes: each thing a file may hold, read to the letter."""

import pytest
from smf_bytes import END, NOTE, chunk, smf, unhex

from lstm_music.midi.limits import Limits
from lstm_music.midi.raw import (
    MARK_KEY,
    MARK_METER,
    MARK_NAME,
    MARK_PEDAL,
    MARK_PRIVATE,
    MARK_TEMPO,
)
from lstm_music.midi.scan import scan


def scanned(data):
    return scan(data, Limits())


def notes(raw):
    """(onset, end, mtrk, channel, program, pitch, velocity) of each."""
    return [note[:7] for note in raw.notes.tolist()]


def marks(raw):
    """(kind, ticks, value, mtrk, channel) of each."""
    names = ("kind", "ticks", "value", "mtrk", "channel")
    return [tuple(int(mark[name]) for name in names) for mark in (*raw.marks, *raw.pedal)]


def test_a_whole_file():
    data = unhex("""
        4D 54 68 64  00 00 00 06     # MThd, 6 bytes
        00 00  00 01  01 E0          # format 0, one track, 480 ticks a quarter
        4D 54 72 6B  00 00 00 17     # MTrk, 23 bytes
        00  C3 28                    # channel 3: violin
        00  93 3C 40                 # C4 on
        83 60  43 40                 # after 480 ticks, in running status: G4 on
        83 60  83 3C 00              # C4 off
        00  43 00                    # G4 off
        00  FF 2F 00                 # end of track
    """)
    raw = scanned(data)
    assert (raw.format, raw.n_mtrks, raw.ticks, raw.quarters) == (0, 1, 480, 1)
    assert notes(raw) == [(0, 960, 0, 3, 40, 60, 64), (480, 960, 0, 3, 40, 67, 64)]
    assert raw.repairs == ()


def test_a_note_knows_its_byte():
    data = smf(NOTE + END)
    (note,) = scanned(data).notes
    assert data[note["offset"] :].startswith(b"\x3c\x40")


def test_numbers_of_one_to_four_bytes():
    raw = scanned(
        smf(
            """
            00           90 3C 40      # 0
            7F           3C 00         # 127
            81 00        3C 40         # 128
            FF 7F        3C 00         # 16,383
            81 80 00     3C 40         # 16,384
            80 80 80 05  3C 00         # 5, in four bytes
        """
            + END
        )
    )
    ends = [127, 127 + 128, 127 + 128 + 16383, 127 + 128 + 16383 + 16384]
    assert [(n[0], n[1]) for n in notes(raw)] == [
        (0, ends[0]),
        (ends[1], ends[2]),
        (ends[3], ends[3] + 5),
    ]


def test_velocity_zero_ends_a_note():
    raw = scanned(smf("00 90 3C 40  60 90 3C 00" + END))
    assert notes(raw) == [(0, 96, 0, 0, 0, 60, 64)]


def test_other_channel_messages_are_stepped_over():
    raw = scanned(
        smf(
            """
            00 A0 3C 10   # key pressure
            00 B0 07 64   # volume
            00 D0 20      # channel pressure, one data byte
            10            # in running status:
            30            # another
            00 E0 00 40   # pitch bend
        """
            + NOTE
            + END
        )
    )
    assert notes(raw) == [(16, 112, 0, 0, 0, 60, 64)]


@pytest.mark.parametrize(
    ("name", "event", "kind", "value"),
    [
        ("tempo", "FF 51 03  07 A1 20", MARK_TEMPO, 500_000),
        ("tempo with more bytes than three", "FF 51 05  07 A1 20 00 00", MARK_TEMPO, 500_000),
        ("meter", "FF 58 04  06 03 24 08", MARK_METER, 6 << 8 | 3),
        ("key", "FF 59 02  FD 01", MARK_KEY, 0xFD << 8 | 1),
        ("pedal", "B5 40 7F", MARK_PEDAL, 127),
    ],
)
def test_marks(name, event, kind, value):
    raw = scanned(smf("60" + event + NOTE + END))
    channel = 5 if kind == MARK_PEDAL else 0
    assert marks(raw) == [(kind, 96, value, 0, channel)], name


def test_texts_are_found_by_offset():
    data = smf("00 FF 03 05 56 69 6F 6C 61  00 FF 7F 02 7D 01" + NOTE + END)
    raw = scanned(data)
    found = [(int(m["kind"]), int(m["offset"]), int(m["value"])) for m in raw.marks]
    assert [(kind, data[start : start + n]) for kind, start, n in found] == [
        (MARK_NAME, b"Viola"),
        (MARK_PRIVATE, b"\x7d\x01"),
    ]


def test_an_unknown_meta_event_keeps_its_time():
    raw = scanned(smf("60 FF 60 01 00" + NOTE + END))
    assert notes(raw)[0][0] == 96


@pytest.mark.parametrize("event", ["FF 01 01 41", "F0 02 01 F7", "F7 01 00"])
def test_running_status_survives(event):
    """The letter of the format ends it here; writers and readers in the wild do not."""
    raw = scanned(smf("00 90 3C 40  00" + event + " 60 3C 00" + END))
    assert notes(raw) == [(0, 96, 0, 0, 0, 60, 64)]


def test_overlapping_notes_of_one_pitch_end_first_in_first_out():
    raw = scanned(
        smf(
            """
            00 90 3C 41   # first
            10 90 3C 42   # second
            10 90 3C 43   # third
            10 80 3C 00
            10 80 3C 00
            10 80 3C 00
        """
            + END
        )
    )
    assert [(n[0], n[1], n[6]) for n in notes(raw)] == [(0, 48, 65), (16, 64, 66), (32, 80, 67)]


@pytest.mark.parametrize("controller", ["78", "7B"], ids=["all sound off", "all notes off"])
def test_all_notes_of_a_channel_are_ended_at_once(controller):
    raw = scanned(
        smf(
            f"""
            00 90 3C 41  00 90 40 42  00 90 3C 43
            00 91 3C 44                     # another channel: it sounds on
            10 B0 {controller} 00
            10 80 3C 00  00 80 40 00        # too late
            00 81 3C 00
        """
            + END
        )
    )
    assert [(n[0], n[1], n[6]) for n in notes(raw)] == [
        (0, 16, 65),
        (0, 16, 66),
        (0, 16, 67),
        (0, 32, 68),
    ]
    assert raw.repairs == ()


@pytest.mark.parametrize("controller", ["79", "7A", "7C", "40 7F 00 B0 01"])
def test_other_controllers_end_no_note(controller):
    raw = scanned(smf(f"00 90 3C 41  10 B0 {controller} 00  10 80 3C 00" + END))
    assert notes(raw)[0][:2] == (0, 32)


def test_same_pitch_on_other_channels_and_tracks_is_another_note():
    track = "00 90 3C 40  10 91 3C 41  10 80 3C 00  10 81 3C 00" + END
    raw = scanned(smf(track, track))
    assert [n[:4] for n in notes(raw)] == [
        (0, 32, 0, 0),
        (16, 48, 0, 1),
        (0, 32, 1, 0),
        (16, 48, 1, 1),
    ]


def test_a_note_keeps_the_program_in_which_it_began():
    raw = scanned(smf("00 C0 05  00 90 3C 40  10 C0 06  10 80 3C 00" + NOTE + END))
    assert [n[4] for n in notes(raw)] == [5, 6]


def test_programs_hold_for_every_track_of_their_channel():
    setup = "00 C0 05  00 C1 06" + END
    own = "00 C1 07  00 91 3C 40  60 81 3C 40" + END
    raw = scanned(smf(setup, NOTE + END, own, "00 91 3C 40  60 81 3C 40" + END))
    assert [(n[3], n[4]) for n in notes(raw)] == [(0, 5), (1, 7), (1, 7)]


def test_a_program_of_one_piece_does_not_hold_for_the_next():
    raw = scanned(smf("00 C0 05" + END, NOTE + END, midi_format=2))
    assert (raw.format, notes(raw)[0][4]) == (2, 0)


def test_foreign_chunks_and_a_longer_header_are_stepped_over():
    header = chunk(b"MThd", bytes([0, 1, 0, 1, 0, 96, 0xAA]))
    track = chunk(b"MTrk", unhex(NOTE + END))
    raw = scanned(header + chunk(b"XFIH", b"MTrk....") + track + chunk(b"last", b""))
    assert len(raw.notes) == 1
    assert raw.repairs == ()


def test_arrays_are_the_callers():
    raw = scanned(smf(NOTE + END))
    again = scanned(smf(NOTE + END))
    raw.notes["pitch_midi"] = 1
    assert again.notes["pitch_midi"].tolist() == [60]
