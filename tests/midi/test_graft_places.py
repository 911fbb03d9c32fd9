"""Where added music stands: channels that are taken, ports that change, keys that still sound."""

from dataclasses import replace

import numpy as np
import pytest
from smf_bytes import END, NOTE, smf
from smf_events import list_events, seed_stands

import lstm_music as lm
from lstm_music.midi.write import to_midi_bytes
from lstm_music.midi.writing.original_file import OriginalFile
from lstm_music.music.piece import PEDAL_DTYPE, Tempo, Track, make_notes

BAR = NOTE * 4
BAR_TICKS = 384


def grown(data, *rows, pedal=(), **changes):
    """The file with notes of (onset, duration, pitch, track) added."""
    piece = lm.read(data)
    notes = make_notes([(on, length, pitch, 90, track) for on, length, pitch, track in rows])
    pedals = np.array(list(pedal), PEDAL_DTYPE)
    longer = piece.replace(
        notes=np.concatenate([piece.notes, notes]),
        pedal=np.concatenate([piece.pedal, pedals]),
        **changes,
    )
    output = to_midi_bytes(longer)
    assert seed_stands(data, output, format_0_may_become_1=True) == []
    return output


def events(output, chunk=0, start=BAR_TICKS):
    """(tick, bytes in hex) of the channel messages of a chunk from a tick on."""
    found = list_events(output).tracks[chunk]
    return [(tick, event.hex(" ")) for tick, event in found if tick >= start and event[0] < 0xF0]


def without_notes(output, **where):
    return [text for _, text in events(output, **where) if text[0] not in "89"]


def test_every_track_that_must_leave_a_channel_gets_one_of_its_own():
    data = smf("".join(f"00 C0 {program}" + NOTE for program in ("28", "11", "05", "07")) + END)
    output = grown(data, *((96, 24, 70 + track, track) for track in range(4)))
    onsets = {text[:5] for _, text in events(output) if text[0] == "9"}
    assert onsets == {"93 46", "92 47", "91 48", "90 49"} or len({t[1] for t in onsets}) == 4
    again = lm.read(output)
    assert [track.program for track in again.tracks[:4]] == [40, 17, 5, 7]


def test_a_chunk_that_has_moved_to_another_port_is_there_again_after_each_message():
    data = smf("00 FF 21 01 01" + NOTE + "00 FF 21 01 00" + NOTE * 3 + END)
    again = lm.read(grown(data, (96, 24, 70, 0), (96, 24, 72, 1), (120, 24, 71, 0)))
    places = [again.original.instruments[track].port for track in again.notes["track"][-3:]]
    assert again.notes["pitch_midi"][-3:].tolist() == [70, 72, 71]
    assert places == [1, 0, 1]


def test_time_by_the_clock_has_no_tempos():
    data = smf("00 90 3C 40 60 80 3C 40" + END, division=0xE250)
    later = lm.read(data).end_steps + 24
    output = grown(data, (later, 24, 70, 0), tempos=(Tempo(0), Tempo(later, 400_000)))
    assert bytes.fromhex("FF 51 03") not in output


def test_a_free_performance_is_left_for_a_reader_to_hear_anew():
    for knots, settled in (([0, 96], True), ([0, 96, 192], False)):
        piece = lm.read(smf(BAR + END))
        ticks = np.array(knots) * 4
        original = replace(
            piece.original, knots_steps=np.array(knots, np.float64), knots_ticks=ticks
        )
        notes = np.concatenate([piece.notes, make_notes([(96, 24, 70, 90, 0)])])
        output = to_midi_bytes(piece.replace(notes=notes, original=original))
        assert (b"lstm_music pickup_steps" in output) == settled


def test_a_pickup_that_was_heard_and_not_stated_is_kept():
    piece = lm.read(smf(BAR + END))
    original = replace(piece.original, as_read=piece.original.as_read.replace(pickup_steps=24))
    notes = np.concatenate([piece.notes, make_notes([(120, 24, 70, 90, 0)])])
    longer = piece.replace(notes=notes, original=original, pickup_steps=24)
    again = lm.read(to_midi_bytes(longer))
    assert (again.pickup_steps, again.meters) == (24, piece.meters)


def test_a_note_that_begins_with_one_of_its_key_does_not_wait_for_it():
    data = smf(BAR + END)
    output = grown(data, (72, 48, 60, 0))
    assert sum(tick == 288 and text[0] == "9" for tick, text in events(output, start=288)) == 2


