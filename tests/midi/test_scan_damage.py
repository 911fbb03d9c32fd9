"""The scanner on damaged bytes: mended and counted, or one MidiError; never anything else."""

import time
from contextlib import suppress
from dataclasses import replace

import pytest
from paths import MIDI_DATA
from smf_bytes import END, NOTE, chunk, riff, smf, unhex

from lstm_music.errors import MidiError
from lstm_music.midi.limits import Limits
from lstm_music.midi.raw import REPAIR_SENTENCES
from lstm_music.midi.read import read_midi_bytes
from lstm_music.midi.scan import scan
from lstm_music.music.piece import Piece

HEADER = smf()[:10] + bytes([0, 1, 0, 96])


def track(dump, wrong_by=0):
    body = unhex(dump)
    return b"MTrk" + (len(body) + wrong_by).to_bytes(4, "big") + body


# name, bytes, offset of the first damage, notes that are left
MENDED = [
    ("track_count", smf(NOTE + END)[:11] + b"\x02" + smf(NOTE + END)[12:], 10, 1),
    ("track_length", HEADER + track(NOTE + END, -1), 18, 1),
    ("track_length", HEADER + track(NOTE + END, +1), 18, 1),
    ("track_length", HEADER + track(NOTE + END, 2**31), 18, 1),
    ("lost_chunk", HEADER + b"XFIH\xff\xff\xff\xff" + track(NOTE + END), 14, 1),
    ("lost_chunk", HEADER + b"\x00\x01\x02" + track(NOTE + END), 14, 1),
    ("trailing_bytes", smf(NOTE + END) + b"\r\n", 34, 1),
    ("no_end_of_track", smf(NOTE), 30, 1),
    ("after_end_of_track", smf(NOTE + END + NOTE), 34, 1),
    ("event_cut", smf(NOTE + "00 90 3C"), 30, 1),
    ("event_cut", smf(NOTE + "00 F0 03 01 02"), 30, 1),
    ("event_cut", smf(NOTE + "00 FF 01 03 01 02"), 30, 1),
    ("event_cut", smf(NOTE + "00 FF 01"), 30, 1),
    ("event_cut", smf(NOTE + "00 FF"), 30, 1),
    ("event_cut", smf(NOTE + "00"), 30, 1),
    ("event_cut", smf(NOTE + "81"), 30, 1),
    ("no_status", smf("00 3C 40" + END, NOTE + END), 23, 1),
    ("system_message", smf("00 F8" + NOTE + END), 23, 1),
    ("system_message", smf("00 F2 01 02" + NOTE + END), 23, 1),
    ("pitch_byte", smf("00 90 C8 40" + NOTE + END), 24, 1),
    ("data_byte", smf("00 90 3C FF  60 80 3C 00" + END), 25, 1),
    ("data_byte", smf("00 B0 07 FF" + NOTE + END), 25, 1),
    ("data_byte", smf("00 B0 87 00" + NOTE + END), 24, 1),
    ("data_byte", smf("00 D0 80" + NOTE + END), 24, 1),
    ("data_byte", smf("00 E0 00 80" + NOTE + END), 25, 1),
    ("meta_short", smf("00 FF 51 01 07" + NOTE + END), 26, 1),
    ("meta_short", smf("00 FF 58 01 07" + NOTE + END), 26, 1),
    ("meta_short", smf("00 FF 58 02 03 02" + NOTE + END), 26, 1),
    ("meta_short", smf("00 FF 59 00" + NOTE + END), 26, 1),
    ("meta_short", smf("00 FF 00 01 07" + NOTE + END), 26, 1),
    ("meta_short", smf("00 FF 20 00" + NOTE + END), 26, 1),
    ("meta_short", smf("00 FF 21 00" + NOTE + END), 26, 1),
    ("meta_short", smf("00 FF 54 04 01 02 03 04" + NOTE + END), 26, 1),
    ("meta_long", smf("00 FF 51 05 07 A1 20 00 00" + NOTE + END), 26, 1),
    ("offset_value", smf("00 FF 54 05 18 00 00 00 00" + NOTE + END), 26, 1),
    ("offset_value", smf("00 FF 54 05 01 3C 00 00 00" + NOTE + END), 26, 1),
    ("format_0_tracks", smf(NOTE + END, END, midi_format=0), 8, 1),
    ("unclosed_note", smf("00 90 3C 40  60 FF 2F 00"), 30, 1),
    ("empty_note", smf("00 90 3C 40  00 80 3C 00" + END), 24, 1),
    ("long_number", smf("80 80 80 80 00 90 3C 40  60 80 3C 00" + END), 22, 1),
    ("long_number", smf("80 80 80 80 80 80 80 60 90 3C 40  60 80 3C 00" + END), 22, 1),
    ("long_number", smf("00 FF 01 80 80 80 80 01 41" + NOTE + END), 25, 1),
    ("format_unknown", smf(NOTE + END, midi_format=9), 8, 1),
    ("format_unknown", smf(NOTE + END, midi_format=3), 8, 1),
    ("header_length", smf(NOTE + END).replace(b"\0\0\0\6", b"\0\0\0\5", 1), 4, 1),
    ("header_length", smf(NOTE + END).replace(b"\0\0\0\6", b"\0\0\0\0", 1), 4, 1),
    ("header_length", smf(NOTE + END).replace(b"\0\0\0\6", b"\0\0\0\7", 1), 4, 1),
    ("mac_binary", bytes(128) + smf(NOTE + END), 0, 1),
    ("wrapper_length", riff(smf(NOTE + END), data_off_by=+100), 16, 1),
    ("wrapper_length", riff(smf(NOTE + END), data_off_by=-10), 16, 1),
    ("wrapper_length", riff(smf(NOTE + END), file_off_by=+9), 4, 1),
    ("wrapper_length", riff(smf(NOTE + END), before=b"LIST\xff\xff\xff\xff"), 12, 1),
]


