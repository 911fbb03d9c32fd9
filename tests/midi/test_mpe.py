"""MPE: a zone of channels is one instrument; ordinary melodies on channels of their own are not."""

import numpy as np
import pytest
from smf_bytes import END, NOTE, smf

from lstm_music.midi.read import read_midi_bytes

BEND = "00 E{0:X} 64 40 "
ZONE = "00 B{0:X} 65 00 00 B{0:X} 64 06 00 B{0:X} 06 {1:02X} "
SETUP = "00 C1 04 00 C2 04 00 C3 04 "


def line(pitches, channels, before=BEND, program=""):
    """Notes of a beat one after another, on the channels in turn."""
    dump = program
    for i, pitch in enumerate(pitches):
        channel = channels[i % len(channels)]
        dump += before.format(channel)
        dump += f"00 9{channel:X} {pitch:02X} 40 60 8{channel:X} {pitch:02X} 40 "
    return dump


def both(pitch, channel):
    """A note with another below it."""
    return line([pitch], (channel,), BEND + "00 9{0:X} 30 40 ") + f"00 8{channel:X} 30 40 "


PITCHES = [60, 62, 64, 65, 67, 65, 64, 62] * 2


def instruments(*tracks, **header):
    piece = read_midi_bytes(smf(*tracks, **header))
    found = piece.original.instruments
    return [(i.channel, i.program, t.is_drum) for i, t in zip(found, piece.tracks, strict=True)]


@pytest.mark.parametrize("before", [BEND, "00 D{0:X} 40 ", "00 B{0:X} 4A 40 "])
def test_channels_that_take_turns_are_one_instrument(before):
    assert instruments(line(PITCHES, (1, 2, 3), before, SETUP) + END) == [(1, 4, False)]


def test_channel_10_of_a_zone_is_melodic():
    channels = tuple(range(1, 16))
    assert instruments(line(PITCHES * 4, channels) + END) == [(1, 0, False)]
    assert instruments(line(PITCHES, (9, 10, 11)) + END) == [(9, 0, False)]


@pytest.mark.parametrize(
    ("what", "dump"),
    [
        ("no bends", line(PITCHES, (1, 2, 3), "")),
        ("two programs", line(PITCHES, (1, 2, 3), program="00 C1 04 00 C2 05 00 C3 04 ")),
        ("two channels", line(PITCHES, (1, 2))),
        ("one after another", "".join(line(PITCHES[:6], (c,)) for c in (1, 2, 3))),
        ("a bend at the start only", BEND.format(1) + line(PITCHES, (1, 2, 3), "")),
        (
            "half of them bent",
            "".join(
                line([pitch], (1 + i % 3,), BEND if i % 2 else "")
                for i, pitch in enumerate(PITCHES)
            ),
        ),
        (
            "two after another",
            "".join(line([pitch], (1 + i // 2 % 3,)) for i, pitch in enumerate(PITCHES)),
        ),
        (
            "every fourth with another",
            "".join(
                line([pitch], (1 + i % 3,)) if i % 4 else both(pitch, 1 + i % 3)
                for i, pitch in enumerate(PITCHES * 2)
            ),
        ),
        ("wide voices", line([50, 62, 67, 64, 65, 79, 52, 70, 72] * 2, (1, 2, 3))),
        ("one hardly used", line(PITCHES * 2, (1, 2)) + line([60], (3,))),
        ("voices", line([48, 64, 79, 50, 65, 81, 47, 62, 77] * 2, (1, 2, 3))),
        ("two at once", "".join(both(pitch, 1 + i % 3) for i, pitch in enumerate(PITCHES))),
    ],
)
@pytest.mark.parametrize("midi_format", [0, 1])
def test_other_channels_stay_apart(what, dump, midi_format):
    assert len(instruments(dump + END, midi_format=midi_format)) >= 2, what


def test_an_announced_zone_needs_no_bends_and_takes_its_managers_program_and_pedal():
    dump = ZONE.format(0, 3) + "00 C0 07 00 B0 40 7F " + line(PITCHES, (1, 2, 3), "")
    piece = read_midi_bytes(smf(dump + END))
    assert [(t.program, t.is_drum) for t in piece.tracks] == [(7, False)]
    assert piece.pedal.tolist() == [(0, 0, True)]


def test_channel_1_manages_a_zone_that_is_not_announced_unless_it_plays_itself():
    zone = line(PITCHES, (1, 2, 3), program=SETUP + "00 C0 07 00 B0 40 7F ") + END
    piece = read_midi_bytes(smf(zone))
    assert [track.program for track in piece.tracks] == [7]
    assert len(piece.pedal) == 1
    assert instruments("60" + NOTE[3:] + END, zone) == [(0, 7, False), (1, 4, False)]


def test_an_upper_zone_reaches_down_from_channel_16():
    outside = line(PITCHES, (7, 8), "")
    inside = line(PITCHES, (9, 10, 11), "")
    found = instruments(ZONE.format(15, 6) + outside + inside + END)
    assert [channel for channel, *_ in found] == [7, 8, 9]


def test_two_zones_are_two_instruments():
    zones = ZONE.format(0, 5) + ZONE.format(15, 6)
    lower, upper = line(PITCHES, (1, 2, 3), ""), line(PITCHES, (9, 10, 11), "")
    assert instruments(zones + lower + upper + END) == [(1, 0, False), (9, 0, False)]


def test_a_zone_holds_for_its_chunk_or_for_all_if_that_has_no_notes():
    members = line(PITCHES, (1, 2, 3), "") + END
    other = line(PITCHES, (2,), "") + line(PITCHES, (4,), "") + END
    assert len(instruments(ZONE.format(0, 5) + members, other)) == 3
    assert instruments(ZONE.format(0, 5) + END, members) == [(1, 0, False)]


def test_a_zone_of_no_members_is_none():
    assert len(instruments(ZONE.format(0, 0) + line(PITCHES, (1, 2, 3), "") + END)) == 3


def test_notes_keep_their_times():
    dump = line(PITCHES, (1, 2, 3), BEND, SETUP)
    piece = read_midi_bytes(smf(dump + END))
    assert np.array_equal(piece.notes["onset_steps"], 24 * np.arange(16))
    assert piece.notes["pitch_midi"].tolist() == PITCHES


def test_a_zone_beside_ordinary_chunks():
    melody = NOTE * 3 + END
    assert len(instruments(melody, line(PITCHES, (1, 2, 3), BEND, SETUP) + END)) == 2
