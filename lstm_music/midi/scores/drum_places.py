"""Drum keys of General MIDI by the name of an instrument, and by the place on a staff."""

from __future__ import annotations

import re

from lstm_music.music.instruments.general_midi import DRUM_NAMES

# Words of a name, most telling first, as in MusicXML's list of sounds and in scores.
_WORDS = (
    ("acoustic bass drum", 35), ("bass drum", 36), ("kick", 36), ("gran cassa", 36),
    ("grosse caisse", 36), ("side stick", 37), ("cross stick", 37), ("rim", 37),
    ("electric snare", 40), ("snare", 38), ("side drum", 38), ("caisse claire", 38), ("clap", 39),
    ("pedal hi hat", 44), ("hi hat pedal", 44), ("hi hat foot", 44), ("open hi hat", 46),
    ("hi hat open", 46), ("hi hat", 42), ("hihat", 42), ("low floor tom", 41), ("floor tom", 43),
    ("low mid tom", 47), ("hi mid tom", 48), ("high mid tom", 48), ("mid tom", 47),
    ("low tom", 45), ("high tom", 50), ("hi tom", 50), ("tom", 47), ("ride bell", 53),
    ("ride", 51), ("crash", 49), ("china", 52), ("chinese", 52), ("splash", 55),
    ("suspended cymbal", 49), ("tambourine", 54), ("cowbell", 56), ("vibraslap", 58),
    ("cymbal", 49), ("piatti", 49), ("low bongo", 61), ("bongo", 60), ("mute conga", 62),
    ("low conga", 64), ("conga", 63), ("low timbale", 66), ("timbale", 65), ("low agogo", 68),
    ("agogo", 67), ("cabasa", 69), ("maraca", 70), ("shaker", 70), ("whistle", 72), ("guiro", 74),
    ("clave", 75), ("low wood block", 77), ("wood block", 76), ("woodblock", 76),
    ("temple block", 76), ("mute cuica", 78), ("cuica", 79), ("mute triangle", 80),
    ("triangle", 81),
)  # fmt: skip

_EXACT = {re.sub(r"[^a-z0-9]+", " ", name.lower()): key for key, name in DRUM_NAMES.items()}

# A kit on five lines with a percussion clef, by where a treble clef would have it: N. Weinberg,
# Guide to Standardized Drumset Notation (1998). Heads that are a cross are cymbals.
_NOTES = {"E4": 35, "F4": 36, "G4": 41, "A4": 43, "B4": 45, "C5": 38, "D5": 47, "E5": 50, "F5": 48}
_CROSSES = {"D4": 44, "C5": 37, "E5": 56, "F5": 51, "G5": 42, "A5": 49, "B5": 52, "C6": 55}
_SNARE = 38


def drum_of_name(name: str) -> int | None:
    """The key of an instrument by its name, or by MusicXML's name of its sound.

    Examples
    --------
    >>> drum_of_name("Ride Cymbal 1"), drum_of_name("drum.bass-drum"), drum_of_name("Voice")
    (51, 36, None)
    """
    plain = re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()
    if plain in _EXACT:
        return _EXACT[plain]
    return next((key for word, key in _WORDS if word in plain), None)


def drum_of_place(place: str, notehead: str = "") -> int:
    """The key of a note on a staff of five lines, such as "C5"; a snare's where nothing else is.

    Examples
    --------
    >>> drum_of_place("F4"), drum_of_place("G5", "x"), drum_of_place("C3")
    (36, 42, 38)
    """
    tables = (_CROSSES, _NOTES) if notehead.strip() in ("x", "circle-x") else (_NOTES, _CROSSES)
    return next((table[place] for table in tables if place in table), _SNARE)


def place_of_drum(key: int) -> tuple[str, str]:
    """Where a drum is written, such as "C5", and its notehead: a cross for what is of metal.

    Examples
    --------
    >>> place_of_drum(36), place_of_drum(42), place_of_drum(63)
    (('F4', 'normal'), ('G5', 'x'), ('E5', 'triangle'))
    """
    return _PLACES.get(key, ("E5", "triangle"))


# The kit read backwards, and the drums that share a place with one of it.
_PLACES = (
    {key: (place, "normal") for place, key in _NOTES.items()}
    | {key: (place, "x") for place, key in _CROSSES.items()}
    | {40: ("C5", "normal"), 45: ("B4", "normal"), 46: ("G5", "circle-x"), 53: ("F5", "diamond")}
    | {57: ("A5", "x"), 59: ("F5", "x"), 39: ("C5", "x"), 54: ("B4", "triangle")}
)