@pytest.mark.parametrize(("kind", "data", "offset", "n_notes"), MENDED)
def test_what_can_be_mended_is_mended_and_told(kind, data, offset, n_notes):
    raw = scan(data, Limits())
    assert [(r.kind, r.times, r.offset) for r in raw.repairs] == [(kind, 1, offset)]
    assert len(raw.notes) == n_notes
    assert (raw.notes["end_ticks"] >= raw.notes["onset_ticks"]).all()


def test_every_repair_of_the_scanner_is_tested_above():
    of_the_reader = {
        "tempo_zero",
        "tempo_in_frames",
        "meter_off_grid",
        "key_unknown",
        "other_patterns",
    }
    assert {kind for kind, *_ in MENDED} == set(REPAIR_SENTENCES) - of_the_reader


def test_repairs_are_counted():
    raw = scan(smf("00 F8 00 F8 00 F8" + NOTE + END), Limits())
    assert [tuple(r) for r in raw.repairs] == [("system_message", 3, 23)]


@pytest.mark.parametrize(
    ("tracks", "ends"),
    [
        # The second begins where the music ends: it goes on to the end mark ...
        (("00 90 3C 40  60 90 40 40  60 FF 2F 00",), [96, 192]),
        # ... but for a whole note at most.
        (("00 90 3C 40  90 00 FF 2F 00",), [384]),
        # The music ends with the last note of any chunk; controllers are none.
        (("00 90 3C 40  90 00 B0 07 40  90 00 FF 2F 00", "60" + NOTE[3:] + END), [192, 192]),
    ],
)
def test_an_unclosed_note_ends_where_the_music_does(tracks, ends):
    raw = scan(smf(*tracks), Limits())
    assert raw.notes["end_ticks"].tolist() == ends
    assert [(r.kind, r.times) for r in raw.repairs] == [("unclosed_note", 1 + (ends[0] == 96))]


def test_an_unclosed_note_of_one_piece_does_not_wait_for_the_next():
    raw = scan(
        smf("00 90 3C 40  60 90 40 40 10 40 00" + END, "90 00" + NOTE[3:] + END, midi_format=2),
        Limits(),
    )
    assert raw.notes["end_ticks"].tolist()[:2] == [112, 112]


def test_a_clamped_velocity_is_the_loudest():
    raw = scan(smf("00 90 3C FF  60 80 3C 00" + END), Limits())
    assert raw.notes["velocity"].tolist() == [127]


