"""ABC by the standard 2.1: pitches, lengths, bars, voices, and what is said of what is wrong."""

from fractions import Fraction

import pytest
from abc_notation import lengths, notes_of, pitches, played, played_pitches, tune

from lstm_music.errors import MidiError
from lstm_music.midi.scores.foreign import read_abc
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter


@pytest.mark.parametrize(
    ("music", "more", "expected"),
    [
        ("^F G F f|F4|", "", [66, 67, 66, 78, 65]),
        ("^F G F f|F4|", "%%propagate-accidentals pitch\n", [66, 67, 66, 78, 65]),
        ("^F G F f|F4|", "%%propagate-accidentals octave\n", [66, 67, 66, 77, 65]),
        ("^F G F f|F4|", "I:propagate-accidentals not\n", [66, 67, 65, 77, 65]),
        ("^F =F F _F|", "", [66, 65, 65, 64]),
        ("^^C __B C B|C B z2|", "", [62, 69, 62, 69, 60, 71]),
        ("^F :| F ||^F|F4|", "", [66, 65, 66, 65]),
        ("^F4-|F2 F2|", "", [66, 66, 65]),  # a tie keeps it over the bar line, for one note
        ("[^FA] F z|{^G}G F2|", "", [66, 69, 66, 68, 65]),
        ("^F4 & F4|", "", [66, 65]),
    ],
)
def test_accidentals_last_to_the_end_of_the_bar(music, more, expected):
    assert pitches(tune(music, more=more)) == expected


def test_the_version_header_changes_nothing():
    music = "^F G F G|F G F G|"
    assert pitches("%abc-2.1\n" + tune(music)) == pitches(tune(music))
    assert pitches(tune(music)) == [66, 67, 66, 67, 65, 67, 65, 67]


@pytest.mark.parametrize(
    ("key", "music", "expected"),
    [
        ("D", "F c", [66, 73]),
        ("D exp _b", "F c B", [65, 72, 70]),
        ("D =c", "F c", [66, 72]),
        ("Dmix^f_b", "F c B", [66, 72, 70]),
        ("Hp", "F c g", [66, 73, 79]),
        ("HP", "F c g", [66, 73, 79]),
        ("A Phrygian", "B e", [70, 76]),
        ("F#m", "c g d", [73, 80, 74]),
        ("GM", "B e", [70, 75]),
        ("Emaj", "F c g d", [66, 73, 80, 75]),
        ("Ebdor", "G A B d", [66, 68, 70, 73]),
        ("F LYDIAN", "B", [71]),
        ("none", "F", [65]),
        ("", "F", [65]),
        ("C treble-8", "C", [48]),
        ("Bb clef=bass middle=d", "B e d", [70, 75, 74]),
        ("C clef=bass middle=d", "C", [60]),
        ("C octave=-1", "C", [48]),
        ("C transpose=2", "C", [62]),
    ],
)
def test_keys(key, music, expected):
    assert pitches(tune(music + "|", key=key)) == expected


def test_keys_within_a_tune():
    assert pitches(tune("C F|[K:C]C F|\nK:G\nC F|[K:clef=bass]F[K:bass]F|", key="D")) == [
        *(61, 66),
        *(60, 65),
        *(60, 66),
        *(66, 66),
    ]
    assert pitches(tune("^F [K:C] F|")) == [66, 65]
    assert read_abc(tune("CF|[K:C]CF|", key="D")).key == Key.parse("D major")


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C C2 C/ C// C3/2 C/4 C3/", "1 2 1/2 1/4 3/2 1/4 3/2"),
        ("C>C C<C C>>C C<<<C", "3/2 1/2 1/2 3/2 7/4 1/4 1/8 15/8"),
        ("C > {e}D .C<.C", "3/2 1/2 1/2 3/2"),
        ("z>C C<z", "1/2 1/2"),
        ("[CE]>[DF]", "3/2 3/2 1/2 1/2"),
        ("C2>D", "5/2 1/2"),  # the two together stay as long
        ("[C2E2]3/2 [CE]/", "3 3 1/2 1/2"),
        ("[C2E]D", "2 2 1"),
        ("(3CDE F", "2/3 2/3 2/3 1"),
        ("(3C>DE", "1 1/3 2/3"),
        ("(3::CDE F", "2/3 2/3 2/3 1"),
        ("(3::2CD E", "2/3 2/3 1"),
        ("(3:2:4 C/D/E/F/ G", "1/3 1/3 1/3 1/3 1"),
        ("(3 CzD ((3[CE]{f}DE) F", "2/3 2/3 2/3 2/3 2/3 2/3 1"),
        ("(2CD (4CDEF (5CDEFG (6CDEFGA", "3/2 " * 2 + "3/4 " * 4 + "2/5 " * 5 + "1/3 " * 6),
        ("(7CDEFGAB (8CDEFGABc (9CDEFGABcd", "2/7 " * 7 + "3/8 " * 8 + "2/9 " * 9),
        ("(10:6:4c3/2d3/2e3f3", "9/10 9/10 9/5 9/5"),
        ("C[L:1/8]C[L:1/2]C", "1 1/2 2"),
        ("C\nL:1/8\nC", "1 1/2"),
    ],
)
def test_lengths(music, expected):
    assert lengths(tune(music)) == [Fraction(part) for part in expected.split()]


