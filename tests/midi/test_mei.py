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


def layer(content):
    return f'<measure><staff n="1"><layer n="1">{content}</layer></staff></measure>'


def test_signatures_as_elements_and_by_the_names_of_mei_5():
    signatures = '<keySig sig="1s" mode="major"/><meterSig count="3" unit="4"/>'
    bar = measure("g", "a", "b").replace('dur="6"', 'dur="4"')
    text = (HEAD.format("") + bar + bar + TAIL).replace(' key.sig="0"', "")
    text = text.replace(' meter.count="2" meter.unit="4"', "")
    by_element = text.replace("<staffGrp>", f"{signatures}<staffGrp>")
    by_staff = text.replace('line="2"/>', f'line="2">{signatures}</staffDef>')
    by_name = text.replace("<scoreDef", '<scoreDef keysig="1s" meter.count="3" meter.unit="4"')
    for told in (by_element, by_staff, by_name):
        piece = score_pieces(told.encode(), ".mei")[0]
        assert (piece.key, piece.pickup_steps) == (Key(1), 0)
        assert [str(meter) for meter in piece.meters] == ["3/4"]
        assert "meter" not in piece.unstated


def test_notes_within_other_elements_are_not_lost():
    note = '<note pname="{}" oct="4" dur="2"/>'.format
    inside = {
        f"<bTrem>{note('d')}</bTrem>": "d",
        f"<fTrem>{note('d')}{note('f')}</fTrem>": "df",
        f"<app><rdg>{note('e')}</rdg><lem>{note('d')}</lem></app>": "d",
        f"<choice><sic>{note('e')}</sic><corr>{note('d')}</corr></choice>": "d",
        f"<supplied><unclear>{note('d')}</unclear></supplied>": "d",
        f"<subst><del>{note('e')}</del><add>{note('d')}</add></subst>": "d",
        f"<del>{note('e')}</del>{note('d')}": "d",
    }
    for content, heard in inside.items():
        piece = read(layer(content), measure("g"))
        assert names(piece) == heard + "g"
        assert piece.notes["onset_steps"][-1] == 48  # none takes more than its bar


def test_rests_of_several_bars_and_repeated_bars():
    piece = read(measure("c", "d"), layer("<mRpt/>"), layer('<multiRest num="2"/>'), measure("e"))
    assert names(piece) == "cdcde"
    assert piece.notes["onset_steps"].tolist() == [0, 24, 48, 72, 192]


def test_notes_under_an_octave_sound_there():
    bar = layer(
        '<note xml:id="a" pname="c" oct="4" dur="4"/>'
        '<chord xml:id="b" dur="4"><note pname="d" oct="4"/><note pname="f" oct="4"/></chord>'
    )
    sign = '<octave startid="#a" endid="#b" dis="8" dis.place="{}"/></measure>'.format
    above, below = (bar.replace("</measure>", sign(place)) for place in ("above", "below"))
    assert sorted(read(above, measure("e")).notes["pitch_midi"]) == [64, 72, 74, 77]
    assert sorted(read(below, measure("e")).notes["pitch_midi"]) == [48, 50, 53, 64]
    told = above.replace('pname="c" oct="4"', 'pname="c" oct="4" oct.ges="3"')
    assert sorted(read(told).notes["pitch_midi"]) == [48, 74, 77]


def test_tempos():
    def bar(tempo):
        return measure("c", "d").replace("</measure>", f"{tempo}</measure>")

    piece = read(
        bar('<tempo tstamp="1" midi.bpm="90"/>'),
        bar('<tempo tstamp="2" mm="40" mm.unit="4" mm.dots="1">Slow</tempo>'),
    )
    tempos = [(tempo.onset_steps, round(tempo.tempo_bpm)) for tempo in piece.tempos]
    assert tempos == [(0, 90), (72, 60)]
    assert read(bar("<tempo>Slow</tempo>")).unstated == {"tempo"}


def test_an_ending_for_a_range_of_passes():
    first = f'<ending n="1-3">{measure("d", right="rptend")}</ending>'
    assert names(read(measure("c"), first, f'<ending n="4">{measure("e")}</ending>')) == "cdcdcdce"
