"""General MIDI names, held against music21 where it knows them."""

import pytest

from lstm_music.errors import ConfigError
from lstm_music.music.instruments.general_midi import (
    FAMILY_NAMES,
    PROGRAM_NAMES,
    family_of,
    instrument_name,
)


def test_128_programs_in_16_families():
    assert len(set(PROGRAM_NAMES)) == 128
    assert len(set(FAMILY_NAMES)) == 16
    families = [family_of(program) for program in range(128)]
    assert families == sorted(families)
    assert all(families.count(family) == 8 for family in range(16))


@pytest.mark.parametrize(
    "program", [6, 8, 9, 12, 13, 14, 15, 40, 41, 42, 43, 46, 47, 56, 57, 58, 70, 71, 72, 73, 74]
)
def test_names_are_those_of_music21(program):
    from music21.instrument import instrumentFromMidiProgram

    name = instrumentFromMidiProgram(program).instrumentName
    same = {"Violoncello": "Cello", "Harp": "Orchestral Harp"}
    assert instrument_name(program) == same.get(name, name)


@pytest.mark.parametrize(
    ("program", "family"),
    [
        (0, "Piano"),
        (19, "Organ"),
        (33, "Bass"),
        (48, "Ensemble"),
        (65, "Reed"),
        (127, "Sound Effects"),
    ],
)
def test_families(program, family):
    assert FAMILY_NAMES[family_of(program)] == family


def test_a_drum_track_is_drums():
    assert instrument_name(16, is_drum=True) == "Drums"


@pytest.mark.parametrize("program", [-1, 128])
def test_what_is_no_program_is_refused(program):
    with pytest.raises(ConfigError, match=r"0\.\.127"):
        instrument_name(program)
