"""Marks of music21 streams: formats other than MusicXML, and streams that a user made."""

from expressive_scores import (
    BACKUP,
    articulated,
    dynamic,
    metronome,
    notes,
    read,
    score,
    tempos,
    velocities,
    words,
)
from music21 import articulations, converter, dynamics, expressions, note, stream, tempo

from lstm_music.midi.scores.foreign import piece_from_stream
from lstm_music.midi.scores.pieces import score_pieces

KERN = """**kern\t**kern\t**dynam
*staff2\t*staff1\t*staff1/2
*M4/4\t*M4/4\t*
*MM90\t*MM90\t*
=1\t=1\t=1
4C\t4c\tp
4D\t4d\t.
4E\t4e^\t.
4F\t4f\tf
==\t==\t==
*-\t*-\t*-
"""

ABC = """X:1
M:4/4
L:1/4
Q:1/4=100
K:C
C D !crescendo(!E F|G A B !crescendo)!c|kD E F G|
"""


def test_kern():
    (piece,) = score_pieces(KERN.encode(), ".krn")
    assert velocities(piece, 0) == [49, 49, 65, 96]  # the third has an accent
    assert velocities(piece, 1) == [49, 49, 49, 96]
    assert tempos(piece) == [(0, 90)]


def test_abc():
    (piece,) = score_pieces(ABC.encode(), ".abc")
    found = velocities(piece)
    assert found[:3] == [80] * 3
    assert found[2:8] == sorted(set(found[2:8]))
    assert found[8:] == [120, 96, 96, 96]  # k is a strong accent
    assert tempos(piece) == [(0, 100)]


def test_musicxml_and_the_stream_made_of_it():
    """What music21 keeps of a score says the same as the text of it."""
    hands = [
        (dynamic("p", staff=1, placement="below") + metronome("60", "quarter"), ""),
        (words("rit."), dynamic("sf", staff=2)),
        (words("a tempo") + dynamic("f", staff=1, placement="above"), ""),
    ]
    text = score(
        [up + notes(3, staff=1) + notes(1, staff=1, notations=articulated("accent")) + BACKUP
         + down + notes(4, "C", 3, staff=2) for up, down in hands],
        staves=2,
    )  # fmt: skip
    piece = read(text)
    assert piece == piece_from_stream(converter.parseData(text, format="musicxml"))
    assert velocities(piece, 0) == [49, 49, 49, 65, 49, 49, 49, 65, 96, 96, 96, 112]
    assert velocities(piece, 1) == [49] * 4 + [81, 49, 49, 49] + [49] * 4


def test_a_stream_of_a_user():
    part = stream.Part()
    played = [note.Note(60 + i) for i in range(12)]
    part.append(played)
    played[1].articulations.append(articulations.Accent())
    part.insert(0, dynamics.Dynamic("p"))
    part.insert(8, dynamics.Dynamic("ff"))
    part.insert(0, tempo.MetronomeMark(number=100))
    part.insert(4, tempo.TempoText("Presto"))
    part.insert(0, dynamics.Crescendo(played[4:8]))
    part.insert(0, expressions.PedalMark(played[2:6]))
    part.insert(0, tempo.RitardandoSpanner(played[10:12]))
    piece = piece_from_stream(part)
    assert velocities(piece) == [49, 65, 49, 49, 49, 65, 80, 96, 112, 112, 112, 112]
    assert piece.pedal.tolist() == [(48, 0, True), (144, 0, False)]
    assert tempos(piece) == [(0, 100), (96, 184), (240, 156.4), (264, 128.8)]
