"""MusicXML that music21 reads in part only: cues, drums, doubling, jumps, keys, odd measures."""

import re

import pytest
from musicxml_scores import attributes, bar_line, note, rest, score, sign, unpitched, words

from lstm_music.midi.scores.musicxml_text import prepared
from lstm_music.midi.scores.pieces import score_pieces
from lstm_music.music.key import Key, KeyChange

DRUMS = """<part-name>Drums</part-name>
<score-instrument id="K"><instrument-name>Kick</instrument-name></score-instrument>
<score-instrument id="S"><instrument-name>Snare</instrument-name></score-instrument>
<score-instrument id="H"><instrument-name>Hi-Hat</instrument-name></score-instrument>"""
MIDI = "<midi-instrument id='{}'>{}</midi-instrument>"
DRUMS_IN_MIDI = DRUMS + "".join(
    MIDI.format(
        name,
        f"<midi-channel>10</midi-channel><midi-program>1</midi-program>"
        f"<midi-unpitched>{key + 1}</midi-unpitched>",
    )
    for name, key in (("K", 35), ("S", 40), ("H", 46))
)
BAR = attributes()
DOUBLE_BAR = '<barline location="right"><bar-style>light-light</bar-style></barline>'


def read(text, **options):
    return score_pieces(text.encode(), ".musicxml", **options)[0]


def pitches(piece):
    return piece.notes["pitch_midi"].tolist()


def chord_of(first, *others):
    return first + "".join(n.replace("<note>", "<note><chord/>") for n in others)


def playing(element, instrument):
    return element.replace("</duration>", f"</duration><instrument id='{instrument}'/>")


def test_cue_notes_are_silent_and_keep_their_time():
    cue, both = "<cue/>", "<chord/><cue/>"
    piece = read(
        score(
            [
                BAR + note("C") + note("D", before=cue) + note("E") + note("F", before=both),
                note("G", before=cue) + note("A", before=both) + note("B"),
                note("C", before=cue) + note("D", before="<chord/>") + note("E"),
            ]
        )
    )
    onsets = piece.notes["onset_steps"].tolist()
    assert list(zip(onsets, pitches(piece), strict=True)) == [
        (0, 60), (48, 64), (96, 71), (120, 62), (144, 64),
    ]  # fmt: skip


def test_cue_notes_that_are_grace_notes_take_no_time():
    piece = read(score([BAR + note("D", 5, 0.5, before="<grace/><cue/>") + note("C") + note("E")]))
    assert piece.notes["onset_steps"].tolist() == [0, 24]


def test_small_hidden_and_headless_notes_sound():
    hidden = note("C").replace("<note>", '<note print-object="no">')
    small = note("D").replace("<type>", '<type size="cue">')
    headless = note("E", more="<notehead>none</notehead>")
    assert pitches(read(score([BAR + hidden + small, headless + rest()]))) == [60, 62, 64]


@pytest.mark.parametrize("chord", [False, True])
def test_each_drum_of_a_staff_has_its_own_key(chord):
    hat = unpitched("G5", 1, "H", "x")
    together = chord_of(unpitched("F4", 1, "K"), hat) if chord else unpitched("F4", 1, "K") + hat
    piece = read(score([attributes(beats=4) + together + unpitched("C5", 1, "S")],
                       heads=[DRUMS_IN_MIDI]))  # fmt: skip
    assert pitches(piece) == [35, 46, 40]
    assert [track.is_drum for track in piece.tracks] == [True]


def test_drums_without_keys_go_by_their_names_else_by_the_staff():
    bar = attributes(beats=4) + unpitched("F4", 1, "K") + unpitched("C5", 1, "S")
    bar += unpitched("G5", 1, "H", "x") + unpitched("E5", 1, "H")
    assert pitches(read(score([bar], heads=[DRUMS]))) == [36, 38, 42, 42]
    alone = bar.replace("<instrument id", "<unknown id")
    assert pitches(read(score([alone], heads=["<part-name>Triangle</part-name>"]))) == [81] * 4
    assert pitches(read(score([alone], heads=["<part-name>Kit</part-name>"]))) == [36, 38, 42, 50]
    untold = re.sub("<instrument id[^>]*>", "", bar)
    assert pitches(read(score([untold], heads=[DRUMS_IN_MIDI]))) == [36, 38, 42, 50]


