"""Piece to MIDI file and back: the round-trip law, and what MIDI cannot say."""

import io

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piece_checks import shares_channels

from lstm_music.errors import MidiError, OutputExistsError
from lstm_music.midi.limits import DEFAULT_LIMITS
from lstm_music.midi.read import read_midi, read_midi_bytes
from lstm_music.midi.scan import scan
from lstm_music.midi.write import to_midi_bytes, write_midi
from lstm_music.midi.writing.messages import Messages
from lstm_music.midi.writing.played import played_ticks
from lstm_music.music.key import Key
from lstm_music.music.meter import DENOMINATORS, Meter
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes

steps = st.integers(0, 2000)
names = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=12)


def changes(first, later):
    """A map of changes: one at 0 and a few later."""
    return st.tuples(first, st.lists(later, max_size=4, unique_by=lambda c: c.onset_steps)).map(
        lambda pair: (pair[0], *sorted(pair[1]))
    )


def meters(onsets):
    return st.builds(Meter, onsets, st.integers(1, 64), st.sampled_from(DENOMINATORS))


def tempos(onsets):
    return st.builds(Tempo, onsets, st.integers(1, 2**24 - 1))


@st.composite
def pieces(draw):
    """Pieces of one to twenty tracks, each with notes; 128 keys and channels that clash."""
    n_tracks = draw(st.one_of(st.integers(1, 4), st.integers(14, 20)))
    track = st.builds(Track, st.integers(0, 127), st.booleans(), names)
    tracks = tuple(draw(st.lists(track, min_size=n_tracks, max_size=n_tracks)))
    note = st.tuples(
        steps, st.integers(1, 200), st.integers(58, 62), st.integers(1, 127), st.integers(0, 999)
    )
    notes = draw(st.lists(note, max_size=30))
    notes = [(*n[:4], n[4] % n_tracks) for n in notes]
    notes += [(i, 5, 60 + i, 64, i) for i in range(n_tracks)]  # none is empty
    pedal = draw(st.lists(st.tuples(steps, st.integers(0, 999), st.booleans()), max_size=8))
    meter_map = draw(changes(meters(st.just(0)), meters(st.integers(1, 2000))))
    keys = st.builds(Key, st.integers(-7, 7), st.sampled_from(["major", "minor"]))
    return Piece(
        notes=make_notes(notes),
        tracks=tracks,
        meters=meter_map,
        tempos=draw(changes(tempos(st.just(0)), tempos(st.integers(1, 2000)))),
        key=draw(st.none() | keys),
        pedal=np.array([(at, i % n_tracks, down) for at, i, down in pedal], PEDAL_DTYPE),
        pickup_steps=draw(st.integers(0, meter_map[0].bar_steps - 1)),
        title=draw(names),
    )


def first_in_first_out(piece):
    """The piece with its nested notes of one pitch unnested: the one thing MIDI cannot keep."""
    notes = piece.notes.copy()
    for track, pitch in {(n["track"], n["pitch_midi"]) for n in notes}:
        mine = np.flatnonzero((notes["track"] == track) & (notes["pitch_midi"] == pitch))
        ends, sounding = [], []
        events = [(int(notes["onset_steps"][i]), 1, int(i)) for i in mine]
        events += [(int(notes[i]["onset_steps"] + notes[i]["duration_steps"]), 0, -1) for i in mine]
        for at, is_on, i in sorted(events):
            if is_on:
                sounding.append(i)
            else:
                ends.append((sounding.pop(0), at))
        for i, at in ends:
            notes["duration_steps"][i] = at - notes["onset_steps"][i]
    return piece.replace(notes=notes)


def test_two_drum_kits_that_strike_at_once_stay_two():
    rows = [(0, 1, 38, 80, 0), (24, 1, 38, 80, 0), (24, 1, 42, 80, 1), (48, 1, 38, 80, 0)]
    kits = Piece(notes=make_notes(rows), tracks=(Track(0, True), Track(16, True)))
    assert read_midi_bytes(to_midi_bytes(kits)) == kits


@settings(deadline=None)  # a busy machine is no failure
@given(pieces())
def test_reading_what_was_written_gives_the_same_piece(piece):
    again = read_midi_bytes(to_midi_bytes(piece, text="made by a test: ♪"))
    if shares_channels(again):  # whose pedal is that of all
        again, piece = (p.replace(pedal=p.pedal[:0]) for p in (again, piece))
    assert again == first_in_first_out(piece)
    assert again.title == piece.title
    assert again.repairs == ()
    assert again.max_timing_error_steps == 0


@settings(deadline=None)
@given(pieces())
def test_the_same_piece_gives_the_same_bytes(piece):
    data = to_midi_bytes(piece)
    assert to_midi_bytes(piece) == data
    again = read_midi_bytes(data)
    assert to_midi_bytes(again) == to_midi_bytes(read_midi_bytes(to_midi_bytes(again)))


def melody(*notes, **other):
    return Piece(notes=make_notes([(*n, 64, 0) for n in notes]), **{"tracks": (Track(),)} | other)


