"""Our reading of ABC beside abc2midi's, a program of its own."""

import re
import subprocess

import pytest
from abc_notation import tune
from music_programs import needs

from lstm_music.midi.read import read_midi
from lstm_music.midi.scores.foreign import read_abc, tune_texts

pytestmark = [pytest.mark.clients, needs("abc2midi")]

TUNES = {
    "accidentals": tune("^F G F f|F4|^^C __B C b|=F _F F ^F-|F4|"),
    "keys": tune("Fc[K:C]Fc|[K:Em]FcGd|\nK:Ebdor\nGABd|[K:Dmix ^f]FcBe|", key="Hp"),
    "lengths": tune("C/D//E///F/8 G3/|C>DE<F|C>>DE<<<F|[C2E2][DF]/|\nL:1/8\nCD[L:1/16]EFGA|"),
    "tuplets": tune("(3CDE F|(3:2:4C/D/E/F/G|(3::2CDE|(3C>DE F|(2CD(4CDEF|", meter="none"),
    "compound tuplets": tune("(2CD (4CDEF (5CDEFG (7CDEFGAB (9CDEFGABcd|", meter="6/8"),
    "ties": tune("C4-|C2D2-|D4|[CE]4-|[CE]4|[C-E]4|[CE]4|"),
    "repeats": tune("|:C4::D4|1E4:|2F4|]"),
    "endings": tune("|:C4|[1,3 D4:|[2 E4:|[4 F4|]"),
    "rests": tune("CzDx|Z2|Dy2EFG|"),
    "overlay": tune("C4&E2G2|c4|"),
    "voices": tune("[V:1]C4|D4|\n[V:2]E4|F4|\n[V:1]G4|\n[V:2]A4|", more="V:1\nV:2 octave=-1\n"),
    "clef": tune("CDEF|", key="C treble-8 transpose=2"),
    "default length": "X:1\nT:a\nM:2/4\nK:C\nCDEFGABc|",
    "tempo": tune("C4|[Q:1/4=60]D4|\nQ:3/8=100\nE4|", more="Q:1/2=90\n"),
    "parts": tune("P:A\nC4|\nP:B\nD4|", more="P:ABA\n"),
}


def theirs(text, tmp_path):
    """Notes and tempos of the file that abc2midi makes of a tune, with our reader of MIDI."""
    source, target = tmp_path / "tune.abc", tmp_path / "tune.mid"
    source.write_text(text)
    command = ["abc2midi", str(source), "-o", str(target), "-NGUI"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return read_midi(target)


def notes(piece):
    """Pitch, and the quarters at which a note begins and ends; abc2midi is off by a tick or ten."""
    n = piece.notes
    onsets = (n["onset_steps"] + n["timing_96ths"] / 4) / 24
    ends = (n["onset_steps"] + n["duration_steps"]) / 24
    return sorted(zip(n["pitch_midi"].tolist(), onsets.tolist(), ends.tolist()))


def assert_same(ours, other):
    assert [pitch for pitch, *_ in ours] == [pitch for pitch, *_ in other]
    for (_, onset, end), (_, their_onset, their_end) in zip(ours, other, strict=True):
        assert abs(onset - their_onset) < 0.06
        assert abs(end - their_end) < 0.09


@pytest.mark.parametrize("name", TUNES)
def test_our_reading_is_that_of_abc2midi(name, tmp_path):
    ours, other = read_abc(TUNES[name]), theirs(TUNES[name], tmp_path)
    assert_same(notes(ours), notes(other))
    assert [round(t.tempo_bpm) for t in ours.tempos] == [round(t.tempo_bpm) for t in other.tempos]


JUMPS = {
    "da capo": ("|:C4|D4:|!fine!\n|:E4|F4!D.C.!:|", "C4|D4|C4|D4|E4|F4|E4|F4|C4|D4|"),
    "dal segno": ("C4|!segno!D4|!fine!E4|F4!D.S.!|]", "C4|D4|E4|F4|D4|E4|"),
    "coda": ("SC4|D4!coda!|E4!D.S.!|]!coda!F4|", "C4|D4|E4|C4|D4|F4|"),
}
"""abc2midi follows no jumps: it gets each tune written out."""


@pytest.mark.parametrize("name", JUMPS)
def test_jumps_are_those_of_a_tune_written_out(name, tmp_path):
    with_jumps, written_out = map(tune, JUMPS[name])
    assert_same(notes(read_abc(with_jumps)), notes(theirs(written_out, tmp_path)))


def test_hairpins_go_the_same_way(tmp_path):
    """abc2midi has steps of its own, stresses the first beat, and plays no accents."""
    text = tune("!mf!CDEF|!<(!CDEF!<)!|CDEF|!>(!CDEF!>)!|CDEF|")
    for piece in (read_abc(text), theirs(text, tmp_path)):
        before, during, loud, _, after = piece.notes["velocity"].reshape(5, 4).astype(int)
        assert (before <= during).all() and (during < loud).all()
        assert (after == before).all()


def plainly(text):
    """A tune without what abc2midi plays and we do not (graces, ornaments), and no repeats."""
    head, key, body = re.split(r"(?m)^(K:.*\n)", text, maxsplit=1)
    head = re.sub(r"(?m)^[RP]:.*\n", "", head)  # it swings a hornpipe
    body = re.sub(r"(?m)^([A-Za-z]:[^|:]|%).*\n", "", body)
    body = re.sub(r'"[^"]*"|\{[^}]*\}|![^!\s|]*!|[~.H-Wh-wu`*]', "", body)
    body = re.sub(r"\[\|\]?|:*\|[|:\]]*( ?\[?\d)?|::|\[\d", "|", body)
    return head + key + body


@pytest.mark.parametrize("first", [0, 100, 200, 300])
def test_fiddle_tunes_are_read_as_abc2midi_reads_them(first, tmp_path):
    for name, written in tune_texts()[first::400]:
        text = plainly(written)
        assert_same(notes(read_abc(text, source=name)), notes(theirs(text, tmp_path)))
