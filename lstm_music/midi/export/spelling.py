"""How pitches are spelt in a key: F sharp or G flat."""

from __future__ import annotations

from lstm_music.music.key import Key

_STEPS = "FCGDAEB"  # the line of fifths without accidentals
_SEMITONES = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11)))
_FROM_MAJOR, _FROM_MINOR = -3, -2  # in C major E flat to G sharp, in A minor B flat to D sharp


def spelt(pitch_midi: int, key: Key | None) -> tuple[str, int, int]:
    """Step, alteration in semitones and octave of a pitch, as it is written in a key.

    The twelve pitch classes are those nearest to the key on the line of fifths; a minor key has
    its leading note and its raised sixth.

    Parameters
    ----------
    pitch_midi : 0..127, 60 = C4.
    key : None is as C major.

    Examples
    --------
    >>> spelt(66, Key.parse("D major")), spelt(66, Key.parse("Db major"))
    (('F', 1, 4), ('G', -1, 4))
    >>> spelt(73, Key.parse("D minor")), spelt(60, Key.parse("C# major"))
    (('C', 1, 5), ('B', 1, 3))
    """
    key = Key(0) if key is None else key
    lowest = key.sharps + (_FROM_MAJOR if key.mode == "major" else _FROM_MINOR)
    fifths_from_c = lowest + (pitch_midi % 12 * 7 - lowest) % 12
    fifths = fifths_from_c + 1  # from F
    step, alteration = _STEPS[fifths % 7], fifths // 7
    octave = (pitch_midi - alteration - _SEMITONES[step]) // 12 - 1
    return step, alteration, octave
