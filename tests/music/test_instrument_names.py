"""Instruments by name."""

import pytest

from lstm_music.errors import ConfigError
from lstm_music.music.instruments.general_midi import FAMILY_NAMES, PROGRAM_NAMES, family_of
from lstm_music.music.instruments.names import DRUM_PROGRAM, programs_named
from lstm_music.tokens import vocabulary


def of(name):
    (named,) = programs_named(name)
    return named.programs


def test_names_at_commas_in_their_order():
    text = "drums,bass,flute, strings ,Electric Piano,acoustic bass,32"
    named = programs_named(text)
    assert [n.name for n in named] == [name.strip() for name in text.split(",")]
    assert [n.programs[0] for n in named] == [128, 33, 73, 48, 4, 32, 32]


def test_drums_are_the_vocabulary_s():
    assert DRUM_PROGRAM == vocabulary.DRUM_PROGRAM
    for name in ("drums", "Drum kit", "drum", "percussion", "128"):
        assert of(name) == (DRUM_PROGRAM,)


@pytest.mark.parametrize("program", range(128))
def test_every_program_by_its_own_name_and_number(program):
    name = PROGRAM_NAMES[program]
    assert of(name) == of(name.upper()) == of(str(program)) == (program,)


def test_families_hold_their_programs():
    for i, family in enumerate(FAMILY_NAMES):
        programs = of(family)
        common = {family_of(p) for p in programs}
        # Common words reach further, or less far: strings are ensembles, too.
        assert i in common
        if family not in ("Piano", "Organ", "Strings", "Brass"):
            assert sorted(programs) == list(range(8 * i, 8 * i + 8))


@pytest.mark.parametrize(
    ("name", "programs"),
    [
        ("piano", (0, 1, 2, 3, 4, 5)),
        ("violins", (40,)),
        ("sax", (65, 66, 64, 67)),
        ("saxophones", (65, 66, 64, 67)),
        ("tenor saxophone", (66,)),
        ("organ", (16, 19, 17, 18, 20)),
        ("choir", (52, 53, 54)),
        ("brass", (61, 62, 63, 56, 57, 60, 58, 59)),
        ("pads", (89, 88, 90, 91, 92, 93, 94, 95)),
        ("lead", (81, 80, 82, 83, 84, 85, 86, 87)),
        ("Lead 1", (80,)),
        ("synth bass", (38, 39)),
        ("acoustic", (0, 1, 24, 25, 32)),
        ("percussive", tuple(range(112, 120))),
        ("steel drums", (114,)),
        ("double bass", (43, 32)),
    ],
)
def test_common_words(name, programs):
    assert of(name) == programs


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("flut", "did you mean Flute"),
        ("drums, vilin", "'vilin': did you mean Violin"),
        ("xyzzyq", "one of acoustic guitar"),
        ("129", "0..127, or 128 for drums"),
        ("99999999999999999999", "0..127"),
        ("-1", "no instrument is called '-1'"),
        ("", "must have a name"),
        ("flute,,drums", "must have a name"),
        ("+", "no instrument is called"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(name, told):
    with pytest.raises(ConfigError) as caught:
        programs_named(name)
    assert told in str(caught.value)
