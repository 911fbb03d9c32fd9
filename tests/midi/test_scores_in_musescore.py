"""Scores as MuseScore plays them: repeats, endings, jumps, drums, doubling, odd measures."""

import pytest
from music_programs import muse_score, needs
from musicxml_scores import attributes, bar_line, note, rest, score, sign, unpitched, words

from lstm_music.midi.read import read_midi
from lstm_music.midi.scores.foreign import read_score

pytestmark = [pytest.mark.clients, needs("mscore3")]

BAR = attributes()
BACK = bar_line("right", "backward")


def bar(i):
    """A bar of two notes that no other bar has."""
    return note("CDEFGAB"[i % 7], 4 + i // 7) + note("CDEFGAB"[i % 7], 3 + i // 7)


def start(number):
    return bar_line("left", ending=number, kind="start")


def stop(number, repeat="", times=""):
    return bar_line("right", repeat, number, times)


def midi(name, channel, program, key=None):
    drum = "" if key is None else f"<midi-unpitched>{key + 1}</midi-unpitched>"
    return (
        f"<midi-instrument id='{name}'><midi-channel>{channel}</midi-channel>"
        f"<midi-program>{program}</midi-program>{drum}</midi-instrument>"
    )


def head(*names, midi=""):
    listed = "".join(
        f"<score-instrument id='{n}'><instrument-name>{n}</instrument-name></score-instrument>"
        for n in names
    )
    return f"<part-name>Part</part-name>{listed}{midi}"


def playing(element, instrument):
    return element.replace("</duration>", f"</duration><instrument id='{instrument}'/>")


FINE, DA_CAPO = words("Fine", 'fine="yes"'), words("D.C. al Fine", 'dacapo="yes"')
TO_CODA, CODA = words("To Coda", 'tocoda="c"'), sign("coda", 'coda="c"')
SEGNO, TO_SEGNO = sign("segno", 'segno="s"'), words("D.S. al Coda", 'dalsegno="s"')
TRANSPOSE = "<transpose><diatonic>{}</diatonic><chromatic>{}</chromatic></transpose>"
TWO_FOUR = "<beats>2</beats><beat-type>4</beat-type>"
BACK_TWO = "<backup><duration>24</duration></backup>"
FORWARD = "<forward><duration>12</duration></forward>"

ONE_PART = {
    "da capo al fine": [BAR + bar(0), bar(1) + FINE, bar(2), bar(3) + DA_CAPO],
    "by words": [BAR + bar(0), bar(1) + words("Fine"), bar(2), bar(3) + words("D.C. al Fine")],
    "dal segno al coda": [
        BAR + bar(0), SEGNO + bar(1), bar(2) + TO_CODA, bar(3) + TO_SEGNO, CODA + bar(4), bar(5),
    ],
    "no repeat after da capo": [
        BAR + bar(0), bar(1) + FINE + BACK, bar_line("left", "forward") + bar(2),
        bar(3) + DA_CAPO + BACK,
    ],
    "last ending after da capo": [
        BAR + bar(0), start("1") + bar(1) + stop("1", "backward"), start("2") + bar(2) + stop("2"),
        bar(3) + words("D.C.", 'dacapo="yes"'),
    ],
    "three passes": [
        BAR + bar(0), start("1, 2") + bar(1) + stop("1, 2", "backward", "3"),
        start("3") + bar(2) + stop("3"), bar(3),
    ],
    "three endings": [
        BAR + bar(0), start("1") + bar(1) + stop("1", "backward"),
        start("2") + bar(2) + stop("2", "backward"), start("3") + bar(3) + stop("3"), bar(4),
    ],
    "a first ending alone": [
        BAR + bar(0), start("1") + bar(1) + stop("1", "backward"), bar(2), bar(3),
    ],
    "long endings": [
        BAR + bar(0), start("1") + bar(1), bar(2), bar(3) + stop("1", "backward"),
        start("2") + bar(4), bar(5), bar(6) + stop("2"), bar(7),
    ],
    "times": [BAR + bar(0), bar(1) + bar_line("right", "backward", times="3"), bar(2)],
    "pickup": [
        "implicit " + attributes(beats=3) + note("G"),
        bar_line("left", "forward") + note("C") + note("D") + note("E"),
        note("F", 4, 2) + BACK, "implicit " + note("A"), note("B", 4, 3),
    ],
    "start that never ends": [BAR + bar(0), bar_line("left", "forward") + bar(1), bar(2)],
    "voices and forwards": [
        BAR + bar(0) + BACK_TWO + FORWARD + note("G", 3, voice=2), note("C", 5) + FORWARD,
        note("D", 5) + rest() + BACK_TWO + note("B", 3, 2, voice=2),
    ],
    "changing transposition": [
        attributes(2, more=TRANSPOSE.format(-1, -2)) + bar(7),
        f"<attributes>{TRANSPOSE.format(-2, -3)}</attributes>" + bar(8),
    ],
    "transposition within a bar": [
        attributes(more=TRANSPOSE.format(-1, -2)) + note("C", 5)
        + f"<attributes>{TRANSPOSE.format(-5, -9)}</attributes>" + note("D", 5),
        bar(8) + f"<attributes>{TRANSPOSE.format(0, 0)}</attributes>", bar(9),
    ],
    "senza misura": [
        BAR.replace(TWO_FOUR, "<senza-misura/>") + bar(0) + bar(1),
        f"<attributes><time>{TWO_FOUR}</time></attributes>" + bar(2),
    ],
}  # fmt: skip


def played(text, tmp_path):
    """Our piece and MuseScore's."""
    source, target = tmp_path / "score.musicxml", tmp_path / "score.mid"
    source.write_text(text)
    muse_score(source, target)
    return read_score(source), read_midi(target)


def onsets_and_pitches(piece):
    return sorted(piece.notes[["onset_steps", "pitch_midi"]].tolist())


@pytest.mark.parametrize("name", ONE_PART)
def test_the_same_notes_at_the_same_times(name, tmp_path):
    ours, theirs = played(score(ONE_PART[name]), tmp_path)
    assert onsets_and_pitches(ours) == onsets_and_pitches(theirs)


def test_signs_in_the_second_part(tmp_path):
    marked = [BAR + bar(7) + FINE, bar(8) + BACK, bar(9) + DA_CAPO]
    ours, theirs = played(score([BAR + bar(0), bar(1), bar(2)], marked), tmp_path)
    assert onsets_and_pitches(ours) == onsets_and_pitches(theirs)


def test_tempos_come_back_with_a_repeat(tmp_path):
    slow, fast = words("Largo", 'tempo="60"'), words("Presto", 'tempo="200"')
    ours, theirs = played(score([BAR + slow + bar(0), fast + bar(1) + BACK, bar(2)]), tmp_path)
    assert ours.tempos == theirs.tempos


def test_a_kit_on_one_staff(tmp_path):
    kit = head("K", "S", "H", midi="".join(midi(n, 10, 1, k) for n, k in zip("KSH", (36, 40, 46))))
    hat = unpitched("G5", 1, "H", "x")
    content = BAR + unpitched("F4", 1, "K") + hat.replace("<note>", "<note><chord/>")
    ours, theirs = played(
        score([content + unpitched("C5", 1, "S"), hat + hat], heads=[kit]), tmp_path
    )
    assert onsets_and_pitches(ours) == onsets_and_pitches(theirs)
    assert [t.is_drum for t in ours.tracks] == [t.is_drum for t in theirs.tracks] == [True]


def test_a_player_who_changes_the_instrument(tmp_path):
    flutes = head("F", "P", midi=midi("F", 1, 74) + midi("P", 2, 73))
    content = [BAR + playing(bar(7), "F"), playing(bar(8), "P")]
    ours, theirs = played(score(content, heads=[flutes]), tmp_path)
    assert onsets_and_pitches(ours) == onsets_and_pitches(theirs)
    assert [t.program for t in ours.tracks] == [t.program for t in theirs.tracks] == [73, 72]
