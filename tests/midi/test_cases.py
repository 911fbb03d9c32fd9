"""What reading must make of each file of tests/data/cases: what people found wrong elsewhere."""

from operator import attrgetter

import numpy as np
import pytest
from paths import TEST_DATA

import lstm_music as lm
from lstm_music.errors import MidiError
from lstm_music.music.seconds import Clock

CASES = TEST_DATA / "cases"


def read_case(name, **options):
    """The case that begins with a number."""
    (path,) = CASES.glob(f"{name}-*/*")
    return lm.read(path, **options)


class OneOf(tuple):
    """Any of these is right."""

    __slots__ = ()

    def __eq__(self, other):
        return any(other == value for value in self)

    __hash__ = None


def programs(piece):
    return [track.program for track in piece.tracks]


def drums(piece):
    return [track.is_drum for track in piece.tracks]


def names(piece):
    return [track.name for track in piece.tracks]


def pitches(piece):
    return piece.notes["pitch_midi"].tolist()


def lengths(piece):
    return piece.notes["duration_steps"].tolist()


def times(piece):
    return piece.notes[["onset_steps", "duration_steps"]].tolist()


def chords(piece):
    """The pitches that begin at each quarter note, from the lowest up."""
    at, pitch = piece.notes["onset_steps"], piece.notes["pitch_midi"]
    return [sorted(pitch[at == step].tolist()) for step in range(0, at[-1] + 1, 24)]


def program_of_each_note(piece):
    return [piece.tracks[track].program for track in piece.notes["track"]]


def lengths_by_track(piece):
    rows = piece.notes[["track", "duration_steps"]].tolist()
    return {track: [length for of, length in rows if of == track] for track, _ in rows}


def keys(piece):
    changes = [(change.onset_steps, str(change.key)) for change in piece.key_changes]
    return [(0, str(piece.key)), *changes]


def signatures(piece):
    changes = [(change.onset_steps, change.key.sharps) for change in piece.key_changes]
    return [(0, piece.key and piece.key.sharps), *changes]


def bpm(piece):
    return [(tempo.onset_steps, round(tempo.tempo_bpm)) for tempo in piece.tempos]


def meter_and_pickup(piece):
    return [*map(str, piece.meters)], piece.pickup_steps


def first_bar_lines(piece):
    lines, here = [0], 0
    while len(lines) < 5:
        here = piece.bar_lines.bar_end(here)
        lines.append(here)
    return lines


def tells_of(*words):
    def tells(piece):
        return any(all(word in repair for word in words) for repair in piece.repairs)

    return tells


def seconds_of_quarter_16(piece):
    return Clock(piece.tempos).seconds(np.array([16 * 24]))[0]


PEDAL = [(0, 0, True), (48, 0, False)]
TUNE = [60, 62, 64, 65, 67, 65, 64, 62]
FIRST, SECOND = [67, 69, 71, 72, 74, 76], [78, 79, 81, 83, 81, 79]

RIGHT = {
    "01": (programs, [40]),
    "02": (programs, [40, 40]),  # a channel's program holds in every chunk
    "04": (drums, [True]),  # XG: bank 127
    "05": (drums, [True]),  # GS: system exclusive 40 1x 15
    "06": (drums, [True]),  # GM2: bank 120
    "08": (lambda piece: (programs(piece), drums(piece)), ([40], [False])),  # GM2: bank 121
    "09": (keys, [(0, "C major"), (96, "D major")]),
    "11": (lambda piece: piece.pedal.tolist(), PEDAL),  # reset all controllers
    "14": (names, ["Piano \N{EN DASH} \u201csolo\u201d"]),
    "15": (names, ["Flûte à bec"]),
    "17": (programs, [40]),
    "19": (seconds_of_quarter_16, pytest.approx(14.7388, abs=0.005)),
    "21": (lengths_by_track, {0: [48], 1: [24]}),  # a port has channels of its own
    "23": (first_bar_lines, [0, 60, 156, 216, 276]),
    "24": (bpm, [(0, 90), (96, 60)]),
    "25": (times, [(0, 24), (12, 36)]),
    "26": (lambda piece: (pitches(piece), min(lengths(piece)) > 0), ([69, 69, 71], True)),
    "27": (tells_of("meter", "ignored"), True),
    "28": (lambda piece: (bpm(piece), pitches(piece)), ([(0, 90)], TUNE * 2)),
    "29": (lambda piece: (names(piece), programs(piece)), (["RH", "LH"], [0, 0])),
    "30": (programs, [40, 17]),
    "31": (program_of_each_note, [0] * 8 + [40] * 8),
    "32": (lambda piece: (programs(piece), pitches(piece)), ([4], TUNE * 2)),  # MPE
    "33": (attrgetter("length_steps"), 4 * 96),
    "35": (lambda piece: (piece.end_steps, tells_of("never ended")(piece)), (192, True)),
    "36": (lambda piece: len(piece.notes) == 16 or tells_of("silence")(piece), True),
    "39": (meter_and_pickup, OneOf([(["4/4"], 0), (["2/4"], 0)])),
    "40": (meter_and_pickup, OneOf([(["4/4"], 0), (["3/4"], 0)])),
    # Its README would have the sharp hold in the second bar, too; by the standard, abc2midi and
    # music21 it ends with its bar.
    "42": (pitches, [66, 67, 66, 67, 65, 67, 65, 67]),
    "43": (pitches, [61, 62, 64, 66, 60, 62, 64, 65]),
    "44": (lengths, [24] * 4 + [12] * 8),
    "47": (lengths, pytest.approx([10.8, 10.8, 21.6, 21.6], abs=0.7)),
    "48": (pitches, FIRST * 2 + SECOND * 2),
    "49": (lengths, [8, 8, 8, 24, 24, 8, 8, 8, 24, 24, 24, 24]),
    "50": (lengths, [36, 12, 12, 36]),
    "51": (tells_of("Windows-1252"), True),
    "52": (
        chords,
        [[48, 60, 64], [50, 62, 65], [52, 67, 71, 74], [53, 69, 72, 76], [55, 84]],
    ),
    "54": (pitches, [60, 62, 64, 65, 60, 62]),
    "55": (pitches, [60]),
    "56": (signatures, [(0, 0), (48, 2)]),
    "57": (pitches, [84, 86, 72, 74]),
    "58": (pitches, [60, 62, 64, 65, 60, 62, 67, 69]),
    "59": (pitches, [72, 74]),
}


@pytest.mark.parametrize("number", RIGHT)
def test_what_is_read_is_right(number):
    look, right = RIGHT[number]
    assert look(read_case(number)) == right


def test_every_case_is_in_a_table():
    """The others are about what is written: tests/generate/test_cases.py."""
    numbers = {path.name[:2] for path in CASES.iterdir()}
    assert numbers - RIGHT.keys() == {"12", "16", "18", "37"}
    assert RIGHT.keys() <= numbers


def test_text_of_another_encoding_is_refused_where_that_is_asked_for():
    with pytest.raises(MidiError, match="Windows-1252"):
        read_case("51", strict=True)
