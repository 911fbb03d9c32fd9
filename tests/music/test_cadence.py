"""Whether music closes, counted by hand."""

import pytest

from lstm_music.music.harmony.cadence import ends_in_triad, ends_on_tonic
from lstm_music.music.key import Key
from lstm_music.music.piece import Piece, Track, make_notes


def piece_of(chord, key="C major", drums=False):
    """A second before it, then the chord."""
    notes = [(0, 24, 50, 80, 0), *((24, 24, pitch, 80, 0) for pitch in chord)]
    track = Track(is_drum=drums)
    return Piece(notes=make_notes(notes), tracks=(track,), key=key and Key.parse(key))


@pytest.mark.parametrize(
    ("chord", "key", "on_tonic", "in_triad"),
    [
        ((48,), "C major", True, True),
        ((48, 55, 64), "C major", True, True),
        ((48, 63), "C minor", True, True),
        ((48, 64), "C minor", True, True),  # a Picardy third
        ((48, 63, 64), "C minor", True, False),
        ((48, 58, 64), "C major", True, False),
        ((52, 60, 67), "C major", False, False),
        ((48, 55, 64), None, None, False),
        ((), "C major", False, False),  # the note before it is the last
    ],
)
def test_the_last_chord(chord, key, on_tonic, in_triad):
    piece = piece_of(chord, key)
    assert (ends_on_tonic(piece), ends_in_triad(piece)) == (on_tonic, in_triad)


def test_what_is_struck_before_and_still_sounds_belongs_to_the_chord():
    notes = make_notes([(0, 48, 47, 80, 0), (24, 24, 60, 80, 0)])
    piece = Piece(notes=notes, tracks=(Track(),), key=Key.parse("C major"))
    assert ends_on_tonic(piece) is False


def test_drums_alone_do_not_end_on_anything():
    piece = piece_of((48,), drums=True)
    assert ends_on_tonic(piece) is None
    assert not ends_in_triad(piece)
