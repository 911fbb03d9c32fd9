"""Scanned events to a Piece: the grid, tracks, changes, names; and odd paths."""

import os
from pathlib import Path

import pytest
from smf_bytes import END, NOTE, smf, unhex

from lstm_music.errors import MidiError
from lstm_music.midi.limits import Limits
from lstm_music.midi.read import read_midi, read_midi_bytes
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.key import Key, KeyChange
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Tempo, Track


def read(*tracks, **header):
    return read_midi_bytes(smf(*tracks, **header))


def onsets_and_durations(piece):
    return list(zip(piece.notes["onset_steps"].tolist(), piece.notes["duration_steps"].tolist()))


@pytest.mark.parametrize(
    ("ticks", "step"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1), (5, 1), (6, 2), (94, 24), (93, 23)]
)
def test_times_go_to_the_nearest_step_and_halves_go_up(ticks, step):
    """96 ticks a quarter: four to a step, so that 2 and 6 lie half way."""
    piece = read(f"{ticks:02x} 90 3C 40  60 80 3C 40" + END)
    assert onsets_and_durations(piece) == [(step, 24)]
    assert piece.max_timing_error_steps == min(ticks % 4, 4 - ticks % 4) / 4


def test_onset_and_end_are_rounded_apart():
    """From 1.5 to 3.25 steps: 2 to 3, not 2 and a length of 1.75 rounded to 2."""
    piece = read("06 90 3C 40  07 80 3C 40" + END)
    assert onsets_and_durations(piece) == [(2, 1)]


def test_a_note_of_no_length_gets_one_step():
    assert onsets_and_durations(read("00 90 3C 40  00 80 3C 40" + END)) == [(0, 1)]


@pytest.mark.parametrize("division", [1, 24, 480, 10080, 32767])
def test_any_division_of_the_quarter(division):
    after = division.to_bytes(2, "big")
    delta = f"{0x80 | after[0] >> 6:02x} {0x80 | (after[0] << 1 | after[1] >> 7) & 0x7F:02x}"
    piece = read(f"{delta} {after[1] & 0x7F:02x} 90 3C 40 00 3C 00" + END, division=division)
    assert onsets_and_durations(piece) == [(24, 1)]


def test_one_track_for_each_chunk_channel_and_program_in_order_of_appearance():
    conductor = "00 FF 03 04 53 6F 6E 67" + END  # Song
    mixed = (
        "00 FF 03 03 4D 69 78"  # Mix
        " 00 C5 0A  00 95 3C 40  10 85 3C 40"  # channel 5, program 10
        " 00 C1 28  00 91 3C 40  10 81 3C 40"  # channel 1, program 40
        " 00 C5 0B  00 95 3C 40  10 85 3C 40"  # channel 5, program 11
    ) + END
    drums = "00 99 24 40  10 89 24 40" + END
    piece = read(conductor, mixed, drums)
    assert piece.tracks == (
        Track(10, name="Mix"),
        Track(40, name="Mix"),
        Track(11, name="Mix"),
        Track(0, is_drum=True),
    )
    assert piece.notes["track"].tolist() == [0, 3, 1, 2]
    assert piece.title == "Song"


@pytest.mark.parametrize(("midi_format", "title"), [(0, "Viola"), (1, "")])
def test_the_first_name_is_the_title_unless_it_names_an_instrument(midi_format, title):
    piece = read("00 FF 03 05 56 69 6F 6C 61" + NOTE + END, midi_format=midi_format)
    assert (piece.title, piece.tracks[0].name) == (title, "Viola")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("夜の港".encode(), "夜の港"),
        ("Café".encode("latin-1"), "Café"),
        (b" Bass\x00\x00\r\n", "Bass"),
    ],
)
def test_names_of_any_encoding(raw, text):
    piece = read(f"00 FF 03 {len(raw):02x} {raw.hex()}" + NOTE + END)
    assert piece.tracks[0].name == text