def test_a_part_of_pitches_and_drums():
    head = DRUMS_IN_MIDI + MIDI.format("G", "<midi-program>10</midi-program>")
    piece = read(score([BAR + playing(note("C", 5), "G") + unpitched("C5", 1, "S")], heads=[head]))
    assert [(t.program, t.is_drum) for t in piece.tracks] == [(9, False), (0, True)]
    assert pitches(piece) == [72, 40]


def test_a_player_who_changes_the_instrument():
    head = "<part-name>Flute</part-name>" + "".join(
        f"<score-instrument id='{i}'><instrument-name>{i}</instrument-name></score-instrument>"
        for i in ("Flute", "Piccolo")
    )
    head += MIDI.format("Flute", "<midi-program>74</midi-program>")
    head += MIDI.format("Piccolo", "<midi-program>73</midi-program>")
    octave = "<attributes><transpose><chromatic>0</chromatic><octave-change>1</octave-change>"
    piece = read(
        score(
            [
                BAR + playing(note("C", 5), "Flute") + rest(),
                octave + "</transpose></attributes>" + playing(note("C", 5), "Piccolo") + rest(),
            ],
            heads=[head],
        )
    )
    assert [(t.program, t.is_drum) for t in piece.tracks] == [(73, False), (72, False)]
    assert pitches(piece) == [72, 84]


def bars_of(**marks):
    """Six bars of a note each, C to A; marks stand before (``a2``) or after (``z2``) a bar's."""
    bars = [
        marks.get(f"a{i}", "") + note("CDEFGA"[i - 1], 4, 2) + marks.get(f"z{i}", "")
        for i in range(1, 7)
    ]
    return score([BAR + bars[0], *bars[1:]])


JUMPS = [
    ("CDEFCD", {"z2": words("Fine"), "z4": words("D.C. al Fine")}),
    ("CDEFCD", {"z2": words("", 'fine="yes"'), "z4": words("", 'dacapo="yes"')}),
    ("CDEFCD", {"z2": '<sound fine="yes"/>', "z4": '<sound dacapo="yes"/>'}),
    ("CDEFCD", {"a3": words("Fine"), "z2": DOUBLE_BAR, "z4": words("D.C.")}),
    ("CDEFCD", {"z2": words("Fine"), "z4": words("D.C.", second="<words>al Fine</words>")}),
    ("CDEFDEFGA", {"a2": sign("segno"), "z4": words("D.S.")}),
    ("CDEFDEGA", {"a2": sign("segno"), "z3": words("To Coda"), "z4": words("D.S. al Coda"),
                  "a5": sign("coda")}),
    ("CDEFDEGA", {"a2": '<sound segno="s"/>', "z3": '<sound tocoda="c"/>',
                  "z4": '<sound dalsegno="s"/>', "a5": '<sound coda="c"/>'}),
    ("CDEFDEFGA", {"a2": '<sound segno="1"/>', "a3": sign("segno", 'segno="2"'),
                   "z4": words("D.S.", 'dalsegno="1"')}),
    ("CDEFDEGA", {"a2": sign("segno"), "z3": sign("coda", 'tocoda="c"'),
                  "z4": words("D.S. al Coda", 'dalsegno="s"'), "a5": sign("coda", 'coda="c"')}),
    ("CDEFDEGA", {"a2": sign("segno"), "z3": sign("coda"), "z4": words("D.S. al Coda"),
                  "a5": sign("coda")}),
    ("CDEFDEGA", {"a2": sign("segno"), "z3": words("To", second="<coda/>"),
                  "z4": words("D.S. al", second="<coda/>"), "a5": words("Coda")}),
]  # fmt: skip


@pytest.mark.parametrize("sounds, marks", JUMPS)
def test_jumps_by_words_by_signs_and_by_sound(sounds, marks):
    text = bars_of(**marks)
    assert "".join("C D EF G A"[pitch - 60] for pitch in pitches(read(text))) == sounds
    assert pitches(read(text, expand_repeats=False)) == [60, 62, 64, 65, 67, 69]


