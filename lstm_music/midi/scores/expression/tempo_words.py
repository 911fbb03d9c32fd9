"""Words for tempo: Allegro ma non troppo, un poco più lento, a tempo, rit.

The numbers are those of music21's ``tempo.defaultTempoValues``, in quarter notes a minute whatever
the meter; German, French and English words have that of the Italian word that dictionaries of
music translate them with. Qualifiers shift it a little; other words are not understood, and say
nothing.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

TEMPO_BPM = {
    "larghissimo": 16,
    "largamente": 32,
    "grave": 40,
    "largo": 46,
    "lento": 52,
    "adagio": 56,
    "larghetto": 60,
    "adagietto": 66,
    "andante": 72,
    "andantino": 80,
    "andante moderato": 83,
    "tranquillo": 80,
    "maestoso": 88,
    "moderato": 92,
    "allegretto": 108,
    "animato": 120,
    "allegro moderato": 128,
    "allegro": 132,
    "allegrissimo": 140,
    "allegro vivace": 140,
    "vivo": 160,
    "vivace": 160,
    "vivacissimo": 168,
    "presto": 184,
    "prestissimo": 208,
    # German
    "breit": 46,
    "getragen": 52,
    "langsam": 56,
    "ruhig": 72,
    "gehend": 72,
    "massig": 92,
    "bewegt": 120,
    "lebhaft": 132,
    "munter": 132,
    "rasch": 144,
    "schnell": 132,
    "eilig": 160,
    # French
    "large": 46,
    "lent": 52,
    "modere": 92,
    "anime": 120,
    "gai": 132,
    "vif": 160,
    "vite": 132,
    "rapide": 144,
    # English
    "very slow": 46,
    "slow": 56,
    "slowly": 56,
    "medium slow": 72,
    "moderate": 92,
    "moderately": 92,
    "medium": 108,
    "bright": 132,
    "brightly": 132,
    "lively": 132,
    "fast": 132,
    "quick": 132,
}
"""Quarter notes a minute. Keys are as `plain` makes words."""

_MODERATE_BPM = TEMPO_BPM["moderato"]
_SHIFT = 1.1

_QUICKER = re.compile(r"\b(con moto|mosso|con brio|con fuoco)\b")
_AWAY = re.compile(r"\b(molto|assai|tres|sehr|very)\b")  # from Moderato
_TOWARDS = re.compile(
    r"\b(non (troppo|tanto)|poco|pas trop|nicht (zu|allzu)|etwas|ziemlich|assez|not too)\b"
)

_NEITHER = re.compile(r"\b(nicht|not|pas) (?!zu|allzu|too|trop)")  # Nicht schnell

_RATIOS = (
    (re.compile(r"\b(doppio movimento|double time|doppelt so schnell)\b"), 2.0),
    (
        re.compile(
            r"\b((piu|plus) (mosso|viv[oe]|vivace|vif|vite|allegro|animato|anime|presto|stretto)"
            r"|faster|schneller|rascher|lebhafter|bewegter|meno (lento|adagio)|moins lent)\b"
        ),
        1.15,
    ),
    (
        re.compile(
            r"\b((piu|plus) (lent|lento|larg[oe]|adagio|tranquillo|calme|andante|moderato|modere)"
            r"|(meno|moins) (mosso|viv[oe]|vivace|vif|vite|allegro|animato|anime|presto)"
            r"|slower|langsamer|ruhiger|breiter)\b"
        ),
        0.85,
    ),
)
_RAMPS = (
    (
        re.compile(
            r"\b(rit\b|ritard|riten|rall\b|rallent|allarg|slarg|slent|calando|cedez"
            r"|retenu|en retenant|ralenti|zuruckhalt|verlangsam|slowing)"
        ),
        0.7,
    ),
    (
        re.compile(
            r"\b(accel|stringendo|string\.|affrett|pressez|en pressant|beschleunig|drangend)"
        ),
        1.3,
    ),
)
"""A gradual change, and how much of the tempo before is reached at its end."""

_NOT = re.compile(r"\b(senza|non|ohne|sans|no) (?!tropp|tanto)")
_FIRST = re.compile(
    r"\b(tempo (i|1|primo|imo|1mo|io|1o)|(1o|primo) tempo|(1er|premier) (mouv\w*|tempo))\b"
)
_BACK = re.compile(r"\b([ai]n?|im|al) tempo\b|^tempo\.?$|\bau mouv|\bwie vorher\b")

_BEATS = {
    "\u2669": 1.0,
    "\u266a": 0.5,
    "\U0001d157\U0001d165": 2.0,
    "\U0001d158\U0001d165": 1.0,
    "\ueca3": 2.0,
    "\ueca5": 1.0,
    "\ueca7": 0.5,
    "h": 2.0,
    "q": 1.0,
}
"""Quarter notes of the notes in a text: Unicode's, those of fonts for metronomes, letters."""