@pytest.mark.parametrize(
    ("broken", "kinds"),
    [
        ("00 F0 7F 00", ["track_length", "event_cut"]),
        (NOTE, ["track_length", "no_end_of_track"]),
        ("00 3C 40", ["track_length", "no_status"]),
    ],
)
@pytest.mark.parametrize("wrong_by", [-1, 1, 100])
def test_the_track_after_one_of_wrong_length_is_found(broken, kinds, wrong_by):
    data = HEADER[:11] + b"\x02" + HEADER[12:] + track(broken, wrong_by) + track(NOTE + END)
    raw = scan(data, Limits())
    assert raw.n_mtrks == 2
    assert (raw.notes["mtrk"] == 1).sum() == 1
    assert [r.kind for r in raw.repairs] == kinds


REFUSED = [
    ("empty", b"", None, "empty"),
    ("no header", b"MThd\x00", 0, "not a MIDI file"),
    ("text", b"hello, this is not a MIDI file", 0, "not a MIDI file"),
    ("JPEG", b"\xff\xd8\xff\xe0" + bytes(40), 0, "JPEG"),
    ("huge header", smf(NOTE + END).replace(b"\0\0\0\6", b"\xff" * 4, 1), 4, "got 4294967295"),
    ("no division", smf(NOTE + END, division=0), 12, "got 0"),
    ("no tracks", smf(), None, "no notes"),
    ("no notes", smf(END), None, "no notes"),
    ("20 frames a second", smf(NOTE + END, division=0xEC28), 12, "got 20 of 40"),
    ("no ticks a frame", smf(NOTE + END, division=0xE700), 12, "got 25 of 0"),
    ("WAV sound", b"RIFF" + bytes(4) + b"WAVE" + bytes(40), 0, "WAV"),
    ("RIFF of nothing", b"RIFF" + bytes(40), 0, "RIFF"),
    ("RMID without MIDI", b"RIFF" + bytes(4) + b"RMIDdata" + bytes(40), 0, "without MIDI"),
    ("2**28 in five bytes", smf("81 80 80 80 00 90 3C 40" + END), 22, "28 bits"),
    ("length of 2**28", smf("00 FF 01 81 80 80 80 00 90" + END), 25, "28 bits"),
    ("number of nine bytes", smf("80" * 8 + "00 90 3C 40" + END), 22, "28 bits"),
    ("endless number", smf("FF" * 4000), 22, "28 bits"),
    ("gap of 2**28 ticks", smf("FF FF FF 7F 90 3C 40" + END), 22, "20000 quarter notes"),
]


@pytest.mark.parametrize(("name", "data", "offset", "words"), REFUSED)
def test_what_cannot_be_read_is_refused_in_one_line(name, data, offset, words):
    with pytest.raises(MidiError) as caught:
        read_midi_bytes(data)
    assert words in caught.value.reason, name
    assert caught.value.offset == offset
    assert "\n" not in str(caught.value)


TWO_TRACKS = smf(NOTE + END, NOTE + NOTE + END)  # 12 bytes and 8 events and 3 notes


@pytest.mark.parametrize(
    ("limit", "value", "words"),
    [
        ("max_bytes", len(TWO_TRACKS), "larger than"),
        ("max_tracks", 2, "tracks"),
        ("max_events", 8, "events"),
        ("max_notes", 3, "notes"),
        ("max_quarters", 2, "quarter notes"),
    ],
)
def test_limits_are_exact(limit, value, words):
    for room in (0, 1):
        assert len(scan(TWO_TRACKS, replace(Limits(), **{limit: value + room})).notes) == 3
    with pytest.raises(MidiError, match=words):
        scan(TWO_TRACKS, replace(Limits(), **{limit: value - 1}))


def test_a_track_is_not_doubted_because_the_next_has_a_wrong_length():
    data = HEADER[:11] + b"\x02" + HEADER[12:] + track(NOTE + END + NOTE) + track(NOTE + END, 9)
    raw = scan(data, Limits())
    assert len(raw.notes) == 2
    assert {r.kind: r.times for r in raw.repairs} == {"after_end_of_track": 1, "track_length": 1}


