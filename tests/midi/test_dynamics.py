"""Dynamics, hairpins and accents of scores as velocities."""

import pytest
from expressive_scores import (
    BACKUP,
    REPEAT,
    articulated,
    direction,
    dynamic,
    notes,
    pedal,
    read,
    score,
    velocities,
    wedge,
    words,
)

from lstm_music.midi.scores.expression.dynamics import LEVELS, Loudness
from lstm_music.midi.scores.expression.marks import Mark, extents


def heard(*measures):
    return velocities(read(score(measures)))


def test_what_is_unmarked_is_mf():
    assert heard(notes()) == [LEVELS["mf"]] * 4 == [80] * 4


@pytest.mark.parametrize("name", [n for n in LEVELS if n != "n"])
def test_a_dynamic_lasts(name):
    measures = [notes(2) + dynamic(name) + notes(2), notes()]
    assert heard(*measures) == [80, 80] + [LEVELS[name]] * 6


def test_the_sound_of_a_dynamic_is_percent_of_90():
    assert heard(dynamic("f", sound="dynamics='50'") + notes()) == [45] * 4
    assert heard(direction("<words>dolce</words>", sound="dynamics='50'") + notes()) == [45] * 4
    assert heard(notes(2) + "<sound dynamics='50'/>" + notes(2)) == [80, 80, 45, 45]
    assert heard(dynamic("f", sound="dynamics='-1.11'") + notes()) == [96] * 4  # none, MuseScore's


def test_dynamics_among_the_notations_of_a_note():
    assert heard(notes(2) + notes(1, notations="<notations><dynamics><p/></dynamics></notations>")
                 + notes(1)) == [80, 80, 49, 49]  # fmt: skip


def test_a_velocity_of_the_note_itself_is_kept():
    loud = notes(1, attributes=" dynamics='100'", notations=articulated("accent"))
    assert heard(dynamic("p") + loud + notes(3)) == [90, 49, 49, 49]


@pytest.mark.parametrize(
    ("name", "place", "after"),
    [("sf", 112, 80), ("sfz", 112, 80), ("rfz", 112, 80), ("fz", 112, 80), ("sffz", 127, 80),
     ("fp", 96, 49), ("sfp", 112, 49), ("sfpp", 112, 33), ("pf", 49, 96)],
)  # fmt: skip
def test_a_stress_is_heard_at_its_place_alone(name, place, after):
    assert heard(notes(1) + dynamic(name) + notes(3)) == [80, place, after, after]


def test_a_stress_in_piano_is_softer_than_one_in_forte():
    soft = heard(dynamic("p") + notes(2) + dynamic("sf") + notes(2))
    loud = heard(dynamic("f") + notes(2) + dynamic("sf") + notes(2))
    assert soft == [49, 49, 81, 49]
    assert loud == [96, 96, 127, 96]


def test_a_dynamic_of_a_letter_each_and_one_of_its_own_name():
    assert heard(dynamic("f", "p") + notes(2)) == [96, 49]
    other = direction("<dynamics><other-dynamics>p dolce</other-dynamics></dynamics>")
    assert heard(other + notes(2)) == [49, 49]


@pytest.mark.parametrize(
    ("text", "velocity"),
    [("sempre pp", 33), ("p dolce", 49), ("più f", 88), ("meno f", 72), ("mf", 80), ("più p", 72),
     ("p", 80), ("F", 80), ("pizz.", 80), ("forte", 80), ("F 7", 80)],
)  # fmt: skip
def test_dynamics_in_words(text, velocity):
    assert heard(words(text) + notes()) == [velocity] * 4


def test_a_hairpin_is_a_straight_line_to_the_dynamic_after_it():
    assert heard(
        dynamic("p") + wedge("crescendo") + notes(),
        wedge("stop") + dynamic("f") + notes(2) + wedge("diminuendo") + notes(2),
        wedge("stop") + dynamic("p") + notes(),
    ) == [49, 61, 72, 84, 96, 96, 96, 72, 49, 49, 49, 49]


def test_a_hairpin_that_leads_nowhere_is_a_step():
    up = [wedge("crescendo") + notes(), wedge("stop") + notes()]
    down = [wedge("diminuendo") + notes(), wedge("stop") + notes()]
    assert heard(*up) == [80, 84, 88, 92] + [96] * 4
    assert heard(*down) == [80, 76, 72, 68] + [64] * 4


def test_a_crescendo_before_a_sudden_piano_still_grows():
    assert heard(
        wedge("crescendo") + notes(), wedge("stop") + dynamic("p") + notes()
    ) == [80, 84, 88, 92] + [49] * 4  # fmt: skip


def test_a_dynamic_soon_after_a_hairpin_is_its_aim():
    late = notes(2) + wedge("crescendo") + notes(1) + wedge("stop") + notes(1)
    assert heard(dynamic("p") + late, dynamic("f") + notes(1)) == [49, 49, 49, 96, 96]


def test_hairpins_of_two_parts_at_once():
    upper = [wedge("crescendo") + notes(), wedge("stop") + dynamic("f") + notes(1, duration=16)]
    lower = [wedge("diminuendo") + notes(), wedge("stop") + dynamic("p") + notes(1, duration=16)]
    piece = read(score(upper, lower))
    assert velocities(piece, 0) == [80, 84, 88, 92, 96]
    assert velocities(piece, 1) == [80, 72, 64, 57, 49]


