"""Notes taken out of a file and added in its middle: what goes, what waits, what is set back."""

from dataclasses import replace

import numpy as np
import pytest
from smf_bytes import END, NOTE, smf
from smf_events import list_events, seed_stands
from smf_player import play

import lstm_music as lm
from lstm_music.errors import MidiError
from lstm_music.midi.write import to_midi_bytes
from lstm_music.midi.writing.opening import new_bars_alone
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Track, make_notes

BAR = NOTE * 4
ON, OFF = "90 3c 40", "80 3c 40"


def edited(data, *rows, gone=(), **changes):
    """The file without some rows of its piece, and with others (onset, duration, pitch, track)."""
    piece = lm.read(data) if isinstance(data, bytes) else data
    more = make_notes([(on, length, pitch, 90, track) for on, length, pitch, track in rows])
    notes = np.concatenate([np.delete(piece.notes, list(gone)), more])
    return to_midi_bytes(piece.replace(notes=notes, **changes))


def messages(output, chunk=0):
    """(tick, bytes in hex) of the channel messages of a chunk."""
    found = list_events(output).tracks[chunk]
    return [(tick, event.hex(" ")) for tick, event in found if event[0] < 0xF0]


def texts(output, chunk=0):
    return [text for _, text in messages(output, chunk)]


def test_a_note_that_is_gone_takes_its_two_events_with_it():
    data = smf("00 B0 0A 11" + NOTE + "00 B0 0A 22" + NOTE + "00 B0 0A 33" + END)
    output = edited(data, gone=[0])
    expected = [(0, "b0 0a 11"), (96, "b0 0a 22"), (96, ON), (192, OFF), (192, "b0 0a 33")]
    assert messages(output) == expected
    assert list_events(output).tracks[0][-1] == (192, b"\xff\x2f\x00")
    assert messages(edited(data, gone=[0, 1])) == [e for e in expected if e[1][0] == "b"]


def test_a_status_that_the_gone_note_gave_is_written_out():
    data = smf("00 90 3C 40 60 3C 00 00 3E 40 60 3E 00 00 40 40 60 40 00" + END)
    output = edited(data, gone=[0])
    assert texts(output) == ["90 3e 40", "90 3e 00", "90 40 40", "90 40 00"]
    assert bytes.fromhex("60 90 3E 40 60 3E 00 00 40 40 60 40 00") in output


def test_of_notes_that_overlap_on_a_key_each_has_its_own_end():
    """First in, first out: the first lasts from 0 to 96, the second from 48 to 192."""
    data = smf("00 90 3C 40 30 90 3C 50 30 80 3C 01 60 80 3C 02" + END)
    assert messages(edited(data, gone=[0])) == [(48, "90 3c 50"), (192, "80 3c 02")]
    assert messages(edited(data, gone=[1])) == [(0, "90 3c 40"), (96, "80 3c 01")]


def test_of_two_notes_that_are_the_same_row_one_goes():
    data = smf(NOTE + END, NOTE + END)
    assert len(lm.read(edited(data, gone=[1])).notes) == 1
    twice = smf("00 90 3C 40 00 90 3C 40 60 80 3C 01 00 80 3C 02" + END)
    assert len(texts(edited(twice, gone=[0]))) == 2
    assert texts(edited(twice, gone=[0, 1])) == []


def test_a_note_that_its_chunk_silences_leaves_the_later_end_alone():
    data = smf("00 90 3C 40 60 B0 7B 00 60 80 3C 40" + NOTE + END)
    assert texts(edited(data, gone=[0])) == ["b0 7b 00", "80 3c 40", ON, OFF]
    assert texts(edited(data, gone=[1])) == ["90 3c 40", "b0 7b 00", "80 3c 40"]


def test_a_note_that_never_ends_goes_without_an_end():
    data = smf("00 90 30 40" + BAR + END)
    row = lm.read(data).notes["pitch_midi"].tolist().index(48)
    output = edited(data, (24, 12, 80, 0), gone=[row])
    assert not [text for text in texts(output) if text[3:5] == "30"]


def test_a_note_that_never_ends_sounds_to_the_end_of_the_music():
    output = edited(smf("00 90 30 40" + BAR + END), (24, 12, 80, 0))
    assert [tick for tick, text in messages(output) if text.startswith("80 30")] == [384]


def test_the_notes_of_one_piece_of_many_are_its_own():
    first, second = lm.read_pieces(smf(BAR + END, NOTE + BAR + END, midi_format=2))
    output = edited(second, (96, 24, 72, 0), gone=[0])
    assert texts(output) == texts(to_midi_bytes(first))
    assert messages(output, 1)[:2] == [(96, ON), (192, OFF)]


