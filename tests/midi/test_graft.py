"""Music added to a file: where it stands, and what its channels are set to."""

import io

import mido
import numpy as np
import pytest
from smf_bytes import END, NOTE, smf
from smf_events import list_events, seed_stands

import lstm_music as lm
from lstm_music.midi.files import restated
from lstm_music.midi.write import to_midi_bytes
from lstm_music.midi.writing.opening import new_bars_alone
from lstm_music.music.meter import Meter
from lstm_music.music.piece import PEDAL_DTYPE, Tempo, Track, make_notes

QUARTER = 480


def file_of(*tracks, midi_format=1, ticks=QUARTER):
    """A file of (tick, message) lists."""
    file = mido.MidiFile(type=midi_format, ticks_per_beat=ticks)
    for messages in tracks:
        track, now = mido.MidiTrack(), 0
        for tick, message in sorted(messages, key=lambda event: event[0]):
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def note(tick, pitch=60, channel=0, length=QUARTER):
    return [
        (tick, mido.Message("note_on", note=pitch, velocity=80, channel=channel)),
        (tick + length, mido.Message("note_off", note=pitch, velocity=0, channel=channel)),
    ]


def control(tick, number, value, channel=0):
    message = mido.Message("control_change", control=number, value=value, channel=channel)
    return (tick, message)


def program(tick, number, channel=0):
    return (tick, mido.Message("program_change", program=number, channel=channel))


def bar(channel=0, begin=0):
    return [event for i in range(4) for event in note(begin + QUARTER * i, 60 + i, channel)]


def messages_from(data, tick, track=0):
    """The messages of a track from a tick on but our own marks, as (tick, message)."""
    now, found = 0, []
    for message in mido.MidiFile(file=io.BytesIO(data)).tracks[track]:
        now += message.time
        if now >= tick and message.type not in ("end_of_track", "sequencer_specific"):
            found.append((now, message))
    return found


def written_with(data, *rows, pedal=(), **changes):
    """The file with notes added; checks that the rest of it stands."""
    piece = lm.read(data)
    more = np.concatenate([piece.notes, make_notes(rows)])
    pedals = np.concatenate([piece.pedal, np.array(list(pedal), PEDAL_DTYPE)])
    output = to_midi_bytes(piece.replace(notes=more, pedal=pedals, **changes))
    assert seed_stands(data, output, format_0_may_become_1=True) == []
    return output


ROW = (96, 24, 72, 90, 0)  # the first beat of bar 2


def test_a_piece_that_nobody_changed_comes_back_byte_for_byte():
    data = file_of([program(0, 40), *bar()], [*bar(1)])
    assert to_midi_bytes(lm.read(data)) == data


def test_new_notes_stand_in_the_chunk_and_on_the_channel_of_their_track():
    data = file_of([(0, mido.MetaMessage("track_name", name="x"))], bar(6), bar(3))
    output = written_with(data, (96, 24, 72, 90, 1))
    (on, off) = messages_from(output, 4 * QUARTER, track=2)[1:]
    assert (on[0], on[1].channel, on[1].note, on[1].velocity) == (4 * QUARTER, 3, 72, 90)
    assert (off[0], off[1].type) == (5 * QUARTER, "note_off")
    assert len(messages_from(output, 4 * QUARTER, track=1)) == 1  # the end of its own last note


def test_the_ticks_of_the_file_are_kept_whatever_a_quarter_has():
    for ticks in (24, 96, 100, 960, 10080):
        events = [
            (0, mido.Message("note_on", note=60)),
            (4 * ticks, mido.Message("note_off", note=60)),
        ]
        output = written_with(file_of(events, ticks=ticks), (97, 24, 72, 90, 0))
        assert mido.MidiFile(file=io.BytesIO(output)).ticks_per_beat == ticks
        assert messages_from(output, 4 * ticks)[1][0] == int(97 * ticks / 24 + 0.5)


def test_an_edit_that_contradicts_the_file_makes_a_file_of_its_own():
    data = file_of([control(0, 7, 50), *bar(5)])
    piece = lm.read(data)
    for edited in (
        piece.replace(tempos=(Tempo(0, 400_000),)),
        piece.replace(tracks=(Track(12),)),
        piece.replace(original=None),
    ):
        output = to_midi_bytes(edited)
        assert mido.MidiFile(file=io.BytesIO(output)).ticks_per_beat == 480
        assert not any(e[0] >> 4 == 0xB for _, e in list_events(output).tracks[1])
        assert lm.read(output).notes["pitch_midi"].tolist() == edited.notes["pitch_midi"].tolist()


