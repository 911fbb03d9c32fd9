"""Bars written anew inside the user's file: what is gone is gone, all else stands, as heard."""

import os
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from paths import MIDI_DATA
from smf_events import END_OF_TRACK, PORT, list_events, note_events
from smf_player import play
from smf_strategies import files

import lstm_music as lm
from lstm_music.errors import MidiError
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.piece import Track, make_notes

EXAMPLES = int(os.environ.get("LSTM_MUSIC_FAULTS", "300"))
"""How many random files; LSTM_MUSIC_FAULTS=10000 is the slow job."""

VELOCITY = 101
"""Of new notes; few of the random files have any of it."""
GS_DRUMS = bytes.fromhex("41 10 42 12 40 11 15")  # makes a channel a drum part in mid-file


def alike(piece, rows):
    """All rows that begin as one of these, in the same chunk, which no test can tell apart."""
    mtrk = np.array([one.mtrk for one in piece.original.instruments])[piece.notes["track"]]
    names = ("onset_steps", "timing_96ths", "pitch_midi", "velocity")
    keys = list(zip(mtrk.tolist(), *(piece.notes[name].tolist() for name in names)))
    wanted = {keys[row] for row in rows}
    return [row for row, key in enumerate(keys) if key in wanted], wanted


def expected_tracks(data, piece, wanted):
    """The events of each chunk without the notes that begin as one of these."""
    steps, ticks = piece.original.knots_steps[1], piece.original.knots_ticks[1]
    tracks = list_events(data, strict=False).tracks
    for mtrk, (events, notes) in enumerate(zip(tracks, note_events(data))):
        gone = set()
        for begin, end in notes:
            tick, message = events[begin]
            onset = int((2 * steps * tick + ticks) // (2 * ticks))
            timing = int((2 * 4 * steps * tick + ticks) // (2 * ticks)) - 4 * onset
            if (mtrk, onset, timing, message[1], message[2]) in wanted:
                gone |= {begin, end}
        yield [each for i, each in enumerate(events) if i not in gone and each[1] != END_OF_TRACK]


def stands_in(wanted, present):
    """Whether the items of the first list stand in the second, in this order."""
    rest = iter(present)
    return all(item in rest for item in wanted)


def infilled(piece, rng):
    """The piece with some rows gone and others new, and what was done: rows gone, new tracks."""
    n = len(piece.notes)
    gone, wanted = alike(piece, rng.choice(n, rng.integers(n + 1), replace=False).tolist())
    tracks = [*piece.tracks]
    kinds = rng.integers([128, 2], size=(rng.integers(3), 2)).tolist()
    tracks += [Track(program, bool(is_drum), "new") for program, is_drum in kinds]
    rows = [
        (int(rng.integers(piece.end_steps + 48)), int(rng.integers(1, 72)), int(pitch), VELOCITY,
         int(rng.integers(len(tracks))))
        for pitch in rng.permutation(range(58, 64))[: rng.integers(1, 7)]
    ]  # fmt: skip
    rows += near(piece.notes[rng.permutation(n)[:6]], {row[2] for row in rows}, rng)
    places = tuple((row[4], row[0], row[0] + 10_000) for row in rows)
    notes = np.concatenate([np.delete(piece.notes, gone), make_notes(rows)])
    filled = piece.replace(notes=notes, tracks=tuple(tracks), added_places=places)
    return filled, rows, wanted, piece.replace(notes=np.delete(piece.notes, gone))


def near(notes, taken, rng):
    """New rows on the keys of some of the file's notes, while or about when these sound."""
    rows = []
    for onset, length, pitch, _, track, _ in notes.tolist():
        if pitch not in taken:
            begin = max(onset + int(rng.integers(-8, length + 8)), 0)
            rows.append((begin, int(rng.integers(1, 24)), pitch, VELOCITY, track))
            taken.add(pitch)
    return rows


def first_programs(data):
    """When each channel gets its first program: readers differ over a bank before that."""
    programs = {}
    for tick, message in sorted(each for track in list_events(data).tracks for each in track):
        if message[0] >> 4 == 0xC:
            programs.setdefault(message[0] & 0x0F, tick)
    return programs


def as_heard(note, programs):
    state = {kind: value for kind, value in note.state.items() if value or kind not in (0, 32)}
    if note.tick <= programs.get(note.channel, note.tick):
        note = note._replace(bank=None)
        state = {kind: value for kind, value in state.items() if kind not in (0, 32)}
    return (*note[:-1], tuple(sorted(state.items(), key=str)))


def check_heard(base_file, output, filled, rows):
    """The file's notes sound as without the new ones, and these sound as they should."""
    base, programs = play(base_file), first_programs(base_file)
    before = [as_heard(note, programs) for note in base]
    after = [as_heard(note, programs) for note in play(output)]
    hung = Counter((n[0], *n[2:]) for n in before if n[1] < 0)
    new = []
    rest = Counter(n for n in before if n[1] >= 0)
    for note in after:
        if rest[note]:
            rest[note] -= 1
        elif hung[note[0], *note[2:]]:
            hung[note[0], *note[2:]] -= 1
        else:
            new.append(note)
    assert not +rest, "a note of the file sounds otherwise"
    assert not +hung, "a note of the file that never ends is gone"
    assert all(note[1] >= note[0] for note in new), "a new note hangs"
    programs = {pitch: filled.tracks[track].program for _, _, pitch, _, track in rows}
    assert all(note[4] == programs[note[3]] for note in new)
    assert len({note[3] for note in new}) == len(new) <= len(rows)
    for pitch in set(programs) - {note[3] for note in new}:
        assert any(note.pitch == pitch for note in base), "left out although its key is free"
    return len(new)


_slow = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_slow
@given(files(), st.integers(0, 2**32 - 1))
def test_random_notes_of_a_random_file_are_exchanged(data, number):
    try:
        piece = lm.read(data)
    except MidiError:
        return  # all its notes may be of another port, or past a limit
    left_out = check(data, piece, np.random.default_rng(number))
    event("ports" if left_out is None else f"{left_out} new notes left out")


UNENDED = [  # a key that is struck where the music ends; one that another chunk lets go
    "4d546864000000060001000200184d54726b0000000c00903c5078803c0000ff2f00"
    "4d54726b0000000d00ff20010578903a0100ff2f00",
    "4d546864000000060001000300184d54726b0000000c00903c5078803c0000ff2f00"
    "4d54726b0000000879833a0000ff2f004d54726b0000001100ff540560010203040"
    "0933a0100ff2f00",
]


@pytest.mark.parametrize("data", [bytes.fromhex(text) for text in UNENDED])
def test_a_key_that_never_ends_ends_behind_its_onset(data):
    for number in range(40):
        check(data, lm.read(data), np.random.default_rng(number))


def check(data, piece, rng):
    filled, rows, wanted, without = infilled(piece, rng)
    output = to_midi_bytes(filled, text="made by a test")
    made = list_events(output)
    if len(piece.original.knots_steps) == 2:
        for track, present in zip(expected_tracks(data, piece, wanted), made.tracks):
            assert stands_in(track, present)
    base, n_new = to_midi_bytes(without), None
    if all(PORT not in event for track in made.tracks for _, event in track):
        n_new = check_heard(base, output, filled, rows)
    again = lm.read(output)
    if len(again.original.knots_steps) == 2:
        names = ["onset_steps", "duration_steps", "pitch_midi", "velocity"]
        if not any("never ended" in text for text in piece.repairs):
            kept = Counter(without.notes[names].tolist())
            assert kept <= Counter(again.notes[names].tolist())
        if GS_DRUMS not in data and not (piece.notes["velocity"] == VELOCITY).any():
            check_places(again)
    return None if n_new is None else len(rows) - n_new


def check_places(again):
    """What is ours of a file that is read back are the new notes, on their tracks."""
    ours = [row for row in again.notes.tolist() if row[3] == VELOCITY]
    for onset, _, _, _, track, _ in ours:
        assert any(track == t and s <= onset < e for t, s, e in again.added_places)


@pytest.mark.parametrize("path", sorted(MIDI_DATA.glob("*.mid")), ids=lambda path: path.stem)
@pytest.mark.parametrize("number", range(3))
def test_random_notes_of_our_own_files_are_exchanged(path, number):
    check(path.read_bytes(), lm.read(path), np.random.default_rng(number))