def test_changes_are_on_the_grid_and_the_last_of_one_step_holds():
    piece = read(
        "00 FF 51 03 07 A1 20  00 FF 51 03 0F 42 40  60 FF 51 03 00 00 01"
        " 00 FF 58 04 03 02 18 08  00 FF 58 04 07 03 18 08" + NOTE + END,
        "00 FF 59 02 00 00  00 FF 59 02 FD 01  60 FF 59 02 04 00" + NOTE + END,
    )
    assert piece.tempos == (Tempo(0, 1_000_000), Tempo(24, 1))
    assert piece.meters == (Meter(0, 4, 4), Meter(24, 7, 8))
    assert piece.key == Key(-3, "minor")
    assert piece.key_changes == (KeyChange(24, Key(4)),)
    assert piece.repairs == ()


def test_keys_that_repeat_the_one_before_are_no_changes():
    """The first, wherever it stands, holds from the start."""
    keys = ("02 00", "02 00", "FD 01", "FD 01", "02 00")
    piece = read("60" + "60".join(f" FF 59 02 {key} " for key in keys) + NOTE + END)
    assert piece.key == Key(2)
    assert piece.key_changes == (KeyChange(72, Key(-3, "minor")), KeyChange(120, Key(2)))


def test_changes_of_all_chunks_are_in_order_of_time():
    later = "60 FF 51 03 00 00 01  60 FF 51 03 00 00 02" + NOTE + END
    piece = read(later, "81 10 FF 51 03 00 00 03" + END)
    assert piece.tempos == (Tempo(0), Tempo(24, 1), Tempo(36, 3), Tempo(48, 2))


@pytest.mark.parametrize(("ticks", "step"), [("05", 1), ("06", 2), ("09", 2), ("0A", 3)])
def test_changes_go_to_the_nearest_step_and_halves_go_up(ticks, step):
    assert read(f"{ticks} FF 51 03 00 00 01" + NOTE + END).tempos[-1] == Tempo(step, 1)


def test_the_first_name_of_a_chunk_is_its_name():
    piece = read("00 FF 03 01 41  00 FF 03 01 42" + NOTE + END, "00 FF 03 01 43" + NOTE + END)
    assert [track.name for track in piece.tracks] == ["A", "C"]


@pytest.mark.parametrize(("event", "sharps"), [("F9", -7), ("07", 7)])
def test_keys_have_seven_signs_at_most(event, sharps):
    assert read(f"00 FF 59 02 {event} 00" + NOTE + END).key == Key(sharps)


def test_a_tempo_by_the_clock_says_nothing():
    piece = read("00 FF 51 03 00 00 01 00 90 3C 40 60 80 3C 40" + END, division=0xE250)
    assert piece.tempos == (Tempo(0),)
    assert any("tempo" in repair for repair in piece.repairs)


def test_defaults():
    piece = read(NOTE + END)
    assert (piece.tempos, piece.meters) == ((Tempo(0, 500_000),), (Meter(0, 4, 4),))
    assert (piece.key, piece.title, piece.pickup_steps, piece.source) == (None, "", 0, "")
    assert piece.max_timing_error_steps == 0


@pytest.mark.parametrize(
    ("event", "word"),
    [
        ("FF 51 03 00 00 00", "tempo"),
        ("FF 58 04 00 02 18 08", "meter"),  # 0/4
        ("FF 58 04 41 02 18 08", "meter"),  # 65/4
        ("FF 58 04 04 06 18 08", "meter"),  # 4/64
        ("FF 58 04 04 FF 18 08", "meter"),  # 4/2**255
        ("FF 59 02 08 00", "key"),  # 8 sharps
        ("FF 59 02 EE 00", "key"),  # 18 flats
        ("FF 59 02 00 02", "key"),  # neither major nor minor
    ],
)
def test_changes_that_make_no_sense_are_left_out_and_told(event, word):
    piece = read("00" + event + " 00" + event + NOTE + END)
    plain = read(NOTE + END)
    assert piece == plain
    (repair,) = piece.repairs
    assert word in repair
    assert "(2 times, first at byte 26)" in repair


