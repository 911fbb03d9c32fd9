"""What a synthesizer hears of the new music: in its own sound, nothing bent, held or muted."""

import mido
import numpy as np
import pytest
from smf_events import list_events, seed_stands
from smf_player import REST, play

import lstm_music as lm
from lstm_music.generate.pedals import pedals_lifted
from lstm_music.midi.write import to_midi_bytes
from lstm_music.midi.writing.opening import new_bars_alone
from lstm_music.music.piece import make_notes

Q = 480
BAR = 4 * Q


def on(tick, message):
    return tick, mido.Message.from_bytes(message)


def control(tick, number, value, channel=0):
    return on(tick, [0xB0 | channel, number, value])


def program(tick, number, channel=0):
    return on(tick, [0xC0 | channel, number])


def bend(tick, msb):
    return on(tick, [0xE0, 0, msb])


GM_RESET = [0xF0, 0x7E, 0x7F, 9, 1, 0xF7]
FINE_TUNING = [control(0, 101, 0), control(0, 100, 1), control(0, 6, 70)]
BEND_RANGE = [control(0, 101, 0), control(0, 100, 0), control(0, 6, 12)]


def bar(pitch=60, begin=0):
    """Four quarters, each a note of its own."""
    return [
        event
        for i in range(4)
        for event in (
            on(begin + Q * i, [0x90, pitch + i, 80]),
            on(begin + Q * i + Q, [0x80, pitch + i, 64]),
        )
    ]


def file_of(*tracks):
    file = mido.MidiFile(type=1, ticks_per_beat=Q)
    for messages in tracks:
        track, now = mido.MidiTrack(), 0
        for tick, message in sorted(messages, key=lambda event: event[0]):
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    return file


def continued(tmp_path, *tracks):
    """Bar 2 heard after bar 1, and heard alone: four quarters on each track of the piece."""
    file_of(*tracks).save(tmp_path / "seed.mid")
    seed = (tmp_path / "seed.mid").read_bytes()
    piece = lm.read(seed)
    n = len(piece.tracks)  # of two notes on one key of a channel one is written
    rows = [(96 + 24 * i, 24, 72 + i + 4 * t, 90, t) for i in range(4) for t in range(n)]
    longer = piece.replace(
        notes=np.concatenate([piece.notes, make_notes(rows)]),
        pedal=np.concatenate([piece.pedal, pedals_lifted(piece.pedal, 96)]),
        length_steps=192,
    )
    output = to_midi_bytes(longer)
    assert seed_stands(seed, output) == []
    heard = [note for note in play(output) if note.pitch >= 72]
    alone = play(to_midi_bytes(new_bars_alone(longer, 96)))
    assert len(heard) == len(alone) == len(rows)
    return heard, alone


LEFT_STANDING = {
    "a bend in the middle of the new bar": [*bar(), bend(BAR + 100, 0)],
    "bends that go on": [*bar(), *(bend(BAR + 40 * i, i) for i in range(30))],
    "modulation after the first note": [*bar(), control(BAR + 10, 1, 90)],
    "pressure after the first note": [*bar(), on(BAR + 10, [0xD0, 90])],
    "sostenuto after the first note": [*bar(), control(BAR + 10, 66, 127)],
    "a pedal pressed after the bar line": [*bar(), control(BAR + 10, 64, 127)],
    "a half pedal after the bar line": [*bar(), control(BAR + 10, 64, 50)],
    "a pedal pressed before and again after it": [
        control(0, 64, 127), *bar(), control(BAR + 10, 64, 127)
    ],
    "a fade-out beyond the last note": [
        *bar(), *(control(3 * Q + 40 * i, 7, 100 - 2 * i) for i in range(50))
    ],
    "a fade-out of the expression": [
        *bar(), *(control(BAR + 40 * i, 11, 120 - 5 * i) for i in range(24))
    ],
}  # fmt: skip


@pytest.mark.parametrize("track", LEFT_STANDING.values(), ids=LEFT_STANDING)
def test_what_a_file_goes_on_to_do_after_its_last_note_does_not_touch_the_new_music(
    track, tmp_path
):
    for notes in continued(tmp_path, track):
        for note in notes:
            assert {kind: note.state[kind] for kind in REST} == REST


def test_a_pedal_of_the_new_music_counts_and_not_that_of_the_file(tmp_path):
    file_of([*bar(), control(BAR + 10, 64, 0), control(BAR + 700, 64, 90)]).save(tmp_path / "a.mid")
    piece = lm.read(tmp_path / "a.mid")
    added = np.array([(96, 0, True), (120, 0, False)], piece.pedal.dtype)
    rows = [(96 + 24 * i, 24, 72, 90, 0) for i in range(3)]
    longer = piece.replace(
        notes=np.concatenate([piece.notes, make_notes(rows)]),
        pedal=np.concatenate([piece.pedal, added]),
    )
    for output in (longer, new_bars_alone(longer, 96)):
        values = [(n.tick, n.state[64]) for n in play(to_midi_bytes(output)) if n.pitch == 72]
        assert [value for _, value in values] == [127, 0, 0]


