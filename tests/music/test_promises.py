"""Key, meter, length and ending: music that keeps to its header, and music that does not."""

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.music.excerpt import excerpt
from lstm_music.music.harmony.cadence import ends_on_tonic
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.music.promises import (
    beat_is_obeyed,
    fits_in_bars,
    key_is_obeyed,
    key_or_mode_is_obeyed,
    meter_is_obeyed,
)

NAMED = {"c": 0, "d": 2, "e": 4, "f": 5, "f#": 6, "g": 7, "g#": 8, "a": 9, "b": 11, "bb": 10}


def sung(names, key, **fields):
    pitches = [60 + NAMED[name] for name in names.split()]
    notes = make_notes([(24 * i, 24, p, 80, 0) for i, p in enumerate(pitches)])
    return Piece(notes=notes, tracks=(Track(),), key=key and Key.parse(key), **fields)


@pytest.mark.parametrize(
    ("names", "key"),
    [
        ("c d e f g a b", "C major"),
        ("g a b c d e f#", "G major"),
        ("a b c d e f g", "A minor"),
        ("a b c d e f g# g# g#", "A minor"),  # harmonic: A major holds more than natural minor
        ("c d e f f# g a b", "C major"),  # one foreign note more in every scale
        ("c d e g a", "C major"),  # F and G major hold as many: nobody can tell
    ],
)
def test_a_key_that_is_obeyed(names, key):
    assert key_is_obeyed(sung(names, key))


@pytest.mark.parametrize(
    ("names", "key"),
    [
        ("g a b c d e f#", "C major"),
        ("c d e f g a b", "G major"),
        ("c d e f g a b", "C minor"),
        ("a b c d e f g", "A major"),
        ("a b c d e f# g", "A minor"),  # dorian
        ("g a b c d e f", "G major"),  # mixolydian
    ],
)
def test_a_key_that_is_not(names, key):
    assert key_is_obeyed(sung(names, key)) is False


def test_modes_are_major_or_minor_by_their_third():
    assert key_or_mode_is_obeyed(sung("a b c d e f# g", "A minor"))
    assert key_or_mode_is_obeyed(sung("g a b c d e f", "G major"))
    assert key_or_mode_is_obeyed(sung("a b c d e f g#", "A minor"))
    assert not key_or_mode_is_obeyed(sung("g a b c d e f#", "C major"))
    assert not key_or_mode_is_obeyed(sung("f g a bb c d e", "G major"))


@pytest.mark.parametrize("promise", [key_is_obeyed, key_or_mode_is_obeyed, ends_on_tonic])
def test_without_key_or_pitches_nothing_is_promised(promise):
    assert promise(sung("c d e", None)) is None
    assert promise(Piece(key=Key(0))) is None
    drums = make_notes([(0, 6, 36, 80, 0)])
    assert promise(Piece(notes=drums, tracks=(Track(is_drum=True),), key=Key(0))) is None


def test_drums_are_not_heard_as_pitches():
    notes = make_notes([(24 * i, 24, 60 + p, 80, 0) for i, p in enumerate((0, 4, 7, 11, 0))])
    drums = make_notes([(24 * i, 6, 42, 80, 1) for i in range(5, 30)])  # 42 would be F sharp
    tracks = (Track(), Track(is_drum=True))
    both = Piece(notes=np.concatenate([notes, drums]), tracks=tracks, key=Key(0))
    assert key_is_obeyed(both)
    assert ends_on_tonic(both)


def test_a_melody_ends_on_its_last_note():
    assert ends_on_tonic(sung("e d c", "C major"))
    assert ends_on_tonic(sung("e d c", "C minor"))
    assert ends_on_tonic(sung("c b a", "A minor"))
    assert ends_on_tonic(sung("c d e", "C major")) is False
    assert ends_on_tonic(sung("c b a", "C major")) is False


def test_parts_end_on_the_bass_that_sounds_last():
    def ending(bass, bass_onset=96):
        rows = [
            (96, 96, 64, 80, 0),
            (96, 96, 67, 80, 0),
            (bass_onset, 192 - bass_onset, bass, 80, 1),
        ]
        return Piece(notes=make_notes(rows), tracks=(Track(), Track()), key=Key(0))

    assert ends_on_tonic(ending(48))
    assert ends_on_tonic(ending(48, bass_onset=0))  # held from before
    assert not ends_on_tonic(ending(52))
    assert not ends_on_tonic(ending(52, bass_onset=0))


@pytest.mark.parametrize("name", ["jig", "waltz", "reel", "chorale", "drums"])
def test_real_music_is_heard_in_its_meter_and_not_in_another(name):
    piece = lm.read(MIDI_DATA / f"{name}.mid")
    assert meter_is_obeyed(piece)
    other = "3/4" if piece.meters[0].bar_steps != 72 else "4/4"
    wrong = piece.replace(meters=(Meter.parse(other),), pickup_steps=0)
    assert meter_is_obeyed(wrong) is False


def test_the_meter_is_not_told_as_four_four():
    """Six bars in 3/4 are enough to infer it, and too few to overrule a told 4/4."""
    chorale = lm.read(MIDI_DATA / "chorale_triple.mid")
    assert meter_is_obeyed(excerpt(chorale, 0, chorale.pickup_steps + 6 * 72))


def test_two_four_and_two_two_are_one():
    reel = lm.read(MIDI_DATA / "reel.mid").replace(pickup_steps=0)
    for name in ("2/4", "4/4", "2/2"):
        assert meter_is_obeyed(reel.replace(meters=(Meter.parse(name),)))


def test_a_meter_that_cannot_be_told():
    jig = lm.read(MIDI_DATA / "jig.mid")
    seven_sixteen = jig.replace(meters=(Meter(0, 7, 16),), pickup_steps=0)
    assert meter_is_obeyed(seven_sixteen) is None
    changing = jig.replace(meters=(*jig.meters, Meter(720, 2, 4)))
    assert meter_is_obeyed(changing) is None
    assert meter_is_obeyed(sung("c d e", "C major")) is None


def test_bars_asked_for():
    three_bars = sung("c d e f g a b c d", "C major")  # 216 steps: two bars and a quarter
    assert fits_in_bars(three_bars, 3)
    assert not fits_in_bars(three_bars, 2)
    assert not fits_in_bars(three_bars, 4)
    assert fits_in_bars(sung("c d e f g a b c", "C major"), 2)
    assert fits_in_bars(sung("c d e f g a b c d", "C major", pickup_steps=24), 2)
    assert not fits_in_bars(Piece(), 1)


def test_beats_that_nobody_played_to():
    rng = np.random.default_rng(1)

    def played(onsets):
        notes = make_notes([(int(at), 2, 38, 80, 0) for at in np.unique(onsets)])
        return Piece(notes=notes, tracks=(Track(is_drum=True),))

    assert beat_is_obeyed(played(np.arange(0, 960, 12)))
    assert beat_is_obeyed(played(np.arange(0, 960, 8)))
    assert beat_is_obeyed(played(np.arange(0, 48 * 23, 23))) is False
    assert beat_is_obeyed(played(rng.integers(0, 960, 80))) is False
    assert beat_is_obeyed(played(np.arange(0, 47 * 23, 23))) is None  # 47 onsets say too little