def events(piece):
    return mido.MidiFile(file=io.BytesIO(to_midi_bytes(piece))).tracks


@pytest.mark.parametrize(
    ("notes", "back"),
    [
        ([(0, 24, 60), (24, 24, 60)], None),  # one ends where the next begins
        ([(0, 24, 60), (12, 24, 60)], None),  # overlapping
        ([(0, 24, 60), (0, 48, 60)], None),  # together
        ([(0, 48, 60), (12, 24, 60)], [(0, 36, 60), (12, 36, 60)]),  # one inside the other
    ],
)
def test_notes_of_one_pitch_end_first_in_first_out(notes, back):
    assert read_midi_bytes(to_midi_bytes(melody(*notes))) == melody(*(back or notes))


def test_a_pickup_is_a_short_bar_for_others_and_a_pickup_for_us():
    piece = melody((0, 24, 60), (24, 96, 62), pickup_steps=24)
    signatures = [m for m in events(piece)[0] if m.type == "time_signature"]
    assert [(m.numerator, m.denominator, m.time) for m in signatures] == [(1, 4, 0), (4, 4, 480)]
    assert read_midi_bytes(to_midi_bytes(piece)) == piece


@pytest.mark.parametrize(
    ("pickup_steps", "changes"),
    [
        (8, ()),  # a triplet: no meter is that long
        (24, (Meter(24, 3, 4),)),  # the meter changes where the pickup ends
        (24, (Meter(12, 3, 4),)),  # or before
        (24, (Meter(25, 3, 4),)),
    ],
)
def test_odd_pickups(pickup_steps, changes):
    piece = melody((0, 24, 60), meters=(Meter(0, 4, 4), *changes), pickup_steps=pickup_steps)
    assert read_midi_bytes(to_midi_bytes(piece)) == piece


def test_conductor_then_one_chunk_a_track():
    piece = melody((0, 24, 60), key=Key(-3, "minor"), title="Tïtle").replace(
        tracks=(Track(40, name="Geige"), Track(3))
    )
    conductor, first, second = events(piece)
    assert [m.type for m in conductor] == [
        "track_name",
        "sequencer_specific",
        "key_signature",
        "time_signature",
        "set_tempo",
        "end_of_track",
    ]
    assert conductor[2].key == "Cm"
    assert [(m.type, m.time) for m in first] == [
        ("track_name", 0),
        ("key_signature", 0),
        ("program_change", 0),
        ("note_on", 0),
        ("note_off", 480),
        ("end_of_track", 0),
    ]
    assert second[1].program == 3


@pytest.mark.parametrize(
    ("meter", "clocks"), [("4/4", 24), ("6/8", 36), ("3/8", 12), ("2/2", 48), ("12/16", 18)]
)
def test_the_metronome_clicks_on_the_beat(meter, clocks):
    (signature,) = [
        m
        for m in events(melody((0, 24, 60), meters=(Meter.parse(meter),)))[0]
        if m.type == "time_signature"
    ]
    assert signature.clocks_per_click == clocks


def test_a_pickup_of_two_quarters_is_a_bar_of_two_four_for_others():
    signatures = [
        m for m in events(melody((0, 24, 60), pickup_steps=48))[0] if m.type == "time_signature"
    ]
    assert (signatures[0].numerator, signatures[0].denominator) == (2, 4)


def test_drums_have_no_key():
    rows = make_notes([(0, 24, 60, 64, 0), (0, 24, 36, 64, 1)])
    piece = Piece(notes=rows, tracks=(Track(), Track(is_drum=True)), key=Key(2))
    keys = [[m.key for m in track if m.type == "key_signature"] for track in events(piece)]
    assert keys == [["D"], ["D"], []]


def test_a_note_lasts_a_tick_at_least():
    notes = make_notes([(0, 1, 60, 64, 0), (7, 1, 60, 64, 0)])
    starts, ends = played_ticks(notes, lambda steps: np.rint(steps / 6).astype(np.int64))
    assert (starts.tolist(), ends.tolist()) == ([0, 1], [1, 2])


def channels_of(piece):
    return [{m.channel for m in track if not m.is_meta}.pop() for track in events(piece)[1:]]


def test_channels_are_handed_out_without_that_of_the_drums():
    tracks = (Track(1), Track(0, is_drum=True), *(Track(i) for i in range(14)))
    assert channels_of(melody((0, 24, 60), tracks=tracks)) == [0, 9, *range(1, 9), *range(10, 16)]


def test_past_fifteen_tracks_a_channel_goes_with_a_program():
    tracks = tuple(Track(i % 4) for i in range(18))
    assert channels_of(melody((0, 24, 60), tracks=tracks)) == [i % 4 for i in range(18)]