def test_a_note_within_one_that_still_rings_sounds_for_a_tick():
    data = smf("00 90 30 40" + BAR + "60 80 30 40" + END)
    assert [row for row in events(grown(data, (96, 6, 48, 0))) if row[1][3:5] == "30"] == [
        (480, "80 30 40"),
        (480, "90 30 5a"),
        (481, "80 30 40"),
    ]


def test_a_file_that_plays_on_has_set_its_channel_for_itself():
    bent = "00 E0 00 50" + BAR
    assert without_notes(grown(smf(bent + END), (96, 24, 70, 0))) == ["e0 00 40"]
    assert without_notes(grown(smf(bent + NOTE + END), (96, 24, 70, 0))) == []


def test_music_with_a_pedal_of_its_own_is_freed_of_the_rest():
    data = smf("00 E0 00 50 00 B0 40 7F" + BAR + END)
    found = without_notes(grown(data, (96, 24, 70, 0), pedal=[(96, 0, True)]))
    assert found == ["e0 00 40", "b0 40 7f"]


def test_two_tracks_of_one_channel_press_its_pedal_once():
    data = smf("00 C0 28" + NOTE * 2 + "00 C0 11" + NOTE * 2 + END)
    pedal = [(96, 0, True), (96, 1, True), (120, 0, False), (120, 1, False)]
    output = grown(data, (96, 24, 70, 1), pedal=pedal)
    assert [text for text in without_notes(output) if text.startswith("b0 40")] == [
        "b0 40 7f",
        "b0 40 00",
    ]


def test_a_new_chunk_sets_its_program_at_the_beginning():
    tracks = (*lm.read(smf(BAR + END)).tracks, Track(33), Track(34, name="Bass"))
    output = grown(smf(BAR + END), (96, 24, 70, 1), (96, 24, 72, 2), tracks=tracks)
    assert events(output, chunk=1, start=0)[0] == (0, "c1 21")
    assert events(output, chunk=2, start=0)[0] == (0, "c2 22")


def test_a_bank_that_the_channel_has_is_not_chosen_again():
    data = smf("00 B0 00 08 00 C0 28" + NOTE * 2 + "00 C0 11" + NOTE * 2 + END)
    assert without_notes(grown(data, (96, 24, 70, 0))) == ["c0 28"]
    other = smf("00 B0 00 08 00 C0 28" + NOTE * 2 + "00 B0 00 01 00 C0 11" + NOTE * 2 + END)
    assert without_notes(grown(other, (96, 24, 70, 0))) == ["b0 00 08", "b0 20 00", "c0 28"]


@pytest.mark.parametrize("bank", ["00", "01"])
def test_two_programs_that_must_share_a_channel_and_begin_together_are_each_heard(bank):
    """All other channels are taken; the first chunk has the program of the first at the end."""
    others = "".join(f"00 9{channel:X} 3C 40 60 8{channel:X} 3C 40 " for channel in range(1, 16))
    second = f"00 B0 00 {bank} 00 C0 11" + NOTE + "60 B0 00 00 00 C0 28" + END
    data = smf("00 C0 28" + END, others + END, "83 00" + NOTE[3:] + END, second)
    tracks = [(i.channel, i.program, i.mtrk) for i in lm.read(data).original.instruments]
    first, other = tracks.index((0, 40, 2)), tracks.index((0, 17, 3))
    at = (408, 432, 432, 456)
    rows = [(on, 24, 70 + i, (first, other)[i == 2]) for i, on in enumerate(at)]
    again = lm.read(grown(data, *rows))
    assert [(t.program, i.bank) for t, i in zip(again.tracks, again.original.instruments)] == [
        (t.program, i.bank)
        for t, i in zip(lm.read(data).tracks, lm.read(data).original.instruments)
    ]
    assert again.notes["track"][-4:].tolist() == [first, first, other, first]


def test_every_note_that_is_never_ended_is_ended_once():
    hung = "00 90 30 40 00 90 30 40 00 90 32 40"
    output = grown(smf(hung + BAR + END), (96, 24, 70, 0))
    ends = [text[3:5] for tick, text in events(output) if text[0] == "8" and tick == BAR_TICKS]
    assert sorted(ends) == ["30", "30", "32", "3c"]


def test_notes_that_the_file_silences_are_not_ended_again():
    for silence in ("78", "7B"):
        dump = f"00 90 30 40 00 B0 {silence} 00 00 91 30 40" + BAR
        output = grown(smf(dump + END), (96, 24, 70, 0))
        ends = [text for tick, text in events(output) if text[0] == "8" and tick == BAR_TICKS]
        assert sorted(ends) == ["80 3c 40", "81 30 40"]