def test_the_limit_of_time_is_exact_to_the_tick():
    limits = replace(Limits(), max_quarters=2)
    assert len(scan(smf("81 40 90 3C 40" + END), limits).notes) == 1
    with pytest.raises(MidiError, match="past 2 quarter notes"):
        scan(smf("81 41 90 3C 40" + END), limits)


@pytest.mark.parametrize("limit", ["max_tracks", "max_events"])
def test_limits_of_the_reader(limit):
    """Four programs and eight pedal changes, told to each: few bytes, many things."""
    programs = "".join(f"00 C0 0{n}" + NOTE for n in range(4))
    data = smf("00 B0 40 7F" * 8 + programs + END)
    enough = {"max_tracks": 4, "max_events": 32}[limit]
    piece = read_midi_bytes(data, limits=replace(Limits(), **{limit: enough}))
    assert (len(piece.tracks), len(piece.pedal)) == (4, 32)
    with pytest.raises(MidiError, match="more than"):
        read_midi_bytes(data, limits=replace(Limits(), **{limit: enough - 1}))


@pytest.mark.parametrize("name", ["single_note", "tempo_change"])
def test_every_cut_and_every_flip_gives_a_piece_or_a_midi_error(name):
    whole = (MIDI_DATA / f"{name}.mid").read_bytes()
    outcomes = {Piece: 0, MidiError: 0}
    damaged = [whole[:n] for n in range(len(whole))]
    for i in range(len(whole)):
        for value in (whole[i] ^ 1, whole[i] ^ 0x80, 0x00, 0x7F, 0xF0, 0xFF):
            damaged.append(whole[:i] + bytes([value]) + whole[i + 1 :])  # noqa: PERF401
    for data in damaged:
        try:
            outcome = type(read_midi_bytes(data))
        except MidiError as error:
            outcome = type(error)
            assert "\n" not in str(error)
        outcomes[outcome] += 1
    assert all(outcomes.values())


def assert_linear(make, read, n):
    """Cost at 16 n against cost at n: 16 where it is linear, 256 where it is quadratic."""

    def cost(data):
        seconds = []
        for _ in range(3):
            start = time.process_time()
            read(data)
            seconds.append(time.process_time() - start)
        return min(seconds)

    few, many = cost(make(n)), cost(make(16 * n))
    assert many < 64 * few, (make(4)[:60], few, many)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: HEADER + b"MTrk\xff\xff\xff\xff" * n,
        lambda n: HEADER + b"ABCD\xff\xff\xff\xff" * n,
        lambda n: HEADER + b"M" * n,
        lambda n: HEADER + b"\xff" * n,
        lambda n: HEADER + chunk(b"MTrk", bytes.fromhex("00 90 3C 40") * n),
        lambda n: (
            HEADER + chunk(b"MTrk", bytes.fromhex("00 FF 03 7F") + bytes.fromhex("00 F0 01") * n)
        ),
    ],
)
def test_time_is_linear_in_the_bytes(make):
    """Damage that makes a reader search or rescan must not cost more than the bytes."""

    def read(data):
        with suppress(MidiError):
            scan(data, replace(Limits(), max_tracks=2**16))

    assert_linear(make, read, 20_000)


def test_65_535_tracks():
    """As many as a file can announce: refused at once by default, and read where that is asked."""
    limits = Limits(max_tracks=65_535, max_at_once=65_535)

    def announce(n):
        return smf()[:10] + n.to_bytes(2, "big") + b"\0\x60" + track(NOTE + END) * n

    with pytest.raises(MidiError, match="more than 4096 tracks"):
        read_midi_bytes(announce(65_535))
    piece = read_midi_bytes(announce(65_535), limits=limits)
    assert (len(piece.tracks), len(piece.notes), piece.repairs) == (65_535, 65_535, ())
    assert_linear(announce, lambda data: read_midi_bytes(data, limits=limits), 65_535 // 16)


def test_many_controllers_that_end_notes_take_no_time():
    """A note and an "all notes off" in turns: the search of its channel must not add up."""

    def turns(n):
        return smf("00 90 3C 40  01 B0 7B 00" * n + END)

    assert len(read_midi_bytes(turns(12_500)).notes) == 12_500
    assert_linear(turns, read_midi_bytes, 12_500)