def test_tuplets_in_compound_meters():
    assert lengths(tune("(5CDEFG (7CDEFGAB (9CDEFGABcd", meter="6/8")) == (
        [Fraction(3, 5)] * 5 + [Fraction(3, 7)] * 7 + [Fraction(1, 3)] * 9
    )


@pytest.mark.parametrize(
    ("meter", "unit"),
    [("M:2/4\n", "1/4"), ("M:3/4\n", "1/2"), ("M:C\n", "1/2"), ("M:none\n", "1/2"), ("", "1/2")],
)
def test_unit_length_without_a_field(meter, unit):
    assert lengths(f"X:1\n{meter}K:C\nC|\nM:2/4\nC|") == [Fraction(unit)] * 2


def test_rests_and_what_takes_no_time():
    assert [onset for onset, _, _ in notes_of(tune("C y2 z x2|Z2|C X|`C``$|"))] == [0, 12, 14]
    assert notes_of(tune('{ab}C!f!+trill+~D"^slow""Am"E u.F|')) == [
        (i, 1, pitch) for i, pitch in enumerate((60, 62, 64, 65))
    ]


def test_overlays_and_line_ends():
    assert notes_of(tune("C4 & E2 G2 & z3 c|\\\nD4|% e4|\nw: a-b c\ns: !f! *\nE4")) == [
        (0, 4, 60),
        (0, 2, 64),
        (2, 2, 67),
        (3, 1, 72),
        (4, 4, 62),
        (8, 4, 64),
    ]


def test_ties():
    assert played(tune("C4-|C2 D2-|D4|[CE]4-|[CE]4|[C-E]4|[CE]4|(D-E)z2|"))[:8] == [
        (0, 144, 60),
        (144, 144, 62),
        (288, 192, 60),
        (288, 192, 64),
        (480, 192, 60),
        (480, 96, 64),
        (576, 96, 64),
        (672, 24, 62),
    ]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("|:C4|D4:|", "CDCD"),
        ("C4|D4:|E4|", "CDCDE"),
        ("|:C4::D4:|", "CCDD"),
        ("|:C4:||:D4:|", "CCDD"),
        ("|:C4:|:D4:|", "CCDD"),
        ("|::C4::|D4|", "CCCD"),
        ("|:C4|1 D4:|2 E4|]F4|", "CDCEF"),
        ("|:C4|[1 D4|E4:|[2 F4|G4||A4|", "CDECFGA"),
        ("|:C4|[1,3 D4:|[2 E4:|[4 F4|]", "CDCECDCF"),
        ("|:C4|1-2 D4:|3 E4|]", "CDCDCE"),
        ("|:C4|D2[1E2:|[2F2|]", "CDECDF"),
        ("|:C4|1D4:|2E4||F4|1G4:|2A4|]", "CDCEFGFA"),
        ("C4|D4||E4|F4:|", "CDEFEF"),  # from the double line, where no sign says
        ("|:C4||D4:|", "CDCD"),
        ("[|C4|D4[|]E4:|", "CDEE"),
        ("C4 : |D4.|E4|:|", "CDECDE"),
    ],
)
def test_repeats_and_endings(music, expected):
    scale = dict(zip((60, 62, 64, 65, 67, 69), "CDEFGA", strict=True))
    assert "".join(scale[pitch] for pitch in played_pitches(tune(music))) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("ABA", [60, 62, 60]),
        ("A2.(BC)2", [60, 60, 62, 64, 62, 64]),
        ("AZ", [60]),
        ("", [60, 62, 64]),
    ],
)
def test_parts_in_the_order_of_the_header(order, expected):
    text = tune("P:A\nC4|\nP:B\nD4|[P:C]E4|", more=f"P:{order}\n")
    assert played_pitches(text) == expected
    written = read_abc(text, expand_repeats=False).notes["pitch_midi"].tolist()
    assert written == [60, 62, 64]


