"""D.C., D.S., Fine and Coda as words, and the order in which bars sound by them."""

from dataclasses import replace

import pytest

from lstm_music.midi.scores.jumps import (
    AL_CODA,
    AL_FINE,
    CODA,
    DA_CAPO,
    DAL_SEGNO,
    FINE,
    SEGNO,
    TO_CODA,
    WITH_REPEATS,
    lost_jumps,
    signs_of_text,
    sounding_order,
)
from lstm_music.midi.scores.measures import mended_endings
from lstm_music.midi.scores.repeats import Measure

SIGNS = {"f": FINE, "s": SEGNO, "t": TO_CODA, "c": CODA, "C": DA_CAPO, "S": DAL_SEGNO,
         "F": AL_FINE, "K": AL_CODA, "R": WITH_REPEATS}  # fmt: skip


def order(sketch):
    """Words are measures: ``|:`` and ``:|`` as in a score, digits endings, letters signs."""
    return sounding_order(bars(sketch))


def bars(sketch):
    return [
        Measure(
            96 * i,
            96,
            repeat_start=word.startswith("|:"),
            repeat_end=word.endswith(":|"),
            endings=tuple(int(c) for c in word if c.isdigit()),
            signs=frozenset(SIGNS[c] for c in word if c in SIGNS),
        )
        for i, word in enumerate(sketch.split())
    ]


def test_da_capo_al_fine_takes_no_repeat_again():
    assert order("- f - CF") == [0, 1, 2, 3, 0, 1]
    assert order("|:- -:| f |:- C:|") == [0, 1, 0, 1, 2, 3, 4, 3, 4, 0, 1, 2]
    assert order("|:- -:| f |:- CR:|") == [0, 1, 0, 1, 2, 3, 4, 3, 4, 0, 1, 0, 1, 2]


def test_da_capo_leaves_out_a_first_ending_that_stands_alone():
    assert order("|:- 1:| f C") == [0, 1, 0, 2, 3, 0, 2]


def test_da_capo_without_a_fine_plays_to_the_end():
    assert order("- C") == [0, 1, 0, 1]
    assert order("- C -") == [0, 1, 0, 1, 2]


def test_dal_segno_goes_to_the_last_segno_before_it():
    assert order("- s f SF") == [0, 1, 2, 3, 1, 2]
    assert order("s - S s f SF") == [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4]


def test_to_coda_is_obeyed_after_the_jump_only():
    assert order("s t - SK c -") == [0, 1, 2, 3, 0, 1, 4, 5]
    assert order("- t - CK c -") == [0, 1, 2, 3, 0, 1, 4, 5]


def test_two_coda_signs_alone_are_a_way_and_its_end():
    assert order("- c - CK c -") == [0, 1, 2, 3, 0, 1, 4, 5]
    assert order("- - C c -") == [0, 1, 2, 0, 1, 2, 3, 4]


def test_a_fine_is_no_end_for_al_coda_nor_a_coda_for_al_fine():
    assert order("- f t CK c CF") == [0, 1, 2, 3, 0, 1, 2, 4, 5, 0, 1]


def test_endings_after_a_jump():
    assert order("|:- 1:| 2 C") == [0, 1, 0, 2, 3, 0, 2, 3]
    assert order("|:- 1f:| 2 C") == [0, 1, 0, 2, 3, 0, 1]
    assert order("|:- 12:| 3 f C") == [0, 1, 0, 1, 0, 2, 3, 4, 0, 2, 3]


def test_repeats_of_a_coda_are_taken():
    assert order("t C |:c:|") == [0, 1, 0, 2, 2]


def test_signs_without_a_jump_and_jumps_without_a_target():
    assert order("- f - c -") == [0, 1, 2, 3, 4]
    assert order("- S -") == [0, 1, 2]
    assert lost_jumps(bars("- S -")) == 1


def test_jumps_come_to_an_end():
    assert len(order("C " * 500)) < 500 * 20
    circle = [replace(m, signs=m.signs | {DA_CAPO}) for m in bars("|:s S:| " * 40)]
    assert len(sounding_order(circle)) < 10_000


@pytest.mark.parametrize(
    "text, signs",
    [
        ("D.C.", {DA_CAPO}),
        ("D. C. al Fine", {DA_CAPO, AL_FINE}),
        ("DC al Fine", {DA_CAPO, AL_FINE}),
        ("Da Capo", {DA_CAPO}),
        ("Menuetto D.C. senza repliche", {DA_CAPO}),
        ("D.C. con ripetizione al fine", {DA_CAPO, AL_FINE, WITH_REPEATS}),
        ("D.S. al Coda", {DAL_SEGNO, AL_CODA}),
        ("Dal Segno al Fine", {DAL_SEGNO, AL_FINE}),
        ("D.S. al \U0001d10c", {DAL_SEGNO, AL_CODA}),
        ("To \U0001d10c", {TO_CODA}),
        ("To Coda", {TO_CODA}),
        ("al coda", {TO_CODA}),
        ("CODA", {CODA}),
        ("Fine.", {FINE}),
        ("4x Fine", {FINE}),
        ("D.C.alCoda", {DA_CAPO, AL_CODA}),
        ("3 repeats then D.C.al fine", {DA_CAPO, AL_FINE}),
        ("(Fine)", {FINE}),
        ("Segno", {SEGNO}),
        ("fine legato", set()),
        ("Con D", set()),
        ("dolce", set()),
        ("Codetta", set()),
        ("", set()),
    ],
)
def test_words(text, signs):
    assert signs_of_text(text) == signs


def numbered(sketch):
    return [measure.endings for measure in mended_endings(bars(sketch))]


def test_careless_brackets_are_mended():
    assert numbered("- 1 - -:| 2 -") == [(), (1,), (1,), (1,), (2,), ()]
    assert numbered("- 1 1:| 1 1 -") == [(), (1,), (1,), (2,), (2,), ()]
    assert numbered("- 1:| 1:| 1") == [(), (1,), (2,), (3,)]


def test_good_brackets_are_left_as_they_are():
    for sketch in (
        "- 1:| 2 - -:| -",
        "- 12 12:| 3 - 1:| 2",
        "- 1 - 2 -",
        "- 1:| 2 |:- -:| 1:| 2",
        "|:- 1:| 2 |:- 12:| 3",
        "|:- 1:| 2 - 12:| 3",
    ):
        assert mended_endings(bars(sketch)) == bars(sketch)
