"""How long a clip is by its end marks."""

import pytest
from smf_bytes import END, NOTE, smf

from lstm_music.midi.read import read_midi_bytes, read_midi_pieces_bytes

BAR = NOTE * 4
METER = "00 FF 58 04 03 02 18 08 "  # 3/4


def end(n_quarters, off_by=0):
    ticks = 96 * n_quarters + off_by
    return f"{0x80 | ticks >> 7:02X} {ticks & 0x7F:02X} FF 2F 00"


@pytest.mark.parametrize(
    ("tracks", "length_steps"),
    [
        ((BAR * 2 + end(8),), 384),  # two bars of rest
        ((BAR * 2 + END,), 0),  # none
        ((BAR * 2 + end(7),), 0),  # not on a bar line
        ((BAR * 2 + end(8, 1),), 384),  # a tick off
        ((BAR * 2 + end(8, 2),), 0),
        ((BAR * 2 + end(12),), 0),  # longer than the music
        ((BAR * 17 + end(17 * 4),), 0),  # longer than 16 bars
        ((BAR * 17 + end(16 * 4),), 96 * 33),
        ((end(12), BAR * 2 + END), 288),  # another chunk's
        ((end(13), BAR * 2 + end(4)), 288),  # the last that stands on a bar line
        ((METER + NOTE * 3 + end(3),), 144),
        ((METER + NOTE * 3 + end(2),), 0),
        (("00 90 30 40" + BAR * 2 + end(8),), 0),  # a note without end
        ((BAR * 2 + "86 00 FF 01 00",), 0),  # no end mark
        ((BAR * 2 + "86 00 90",), 0),  # cut off
        (("00 40 40" + END, BAR * 2 + end(8)), 0),  # data without a status
        ((BAR * 2 + end(0, 1),), 0),  # where the music ends
    ],
)
def test_the_rest_before_the_last_end_mark_counts(tracks, length_steps):
    assert read_midi_bytes(smf(*tracks)).length_steps == length_steps


def test_each_pattern_has_its_own_end():
    pieces = read_midi_pieces_bytes(smf(BAR * 2 + END, BAR * 2 + end(4), midi_format=2))
    assert [piece.length_steps for piece in pieces] == [0, 288]


def test_time_by_the_clock_has_no_bars():
    data = smf("00 90 3C 40 60 80 3C 40 81 40 FF 2F 00", division=0xE250)
    assert read_midi_bytes(data).length_steps == 0