def test_hairpins_with_numbers_do_not_end_each_other():
    assert heard(
        dynamic("p") + wedge("crescendo", 2) + notes(2) + wedge("stop", 1) + notes(2),
        wedge("stop", 2) + dynamic("f") + notes(1, duration=16),
    ) == [49, 61, 72, 84, 96]


@pytest.mark.parametrize(
    ("text", "after"),
    [("cresc.", 96), ("decresc.", 64), ("dim.", 64), ("poco a poco cresc.", 96), ("morendo", 64)],
)
def test_words_for_a_hairpin_with_dashes(text, after):
    found = heard(words(text, dashes="start") + notes(), words("", dashes="stop") + notes(2))
    assert found[0] == 80
    assert found[4:] == [after] * 2


def test_words_for_a_hairpin_without_an_end_go_to_the_next_dynamic():
    found = heard(dynamic("p") + words("cresc.") + notes(), notes(), dynamic("f") + notes(1))
    assert found[0] == 49
    assert found == sorted(found)
    assert found[-2] == 90
    assert found[-1] == 96


def test_a_chord_of_a_lead_sheet_is_no_diminuendo():
    above = words("dim", placement="above")
    assert heard(above + notes(), notes()) == [80] * 8


def test_accents():
    assert heard(
        notes(1, notations=articulated("accent"))
        + notes(1, notations=articulated("strong-accent"))
        + notes(1, notations=articulated("tenuto"))
        + notes(1, notations=articulated("staccato"))
    ) == [96, 104, 80, 80]


def test_a_staccato_keeps_its_written_duration():
    piece = read(score([notes(4, notations=articulated("staccato"))]))
    assert piece.notes["duration_steps"].tolist() == [24] * 4


def piano(*measures):
    """Velocities of the two hands; each measure is (above, right hand, below, left hand)."""
    return read(score([a + notes(4, staff=1) + BACKUP + b + notes(4, "C", 3, staff=2)
                       for a, b in measures], staves=2))  # fmt: skip


@pytest.mark.parametrize(
    ("upper", "lower", "right", "left"),
    [
        (dynamic("p", staff=1, placement="below"), "", 49, 49),
        (dynamic("p", staff=1), "", 49, 49),
        ("", dynamic("p", staff=2, placement="above"), 49, 49),
        ("", dynamic("p", staff=2, placement="below"), 49, 49),  # the other hand has none
        (dynamic("p", staff=1), dynamic("f", staff=2), 49, 96),
        (dynamic("p", staff=1, placement="below"), dynamic("f", staff=2), 49, 96),
    ],
)
def test_marks_of_two_staves(upper, lower, right, left):
    piece = piano((upper, lower))
    assert velocities(piece, 0) == [right] * 4
    assert velocities(piece, 1) == [left] * 4


def test_a_mark_above_the_staff_is_its_own_when_the_other_has_some():
    piece = piano(
        (dynamic("p", staff=1), dynamic("p", staff=2)),
        (dynamic("f", staff=1, placement="above"), ""),
    )
    assert velocities(piece, 0) == [49] * 4 + [96] * 4
    assert velocities(piece, 1) == [49] * 8


def test_velocities_move_with_repeats():
    assert heard(dynamic("p") + notes(), dynamic("f") + notes() + REPEAT) == [
        49, 49, 49, 49, 96, 96, 96, 96, 49, 49, 49, 49, 96, 96, 96, 96
    ]  # fmt: skip


def test_chord_symbols_follow_the_dynamics():
    harmony = "<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>"
    piece = read(score([dynamic("p") + harmony + notes()]))
    assert set(velocities(piece, 1)) == {49}


def test_a_mark_within_a_measure_stands_at_its_offset():
    assert heard(dynamic("p", offset="8") + notes()) == [80, 80, 49, 49]


def test_a_hairpin_that_no_stop_ends_goes_to_the_next():
    marks = [
        Mark(0, "wedge", "crescendo"),
        Mark(96, "wedge", "diminuendo"),
        Mark(192, "wedge", "stop"),
    ]
    loudness = Loudness(extents(marks))
    assert [loudness.at(step) for step in (0, 48, 96, 144, 192)] == [80, 88, 96, 88, 80]


def test_a_hairpin_may_stop_before_the_file_says_that_it_stops():
    """Where one ends and the next begins at a place, the file may have them in either order."""
    begins = [Mark(0, "wedge", "crescendo"), Mark(96, "wedge", "diminuendo")]
    loudness = Loudness(extents([*begins, Mark(96, "wedge", "stop"), Mark(192, "wedge", "stop")]))
    assert [loudness.at(step) for step in (0, 48, 96, 144, 192)] == [80, 88, 96, 88, 80]


def test_a_hairpin_between_the_staves_stops_where_its_stop_has_no_placement():
    start = wedge("crescendo", staff=2, placement="above")
    piece = piano((dynamic("p", staff=1), start + dynamic("p", staff=2)),
                  ("", wedge("stop", staff=2)), ("", ""))  # fmt: skip
    assert velocities(piece, 0) == velocities(piece, 1)
    assert velocities(piece, 0)[4:] == [65] * 8


def test_marks_of_a_staff_without_notes_count():
    right_hand = dynamic("p", staff=2) + notes(4, staff=1)
    assert velocities(read(score([right_hand], staves=2))) == [49] * 4


def test_offsets_beyond_the_score_do_no_harm():
    far = "999999999"
    last = pedal("start", offset=far) + dynamic("f", offset=far) + words("rit.", offset=far)
    assert heard(dynamic("p", offset=f"-{far}") + notes(), last + notes()) == [49] * 8
