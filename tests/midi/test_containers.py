"""Where the MIDI bytes lie, separate pieces in one file, and time by the clock."""

from fractions import Fraction

import pytest
from smf_bytes import END, NOTE, riff, smf

from lstm_music.errors import MidiError
from lstm_music.midi.limits import Limits
from lstm_music.midi.raw import REPAIR_SENTENCES
from lstm_music.midi.read import (
    read_midi,
    read_midi_bytes,
    read_midi_pieces,
    read_midi_pieces_bytes,
)
from lstm_music.midi.scan import scan

PLAIN = smf("00 FF 03 04 53 6F 6E 67" + NOTE + END)  # 42 bytes; named Song
LIST = b"LIST" + (5).to_bytes(4, "little") + b"INFOx\0"  # of odd length: one byte to fill up


@pytest.mark.parametrize(
    "wrapped",
    [
        riff(PLAIN),
        riff(PLAIN[:-1] + b"\0"),
        riff(PLAIN, before=LIST),
        riff(PLAIN, after=LIST),
        riff(PLAIN, before=LIST + LIST, after=b"RIFF\4\0\0\0DLS "),
    ],
)
def test_a_riff_wrapper_is_no_damage(wrapped):
    piece = read_midi_bytes(wrapped, strict=True)
    assert piece == read_midi_bytes(PLAIN)
    assert piece.title == ""
    assert piece.tracks[0].name == "Song"
    assert piece.repairs == ()


@pytest.mark.parametrize("odd", [0, 1])
def test_offsets_count_from_the_start_of_the_file(odd):
    inner = smf("00 F8" * (1 + odd) + NOTE + END)
    (repair,) = scan(riff(inner, before=LIST), Limits()).repairs
    at = riff(inner, before=LIST).index(inner)
    assert (repair.kind, repair.offset) == ("system_message", at + 23)


def test_a_mac_binary_header_tells_the_length_of_what_follows():
    header = bytearray(128)
    header[1:9] = b"\x07song.mi"
    header[83:87] = len(PLAIN).to_bytes(4, "big")
    filled_up = bytes(header) + PLAIN + bytes(-len(PLAIN) % 128) + b"resource fork"
    raw = scan(filled_up, Limits())
    assert [r.kind for r in raw.repairs] == ["mac_binary"]
    assert len(raw.notes) == 1


def patterns(*tracks):
    return smf(*tracks, midi_format=2)


THREE = patterns(
    "00 FF 51 03 07 A1 20" + END,
    "00 FF 03 01 41  00 FF 58 04 03 02 18 08  00 C0 05  00 B0 40 7F" + NOTE + END,
    "00 FF 03 01 42  00 FF 51 03 0F 42 40" + NOTE + NOTE + END,
)


def test_format_2_holds_separate_pieces():
    first, second = read_midi_pieces_bytes(THREE)
    assert [len(first.notes), len(second.notes)] == [1, 2]
    assert [first.title, second.title] == ["A", "B"]
    assert [first.tracks[0].program, second.tracks[0].program] == [5, 0]
    assert [str(first.meters[0]), str(second.meters[0])] == ["3/4", "4/4"]
    assert [first.unstated, second.unstated] == [{"tempo"}, {"meter"}]
    assert second.tempos[0].usec_per_quarter == 1_000_000
    assert [len(first.pedal), len(second.pedal)] == [1, 0]
    assert first.repairs == second.repairs == ()


def test_of_format_2_the_first_piece_with_notes_is_read_and_that_is_told(tmp_path):
    path = tmp_path / "three.mid"
    path.write_bytes(THREE)
    piece = read_midi(path)
    assert piece == read_midi_pieces(path)[0]
    assert piece.repairs == (f"{REPAIR_SENTENCES['other_patterns']} (byte 8)",)
    with pytest.raises(MidiError, match=r"several separate pieces.*byte 8"):
        read_midi(path, strict=True)
    assert len(read_midi_pieces(path, strict=True)) == 2


def test_a_single_pattern_needs_no_word():
    assert read_midi_bytes(patterns(NOTE + END)).repairs == ()


def test_format_2_without_notes():
    with pytest.raises(MidiError, match="no notes"):
        read_midi_pieces_bytes(patterns(END, END))


@pytest.mark.parametrize("midi_format", [0, 1])
def test_other_formats_are_one_piece(midi_format):
    data = smf(NOTE + END, NOTE + END, midi_format=midi_format)
    (piece,) = read_midi_pieces_bytes(data)
    assert piece == read_midi_bytes(data)


FRAMES = {24: Fraction(24), 25: Fraction(25), 29: Fraction(30_000, 1001), 30: Fraction(30)}


def vlq(number):
    found = [number & 0x7F]
    while number := number >> 7:
        found.insert(0, number & 0x7F | 0x80)
    return bytes(found).hex(" ")


@pytest.mark.parametrize("ticks_per_frame", [1, 4, 40, 80, 100, 255])
@pytest.mark.parametrize("rate", FRAMES)
@pytest.mark.parametrize("tick", [0, 1, 7, 999, 30_000, 1_234_567])
def test_time_in_frames_is_exact(rate, ticks_per_frame, tick):
    """A second is two quarter notes; 29 stands for 29.97 = 30000/1001 frames."""
    division = (0x100 - rate) << 8 | ticks_per_frame
    piece = read_midi_bytes(
        smf(f"{vlq(tick)} 90 3C 40  60 80 3C 40" + END, division=division),
        limits=Limits(max_quarters=10**6, max_seconds=10**6),
    )
    exact = tick / (FRAMES[rate] * ticks_per_frame) * 2 * 24
    step = int(exact + Fraction(1, 2))
    fine = int(4 * exact + Fraction(1, 2)) - 4 * step
    assert (piece.notes["onset_steps"][0], piece.notes["timing_96ths"][0]) == (step, fine)
    assert piece.max_timing_error_steps == pytest.approx(float(abs(exact - step)), abs=1e-9)


def test_tempos_mean_nothing_by_the_clock_and_meters_keep_their_place():
    second = "87 68"  # 1000 ticks of 25 frames of 40
    events = f"00 FF 51 03 0F 42 40  {second} FF 58 04 03 02 18 08" + NOTE + END
    piece = read_midi_bytes(smf(events, division=0xE728))
    assert [(m.onset_steps, str(m)) for m in piece.meters] == [(0, "4/4"), (48, "3/4")]
    assert [(t.onset_steps, t.tempo_bpm) for t in piece.tempos] == [(0, 120)]
    assert piece.unstated == {"tempo"}
    assert piece.repairs == (f"{REPAIR_SENTENCES['tempo_in_frames']} (byte 26)",)


def test_pedal_by_the_clock():
    piece = read_midi_bytes(smf("87 68 B0 40 7F" + NOTE + END, division=0xE728))
    assert piece.pedal["onset_steps"].tolist() == [48]
    assert piece.unstated == {"meter", "tempo"}