def test_pedal_is_down_from_64_and_belongs_to_its_channel_in_all_chunks():
    with_pedal = (
        "00 B0 40 40  00 C0 05  00 90 3C 40  60 80 3C 40  00 B0 40 3F"
        " 00 91 3C 40  60 81 3C 40  00 B2 40 7F" + END
    )
    piece = read(with_pedal, NOTE + END)
    assert [(t.program, len(t.name)) for t in piece.tracks] == [(5, 0), (0, 0), (5, 0)]
    assert piece.pedal.tolist() == [(0, 0, True), (0, 2, True), (24, 0, False), (24, 2, False)]


def test_programs_of_one_channel_share_its_pedal():
    piece = read("00 B0 40 7F" + NOTE + "00 C0 07" + NOTE + "00 B0 40 00" + END)
    assert piece.pedal.tolist() == [(0, 0, True), (0, 1, True), (48, 0, False), (48, 1, False)]


def test_a_pickup_is_not_guessed():
    """A short first bar of a file that is not ours stays a bar of its own."""
    piece = read("00 FF 58 04 01 02 18 08  60 FF 58 04 03 02 18 08" + NOTE + END)
    assert piece.meters == (Meter(0, 1, 4), Meter(24, 3, 4))
    assert piece.pickup_steps == 0


@pytest.mark.parametrize(
    "text",
    [
        "pickup_steps=9999 own_bar=0",  # longer than the bar
        "pickup_steps=24 own_bar=1",  # but there is no such bar
        "pickup_steps=-1 own_bar=0",
        "pickup_steps=24",
    ],
)
def test_a_pickup_that_cannot_be_is_ignored(text):
    payload = b"\x7dlstm_music " + text.encode()
    piece = read(f"00 FF 7F {len(payload):02x} {payload.hex()}" + NOTE + END)
    assert (piece.pickup_steps, piece.meters) == (0, (Meter(0, 4, 4),))


def test_source_and_title_do_not_count_as_music(tmp_path):
    path = tmp_path / "ünï 夜.mid"
    path.write_bytes(smf(NOTE + END))
    piece = read_midi(path)
    assert piece.source == str(path)
    assert piece == read(NOTE + END)


def test_a_missing_file(tmp_path):
    with pytest.raises(MidiError, match=r"gone\.mid: cannot be read: No such file"):
        read_midi(tmp_path / "gone.mid")


def test_a_name_with_a_null_byte():
    with pytest.raises(MidiError, match="not a file name"):
        read_midi("a\0b.mid")


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_not_a_regular_file_is_refused_at_once(kind, tmp_path):
    path = tmp_path / "odd.mid"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    n_open = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(MidiError, match="not a regular file"):
        read_midi(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == n_open


def test_an_error_names_path_and_byte(tmp_path):
    path = tmp_path / "photo.mid"
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    with pytest.raises(MidiError) as caught:
        read_midi(path)
    assert str(caught.value) == f"{path}: not a MIDI file, it is a JPEG picture (byte 0)"
    assert (caught.value.path, caught.value.offset) == (path, 0)


def test_reading_is_independent_of_what_was_read_before():
    assert read(NOTE + END) == read(NOTE + END)
    assert unhex("# nothing") == b""


def test_timing_keeps_what_the_grid_loses():
    """480 ticks a quarter, 20 a step: 5 make a 96th."""
    onsets = "00 90 3C 40 14 3C 00", "07 3C 40 14 3C 00", "13 3C 40 14 3C 00"
    piece = read(" ".join(onsets) + END, division=480)
    # At ticks 0, 27 and 66: steps 0, 1 and 3, and 0, 7 and 6 ticks off them.
    assert piece.notes["onset_steps"].tolist() == [0, 1, 3]
    assert piece.notes["timing_96ths"].tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("events", "unstated"),
    [
        ("", {"meter", "tempo"}),
        ("00 FF 51 03 07 A1 20", {"meter"}),
        ("00 FF 58 04 04 02 18 08", {"tempo"}),
        ("00 FF 58 04 04 02 18 08 00 FF 51 03 07 A1 20", set()),
        ("00 FF 58 04 00 02 18 08 00 FF 51 03 00 00 00", {"meter", "tempo"}),  # nonsense
    ],
)
def test_what_the_file_leaves_open_is_told(events, unstated):
    piece = read(events + NOTE + END)
    assert piece.unstated == unstated
    assert piece == read(NOTE + END)