def test_parts_of_a_tune_of_voices():
    text = tune("P:A\nV:1\nC4|\nV:2\nE4|\nP:B\nV:1\nD4|\nV:2\nF4|", more="P:BA\nV:1\nV:2\n")
    assert played(text) == [(0, 96, 62), (0, 96, 65), (96, 96, 60), (96, 96, 64)]


def test_voices():
    music = "V:B\n%%MIDI program 40\nE4|F4|\n[V:A]C4|D4|\n[V:B] G4|"
    text = tune(music, more='V:A name="Low" clef=bass-8\nV:B transpose=-2 octave=1\n')
    piece = read_abc(text)
    assert [(track.name, track.program) for track in piece.tracks] == [("", 40), ("Low", 0)]
    assert sorted(played(text)) == [
        (0, 96, 48),
        (0, 96, 74),
        (96, 96, 50),
        (96, 96, 75),
        (192, 96, 77),
    ]


def test_fields_above_the_first_voice_are_for_all():
    text = tune("L:1/8\n%%MIDI transpose 12\n[V:1]C|\n[V:2]E|")
    assert played(text) == [(0, 12, 72), (0, 12, 76)]


def test_voices_keep_their_bar_lines_together():
    piece = read_abc(tune("[V:1]C4|D4|\n[V:2]E3|F4|"))
    assert piece.notes["onset_steps"].tolist() == [0, 0, 96, 96]


def test_drums():
    (track,) = read_abc(tune("%%MIDI channel 10\nB,,C,|")).tracks
    assert track.is_drum


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Q:1/4=90\n", [(0, 90)]),
        ('Q:"Slow" 3/8=60\n', [(0, 90)]),
        ("Q:1/4 3/8 1/4 3/8=40\n", [(0, 200)]),
        ("L:1/8\nQ:120\n", [(0, 60)]),
        ("L:1/8\nQ:C3=40\n", [(0, 60)]),
        ('Q:"Allegro"\n', [(0, 132)]),
    ],
)
def test_tempos(fields, expected):
    tempos = read_abc(tune("C4|", more=fields)).tempos
    assert [(t.onset_steps, round(t.tempo_bpm)) for t in tempos] == expected


def test_tempos_within_a_tune():
    tempos = read_abc(tune("C2[Q:1/4=60]D2|\nQ:1/2=50\nE4|", more="Q:1/4=90\n")).tempos
    assert [(t.onset_steps, round(t.tempo_bpm)) for t in tempos] == [(0, 90), (48, 60), (96, 100)]


def test_meters():
    assert read_abc(tune("C4|[M:3/4]C3|C3|\nM:C|\nC4|")).meters == (
        Meter(0, 4, 4),
        Meter(96, 3, 4),
        Meter(240, 2, 2),
    )
    assert read_abc(tune("C3/|C3/|", meter="(2+1)/8")).meters == (Meter(0, 3, 8),)
    assert "meter" in read_abc(tune("C2|C2|", meter="none")).unstated


def test_a_bar_that_overflows_is_kept_said_and_refused_by_strict():
    text = tune("G|CDEF|CDEFG|CDEF|CDEF|")
    piece = read_abc(text)
    assert "bar 2 holds more than the meter says and keeps its notes and lengths" in piece.repairs
    assert piece.meters == (Meter(0, 4, 4), Meter(120, 5, 4), Meter(240, 4, 4))
    assert len(piece.notes) == 18
    with pytest.raises(MidiError, match="bar 2 holds more"):
        read_abc(text, strict=True)


def test_a_bar_line_left_out_costs_nothing():
    piece = read_abc(tune("CDEF|CDEFGABc|CDEF|"))
    assert piece.meters == (Meter(0, 4, 4),)
    assert any("bar 2 holds more" in repair for repair in piece.repairs)


@pytest.mark.parametrize(
    "music",
    ["G|CDEF|CDE:|F|CDEF|CDE|]", "CD:|EF|CDEF|", "CDEF|C:|", "|:CDE|1F:|2F|]", "CDEFGABcdef"],
)
def test_pickups_and_bars_split_by_a_repeat_are_no_fault(music):
    assert not read_abc(tune(music), strict=True).repairs
