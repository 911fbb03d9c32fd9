"""Marks of ABC that are played: accents, hairpins, words of tempo and jumps."""

import doctest
from itertools import pairwise

import pytest
from abc_notation import played_pitches, tune
from expressive_scores import tempos, velocities

from lstm_music.errors import MidiError
from lstm_music.midi.scores.abc import marks
from lstm_music.midi.scores.foreign import read_abc

LETTERS = dict(zip("CDEFGABc", (60, 62, 64, 65, 67, 69, 71, 72), strict=True))


def heard(music, more="", track=0):
    return velocities(read_abc(tune(music, more=more)), track)


def order(music, **options):
    """The notes in the order they sound, by their letters."""
    names = {pitch: letter for letter, pitch in LETTERS.items()}
    return "".join(names[pitch] for pitch in played_pitches(tune(music, **options)))


def test_its_examples():
    assert doctest.testmod(marks).failed == 0


@pytest.mark.parametrize(
    ("mark", "louder"),
    [
        *((mark, 16) for mark in ("!accent!", "!>!", "!emphasis!", "+accent+", "+>+", "L", "K")),
        *((mark, 24) for mark in ("!marcato!", "!^!", "k")),
        ("L.", 16),
        ("~L", 16),
        ('"^>"', 16),
        *((mark, 0) for mark in (".", "!tenuto!", "!trill!", "T", "M", "p", "H", "!wedge!")),
    ],
)
def test_accents(mark, louder):
    for note in ("D", "[DF]", "{c}D"):
        found = heard(f"C {mark}{note} E F|")
        assert found == [80, *[80 + louder] * (len(found) - 3), 80, 80]


def test_where_an_accent_may_stand():
    assert heard("CD|!>!\nE2 F2|") == [80, 80, 96, 80]
    assert heard("C>!>!D C<LD|") == [80, 96, 80, 96]
    assert heard("C ^LD =kE|") == [80, 96, 104]
    assert heard("[C!>!E] D|[LCE] D|") == [96, 96, 80, 96, 96, 80]
    assert heard("C !>!z D|") == [80, 80]
    assert heard("(3L CDE F2|") == [96, 80, 80, 80]
    assert heard("LC4-|C4|D|") == [96, 80]
    assert heard("!p!C !>!D|") == [49, 65]


def test_accents_by_symbols_of_ones_own():
    assert heard("kC pD LE|", "U:k = !accent!\nU:p = +marcato+\nU:L = !nil!\n") == [96, 104, 80]
    assert heard("C mD|\nU:m = !ff!\nC mD|") == [80, 80, 80, 112]


SWELL = [80, 84, 88, 92, 96]


@pytest.mark.parametrize("signs", ["!<(! !<)!", "!crescendo(! !crescendo)!", "+<(+ +<)+"])
def test_a_crescendo(signs):
    opens, closes = signs.split()
    assert heard(f"{opens}CDEF{closes}|G|") == SWELL
    assert heard(f"{opens}CDEF|{closes}G|") == SWELL


@pytest.mark.parametrize(
    "signs", ["!>(! !>)!", "!diminuendo(! !diminuendo)!", "!decrescendo(! !decrescendo)!"]
)
def test_a_diminuendo(signs):
    opens, closes = signs.split()
    assert heard(f"{opens}CDEF{closes}|G|") == [80, 76, 72, 68, 64]


def test_hairpins_lead_to_the_dynamic_at_their_end():
    assert heard("!p!!<(!CDEF!<)!|!ff!G|") == [49, 65, 80, 96, 112]
    assert heard("!<(!CDEF!<)!|!>(!GABc!>)!|C|") == [*SWELL, 92, 88, 84, 80]


def test_hairpins_may_close_and_open_at_a_note_in_any_order():
    swells = [80, 88, 96, 88, 80]
    assert heard("!<(!CD!>(!!<)!EF!>)!|G|") == swells
    assert heard("!<(!CD!<)!!>(!EF!>)!|G|") == swells


def test_a_hairpin_that_nothing_closes_goes_on_to_the_next_mark():
    assert heard("!p!!<(!CDEF|!ff!G|") == [49, 65, 80, 96, 112]


def test_the_end_of_a_hairpin_that_nothing_opens_is_said():
    text = tune("CD!<)!EF|")
    assert velocities(read_abc(text)) == [80] * 4
    assert read_abc(text).repairs == ("1 ends of hairpins without a beginning, passed over",)
    with pytest.raises(MidiError, match="ends of hairpins"):
        read_abc(text, strict=True)


def test_hairpins_are_played_again_and_keep_to_their_voice():
    assert heard("|:!<(!CDEF!<)!:|") == SWELL[:4] * 2
    assert heard("P:A\n!<(!CDEF!<)!|\nP:B\n!p!G4|", "P:ABA\n") == [*SWELL[:4], 49, 49, 53, 57, 61]
    ends_twice = "P:A\n!<(!CDEF|\nP:B\nGABc!<)!|"
    assert heard(ends_twice, "P:ABB\n") == [80, 82, 84, 86, 88, 90, 92, 94, 96, 96, 96, 96]
    voices = "[V:1]!<(!CDEF!<)!|\n[V:2]CDEF|"
    assert heard(voices) == SWELL[:4]
    assert heard(voices, track=1) == [80] * 4