def test_where_no_channel_is_free_the_tracks_stay_on_theirs():
    taken = "".join(f"00 9{channel:X} 3C 40 60 8{channel:X} 3C 40 " for channel in range(16))
    note = " 00 95 3C 40 60 85 3C 40 "
    data = smf(taken + "00 C5 28" + note + "00 C5 11" + note + END)
    tracks = [(i.channel, i.program) for i in lm.read(data).original.instruments]
    rows = [(480, 24, 70, tracks.index((5, 40))), (504, 24, 72, tracks.index((5, 17)))]
    found = [text for _, text in events(grown(data, *rows), start=1920)]
    assert found == ["c5 28", "95 46 5a", "85 46 40", "c5 11", "95 48 5a", "85 48 40"]


def test_a_port_that_a_chunk_names_at_the_tick_of_a_new_note_is_another():
    data = smf("00 FF 21 01 01" + BAR + "00 FF 21 01 00" + NOTE + END)
    again = lm.read(grown(data, (96, 24, 70, 0)))
    track = again.notes["track"][again.notes["pitch_midi"] == 70][0]
    assert again.original.instruments[track].port == 1


def test_a_new_note_ends_before_the_next_of_its_key_begins():
    data = smf(BAR + "83 00" + NOTE[3:] + END)
    at_once = [text for tick, text in events(grown(data, (120, 72, 60, 0))) if tick == 768]
    assert at_once == ["80 3c 40", "90 3c 40"]


def test_a_pedal_is_pressed_before_the_note_it_holds():
    output = grown(smf(BAR + END), (96, 24, 70, 0), pedal=[(96, 0, True)])
    assert [text for _, text in events(output)][1:3] == ["b0 40 7f", "90 46 5a"]


def test_a_chunk_of_separate_pieces_has_channels_of_its_own():
    pieces = lm.read_pieces(smf("00 C0 28" + NOTE + END, "00 C0 11" + NOTE + END, midi_format=2))
    sounds = [OriginalFile(piece.original).channel(0, 0).sound(0) for piece in pieces]
    assert [sound.program for sound in sounds] == [40, 17]


def test_what_was_mended_is_written_sound_in_every_chunk():
    piece = lm.read(smf(BAR + END, NOTE + "00 FF 01 00"))  # the second has no end mark
    notes = np.concatenate([piece.notes, make_notes([(96, 24, 70, 90, 0)])])
    tracks = list_events(to_midi_bytes(piece.replace(notes=notes))).tracks
    assert tracks[1][-1] == (96, bytes.fromhex("FF 2F 00"))


def test_a_foreign_chunk_that_is_cut_off_is_left_out():
    whole = b"XFKM" + (4).to_bytes(4, "big") + b"abcd"
    for tail, kept in ((whole, whole), (whole[:-1], b"")):
        piece = lm.read(smf(BAR + END) + tail)
        notes = np.concatenate([piece.notes, make_notes([(96, 24, 70, 90, 0)])])
        output = to_midi_bytes(piece.replace(notes=notes))
        assert output.endswith(bytes.fromhex("FF 2F 00") + kept)


def test_no_status_is_left_out_after_a_system_event():
    """Whether the event is the file's own or added, as not every reader takes it."""
    for dump in ("00 90 3C 40 60 3C 00 00 FF 01 00 00 3C 40 60 3C 00", "00 90 3C 40 82 00 3C 00"):
        piece = lm.read(smf(dump + END))
        notes = np.concatenate([piece.notes, make_notes([(48, 24, 70, 90, 0)])])
        (track,) = list_events(to_midi_bytes(piece.replace(notes=notes), text="here")).tracks
        assert sum(event[0] >> 4 in (8, 9) for _, event in track) == dump.count("3C") + 2


def test_what_a_file_may_not_hold_is_left_out_and_the_rest_stands():
    wire = "00 F2 01 02 00 F3 01 00 F1 01 00 F6 "
    above = "00 90 BC 40 00 80 BC 40 00 B0 07 FF "
    piece = lm.read(smf(wire + above + NOTE + END))
    notes = np.concatenate([piece.notes, make_notes([(96, 24, 70, 90, 0)])])
    (track,) = list_events(to_midi_bytes(piece.replace(notes=notes))).tracks
    found = [event.hex(" ") for _, event in track if event[0] < 0xF0]
    assert found[:3] == ["b0 07 7f", "90 3c 40", "80 3c 40"]