SOUNDS = {
    "a bank without a program": ([control(0, 0, 8), *bar()], (0, (0, 0))),
    "a bank that waits for a program": (
        [program(0, 40), *bar(), program(BAR - 9, 50), control(BAR - 5, 0, 8)], (40, (0, 0))
    ),
    "a bank after the program": (
        [program(0, 40), *bar(), control(BAR - 5, 0, 8)], (40, (0, 0))
    ),
    "a reset after the notes": ([program(0, 40), *bar(), on(BAR - 1, GM_RESET)], (40, (0, 0))),
    "a program after the bar line": ([program(0, 40), *bar(), program(BAR + 90, 9)], (40, (0, 0))),
}  # fmt: skip


@pytest.mark.parametrize(("track", "sound"), SOUNDS.values(), ids=SOUNDS)
def test_the_new_music_has_the_sound_of_its_track(track, sound, tmp_path):
    for notes in continued(tmp_path, track):
        assert {(note.program, note.bank) for note in notes} == {sound}


ONE_CHANNEL = {
    "a volume that the first chunk sets last": (
        [control(3 * Q, 7, 60), *bar()], [control(0, 7, 110), *bar(40)]
    ),
    "a program that the first chunk sets last": (
        [program(0, 40), program(2 * Q, 41), *bar()], [program(0, 12), *bar(40)]
    ),
    "a chunk of settings behind the notes": (bar(), [program(0, 40), control(0, 7, 90)]),
    "a parameter of the second chunk": ([*BEND_RANGE, *bar()], [*FINE_TUNING, *bar(40)]),
    "a reset in the second chunk": (
        [program(20, 40), *bar(begin=0)], [on(0, GM_RESET)]
    ),
    "expression undone by controller 121": (
        [control(0, 11, 30), *bar(), control(2 * Q, 121, 0)], bar(40)
    ),
    "a reverb changed while the new music plays": ([*bar(), control(BAR + 700, 91, 9)], bar(40)),
}  # fmt: skip


@pytest.mark.parametrize("tracks", ONE_CHANNEL.values(), ids=ONE_CHANNEL)
def test_new_bars_alone_are_heard_as_after_the_seed(tracks, tmp_path):
    heard, alone = continued(tmp_path, *tracks)
    assert [n._replace(tick=n.tick - BAR, end=n.end - BAR) for n in heard] == alone


@pytest.mark.parametrize(
    "last",
    [
        [control(BAR, 123, 0)],
        [control(BAR, 120, 0), control(BAR, 121, 0)],
        [bend(BAR, 0)],
        [control(BAR, 64, 127)],
        [control(BAR, 7, 0)],
    ],
)
def test_the_end_of_another_hand_does_not_end_the_new_music(last, tmp_path):
    heard, _ = continued(tmp_path, bar(), [*bar(40), *last])
    for note in heard:
        assert note.end - note.tick > Q - 2
        assert {kind: note.state[kind] for kind in REST} == REST


@pytest.mark.parametrize("announced", [True, False])
def test_the_manager_of_a_zone_is_put_to_rest(announced, tmp_path):
    zone = [control(0, 101, 0), control(0, 100, 6), control(0, 6, 15)] if announced else []
    for i in range(16):
        channel, tick = 1 + i % 4, Q * i
        zone.append(on(tick, [0xE0 | channel, i, 0x41]))
        zone.append(on(tick, [0x90 | channel, (60, 62, 64, 65, 67, 65, 64, 62)[i % 8], 80]))
        zone.append(on(tick + Q, [0x80 | channel, (60, 62, 64, 65, 67, 65, 64, 62)[i % 8], 80]))
    left = [bend(16 * Q - 9, 0x20), control(16 * Q - 9, 64, 127), bend(16 * Q + 9, 0x30)]
    file_of([*zone, *left]).save(tmp_path / "a.mid")
    piece = lm.read(tmp_path / "a.mid")
    assert len(piece.tracks) == 1
    notes = np.concatenate(
        [piece.notes, make_notes([(384 + 24 * i, 24, 72, 90, 0) for i in (0, 1)])]
    )
    output = to_midi_bytes(piece.replace(notes=notes))
    (track,) = list_events(output).tracks
    told = [(tick, event) for tick, event in track if event[0] in (0xB0, 0xE0) and tick >= 16 * Q]
    assert told == [
        (16 * Q, bytes([0xE0, 0, 0x40])),
        (16 * Q, bytes([0xB0, 64, 0])),
        (16 * Q + 9, bytes([0xE0, 0, 0x30])),
        (16 * Q + 9, bytes([0xE0, 0, 0x40])),
    ]


def test_a_part_that_moves_to_a_free_channel_leaves_the_fade_out_behind(tmp_path):
    first = [program(0, 40), *bar(), control(BAR - 5, 7, 0), control(BAR - 5, 10, 20)]
    heard, _ = continued(tmp_path, first, [program(0, 17), *bar(40)])
    assert len({note.channel for note in heard}) == 2
    assert {(note.state[7], note.state[10]) for note in heard} == {(100, 20)}


def test_banks_are_told_once(tmp_path):
    file_of([program(0, 40), *bar(), control(BAR - 5, 0, 8)]).save(tmp_path / "a.mid")
    piece = lm.read(tmp_path / "a.mid")
    rows = [(96 + 24 * i, 24, 72, 90, 0) for i in range(4)]
    longer = piece.replace(notes=np.concatenate([piece.notes, make_notes(rows)]))
    (track,) = list_events(to_midi_bytes(longer)).tracks
    assert not [event for tick, event in track if tick > BAR and event[0] >> 4 in (0xB, 0xC)]