def test_repeats_that_are_for_after_a_jump_too():
    back = bar_line("right", "backward").replace("/></barline>", ' after-jump="yes"/></barline>')
    bars = [BAR + note("C", 4, 2), note("D", 4, 2) + back, note("E", 4, 2) + words("D.C.")]
    assert pitches(read(score(bars))) == [60, 62, 60, 62, 64] * 2


def test_a_sign_in_any_part_is_for_all():
    plain = [BAR + note("C", 5, 2), note("D", 5, 2), note("E", 5, 2)]
    marked = [BAR + note("C", 3, 2) + bar_line("right", "backward"), note("D", 3, 2)]
    marked += [note("E", 3, 2) + words("D.C.")]
    low = [pitch for pitch in pitches(read(score(plain, marked))) if pitch > 60]
    assert low == [72, 72, 74, 76, 72, 74, 76]


def test_an_ending_of_three_measures_and_numbers_of_endings():
    start = bar_line("left", ending="1., 2.", kind="start")
    piece = read(
        score(
            [
                BAR + note("C", 4, 2), start + note("D", 4, 2), note("E", 4, 2),
                note("F", 4, 2) + bar_line("right", "backward", "1., 2.", times=3),
                bar_line("left", ending="3", kind="start") + note("G", 4, 2)
                + bar_line("right", ending="3"),
            ]
        )
    )  # fmt: skip
    assert pitches(piece) == [60, 62, 64, 65, 60, 62, 64, 65, 60, 67]


def test_drums_have_no_key_unless_the_score_tells_one():
    assert read(score([attributes(0) + unpitched("C5", 2)])).key is None
    together = chord_of(unpitched("C5", 2), unpitched("F4", 2))
    assert read(score([attributes(0) + together])).key is None
    assert read(score([attributes(0, mode="minor") + unpitched("C5", 2)])).key == Key(0, "minor")


def test_a_key_without_a_mode_goes_by_the_notes():
    minor = "".join(note(s, 4, 1, alter=a) for s, a in zip("ACEGAEA", (0, 0, 0, 1, 0, 0, 0)))
    major = "".join(note(s) for s in "CEGCEGC")
    seven = {"beats": 7, "beat_type": 4}
    assert read(score([attributes(**seven) + minor])).key == Key(0, "minor")
    assert read(score([attributes(**seven) + major])).key == Key(0, "major")
    change = "<attributes><key><fifths>-3</fifths></key></attributes>"
    piece = read(score([attributes(**seven) + minor, change + major]))
    assert piece.key_changes[0].onset_steps == 7 * 24
    assert piece.key_changes[0].key.sharps == -3


def test_keys_move_with_their_bars_and_come_back_with_a_repeat():
    change = "<attributes><key><fifths>2</fifths><mode>major</mode></key></attributes>"
    piece = read(
        score(
            [
                attributes(mode="major") + note("C", 4, 2),
                change + note("D", 4, 2) + bar_line("right", "backward"),
                note("F", 4, 2, alter=1),
            ]
        )
    )
    c_major, d_major = Key(0), Key(2)
    assert piece.key == c_major
    assert piece.key_changes == (
        KeyChange(48, d_major), KeyChange(96, c_major), KeyChange(144, d_major),
    )  # fmt: skip


TRANSPOSE = "<transpose><diatonic>{}</diatonic><chromatic>{}</chromatic></transpose>"


def test_the_key_is_the_concert_key():
    in_b_flat = attributes(2, mode="major", more=TRANSPOSE.format(-1, -2)) + note("D", 5, 2)
    horn = attributes(0, mode="major", more=TRANSPOSE.format(-4, -7)) + note("G", 4, 2)
    assert read(score([in_b_flat])).key == Key(0)
    flute = attributes(0, mode="major") + note("C", 5, 2)
    assert read(score([horn], [in_b_flat], [flute])).key == Key(0)
    bare_horn = attributes(0) + note("C", 4, 2)
    minor, major = (attributes(-2, mode=m) + note("C", 4, 2) for m in ("minor", "major"))
    assert read(score([bare_horn], [minor], [major], [major])).key == Key(-2, "minor")
    drums = attributes(5) + unpitched("C5", 2)
    assert read(score([drums], [flute])).key == Key(0)