def test_what_we_write_leaves_nothing_open():
    assert read_midi_bytes(to_midi_bytes(read(NOTE + END))).unstated == set()


def test_strict_reading_refuses_the_first_repair_by_its_byte():
    """A key from nowhere, found by the reader; before it in the file, a clamped velocity."""
    data = smf("00 90 3C FF  60 80 3C 00  00 FF 59 02 08 00" + END)
    assert len(read_midi_bytes(data).repairs) == 2
    with pytest.raises(MidiError, match=r"strict reading .*: a data byte above 127") as caught:
        read_midi_bytes(data, strict=True)
    assert caught.value.offset == 25


def test_strict_reading_of_a_sound_file(tmp_path):
    path = tmp_path / "sound.mid"
    path.write_bytes(smf(NOTE + END))
    assert read_midi(path, strict=True) == read_midi(path)


def test_music_after_a_long_silence_is_kept():
    """Where tokens cannot cross the gap they say so: test_canonical."""
    piece = read(NOTE + "60 FF 01 00" * 1000 + "60 B0 40 7F 00 FF 51 03 0F 42 40" + NOTE + END)
    assert onsets_and_durations(piece) == [(0, 24), (24 * 1002, 24)]
    assert (len(piece.pedal), len(piece.tempos), piece.repairs) == (1, 2, ())


@pytest.mark.parametrize("n", [3, 4])
def test_the_limit_of_notes_at_once_is_exact(n):
    chord = " ".join(f"00 90 {60 + i:02x} 40" for i in range(n))
    data = smf(chord + "60 B0 7B 00" + END)
    limits = Limits(max_at_once=3)
    if n == 3:
        assert len(read_midi_bytes(data, limits=limits).notes) == 3
    else:
        with pytest.raises(MidiError, match="more than 3 notes begin at once"):
            read_midi_bytes(data, limits=limits)


@pytest.mark.parametrize(("max_seconds", "fits"), [(3, True), (2.999, False)])
def test_the_limit_of_time_by_the_clock_is_exact(max_seconds, fits):
    """A quarter at 60 and two at 30 bpm: 1 + 2 s; the last tempo begins where nothing sounds."""
    slow = "00 FF 51 03 1E 84 80"
    data = smf(
        "00 FF 51 03 0F 42 40" + NOTE + slow + NOTE + "00 FF 51 03 FF FF FF 60 FF 01 00" + END
    )
    limits = Limits(max_seconds=max_seconds)
    if fits:
        assert len(read_midi_bytes(data, limits=limits).notes) == 2
    else:
        with pytest.raises(MidiError, match="lasts longer than"):
            read_midi_bytes(data, limits=limits)


@pytest.mark.parametrize("n", [2, 3])
def test_the_limit_of_changes_is_exact(n):
    data = smf("00 FF 51 03 07 A1 20" * n + NOTE + END)
    if n == 2:
        assert len(read_midi_bytes(data, limits=Limits(max_changes=2)).notes) == 1
    else:
        with pytest.raises(MidiError, match="more than 2 changes"):
            read_midi_bytes(data, limits=Limits(max_changes=2))


def test_a_drum_stroke_needs_no_length():
    drums = read("00 99 24 40  00 89 24 40" + END)
    assert drums.repairs == ()
    assert onsets_and_durations(drums) == [(0, 1)]
    assert "no length" in read("00 90 24 40  00 80 24 40" + END).repairs[0]
