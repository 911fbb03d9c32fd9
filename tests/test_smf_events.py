"""The lister that other tests judge written files by, judged itself."""

from io import BytesIO

import mido
import pytest
from paths import MIDI_DATA
from smf_bytes import END, NOTE, chunk, smf
from smf_events import END_OF_TRACK, list_events, seed_stands

RICH = "00 FF 03 02 41 42  00 F0 03 7E 7F F7  00 C0 28  10 90 3C 40  10 3C 00  00 E0 00 40" + END


def test_events_stand_at_their_ticks_with_their_status():
    assert list_events(smf(RICH)).tracks == [
        [
            (0, bytes.fromhex("FF03024142")),
            (0, bytes.fromhex("F0037E7FF7")),
            (0, bytes.fromhex("C028")),
            (16, bytes.fromhex("903C40")),
            (32, bytes.fromhex("903C00")),
            (32, bytes.fromhex("E00040")),
            (32, END_OF_TRACK),
        ]
    ]


@pytest.mark.parametrize("path", sorted(MIDI_DATA.glob("*.mid")), ids=lambda path: path.name)
def test_mido_lists_the_same(path):
    def of_mido(track):
        tick = 0
        for message in track:
            tick += message.time
            yield tick, bytes(message.bytes())

    ours = list_events(path.read_bytes())
    theirs = mido.MidiFile(file=BytesIO(path.read_bytes()))
    assert ours.tracks == [list(of_mido(track)) for track in theirs.tracks]
    assert int.from_bytes(ours.division, "big") == theirs.ticks_per_beat


@pytest.mark.parametrize(
    "track",
    [
        "00 90 3C 40",  # no end mark
        END + END,
        "00 90 3C" + END,
        "00 3C 40" + END,  # no status to run on
        "00 90 3C 40  00 FF 01 00  00 3C 00" + END,  # a meta event ends running status
        "00 F8" + END,
        "00 FF 01 7F 41" + END,
        "80 80 80 80 00 90 3C 40" + END,
        "",
    ],
)
def test_what_the_standard_does_not_have_is_refused(track):
    with pytest.raises(ValueError, match=r"."):
        list_events(smf(track))


def test_a_file_stands_in_itself_with_more():
    seed = smf(NOTE + END, RICH) + chunk(b"XFIH", b"abc")
    more = NOTE + " 00 B0 40 00" + END
    assert seed_stands(seed, seed) == []
    assert seed_stands(seed, smf(more, RICH, more) + chunk(b"XFIH", b"abc")) == []


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (smf(" 00 90 3C 40  61 80 3C 40" + END), "at tick 96"),  # a tick late
        (smf(" 00 90 3C 40  60 80 3C 00" + END), "80 3c 40"),
        (smf(NOTE + END, division=192), "division 0060 became 00c0"),
        (smf(NOTE + END, midi_format=0), "format 1 became 0"),
        (smf(END, NOTE + END), "track 0"),
        (smf(), "no track 0"),
    ],
)
def test_what_is_lost_or_moved_is_told(output, words):
    assert words in " ".join(seed_stands(smf(NOTE + END), output))


def test_a_lost_chunk_and_another_order_are_told():
    assert seed_stands(smf(NOTE + END) + chunk(b"XFIH", b"abc"), smf(NOTE + END)) == [
        "no chunk (b'XFIH', b'abc') (in its order)"
    ]
    pedal_first = " 00 B0 40 7F  00 90 3C 40" + END
    assert seed_stands(smf(pedal_first), smf(" 00 90 3C 40  00 B0 40 7F" + END)) != []


def test_format_0_may_become_1_where_that_is_asked_for():
    seed, output = smf(NOTE + END, midi_format=0), smf(NOTE + END)
    assert seed_stands(seed, output) == ["format 0 became 1"]
    assert seed_stands(seed, output, format_0_may_become_1=True) == []