_EQUATION = re.compile(
    rf"(?<!\w)({'|'.join(_BEATS)}) ?([.\ueccb\uecb7]?) ?= ?(?:ca?\.? ?)?(\d{{2,3}}(?:[.,]\d+)?)"
)
_MAX_WORDS = 8
"""Longer texts tell the players something else."""


class TempoWord(NamedTuple):
    """What words say of the tempo.

    ``kind``: "bpm" (printed as a number), "word" (about so fast), "ratio" (to the tempo before),
    "ramp" (to that ratio, by and by), "back" (a tempo), "first" (tempo primo).
    """

    kind: str
    value: float = 0.0


def plain(text: str) -> str:
    """Lower case, without accents, one blank between words.

    Examples
    --------
    >>> plain(" Très  Mäßig ")
    'tres massig'
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def tempo_of(text: str) -> TempoWord | None:
    """What a text of a score says of the tempo; None: nothing.

    Examples
    --------
    >>> tempo_of("Allegro ma non troppo")
    TempoWord(kind='word', value=120.0)
    >>> tempo_of("poco rit.")
    TempoWord(kind='ramp', value=0.85)
    """
    decomposed = unicodedata.normalize("NFKD", text)
    equation = _EQUATION.search(decomposed)
    if equation:
        beat = _BEATS[equation[1]] * (1.5 if equation[2] else 1.0)
        return TempoWord("bpm", beat * float(equation[3].replace(",", ".")))
    text = plain(text)
    if len(text.split()) > _MAX_WORDS:
        return None
    if _FIRST.search(text):
        return TempoWord("first")
    for kind, table in (("ratio", _RATIOS), ("ramp", _RAMPS)):
        for pattern, ratio in table:
            if pattern.search(text):
                return None if _NOT.search(text) else TempoWord(kind, _degree(text, ratio))
    if _BACK.search(text):
        return TempoWord("back")
    bpm = _bpm(text)
    return None if bpm is None else TempoWord("word", bpm)


def _degree(text: str, ratio: float) -> float:
    """Half as much with "poco", half as much again with "molto"."""
    change = ratio - 1
    if re.search(r"\b(molto|assai|beaucoup|viel)\b", text):
        change *= 1.5
    elif re.search(r"\b(poco|peu|etwas)\b", text.replace("poco a poco", "")):
        change *= 0.5
    return round(1 + change, 3)


def _bpm(text: str) -> float | None:
    words = re.findall(r"\w+", text)
    for i in range(len(words)):
        for n in (2, 1):
            bpm = TEMPO_BPM.get(" ".join(words[i : i + n]))
            if bpm is not None and _NEITHER.search(text):
                return _MODERATE_BPM
            if bpm is not None:
                return round(bpm * _qualifier(" ".join(words), bpm), 1)
    return None


def _qualifier(text: str, bpm: float) -> float:
    if _QUICKER.search(text):
        return _SHIFT
    away = _SHIFT if bpm > _MODERATE_BPM else 1 / _SHIFT
    if _TOWARDS.search(text):
        return 1 / away
    return away if _AWAY.search(text) else 1.0
