"""MEI that music21 reads in part only: endings, jumps, keys without a mode."""

from lstm_music.midi.scores.pieces import score_pieces
from lstm_music.music.key import Key, KeyChange

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="3.0.0"><meiHead/><music><body>
<mdiv><score><scoreDef meter.count="2" meter.unit="4" key.sig="0"{0}><staffGrp>
<staffDef n="1" lines="5" clef.shape="G" clef.line="2"/></staffGrp></scoreDef><section>"""
TAIL = "</section></score></mdiv></body></music></mei>"


def measure(*names, right="", words=""):
    dur = 2 * len(names)
    notes = "".join(f'<note pname="{name}" oct="4" dur="{dur}"/>' for name in names)
    line = f' right="{right}"' if right else ""
    shown = f'<dir tstamp="2" staff="1">{words}</dir>' if words else ""
    return f'<measure{line}><staff n="1"><layer n="1">{notes}</layer></staff>{shown}</measure>'


def read(*content, mode=""):
    head = HEAD.format(f' key.mode="{mode}"' if mode else "")
    return score_pieces((head + "".join(content) + TAIL).encode(), ".mei")[0]


def names(piece):
    return "".join("c d ef g a b"[pitch - 60] for pitch in piece.notes["pitch_midi"])


def test_endings_are_read_and_played_by_their_numbers():
    piece = read(
        measure("c"),
        f'<ending n="1">{measure("d", right="rptend")}</ending>',
        f'<ending n="2">{measure("e")}</ending>',
        measure("f"),
    )
    assert names(piece) == "cdcef"


def test_jumps_by_words_and_by_marks():
    piece = read(measure("c", words="Fine"), measure("d"), measure("e", words="D.C. al Fine"))
    assert names(piece) == "cdec"
    mark = measure("e").replace("</measure>", '<repeatMark func="daCapo"/></measure>')
    assert names(read(measure("c", words="Fine"), measure("d"), mark)) == "cdec"


def test_keys_change_and_their_mode_goes_by_the_notes_unless_told():
    change = '<scoreDef key.sig="1s"{}/>'
    minor, major = measure("a", "c", "e", "a"), measure("g", "b", "d", "g")
    piece = read(minor, change.format(""), major)
    assert (piece.key, piece.key_changes) == (Key(0, "minor"), (KeyChange(48, Key(1)),))
    told = read(minor, change.format(' key.mode="minor"'), major, mode="major")
    assert (told.key, told.key_changes) == (Key(0), (KeyChange(48, Key(1, "minor")),))
