"""ABC that is damaged, unusual or in a book: what is mended and said, and what strict refuses."""

import pytest
from abc_notation import HEAD, pitches, tune

from lstm_music.errors import MidiError
from lstm_music.midi.scores.abc.tune import read_tune
from lstm_music.midi.scores.foreign import read_abc, read_score, read_scores


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        (tune("C}D|"), "characters that mean nothing"),
        (tune("C2>D|"), "broken rhythms between unequal notes"),
        (tune("C>|D|"), "broken rhythms without a second note"),
        (tune("CDE Z|"), "rests of whole bars within a bar"),
        (tune("CDEF|\n\nCDEF|"), "empty lines within a tune"),
        (tune("C4|", meter="five"), "meter 'five' not understood"),
        (tune("C4|", meter="9999/4"), "meter '9999/4' not understood"),
        (tune("C4|", key="X"), "key 'X' not understood"),
        ("X:1\nL:1/4\nCDEF|", "no K: field"),
        (tune("=3DF2=20\nF=\nF|"), "quoted-printable"),
        (tune("(10CDEF|"), "tuplets of ten and more"),
    ],
)
def test_what_is_mended_is_said_and_refused_by_strict(text, repair):
    assert any(repair in said for said in read_abc(text).repairs)
    with pytest.raises(MidiError, match="needs a repair"):
        read_abc(text, strict=True)


@pytest.mark.parametrize(
    ("music", "said"),
    [
        ("[C2E]D|", "lengths in chords"),
        ("^/CD|", "quarter tones"),
        ("%%MIDI drum d 38\nCD|", "%%MIDI drum"),
        ("{e}CD|", "grace"),
        ("m:~n2=n{o}n\n~C2|", "macros"),
        ("C0>DE|", "grace or empty"),
    ],
)
def test_what_is_left_out_is_said(music, said):
    assert any(said in repair for repair in read_abc(tune(music), strict=True).repairs)


def test_mail_leaves_no_trace():
    assert pitches(tune("=3DF2=20\nF=\n=3DF|", key="G")) == [65, 65, 65]


def test_remarks_around_the_music():
    text = "X:1\nI am a remark (1) of |: no account\nM:4/4\nL:1/4\nK:C\nCDEF|\n\nabc is a remark\n"
    assert pitches(text) == [60, 62, 64, 65]
    assert not read_tune(text).repairs


@pytest.mark.parametrize("text", ["X:1\nL:1/4\nK:C\n\nCDEF", "\nL:1/4\nK:C\nCD|EF|\n\nremark"])
def test_a_tune_with_empty_lines_or_without_a_number(text):
    assert pitches(text) == [60, 62, 64, 65]


def test_a_first_tune_without_a_number(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text("L:1/4\nK:C\nCD|\n\nX:2\nL:1/4\nK:C\nEF|\n")
    assert [p.notes["pitch_midi"].tolist() for p in read_scores(path)] == [[60, 62], [64, 65]]


def test_chord_symbols_and_remarks_in_quotes():
    piece = read_abc(tune('"4"C"^slow"D"Trio"E"Am7"F|["G/B"G2B2]"N.C."A2|'))
    chords = piece.notes[piece.notes["track"] == 1]
    assert chords["pitch_midi"].tolist() == [57, 60, 64, 67, 59, 62, 67]
    assert read_abc(tune('"4"C"D.S."D|')).style == ""


def test_the_header_of_a_book_is_for_every_tune(tmp_path):
    path = tmp_path / "book.abc"
    book = "%%propagate-accidentals not\nL:1/4\n\nX:1\nK:C\n^FF|\n\nX:2\nK:C\n^GG|\n"
    path.write_text(book.replace("\n", "\r\n"))
    assert [piece.notes["pitch_midi"].tolist() for piece in read_scores(path)] == [
        [66, 65],
        [68, 67],
    ]


def test_text_of_windows_is_said_and_refused_by_strict(tmp_path):
    path = tmp_path / "old.abc"
    path.write_bytes(HEAD.replace("T:a", "T:Café").encode("latin-1") + b"CDEF|\n")
    for read in (read_score, lambda *a, **k: read_scores(*a, **k)[0]):
        piece = read(path)
        assert piece.title == "Café"
        assert any("Windows-1252" in repair for repair in piece.repairs)
        with pytest.raises(MidiError, match="Windows-1252"):
            read(path, strict=True)


def test_text_that_says_its_charset(tmp_path):
    path = tmp_path / "old.abc"
    text = "%%abc-charset iso-8859-2\n" + HEAD.replace("T:a", "T:čardáš")
    path.write_bytes(text.encode("iso-8859-2") + b"CDEF|\n")
    piece = read_score(path, strict=True)
    assert (piece.title, piece.repairs) == ("čardáš", ())
