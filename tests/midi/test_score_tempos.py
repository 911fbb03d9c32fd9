"""Metronome marks and tempo words of scores as tempos."""

import pytest
from expressive_scores import REPEAT, direction, metronome, notes, read, score, tempos, words

from lstm_music.midi.scores.expression.tempo_words import TEMPO_BPM, TempoWord, plain, tempo_of
from lstm_music.music.piece import Tempo

BAR = notes()


def found(*measures, **more):
    return tempos(read(score(list(measures), **more)))


def test_an_unmarked_score_states_no_tempo():
    piece = read(score([BAR]))
    assert piece.tempos == (Tempo(0),)
    assert "tempo" in piece.unstated


def test_words_state_a_tempo_and_a_mere_rit_does_not():
    assert "tempo" not in read(score([words("Andante") + BAR])).unstated
    assert "tempo" in read(score([words("rit.") + BAR])).unstated


@pytest.mark.parametrize(
    ("mark", "bpm"),
    [
        (metronome("66", "quarter"), 66),
        (metronome("66", "quarter", dots=1), 99),
        (metronome("60", "half"), 120),
        (metronome("40", "half", dots=2), 140),
        (metronome("120", "eighth"), 60),
        (metronome("c. 60-72", "quarter"), 66),
        (metronome("ca. 60", "quarter"), 60),
        (metronome("92.5", "quarter"), 92.5),
        (direction("<words>x</words>", sound="tempo='77'"), 77),
        ("<sound tempo='77'/>", 77),
        (words("♩ = 84"), 84),
        (words("Swing (q = 165)"), 165),
        (words("\U0001d15f. = 60"), 90),
        (words("Allegro"), 132),
    ],
)
def test_a_tempo_at_the_beginning(mark, bpm):
    assert found(mark + BAR) == [(0, bpm)]


def test_a_tempo_without_a_meaning_is_left_out():
    assert found(metronome("fast", "quarter") + BAR) == [(0, 120)]
    assert found(metronome("9999", "whole") + direction(sound="tempo='0'") + BAR) == [(0, 120)]


def test_what_is_printed_as_a_number_counts_before_what_sounds_and_both_before_words():
    both = "<words>Largo</words>", "<metronome><beat-unit>quarter</beat-unit><per-minute>70</per-minute></metronome>"  # fmt: skip # noqa: E501
    assert found(direction(*both, sound="tempo='75'") + BAR) == [(0, 70)]
    assert found(direction(both[0], sound="tempo='75'") + BAR) == [(0, 75)]
    assert found(metronome("60-72", "quarter", sound="tempo='70'") + BAR) == [(0, 70)]
    assert found(words("Largo") + BAR, words("Presto") + metronome("80", "quarter") + BAR) == [
        (0, 46), (96, 80)
    ]  # fmt: skip


def test_a_beat_that_equals_another():
    mark = direction(
        "<metronome><beat-unit>quarter</beat-unit><beat-unit>quarter</beat-unit>"
        "<beat-unit-dot/></metronome>"
    )
    assert found(metronome("80", "quarter") + BAR, mark + BAR) == [(0, 80), (96, 120)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Allegro", ("word", 132)),
        ("ALLEGRO MODERATO", ("word", 128)),
        ("Allegro ma non troppo", ("word", 120)),
        ("Molto allegro", ("word", 145.2)),
        ("Andante con moto", ("word", 79.2)),
        ("Molto adagio", ("word", 50.9)),
        ("Poco adagio", ("word", 61.6)),
        ("Andante scherzoso quasi Allegretto", ("word", 72)),
        ("Mäßig", ("word", 92)),
        ("Sehr langsam", ("word", 50.9)),
        ("Très vif", ("word", 176)),
        ("Nicht schnell", ("word", 92)),
        ("Nicht zu schnell", ("word", 120)),
        ("Modéré", ("word", 92)),
        ("Medium slow", ("word", 72)),
        ("Slowly, with feeling", ("word", 56)),
        ("più mosso", ("ratio", 1.15)),
        ("poco più lento", ("ratio", 0.925)),
        ("un poco più vivace", ("ratio", 1.075)),
        ("molto meno mosso", ("ratio", 0.775)),
        ("langsamer", ("ratio", 0.85)),
        ("doppio movimento", ("ratio", 2)),
        ("rit.", ("ramp", 0.7)),
        ("poco rit.", ("ramp", 0.85)),
        ("poco a poco ritardando", ("ramp", 0.7)),
        ("rall. molto", ("ramp", 0.55)),
        ("dim. e rit.", ("ramp", 0.7)),
        ("accel.", ("ramp", 1.3)),
        ("string. il tempo", ("ramp", 1.3)),
        ("Cédez", ("ramp", 0.7)),
        ("a tempo", ("back", 0)),
        ("in tempo", ("back", 0)),
        ("Au mouvt", ("back", 0)),
        ("Tempo I", ("first", 0)),
        ("tempo primo", ("first", 0)),
        ("Tempo Iº", ("first", 0)),
        ("1º tempo", ("first", 0)),
    ],
)
def test_words(text, word):
    assert tempo_of(text) == TempoWord(*word)


