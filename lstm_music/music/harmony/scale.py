"""Scales in words: a tonic and a name, or the notes themselves."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.music.harmony.names import PITCH_CLASS_NAMES, ROOT, pitch_class, plain
from lstm_music.music.key import Key

# Name: semitones over the tonic, other names.
_TABLE: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "major": ((0, 2, 4, 5, 7, 9, 11), ("ionian", "maj")),
    "dorian": ((0, 2, 3, 5, 7, 9, 10), ()),
    "phrygian": ((0, 1, 3, 5, 7, 8, 10), ()),
    "lydian": ((0, 2, 4, 6, 7, 9, 11), ()),
    "mixolydian": ((0, 2, 4, 5, 7, 9, 10), ()),
    "minor": ((0, 2, 3, 5, 7, 8, 10), ("natural minor", "aeolian", "min")),
    "locrian": ((0, 1, 3, 5, 6, 8, 10), ()),
    "harmonic minor": ((0, 2, 3, 5, 7, 8, 11), ()),
    "melodic minor": ((0, 2, 3, 5, 7, 9, 11), ("jazz minor",)),  # as it ascends
    "harmonic major": ((0, 2, 4, 5, 7, 8, 11), ()),
    "dorian b2": ((0, 1, 3, 5, 7, 9, 10), ("phrygian #6",)),
    "lydian augmented": ((0, 2, 4, 6, 8, 9, 11), ()),
    "lydian dominant": ((0, 2, 4, 6, 7, 9, 10), ("acoustic", "overtone")),
    "mixolydian b6": ((0, 2, 4, 5, 7, 8, 10), ("melodic major", "hindu")),
    "locrian #2": ((0, 2, 3, 5, 6, 8, 10), ("half diminished",)),
    "altered": ((0, 1, 3, 4, 6, 8, 10), ("super locrian",)),
    "phrygian dominant": ((0, 1, 4, 5, 7, 8, 10), ("hijaz", "freygish", "spanish")),
    "ukrainian dorian": ((0, 2, 3, 6, 7, 9, 10), ("dorian #4", "romanian minor")),
    "double harmonic": ((0, 1, 4, 5, 7, 8, 11), ("byzantine", "arabic")),
    "hungarian minor": ((0, 2, 3, 6, 7, 8, 11), ()),
    "neapolitan minor": ((0, 1, 3, 5, 7, 8, 11), ()),
    "neapolitan major": ((0, 1, 3, 5, 7, 9, 11), ()),
    "major pentatonic": ((0, 2, 4, 7, 9), ("pentatonic",)),
    "minor pentatonic": ((0, 3, 5, 7, 10), ()),
    "suspended pentatonic": ((0, 2, 5, 7, 10), ("egyptian",)),
    "hirajoshi": ((0, 2, 3, 7, 8), ()),
    "in": ((0, 1, 5, 7, 8), ("miyako bushi",)),
    "insen": ((0, 1, 5, 7, 10), ("in sen",)),
    "iwato": ((0, 1, 5, 6, 10), ()),
    "blues": ((0, 3, 5, 6, 7, 10), ("minor blues",)),
    "major blues": ((0, 2, 3, 4, 7, 9), ()),
    "bebop": ((0, 2, 4, 5, 7, 9, 10, 11), ("bebop dominant",)),
    "bebop major": ((0, 2, 4, 5, 7, 8, 9, 11), ()),
    "whole tone": ((0, 2, 4, 6, 8, 10), ()),
    "half-whole octatonic": ((0, 1, 3, 4, 6, 7, 9, 10), ("octatonic", "dominant diminished")),
    "whole-half octatonic": ((0, 2, 3, 5, 6, 8, 9, 11), ("diminished",)),
    "augmented": ((0, 3, 4, 7, 8, 11), ("hexatonic",)),
    "chromatic": (tuple(range(12)), ()),
}

SCALE_NAMES = tuple(_TABLE)
"""Every scale that `Scale.parse` knows; some have other names, too."""

PITCH_SET = "pitch set"
"""Name of a scale that is given by its notes."""


def _key_of(name: str) -> str:
    """How a name is looked up: whatever its case, hyphens, and the word "scale"."""
    words = re.sub(r"[-_\s]+", " ", name.lower()).split()
    return " ".join(word for word in words if word not in ("scale", "mode"))


_BY_NAME = {
    _key_of(name): known for known, (_, others) in _TABLE.items() for name in (known, *others)
}


@dataclass(frozen=True, slots=True)
class Scale:
    """The pitch classes that music may use: ``tonic_pitch_class`` 0 = C .. 11, and a name."""

    tonic_pitch_class: int
    name: str
    pitch_classes: frozenset[int]

    def __post_init__(self) -> None:
        classes = {self.tonic_pitch_class} | self.pitch_classes
        if not self.pitch_classes or not classes <= set(range(12)):
            raise ConfigError(
                "a scale must have one or more pitch classes, and they and its tonic must be "
                f"0..11, got tonic {self.tonic_pitch_class} and {sorted(self.pitch_classes)}"
            )

    @classmethod
    def named(cls, tonic_pitch_class: int, name: str) -> Scale:
        """The scale ``name`` (any of its names, in any case) on a tonic.

        Raises
        ------
        ConfigError : no such scale; the message says what there is.

        Examples
        --------
        >>> sorted(Scale.named(2, "Hijaz").pitch_classes)
        [0, 2, 3, 6, 7, 9, 10]
        """
        known = _BY_NAME.get(_key_of(name))
        if known is None:
            raise ConfigError(f"no scale is called {name!r}{_nearest(name)}; {_there_is()}")
        tones = frozenset((tonic_pitch_class + step) % 12 for step in _TABLE[known][0])
        return cls(tonic_pitch_class, known, tones)

    @classmethod
    def of_pitch_classes(cls, pitch_classes: list[int]) -> Scale:
        """The scale of these notes alone; the first is its tonic.

        Raises
        ------
        ConfigError : none, or one that is not 0..11.
        """
        return cls(pitch_classes[0] if pitch_classes else 0, PITCH_SET, frozenset(pitch_classes))

    @classmethod
    def of_key(cls, key: Key) -> Scale:
        """The notes that music in a key is at home with.

        Of a major key its scale. Of a minor key natural and harmonic minor together: the
        raised seventh beside the natural one.

        Examples
        --------
        >>> sorted(Scale.of_key(Key.parse("A minor")).pitch_classes)
        [0, 2, 4, 5, 7, 8, 9, 11]
        """
        scale = cls.named(key.tonic_pitch_class, key.mode)
        if key.mode == "major":
            return scale
        raised = frozenset({(key.tonic_pitch_class + 11) % 12})
        return cls(scale.tonic_pitch_class, "minor", scale.pitch_classes | raised)

    @classmethod
    def parse(cls, text: str) -> Scale:
        """Read a scale in words.

        A tonic and a name (``"D dorian"``, ``"F# harmonic minor"``), a name on a tonic
        (``"whole tone on C"``), a key (``"C"``, ``"Am"``), ``"chromatic"``, or the notes: two or
        more names (``"C E G B"``) or pitch classes in braces (``"{0, 4, 7}"``), the tonic first.
        ``"D minor"`` is natural minor; see `of_key` for the notes of a key.

        Raises
        ------
        ConfigError : it is none of these, or no scale has this name.

        Examples
        --------
        >>> str(Scale.parse("D dorian")), sorted(Scale.parse("D dorian").pitch_classes)
        ('D dorian', [0, 2, 4, 5, 7, 9, 11])
        >>> Scale.parse("C E G B")
        Scale(tonic_pitch_class=0, name='pitch set', pitch_classes=frozenset({0, 11, 4, 7}))
        """
        words = plain(text).strip()
        if words.startswith("{"):
            return cls.of_pitch_classes(_numbers(words))
        if re.fullmatch(rf"{ROOT}(?:[\s,]+{ROOT})+", words):
            return cls.of_pitch_classes([pitch_class(w) for w in re.split(r"[\s,]+", words)])
        if _BY_NAME.get(_key_of(words)) == "chromatic":
            return cls.named(0, "chromatic")
        if match := re.fullmatch(rf"({ROOT})(?:\s+(.+)|(m)?)", words):
            return cls.named(pitch_class(match[1]), match[2] or ("minor" if match[3] else "major"))
        if match := re.fullmatch(rf"(.+?)\s+(?:on|in|from|of)\s+({ROOT})", words):
            return cls.named(pitch_class(match[2]), match[1])
        known = _key_of(words) in _BY_NAME
        told = "a scale needs its tonic" if known else f"no scale is called {text!r}"
        raise ConfigError(
            f"{told}: it must look like 'D dorian', 'C E G B' or '{{0, 4, 7}}', got {text!r}; "
            f"{_there_is()}"
        )

    def mask(self) -> npt.NDArray[np.bool_]:
        """Which pitch classes it has, (12,) bool, C first."""
        return np.isin(np.arange(12), list(self.pitch_classes))

    def transposed(self, semitones: int) -> Scale:
        """The scale ``semitones`` higher."""
        moved = frozenset((tone + semitones) % 12 for tone in self.pitch_classes)
        return Scale((self.tonic_pitch_class + semitones) % 12, self.name, moved)

    def __str__(self) -> str:
        if self.name != PITCH_SET:
            return f"{PITCH_CLASS_NAMES[self.tonic_pitch_class]} {self.name}"
        upwards = sorted(self.pitch_classes, key=lambda c: (c - self.tonic_pitch_class) % 12)
        return "{" + ", ".join(map(str, upwards)) + "}"


def _numbers(text: str) -> list[int]:
    """Pitch classes in braces."""
    if not re.fullmatch(r"\{\s*\d{1,2}(?:[\s,]+\d{1,2})*\s*\}", text):
        raise ConfigError(f"pitch classes must look like '{{0, 4, 7}}', got {text!r}")
    return [int(number) for number in re.findall(r"\d+", text)]


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(_key_of(name), _BY_NAME, n=3)
    return f": did you mean {' or '.join(near)}?" if near else ""


def _there_is() -> str:
    return f"there is {', '.join(SCALE_NAMES)}"