def test_hairpins_over_rests_layers_and_no_bar_lines():
    assert heard("!<(!CDzz!<)!|G|") == [80, 84, 96]
    assert heard("!<(!C4&!>!EFGA!<)!|G4|") == [80, 96, 84, 88, 92, 96]
    assert heard("!<(!CDEF!<)!G") == SWELL


def test_marks_behind_a_broken_rhythm_stand_at_the_next_note():
    assert heard("C<!sfz!D E2|") == [80, 112, 80]
    assert heard("C<!<(!D E3/ F!<)!|G|")[:2] == [80, 80]
    text = tune('C<"G"D "C"E2|')
    chords = read_abc(text).notes
    assert sorted(set(chords["onset_steps"][chords["track"] == 1].tolist())) == [12, 48]


def test_dynamics_and_words_in_quotes():
    assert heard('"p"C"_ff"D"^mf"E"@1,-2 pp"F|') == [49, 112, 80, 33]
    assert heard('"^cresc."CDEF|!f!G|') == SWELL
    assert heard('"F"C"f#"D|') == [80, 80]
    assert heard('"dim"CDEF|!p!G|') == [80, 80, 80, 80, 49]  # perhaps of a chord
    assert heard('"_dim"CDEF|!pp!G|') == [80, 68, 56, 45, 33]


def test_words_of_tempo():
    piece = read_abc(tune('"^Allegro"C4|"_Meno;mosso"D4|"Tempo I"E4|', more="Q:1/4=100\n"))
    assert tempos(piece) == [(0, 100), (96, 85), (192, 100)]
    assert tempos(read_abc(tune('C4|"Lively"D4|')))[1:] == [(96, 132)]
    piece = read_abc(tune('C4|"^rit."D4|', more='Q:"Ziemlich langsam"\n'))
    rit = [bpm for _, bpm in tempos(piece)]
    assert rit[0] == 61.6
    assert all(slower < before for before, slower in pairwise(rit))


@pytest.mark.parametrize(
    "jump",
    ["!D.C.alfine!", "!D.C. al Fine!", '"^D.C. al Fine"', '"D.C. al Fine"', "!dacapo!", "!D.C.!",
     "+D.C.+", '"^Da Capo;al Fine"'],
)  # fmt: skip
@pytest.mark.parametrize("fine", ["!fine!", '"^Fine"', '"Fine"', "!Fine!"])
def test_da_capo_al_fine(jump, fine):
    assert order(f"C4|D4{fine}|E4|F4{jump}|]") == "CDEFCD"
    assert order(f"C4|{fine}D4|E4|{jump}F4|]") == "CDEFCD"
    assert order(f"C4|D4|]{fine}\nE4|F4|]{jump}") == "CDEFCD"


def test_repeats_are_not_taken_again():
    assert order("|:C4|D4:|!fine!\n|:E4|F4!D.C.!:|") == "CDCDEFEFCD"


@pytest.mark.parametrize("segno", ["!segno!", "S", '"^Segno"'])
def test_dal_segno(segno):
    assert order(f"C4|{segno}D4|!fine!E4|F4!D.S.!|]") == "CDEFDE"
    assert order(f"C4{segno}|D4|E4!fine!|F4!D.S.alfine!|]") == "CDEFDE"
    assert order(f'C4|{segno}[DD]4|E4!fine!|F4|]"^D.S. al Fine"') == "CDDEFDDE"


@pytest.mark.parametrize(
    ("leave", "coda"),
    [("!coda!", "!coda!"), ("O", "O"), ("!dacoda!", "!coda!"), ('"^Da Coda"', "O"),
     ('"^To Coda"', '"^Coda"'), ("!To Coda!", "O")],
)  # fmt: skip
def test_al_coda(leave, coda):
    assert order(f"C4|D4{leave}|E4|F4!D.C.alcoda!|]{coda}G4|A4|]") == "CDEFCDGA"
    assert order(f"C4|!segno!D4{leave}|E4|F4!D.S.!|]{coda}G4|A4|]") == "CDEFDGA"


def test_jumps_in_another_voice_and_in_a_bar_without_its_line():
    assert order("[V:1]C4|D4|E4|\n[V:2]z4|z4!fine!|z4!D.C.!|") == "CDECD"
    assert order("C4D4!fine!|E4!D.C.!|") == "CDECD"


def test_once_through_for_training():
    assert played_pitches(tune("C4!fine!|D4!D.C.!|")) == [60, 62, 60]
    piece = read_abc(tune("C4!fine!|D4!D.C.!|"), expand_repeats=False)
    assert piece.notes["pitch_midi"].tolist() == [60, 62]


def test_a_dal_segno_without_a_segno_is_said():
    piece = read_abc(tune("C4|D4!D.S.!|"))
    assert len(piece.notes) == 2
    assert piece.repairs == ("1 D.S. without a segno not followed",)