@pytest.mark.parametrize(
    "text",
    ["", "dolce", "pizz.", "D.C. al Fine", "senza rit.", "non rall.", "2nd string", "Ritual",
     "Menuetto", "tempo di menuetto", "l'istesso tempo", "morendo", "in a tragic manner", "q",
     "= 80",
     "the singer walks slowly to the front of the stage now", "quickstep"],
)  # fmt: skip
def test_words_that_say_nothing_of_the_tempo(text):
    assert tempo_of(text) is None


def test_tempo_words_are_as_plain_makes_them():
    assert all(plain(word) == word for word in TEMPO_BPM)


def test_a_ritardando_lasts_to_the_tempo_after_it():
    mark = metronome("100", "quarter")
    assert found(mark + BAR, words("rit.") + BAR, words("a tempo") + BAR) == [
        (0, 100), (96, 92.5), (120, 85), (144, 77.5), (168, 70), (192, 100)
    ]  # fmt: skip


def test_a_ritardando_at_the_end_lasts_to_the_end():
    mark = metronome("100", "quarter")
    assert found(mark + BAR, notes(2) + words("rit.") + notes(2)) == [
        (0, 100), (144, 85), (168, 70)
    ]  # fmt: skip


def test_a_ritardando_far_from_both_ends_with_the_next_bar():
    mark = metronome("100", "quarter")
    tempos_ = found(mark + BAR, notes(2) + words("rit.") + notes(2), *[BAR] * 8)
    assert tempos_ == [
        (0, 100), (144, 95), (168, 90), (192, 85), (216, 80), (240, 75), (264, 70), (288, 100)
    ]  # fmt: skip


def test_a_ritardando_before_a_late_a_tempo_stays_slow():
    bars = [words("rit.") + BAR, *[BAR] * 6, words("a tempo") + BAR]
    assert found(metronome("100", "quarter") + BAR, *bars)[-2:] == [(264, 70), (768, 100)]


def test_dashes_say_how_long_a_change_lasts():
    assert found(
        metronome("100", "quarter") + words("accel.", dashes="start") + notes(2)
        + words("", dashes="stop") + notes(2), *[BAR] * 8,
    ) == [(0, 115), (24, 130), (48, 100)]  # fmt: skip


def test_the_beats_of_a_change_are_those_of_the_meter():
    eighths = notes(6, duration=2)
    assert found(
        metronome("60", "quarter", dots=1) + eighths, words("rit.") + eighths, meter=(6, 8)
    ) == [(0, 90), (72, 76.5), (108, 63)]


def test_the_same_ritardando_in_two_parts_is_one():
    upper = [metronome("100", "quarter") + BAR, words("rit.") + BAR]
    lower = [BAR, notes(1) + words("ritard.") + notes(3)]
    assert tempos(read(score(upper, lower))) == tempos(read(score(upper)))


def test_back_to_the_first_tempo_and_to_the_last():
    bars = [words("Adagio") + BAR, words("Presto") + BAR]
    assert found(*bars, words("a tempo") + BAR) == [(0, 56), (96, 184)]
    assert found(*bars, words("Tempo I") + BAR) == [(0, 56), (96, 184), (192, 56)]
    assert found(*bars, words("meno mosso") + BAR) == [(0, 56), (96, 184), (192, 156.4)]


def test_a_tempo_does_not_come_back_to_a_number_that_says_how_slow_a_ritardando_is():
    slow = direction("<words>rit.</words>", sound="tempo='50'")
    assert found(metronome("100", "quarter") + BAR, slow + BAR, words("a tempo") + BAR) == [
        (0, 100), (96, 50), (192, 100)
    ]  # fmt: skip


def test_a_number_at_the_beginning_is_the_tempo_even_where_an_accelerando_begins():
    start = "<sound tempo='100'/>" + words("accel.")
    slower = [(0, 107.5), (24, 115), (48, 122.5), (72, 130), (96, 100)]
    assert found(start + BAR, words("a tempo") + BAR) == slower


def test_a_repeat_begins_in_the_tempo_that_it_began_in():
    bars = [metronome("100", "quarter") + BAR, words("rit.") + BAR + REPEAT, BAR, BAR, BAR, BAR]
    slower = [(96, 96.2), (120, 92.5), (144, 88.8), (168, 85)]
    assert found(*bars)[:6] == [(0, 100), *slower, (192, 100)]


def test_a_fermata_holds_no_tempo():
    assert found(notes(4, notations="<notations><fermata/></notations>")) == [(0, 120)]