def test_an_edit_of_the_array_itself_is_written_too():
    piece = lm.read(file_of(bar()))
    piece.notes["pitch_midi"] += 1
    assert lm.read(to_midi_bytes(piece)).notes["pitch_midi"].tolist() == [61, 62, 63, 64]


def test_tempos_and_keys_may_follow_the_file():
    data = file_of(bar())
    tempos = (Tempo(0), Tempo(96, 250_000))
    output = written_with(data, ROW, tempos=tempos)
    assert lm.read(output).tempos == tempos


def state_after(settings, *rows, tick=4 * QUARTER, **options):
    """Messages of the new part but notes, after one bar with these settings."""
    data = file_of([*settings, *bar()] if settings else bar())
    output = written_with(data, *(rows or [ROW]), **options)
    found = messages_from(output, tick)
    return [m for _, m in found if m.type not in ("note_on", "note_off", "cue_marker")]


def test_a_channel_in_order_gets_nothing_but_notes():
    settings = [control(0, 7, 90), control(0, 10, 20), program(0, 40)]
    assert state_after(settings) == []


def test_a_bend_and_modulation_left_standing_are_reset_where_the_new_part_begins():
    settings = [
        (0, mido.Message("pitchwheel", pitch=1000)),
        control(0, 1, 30),
        (0, mido.Message("aftertouch", value=9)),
        control(0, 66, 127),
    ]
    kinds = {(m.type, getattr(m, "control", None)) for m in state_after(settings)}
    assert kinds == {
        ("pitchwheel", None),
        ("control_change", 1),
        ("aftertouch", None),
        ("control_change", 66),
    }
    for message in state_after(settings):
        assert getattr(message, "value", getattr(message, "pitch", None)) == 0


def test_what_the_file_has_put_back_itself_is_left_alone():
    bend = [(0, mido.Message("pitchwheel", pitch=1000)), (0, mido.Message("pitchwheel", pitch=0))]
    assert state_after(bend) == []
    assert state_after([control(0, 1, 30), control(0, 121, 0)]) == []


def test_a_pedal_left_down_is_lifted_once():
    (lifted,) = state_after([control(0, 64, 127)])
    assert (lifted.control, lifted.value) == (64, 0)
    (lifted,) = state_after([control(0, 64, 127)], ROW, pedal=[(96, 0, False)])
    assert (lifted.control, lifted.value) == (64, 0)


def test_a_pedal_that_the_new_music_keeps_down_stays_down():
    (pedal,) = state_after([control(0, 64, 127)], ROW, pedal=[(96, 0, True)])
    assert pedal.value == 127


def test_a_fade_out_ends_where_the_new_part_begins():
    settings = [control(0, 7, 110), *bar(), control(3 * QUARTER, 7, 2)]
    output = written_with(file_of(settings), ROW)
    restored = [m for _, m in messages_from(output, 4 * QUARTER) if m.type == "control_change"]
    assert [(m.control, m.value) for m in restored] == [(7, 110)]


def test_a_soft_ending_is_no_fade_out():
    settings = [control(0, 7, 110), *bar(), control(3 * QUARTER, 7, 40)]
    output = written_with(file_of(settings), ROW)
    assert not [m for _, m in messages_from(output, 4 * QUARTER) if m.type == "control_change"]


TWO_PROGRAMS = [program(0, 40), *bar(), program(4 * QUARTER, 17), *bar(begin=4 * QUARTER)]


def test_a_program_that_the_channel_no_longer_has_is_set_again():
    output = written_with(file_of(TWO_PROGRAMS), (192, 24, 72, 90, 0), (216, 24, 72, 90, 0))
    changes = [(t, m) for t, m in messages_from(output, 8 * QUARTER) if m.type == "program_change"]
    assert [(t, m.channel, m.program) for t, m in changes] == [(8 * QUARTER, 0, 40)]
    assert np.bincount(lm.read(output).notes["track"]).tolist() == [6, 4]