def test_a_shared_channel_always_has_the_program_of_the_note_that_sounds():
    """17 programs on 15 channels: a player that merges the tracks must hear each its own."""
    tracks = tuple(Track(i) for i in range(17))
    notes = [(24 * n, 24, 60, 64, n % 17) for n in range(51)]
    piece = Piece(notes=make_notes(notes), tracks=tracks)
    programs, heard = {}, []
    for message in mido.merge_tracks(events(piece)):
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type == "note_on":
            heard.append(programs[message.channel])
    assert heard == [n % 17 for n in range(51)]
    assert read_midi_bytes(to_midi_bytes(piece)) == piece


KITS = (Track(0, is_drum=True), Track(1, is_drum=True))


def test_two_programs_of_one_channel_that_begin_together_are_each_heard():
    rows = [(0, 5, 60, 64, 0), (1, 1, 58, 64, 0), (1, 5, 61, 64, 1), (9, 1, 58, 64, 0)]
    piece = Piece(notes=make_notes(rows), tracks=KITS)
    assert read_midi_bytes(to_midi_bytes(piece)) == piece


def test_a_program_is_set_before_a_note_that_comes_early():
    rows = [(24, 6, 60, 64, 0), (48, 6, 60, 64, 1), (72, 6, 60, 64, 0)]
    notes = make_notes(rows)
    notes["timing_96ths"] = -2
    piece = Piece(notes=notes, tracks=KITS)
    assert read_midi_bytes(to_midi_bytes(piece)) == piece


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("pitch_midi", 128, "0..127"), ("velocity", 0, "1..127"), ("velocity", 200, "1..127")],
)
def test_notes_that_midi_cannot_say(field, value, words):
    piece = melody((0, 24, 60))
    piece.notes[field] = value
    with pytest.raises(MidiError, match=words):
        to_midi_bytes(piece)


@pytest.mark.parametrize("usec_per_quarter", [0, 2**24])
def test_tempos_that_midi_cannot_say(usec_per_quarter):
    with pytest.raises(MidiError, match="tempo"):
        to_midi_bytes(melody((0, 24, 60), tempos=(Tempo(0, usec_per_quarter),)))


def test_a_gap_of_28_bits_is_the_longest():
    messages = Messages()
    messages.add(0, 2**28 - 1, (0x90, 60, 64))
    (chunk,) = messages.chunks(1, 2 * (2**28 - 1)).values()
    assert chunk[8:] == bytes.fromhex("FF FF FF 7F 90 3C 40 FF FF FF 7F FF 2F 00")
    with pytest.raises(MidiError, match="gap"):
        messages.chunks(1, 2 * (2**28 - 1) + 1)
    messages.add(1, 2**28, (0x90, 60, 64))
    with pytest.raises(MidiError, match="gap"):
        messages.chunks(2)


def test_the_longest_gap_that_midi_can_say():
    longest = (2**28 - 1) // 20
    to_midi_bytes(melody((longest, 24, 60)))
    with pytest.raises(MidiError, match="gap"):
        to_midi_bytes(melody((longest + 1, 24, 60)))


def test_the_text_is_kept():
    texts = [m.text for m in events_of_text("rng_seed=7 ♪") if m.type == "cue_marker"]
    assert [t.encode("latin-1").decode() for t in texts] == ["rng_seed=7 ♪"]


def events_of_text(text):
    data = to_midi_bytes(melody((0, 24, 60)), text=text)
    return mido.MidiFile(file=io.BytesIO(data)).tracks[0]


def test_a_file_is_not_overwritten_unless_asked(tmp_path):
    path = tmp_path / "out.mid"
    piece = melody((0, 24, 60))
    write_midi(piece, path)
    with pytest.raises(OutputExistsError, match=r"out\.mid"):
        write_midi(melody((0, 24, 61)), path)
    assert read_midi(path) == piece
    write_midi(melody((0, 24, 61)), path, force=True)
    assert read_midi(path) == melody((0, 24, 61))


def test_a_piece_that_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.mid"
    write_midi(melody((0, 24, 60)), path)
    before = path.read_bytes()
    with pytest.raises(MidiError):
        write_midi(melody((0, 24, 60), tempos=(Tempo(0, 0),)), path, force=True)
    assert path.read_bytes() == before


def test_a_note_is_written_where_it_is_played():
    rows = [(0, 24, 60, 64, 0, -3), (24, 24, 60, 64, 0, 16), (48, 24, 60, 64, 0, -16)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(),))
    notes = scan(to_midi_bytes(piece), DEFAULT_LIMITS).notes
    assert notes["onset_ticks"].tolist() == [0, 480 + 80, 960 - 80]  # nothing before the start
    # The first two make way for the next of their pitch; the last keeps its length.
    assert notes["end_ticks"].tolist() == [480, 880, 880 + 480]


def test_timing_within_a_step_comes_back_as_the_same_onset():
    rows = [(24 * i, 12, 60 + i, 64, 0, timing) for i, timing in enumerate((-2, -1, 0, 1))]
    piece = Piece(notes=make_notes(rows), tracks=(Track(),))
    again = read_midi_bytes(to_midi_bytes(piece))
    assert again.notes["onset_steps"].tolist() == piece.notes["onset_steps"].tolist()
