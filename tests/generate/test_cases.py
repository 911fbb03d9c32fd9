"""What writing must make of the seeds of tests/data/cases: all of their events, and new music."""

from collections import defaultdict
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import mido
import pytest
from paths import TEST_DATA
from smf_events import list_events, seed_stands

from lstm_music.cli.main import run

# The case, and the tick of the bar line that its continuation begins at; 480 a quarter note.
BEGINS = {
    "09": 3840,
    "12": 3840,
    "16": 7680,
    "17": 7680,
    "18": 7680,
    "19": 7680,
    "21": 1920,
    "30": 3840,
    "33": 7680,  # where the end mark says that its four bars end
    "35": 3840,  # after the last music, not where a note that never ended is given up
    "36": 147_840,  # after the music that follows 73 bars of silence
    "37": 3840,
}
BARS, TICKS_A_BAR = 2, 1920
KEY, TEMPO = b"\xff\x59", b"\xff\x51"


class Sounding(NamedTuple):
    """A note's beginning, and how its channel was set then."""

    track: int
    tick: int
    channel: int
    pitch: int
    program: int
    bank: int


@cache
def continued(number):
    """The bytes of the seed and of its continuation."""
    (path,) = (TEST_DATA / "cases").glob(f"{number}-*/*.mid")
    with TemporaryDirectory() as folder:
        output = Path(folder, "out.mid")
        args = ["--seed", path, "--bars", BARS, "--rng-seed", 1, "-o", output]
        assert run(["generate", *map(str, args)]) == 0
        return path.read_bytes(), output.read_bytes()


def played(data):
    """Every note-on as one player of all tracks hears it, by mido."""
    messages = []
    for track, chunk in enumerate(mido.MidiFile(file=BytesIO(data)).tracks):
        tick = 0
        for message in chunk:
            tick += message.time
            messages.append((tick, message.type == "note_on", track, message))
    notes, ports = [], defaultdict(int)
    programs, banks = defaultdict(int), defaultdict(int)
    for tick, _, track, message in sorted(messages, key=lambda row: row[:3]):
        if message.type == "midi_port":
            ports[track] = message.port
        channel = (ports[track], getattr(message, "channel", 0))
        if message.type == "program_change":
            programs[channel] = message.program
        elif message.type == "control_change" and message.control == 0:
            banks[channel] = message.value
        elif message.type == "note_on" and message.velocity:
            state = programs[channel], banks[channel]
            notes.append(Sounding(track, tick, message.channel, message.note, *state))
    return notes


def new_notes(number):
    """The notes that only the continuation has."""
    seed, output = continued(number)
    old = [note[:4] for note in played(seed)]
    new = []
    for note in played(output):
        if note[:4] in old:
            old.remove(note[:4])
        else:
            new.append(note)
    assert old == []
    return new


@pytest.mark.parametrize("number", BEGINS)
def test_every_event_of_the_seed_stands_where_it_stood(number):
    assert seed_stands(*continued(number)) == []


@pytest.mark.parametrize("number", BEGINS)
def test_new_notes_fill_the_bars_after_the_seed(number):
    first, last = BEGINS[number], BEGINS[number] + BARS * TICKS_A_BAR
    ticks = [note.tick for note in new_notes(number)]
    assert ticks
    assert first <= min(ticks) < first + TICKS_A_BAR
    assert max(ticks) < last


@pytest.mark.parametrize("number", BEGINS)
def test_every_note_ends_by_the_end_of_the_new_bars(number):
    sounding, ends = defaultdict(int), []
    for events in list_events(continued(number)[1]).tracks:
        for tick, event in events:
            kind, channel = event[0] >> 4, event[0] & 0xF
            if kind == 9 and event[2]:
                sounding[channel, event[1]] += 1
            elif kind in {8, 9}:
                sounding[channel, event[1]] -= 1
                ends.append(tick)
    assert set(sounding.values()) == {0}
    assert max(ends) <= BEGINS[number] + BARS * TICKS_A_BAR


def meta_events(data, kind):
    """(tick, event) of each in the first track."""
    return [(tick, event) for tick, event in list_events(data).tracks[0] if event[:2] == kind]


def test_the_last_key_of_the_seed_holds():
    """Case 09: C major, then D major from the second bar on."""
    keys = [(tick, event.hex()) for tick, event in meta_events(continued("09")[1], KEY)]
    assert keys == [(0, "ff59020000"), (1920, "ff59020200")]


def test_new_notes_play_on_the_instrument_of_the_seed():
    """Cases 16 and 17: its channel, its program, its bank."""
    assert {(n.channel, n.program, n.bank) for n in new_notes("16")} == {(0, 40, 8)}
    assert {(n.channel, n.program) for n in new_notes("17")} == {(6, 40)}


def test_two_programs_of_one_channel_stay_apart():
    """Case 30: the seed's tracks fight over channel 1; the new notes must not."""
    wanted = {1: {40}, 2: {17}}
    for note in new_notes("30"):
        assert note.program in wanted.get(note.track, {40, 17})


def test_a_dense_tempo_map_lasts_as_long():
    """Case 19: 384 tempos, 5 ticks apart; quarter note 16 stays where it was in time."""
    tempos = [
        (tick, int.from_bytes(event[3:], "big"))
        for tick, event in meta_events(continued("19")[1], TEMPO)
        if tick < 7680
    ]
    stops = [*[tick for tick, _ in tempos[1:]], 7680]
    spans = [(stop - tick) * usec for (tick, usec), stop in zip(tempos, stops, strict=True)]
    assert sum(spans) / 480e6 == pytest.approx(14.7388, abs=1e-4)


def test_a_note_that_never_ended_ends_with_the_music():
    """Case 35: pitch 40 of channel 2 has no note-off for a hundred bars."""
    offs = [
        tick
        for events in list_events(continued("35")[1]).tracks
        for tick, event in events
        if event[:2] == b"\x81\x28" or (event[:2] == b"\x91\x28" and not event[2])
    ]
    assert min(offs) <= BEGINS["35"]


def test_a_pedal_that_is_down_where_the_seed_ends_is_lifted():
    """Case 37."""
    lifts = [
        tick
        for events in list_events(continued("37")[1]).tracks
        for tick, event in events
        if event[:2] == b"\xb0\x40" and event[2] < 64
    ]
    first = min(note.tick for note in new_notes("37"))
    assert lifts
    assert BEGINS["37"] <= min(lifts) <= first