def test_the_notes_of_a_zone_of_channels_go_from_their_own_channels():
    setup = "00 B0 65 00 00 B0 64 06 00 B0 06 03"
    notes = "".join(f"00 E{c} 00 50 00 9{c} 3C 40 60 8{c} 3C 40 " for c in (1, 2, 3))
    data = smf(setup + notes + END)
    assert len(lm.read(data).tracks) == 1
    output = edited(data, gone=[1])
    assert [text[:2] for text in texts(output) if text[0] in "89"] == ["91", "81", "93", "83"]
    assert "e2 00 50" in texts(output)


def performance():
    """Played freely: 64 beats of 70 ticks or so, in a file of 96 ticks a quarter."""
    rng = np.random.default_rng(1)
    ticks = np.round(np.cumsum(70 + 4 * np.sin(np.arange(64) / 5) + rng.normal(0, 0.7, 64)))
    dump, now = "", 0
    for i, tick in enumerate(ticks.astype(int).tolist()):
        pitch = 60 + (i * 7) % 12
        dump += f" {tick - now:02X} 90 {pitch:02X} 40 28 80 {pitch:02X} 40"
        now = tick + 40
    return smf(dump + END)


def test_notes_that_were_moved_to_other_beats_are_found_in_the_file():
    data = performance()
    piece = lm.read(data)
    assert len(piece.original.knots_steps) > 2
    output = edited(piece, gone=[5, 30])
    lost = [row for row in messages(data) if row not in messages(output)]
    all_notes = [row for row in messages(data) if row[1][0] == "9"]
    assert [row for row in lost if row[1][0] == "9"] == [all_notes[5], all_notes[30]]
    assert len(lost) == 4


def test_what_is_ours_of_a_performance_moves_with_its_notes():
    piece = lm.read(performance())
    onset = int(piece.notes["onset_steps"][30])
    places = ((0, onset, onset + 96),)
    again = lm.read(edited(piece, (onset, 12, 90, 0), gone=[30], added_places=places))
    assert len(again.original.knots_steps) > 2
    ((track, start, end),) = again.added_places
    new = int(again.notes["onset_steps"][again.notes["pitch_midi"] == 90][0])
    assert track == 0
    assert abs(start - new) <= 2
    assert abs(end - start - 96) <= 8


@pytest.mark.parametrize("change", ["onset_steps", "velocity", "fewer"])
def test_an_original_that_is_not_its_file_is_told(change):
    piece = lm.read(smf(BAR + END))
    rows = piece.notes.copy()
    if change == "fewer":
        rows = rows[1:]
    else:
        rows[change][3] += 1
    as_read = piece.original.as_read.replace(notes=rows)
    wrong = piece.replace(original=replace(piece.original, as_read=as_read), notes=rows[:1])
    with pytest.raises(MidiError, match="original=None"):
        to_midi_bytes(wrong)


def test_a_program_is_set_back_behind_the_note_that_needs_another():
    data = smf("00 C0 28" + NOTE * 2 + "00 C0 11" + NOTE * 2 + END)
    output = edited(data, (60, 6, 72, 0), (66, 6, 74, 0))
    assert messages(output)[-9:] == [
        (240, "c0 28"), (240, "90 48 5a"), (264, "80 48 40"), (264, "90 4a 5a"),
        (264, "c0 11"), (288, "80 4a 40"), (288, OFF), (288, ON), (384, OFF),
    ]  # fmt: skip
    assert lm.read(output).notes["track"].tolist() == [0, 0, 1, 0, 0, 1]


def test_a_bank_is_set_back_too():
    setup = "00 B0 00 01 00 C0 28" + NOTE + "00 B0 00 02 00 C0 11 00 B0 00 03"
    data = smf(setup + NOTE * 2 + END)
    found = texts(edited(data, (30, 6, 72, 0)))
    at = found.index("90 48 5a")
    assert found[at - 3 : at] == ["b0 00 01", "b0 20 00", "c0 28"]
    assert found[at + 1 : at + 6] == ["b0 00 02", "b0 20 00", "c0 11", "b0 00 03", "b0 20 00"]


def test_controllers_between_new_notes_do_not_hide_what_we_have_set():
    data = smf("00 99 24 40 60 89 24 40 60 B9 04 10 83 00 99 24 40 60 89 24 40" + END)
    tracks = (*lm.read(data).tracks, Track(16, True))
    output = edited(data, (36, 6, 40, 1), (56, 6, 42, 0), tracks=tracks)
    again = lm.read(output)
    programs = [again.tracks[track].program for track in again.notes["track"]]
    assert list(zip(again.notes["pitch_midi"].tolist(), programs)) == [
        (36, 0), (40, 16), (42, 0), (36, 0),
    ]  # fmt: skip


