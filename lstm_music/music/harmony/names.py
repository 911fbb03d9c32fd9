"""Names of pitch classes: a letter with accidentals."""

from __future__ import annotations

import re

from lstm_music.errors import ConfigError

PITCH_CLASS_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
"""How the 12 pitch classes are spelt where nothing says otherwise."""

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"#": 1, "x": 2, "b": -1}
_PLAIN = str.maketrans({"♯": "#", "♭": "b", "𝄪": "x", "♮": "", "\N{MINUS SIGN}": "-"})

ROOT = r"[A-Ga-g](?:##?|x|bb?)?"
"""Pattern of a pitch class as `plain` leaves it."""


def plain(text: str) -> str:
    """Accidentals as they are typed: b for ``♭`` and ``-flat``, # for ``♯`` and ``-sharp``.

    Examples
    --------
    >>> plain("B♭ E-flat C♯")
    'Bb Eb C#'
    """
    text = text.translate(_PLAIN)
    return re.sub(r"(?i)[- ]flat\b", "b", re.sub(r"(?i)[- ]sharp\b", "#", text))


def pitch_class(name: str) -> int:
    """Pitch class of a name such as ``"F#"``, ``"Bb"`` or ``"e"``: 0 = C .. 11 = B.

    Raises
    ------
    ConfigError : no such note.

    Examples
    --------
    >>> [pitch_class(name) for name in ("C", "F#", "Bb", "Cb", "Fx")]
    [0, 6, 10, 11, 7]
    """
    name = plain(name.strip())
    if not re.fullmatch(ROOT, name):
        raise ConfigError(f"a note must be a letter A to G with # or b behind it, got {name!r}")
    return (_LETTERS[name[0].upper()] + sum(_ACCIDENTALS[sign] for sign in name[1:])) % 12