def test_tracks_that_would_fight_over_a_channel_play_apart():
    data = file_of([control(0, 7, 55), control(0, 64, 127), *TWO_PROGRAMS])
    output = written_with(data, (192, 24, 72, 90, 0), (192, 24, 74, 90, 1))
    messages = [m for _, m in messages_from(output, 8 * QUARTER)]
    new = [(m.channel, m.note) for m in messages if m.type == "note_on"]
    assert sorted(new) == [(0, 74), (1, 72)]
    set_up = [m for m in messages if m.channel == 1]
    assert [m.control for m in set_up if m.type == "control_change"] == [7]
    assert [m.program for m in set_up if m.type == "program_change"] == [40]


def test_without_free_channels_each_program_is_set_when_its_track_plays():
    others = [event for channel in range(1, 16) for event in note(0, channel=channel)]
    data = file_of([*TWO_PROGRAMS, *others])
    rows = [(192, 24, 72, 90, 0), (216, 24, 72, 90, 1), (240, 24, 72, 90, 1)]
    tracks = [t.program for t in lm.read(data).tracks]
    rows = [(*row[:4], tracks.index((40, 17)[row[4]])) for row in rows]
    output = written_with(data, *rows)
    changes = [
        (t, m.program) for t, m in messages_from(output, 8 * QUARTER) if m.type == "program_change"
    ]
    assert changes == [(8 * QUARTER, 40), (9 * QUARTER, 17)]


def test_two_drum_kits_that_strike_at_once_stay_two():
    first = [program(0, 0, 9), *bar(9)]
    second = [program(4 * QUARTER, 16, 9), *bar(9, 4 * QUARTER)]
    data = file_of(first, second)
    rows = [(192, 24, 38, 90, 0), (216, 24, 38, 90, 0), (216, 24, 42, 90, 1), (240, 24, 38, 90, 0)]
    again = lm.read(written_with(data, *rows))
    assert [track.program for track in again.tracks] == [0, 16]
    assert np.bincount(again.notes["track"]).tolist() == [7, 5]


def test_a_new_note_waits_for_the_key_that_still_rings():
    data = file_of([*bar()[:-2], *note(3 * QUARTER, 72, length=QUARTER + 100)])
    output = written_with(data, ROW)
    events = [(t, m.type) for t, m in messages_from(output, 4 * QUARTER + 1) if m.note == 72]
    assert events == [
        (4 * QUARTER + 100, "note_off"),
        (4 * QUARTER + 100, "note_on"),
        (5 * QUARTER, "note_off"),
    ]


def test_a_note_that_the_file_never_ends_does_not_sound_through_the_new_part():
    data = file_of([(0, mido.Message("note_on", note=40, velocity=80)), *bar()])
    output = written_with(data, ROW)
    ends = [(t, m.note) for t, m in messages_from(output, 4 * QUARTER) if m.type == "note_off"]
    assert (4 * QUARTER, 40) in ends


def test_a_new_track_of_a_file_of_one_chunk_makes_it_one_of_two():
    data = file_of([*bar(0)], midi_format=0)
    tracks = (*lm.read(data).tracks, Track(33, False, "Bass"))
    output = written_with(data, (96, 24, 40, 90, 1), tracks=tracks)
    assert (list_events(output).format, len(list_events(output).tracks)) == (1, 2)
    again = lm.read(output)
    assert [(track.program, track.name) for track in again.tracks] == [(0, ""), (33, "Bass")]


def test_new_tracks_of_a_file_of_many_are_chunks_with_a_name():
    data = file_of(bar(0), bar(1))
    tracks = (*lm.read(data).tracks, Track(33, False, "Bass"), Track(0, True, "Drums"))
    output = written_with(data, (96, 24, 40, 90, 2), (96, 24, 38, 90, 3), tracks=tracks)
    again = lm.read(output)
    assert [(t.program, t.is_drum, t.name) for t in again.tracks[2:]] == [
        (33, False, "Bass"),
        (0, True, "Drums"),
    ]


def test_a_file_whose_channels_are_all_taken_gets_a_further_port():
    data = file_of(
        [event for channel in range(16) for event in note(0, channel=channel)], midi_format=0
    )
    tracks = (*lm.read(data).tracks, Track(33))
    output = written_with(data, (96, 24, 40, 90, len(tracks) - 1), tracks=tracks)
    assert list_events(output).format == 1
    ports = [m for _, m in messages_from(output, 0, track=1) if m.type == "midi_port"]
    assert [port.port for port in ports] == [1]