def test_a_channel_is_put_to_rest_where_the_file_is_over_and_not_before():
    data = smf("00 E0 00 50 00 B0 40 7F" + NOTE * 2 + END)
    inside = edited(data, (12, 12, 72, 0))
    assert [text for text in texts(inside) if text[0] not in "89"] == ["e0 00 50", "b0 40 7f"]
    both = edited(data, (12, 12, 72, 0), (96, 12, 72, 0))
    settings = [row for row in messages(both) if row[1][0] not in "89"]
    assert settings[2:] == [(384, "e0 00 40"), (384, "b0 40 00")]


def test_a_pedal_inside_the_file_is_none_of_the_part_behind_it():
    data = smf(NOTE + "00 B0 40 7F" + NOTE + END)
    piece = lm.read(data)
    ours = np.array([(4, 0, True), (12, 0, False)], PEDAL_DTYPE)
    pedal = np.concatenate([piece.pedal, ours])
    output = edited(piece, (4, 8, 72, 0), (96, 12, 72, 0), pedal=pedal)
    pedals = [(tick, text[-2:]) for tick, text in messages(output) if text[:5] == "b0 40"]
    assert pedals == [(16, "7f"), (48, "00"), (96, "7f"), (384, "00")]


def test_a_zone_is_not_at_rest_while_another_of_its_channels_plays():
    setup = "00 B0 65 00 00 B0 64 06 00 B0 06 03 00 E0 00 50 "
    notes = "".join(f"00 E{c} 00 50 00 9{c} 3C 40 60 8{c} 3C 40 " for c in (1, 2, 3))
    inside = edited(smf(setup + notes + END), (30, 12, 72, 0))
    assert [text for text in texts(inside) if text[0] == "e"] == [
        "e0 00 50", "e1 00 50", "e2 00 50", "e3 00 50",
    ]  # fmt: skip
    behind = edited(smf(setup + notes + END), (96, 12, 72, 0))
    assert [text for text in texts(behind) if text[0] == "e"][4:] == ["e1 00 40", "e0 00 40"]


def test_a_note_that_begins_with_the_last_of_its_key_does_not_end_it():
    again = lm.read(edited(smf(BAR + END), (72, 12, 60, 0)))
    assert again.notes["duration_steps"].tolist() == [24] * 5


def test_two_new_kits_of_one_channel_are_each_set_before_their_notes():
    data = smf(BAR + END)
    tracks = (*lm.read(data).tracks, Track(16, True), Track(8, True))
    output = edited(data, (12, 6, 36, 1), (24, 6, 38, 2), (36, 6, 40, 1), tracks=tracks)
    heard = {note.pitch: note.program for note in play(output) if note.channel == 9}
    assert heard == {36: 16, 38: 8, 40: 16}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((20, 24), [(96, 176)]),  # waits for the end
        ((20, 7), []),  # more than half of it would go
        ((0, 24), []),  # begins with one of its key
        ((30, 30), [(120, 192)]),  # ends where the next begins
        ((24, 24), [(96, 192)]),
    ],
)
def test_a_note_inside_the_file_makes_way_for_those_of_its_key(row, expected):
    data = smf(NOTE + "60" + NOTE[3:] + END)  # 0 to 96 and 192 to 288
    output = edited(data, (*row, 60, 0))
    assert seed_stands(data, output) == []
    ours = [tick for tick, text in messages(output) if text == "90 3c 5a"]
    ends = [tick for tick, text in messages(output) if text == OFF and tick not in (96, 288)]
    assert list(zip(ours, ends)) == expected


def test_at_one_tick_the_earlier_chunk_is_heard_first():
    other = smf("00 C0 05" + BAR + END, "60 90 48 40 60 80 48 40 60 90 48 40 60 80 48 40" + END)
    first = edited(other, (24, 48, 72, 0), (48, 24, 72, 0))
    ours = [tick for tick, text in messages(first) if text[:5] in ("90 48", "80 48")]
    assert ours == [193, 288]  # behind the end at 192 in the second chunk; to the next beginning
    second = smf("60 90 48 40 60 80 48 40 60 90 48 40 60 80 48 40" + END, "00 C0 05" + BAR + END)
    piece = lm.read(second)
    track = piece.notes["track"][piece.notes["pitch_midi"] == 60][0]
    ours = [
        tick
        for tick, text in messages(edited(second, (48, 24, 72, int(track))), 1)
        if text[3:5] == "48"
    ]
    assert ours == [192, 287]


