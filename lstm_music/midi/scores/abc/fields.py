"""What the fields of ABC say: keys, meters, unit lengths, tempos and the traits of voices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from lstm_music.music.meter import DENOMINATORS, MAX_NUMERATOR

_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_SHARP_ORDER = "FCGDAEB"
_MODES = {
    "maj": ("major", 0),
    "ion": ("ionian", 0),
    "mix": ("mixolydian", -1),
    "dor": ("dorian", -2),
    "min": ("minor", -3),
    "aeo": ("aeolian", -3),
    "phr": ("phrygian", -4),
    "loc": ("locrian", -5),
    "lyd": ("lydian", 1),
}
_ALTER = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_ACCIDENTAL = re.compile(r"(\^\^|\^|__|_|=)([A-Ga-g])")
_FRACTION = re.compile(r"(\d{1,4})/([1-9]\d{0,3})")
_CLEF = r"\b(?:treble|alto|tenor|bass|soprano|mezzosoprano|baritone|[GCF])\d?"
_OCTAVE_CLEF = re.compile(rf"{_CLEF}([+-])(8|15)")
_STAFF = re.compile(
    r"\b(?:clef|middle|octave|transpose|score|sound|shift|stafflines|staffscale|name|nm)\s*=\s*\S+"
    r"|\b(?:treble|alto|tenor|bass|perc)\d?(?:[+-]\d+)?\b"
)
_TRAIT = re.compile(r'(\w+)\s*=\s*("[^"]*"|[^\s"]+)')


@dataclass(frozen=True, slots=True)
class AbcKey:
    """A key: its signature as semitones by letter, and its name where it has one."""

    signature: dict[str, int]
    tonic: str = ""
    mode: str = ""


@dataclass(frozen=True, slots=True)
class AbcTempo:
    """Quarter notes a minute, or a word such as Allegro where nothing else is told."""

    quarters_per_minute: float | None
    word: str = ""


@dataclass(slots=True)
class Traits:
    """What a voice is: its name, and how what is written sounds."""

    name: str = ""
    program: int | None = None
    is_drums: bool = False
    octaves: int = 0
    transpose: int = 0
    midi_transpose: int = 0
    clef_octaves: int = 0

    @property
    def semitones(self) -> int:
        """From what is written to what sounds."""
        return 12 * (self.octaves + self.clef_octaves) + self.transpose + self.midi_transpose

    def read(self, text: str) -> None:
        """Take over what a ``V:`` or ``K:`` field says of clef, octave and transposition."""
        traits = {name.lower(): value.strip('"') for name, value in _TRAIT.findall(text)}
        self.name = traits.get("name", traits.get("nm", self.name))
        self.octaves = _integer(traits.get("octave"), self.octaves)
        self.transpose = _integer(traits.get("transpose"), self.transpose)
        if "clef" in traits or re.search(r"\b(treble|alto|tenor|bass)", text):
            clef = _OCTAVE_CLEF.search(text)
            octaves = {None: 0, "8": 1, "15": 2}[clef and clef[2]]
            self.clef_octaves = -octaves if clef and clef[1] == "-" else octaves
            self.is_drums = self.is_drums or traits.get("clef", "").startswith("perc")


def _integer(text: str | None, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"[+-]?\d{1,3}", text) else otherwise


def parse_key(text: str) -> AbcKey | None:
    """The key that a ``K:`` field names; None if it names none (``K:clef=bass``) or is unknown.

    ``K:none``, and an empty field, are a key without signature. ``HP`` and ``Hp`` have two sharps;
    ``exp`` has the accidentals that follow and no others.
    """
    words = _STAFF.sub("", text).strip()
    if not words and text.strip():
        return None
    if not words or words.lower().startswith("none"):
        return AbcKey({})
    if words.lower().startswith("hp"):  # bagpipes, whose chanter has these two whatever is printed
        return AbcKey({"F": 1, "C": 1}, "D", "major")
    explicit = {step.upper(): _ALTER[sign] for sign, step in _ACCIDENTAL.findall(words)}
    named = re.match(r"([A-G])([#b]?)\s*([A-Za-z]*)", words)
    if not named:
        return AbcKey(explicit) if explicit else None
    tonic, word = named[1] + named[2], named[3]
    if re.search(r"(?i)\bexp\b|^[A-G][#b]?exp\b", words):
        return AbcKey(explicit)
    if word[:3].lower() in _MODES:
        mode, offset = _MODES[word[:3].lower()]
    else:
        mode, offset = _MODES["min" if word.lower() == "m" else "maj"]
    sharps = _FIFTHS[named[1]] + {"#": 7, "b": -7, "": 0}[named[2]] + offset
    return AbcKey(_signature(sharps) | explicit, tonic, mode)


def _signature(sharps: int) -> dict[str, int]:
    if sharps >= 0:
        return {step: 1 + (sharps - 1 - i) // 7 for i, step in enumerate(_SHARP_ORDER[:sharps])}
    flats = _SHARP_ORDER[::-1][:-sharps]
    return {step: -1 - (-sharps - 1 - i) // 7 for i, step in enumerate(flats)}


def parse_meter(text: str) -> tuple[int, int] | None:
    """Numerator and denominator of an ``M:`` field, None for ``none``; of ``2+3/8`` the sum.

    Raises
    ------
    ValueError : it is no meter, or none that a Meter can be.
    """
    text = text.strip().strip('"')
    if text in ("C", "c"):
        return 4, 4
    if text in ("C|", "c|"):
        return 2, 2
    if not text or text.lower() == "none":
        return None
    found = re.search(r"([\d+() ]*\d)[\s)]*/\s*([1-9]\d{0,3})", text)
    if not found:
        raise ValueError(text)
    numerator = sum(map(int, re.findall(r"\d{1,4}", found[1])))
    if not 1 <= numerator <= MAX_NUMERATOR or int(found[2]) not in DENOMINATORS:
        raise ValueError(text)
    return numerator, int(found[2])


def parse_unit(text: str) -> Fraction | None:
    """Unit note length of an ``L:`` field, in quarter notes; None if it is none."""
    found = _FRACTION.search(text)
    if not found:
        return Fraction(4) if text.strip() == "1" else None
    return 4 * Fraction(int(found[1]), int(found[2])) or None


def default_unit(meter: tuple[int, int] | None) -> Fraction:
    """Unit note length in quarter notes where no ``L:`` tells it: a 16th in short meters."""
    short = meter is not None and Fraction(*meter) < Fraction(3, 4)
    return Fraction(1, 4) if short else Fraction(1, 2)


def parse_tempo(text: str, unit: Fraction) -> AbcTempo | None:
    """A ``Q:`` field; ``Q:120`` and ``Q:C=120`` of old count unit lengths. None if it is none."""
    quoted = re.search(r'"([^"]*)"', text)
    word = quoted[1].strip() if quoted else ""
    told = re.sub(r'"[^"]*"', " ", text)
    beats, equals, number = told.rpartition("=")
    rate = re.search(r"\d{1,4}(?:\.\d{1,3})?", number)
    if rate is None:
        return AbcTempo(None, word) if word else None
    parts = [4 * Fraction(int(n), int(d)) for n, d in _FRACTION.findall(beats)]
    if old := re.search(r"C(\d*)", beats):
        parts = [unit * int(old[1] or 1)]
    beat = sum(parts, Fraction(0)) or (Fraction(1) if equals and beats.strip() else unit)
    return AbcTempo(float(beat * Fraction(rate[0])), word) if float(rate[0]) else None