def test_a_piece_of_a_file_of_separate_pieces_grows_in_its_own_chunk():
    data = smf(NOTE + END, NOTE + NOTE + END, midi_format=2)
    first, second = lm.read_pieces(data)
    for piece, chunk in ((first, 0), (second, 1)):
        longer = piece.replace(notes=np.concatenate([piece.notes, make_notes([ROW])]))
        output = to_midi_bytes(longer)
        assert seed_stands(data, output) == []
        lengths = [len(track) for track in list_events(output).tracks]
        before = [len(track) for track in list_events(data).tracks]
        assert lengths[chunk] == before[chunk] + 4  # on, off, settled bars, what is ours
        assert lengths[1 - chunk] == before[1 - chunk]


def test_the_end_mark_stands_where_the_length_of_the_piece_says():
    output = written_with(file_of(bar()), ROW, length_steps=192)
    assert list_events(output).tracks[0][-1][0] == 8 * QUARTER


@pytest.mark.parametrize("midi_format", [0, 1])
def test_new_bars_alone_begin_with_the_state_they_need(midi_format):
    settings = [
        (0, mido.MetaMessage("track_name", name="Lead")),
        (0, mido.MetaMessage("set_tempo", tempo=300_000)),
        (0, mido.MetaMessage("time_signature", numerator=3, denominator=4)),
        (0, mido.MetaMessage("key_signature", key="D")),
        (0, mido.Message("sysex", data=(0x7E, 0x7F, 9, 1))),
        control(0, 0, 8),
        program(0, 40),
        control(0, 7, 77),
        control(0, 7, 78),
        control(0, 10, 20),
        control(0, 101, 0),
        control(0, 100, 0),
        control(0, 6, 12),
        control(0, 1, 90),
        control(0, 64, 127),
        (0, mido.Message("pitchwheel", pitch=500)),
    ]
    data = file_of(
        settings + [e for i in range(3) for e in note(QUARTER * i, 60 + i)], midi_format=midi_format
    )
    piece = lm.read(data)
    longer = piece.replace(
        notes=np.concatenate([piece.notes, make_notes([(72, 24, 72, 90, 0)])]), length_steps=144
    )
    alone = new_bars_alone(longer, 72)
    assert alone.notes.tolist() == [(0, 24, 72, 90, 0, 0)]
    output = to_midi_bytes(alone)
    assert list_events(output).format == midi_format
    messages = messages_from(output, 0)
    at_start = [m for tick, m in messages if tick == 0]
    said = {(m.type, getattr(m, "control", None)): m for m in at_start}
    assert said["set_tempo", None].tempo == 300_000
    assert said["time_signature", None].numerator == 3
    assert said["key_signature", None].key == "D"
    assert said["track_name", None].name == "Lead"
    assert said["sysex", None].data == (0x7E, 0x7F, 9, 1)
    assert said["program_change", None].program == 40
    values = [(m.control, m.value) for m in at_start if m.type == "control_change"]
    assert values == [(0, 8), (7, 78), (10, 20), (101, 0), (100, 0), (6, 12)]
    assert "pitchwheel" not in {m.type for m in at_start}
    assert at_start[-1].type == "note_on"
    assert list_events(output).tracks[0][-1][0] == 3 * QUARTER


def test_a_file_that_was_continued_twice_keeps_what_was_settled_last():
    data = file_of(bar())
    once = lm.read(data).replace(length_steps=96)
    first = to_midi_bytes(once.replace(notes=np.concatenate([once.notes, make_notes([ROW])])))
    again = restated(lm.read(first), Meter(0, 3, 4))
    more = make_notes([(216, 24, 72, 90, 0)])
    second = to_midi_bytes(again.replace(notes=np.concatenate([again.notes, more])))
    assert seed_stands(first, second) == []
    assert str(lm.read(second).meters[0]) == "3/4"
    alone = new_bars_alone(again.replace(notes=np.concatenate([again.notes, more])), 216)
    ours = [m for m in mido.MidiFile(file=io.BytesIO(to_midi_bytes(alone))).tracks[0]
            if m.type == "sequencer_specific"]  # fmt: skip
    assert len(ours) == 1