def test_a_tie_that_is_only_drawn_sounds():
    drawn = "<notations><tied type='{}'/></notations>"
    start, stop = note("C", 4, 2, drawn.format("start")), note("C", 4, 2, drawn.format("stop"))
    both = note("C", 4, 2, drawn.format("continue"))
    piece = read(score([BAR + start + note("E", 4, 2, before="<chord/>"), both, stop]))
    assert piece.notes[["duration_steps", "pitch_midi"]].tolist() == [(144, 60), (48, 64)]


def test_passes_without_a_number_are_two():
    back = bar_line("right", "backward", times="x")
    assert pitches(read(score([BAR + note("C", 4, 2) + back]))) == [60, 60]


def test_a_measure_that_ends_with_a_forward_keeps_its_length():
    forward = "<forward><duration>12</duration></forward>"
    piece = read(score([BAR + note("C") + forward, note("D") + rest()]))
    assert piece.notes["onset_steps"].tolist() == [0, 48]


def test_a_score_by_measures_is_one_by_parts():
    text = score([BAR + note("C", 4, 2), note("D", 4, 2)])
    head = text[: text.index("<part id")].replace("partwise", "timewise")
    measures = "".join(
        f'<measure number="{i}"><part id="P1">{content}</part></measure>'
        for i, content in enumerate((BAR + note("C", 4, 2), note("D", 4, 2)), 1)
    )
    assert read(head + measures + "</score-timewise>") == read(text)


def test_what_music21_reads_well_is_left_as_it_is():
    text = score([BAR + note("C", 4, 2)])
    assert prepared(text) is text


def test_fine_and_segno_within_the_bar_that_the_pickup_completes():
    bar_4 = {"beats": 4, "beat_type": 4}
    piece = read(
        score(
            [
                "implicit " + attributes(**bar_4) + note("C"),
                note("D", 4, 3) + words("Fine") + note("E"),
                note("F", 4, 3) + words("D.C. al Fine"),
            ]
        )
    )
    assert pitches(piece) == [60, 62, 64, 65, 60, 62]
    assert [str(meter) for meter in piece.meters] == ["4/4"]
    segno = [
        "implicit " + attributes(**bar_4) + note("C"),
        note("D", 4, 3) + sign("segno") + note("E"),
        note("F", 4, 3) + words("D.S."),
    ]
    assert pitches(read(score(segno))) == [60, 62, 64, 65, 64, 65]


def test_fine_over_a_note_is_for_the_whole_bar():
    bars = [BAR + note("C", 4, 2), note("D") + words("Fine") + note("E"), note("F", 4, 2)]
    bars[2] += words("D.C. al Fine")
    assert pitches(read(score(bars))) == [60, 62, 64, 65, 60, 62, 64]


def test_a_repeat_sign_within_a_bar():
    bars = [
        BAR + note("C", 4, 2), note("D") + bar_line("middle", "backward") + note("E"),
        note("F", 4, 2),
    ]  # fmt: skip
    assert pitches(read(score(bars))) == [60, 62, 60, 62, 64, 65]


def test_a_transposition_counts_from_its_place_on():
    clarinet = attributes(more=TRANSPOSE.format(-1, -2)) + note("C", 5)
    low = "<backup><duration>12</duration></backup>" + note("F", 4, voice=2, alter=1)
    alto = f"<attributes>{TRANSPOSE.format(-5, -9)}</attributes>"
    piano = f"<attributes>{TRANSPOSE.format(0, 0)}</attributes>"
    chord = note("D", 5) + note("F", 5, before="<chord/>")
    piece = read(score([clarinet + low + alto + chord, note("C", 5, 2) + piano, note("C", 5, 2)]))
    assert sorted(piece.notes[["onset_steps", "pitch_midi"]].tolist()) == [
        (0, 64), (0, 70), (24, 65), (24, 68), (48, 63), (96, 72),
    ]  # fmt: skip


@pytest.mark.parametrize("label", ["1-3", "1.-3.", "1., 2., 3.", "1,2,3"])
def test_the_passes_of_an_ending(label):
    bars = [
        BAR + note("C", 4, 2),
        bar_line("left", ending=label, kind="start") + note("D", 4, 2)
        + bar_line("right", "backward", label),
        bar_line("left", ending="4", kind="start") + note("E", 4, 2),
    ]  # fmt: skip
    assert pitches(read(score(bars))) == [60, 62] * 3 + [60, 64]