def test_a_note_ends_on_the_port_where_it_began():
    data = smf("00 FF 21 01 01" + NOTE + "00 FF 21 01 00" + NOTE * 3 + END)
    again = lm.read(edited(data, (36, 12, 72, 0), (12, 12, 70, 0)))
    lengths = set(zip(again.notes["pitch_midi"].tolist(), again.notes["duration_steps"].tolist()))
    assert lengths == {(72, 12), (70, 12), (60, 24)}


def test_without_a_free_channel_a_new_track_shares_that_of_its_program():
    channels = [f"{channel:X}" for channel in range(16)]
    programs = "".join(f"00 C{channel} 0{channel} " for channel in channels)
    notes = "".join(f"00 9{channel} 3C 40 60 8{channel} 3C 40 " for channel in channels)
    data = smf(programs + notes + END, midi_format=0)
    tracks = (*lm.read(data).tracks, Track(5, name="twin"), Track(99), Track(0, True))
    rows = [(12, 12, 72, len(tracks) - n) for n in (3, 2, 1)]
    output = edited(data, *rows, tracks=tracks)
    assert seed_stands(data, output, format_0_may_become_1=True) == []
    assert texts(output, 1) == ["95 48 5a", "85 48 40"]
    assert texts(output, 2) == ["c0 63", "90 48 5a", "80 48 40"]
    assert list_events(output).tracks[2][0][1] == bytes.fromhex("FF 21 01 01")
    assert texts(output, 3)[1][:5] == "99 48"


def test_a_channel_that_system_exclusive_makes_a_drum_part_is_not_free():
    gs = "00 F0 0A 41 10 42 12 40 12 15 01 00 F7 "  # part 2: the second channel
    data = smf(gs + BAR + END)
    output = edited(data, (12, 12, 72, 1), tracks=(*lm.read(data).tracks, Track(5)))
    assert texts(output, 1)[0] == "c2 05"


PLACES = ((0, 24, 48), (1, 0, 96))


def test_what_is_ours_comes_back_on_its_tracks():
    data = smf(BAR + END, BAR.replace("90", "91").replace("80", "81") + END)
    # The first track loses all that it had before the second begins.
    output = edited(data, (24, 24, 72, 0), gone=[0, 1, 2], added_places=PLACES)
    again = lm.read(output)
    assert again.added_places == PLACES
    assert lm.read(to_midi_bytes(again)).added_places == PLACES
    assert lm.read(to_midi_bytes(again.replace(original=None))).added_places == PLACES
    more = np.concatenate([again.notes, make_notes([(96, 24, 60, 80, 0)])])
    nothing = again.replace(notes=more, added_places=())
    assert lm.read(to_midi_bytes(nothing)).added_places == ()


def test_a_place_whose_track_has_no_notes_is_gone():
    data = smf(BAR + END, BAR.replace("90", "91").replace("80", "81") + END)
    piece = lm.read(data)
    rows = np.flatnonzero(piece.notes["track"] == 0)
    again = lm.read(edited(data, gone=rows, added_places=PLACES))
    assert again.added_places == ((0, 0, 96),)


def test_a_later_mark_counts_although_its_notes_are_earlier():
    piece = lm.read(smf(BAR + END))
    first = edited(piece, (96, 24, 60, 0), added_places=((0, 96, 192),))
    places = ((0, 96, 192), (0, 24, 48))
    output = edited(lm.read(first), gone=[1], added_places=places)
    assert lm.read(output).added_places == places


def test_new_bars_alone_say_nothing_of_the_bars_before():
    piece = lm.read(smf(BAR + END))
    many = tuple((0, 96 + i, 192) for i in range(12))
    first = edited(piece, (96, 24, 60, 0), added_places=many)
    again = lm.read(first)
    more = np.concatenate([again.notes, make_notes([(192, 24, 60, 80, 0)])])
    output = to_midi_bytes(new_bars_alone(again.replace(notes=more, length_steps=288), 192))
    assert first.count(b"lstm_music added") == 1
    assert output.count(b"lstm_music added") == 0


def test_of_an_older_file_all_behind_its_mark_is_ours():
    mark = b"\x7dlstm_music pickup_steps=0 own_bar=0 meter=4/4"
    said = f"00 FF 7F {len(mark):02X} {mark.hex(' ')}"
    assert lm.read(smf(BAR + said + BAR + END)).added_places == ((0, 96, 192),)
    assert lm.read(smf(said + BAR + END)).added_places == ()


def test_a_plain_file_says_what_is_ours():
    notes = make_notes([(0, 24, 60, 80, 1), (24, 24, 36, 80, 2)])
    tracks = (Track(1), Track(2), Track(0, True))
    piece = Piece(notes=notes, tracks=tracks, added_places=((1, 0, 24), (2, 24, 48), (0, 0, 9)))
    assert lm.read(to_midi_bytes(piece)).added_places == ((0, 0, 24), (1, 24, 48))
