"""Keys: a signature and a mode."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_music.errors import ConfigError

_MAJOR_BY_SHARPS = (
    "Cb",
    "Gb",
    "Db",
    "Ab",
    "Eb",
    "Bb",
    "F",
    "C",
    "G",
    "D",
    "A",
    "E",
    "B",
    "F#",
    "C#",
)
_MINOR_BY_SHARPS = (
    "Ab",
    "Eb",
    "Bb",
    "F",
    "C",
    "G",
    "D",
    "A",
    "E",
    "B",
    "F#",
    "C#",
    "G#",
    "D#",
    "A#",
)
_MODES = ("major", "minor")


@dataclass(frozen=True, slots=True)
class Key:
    """A key: ``sharps`` in the signature (-7..7, flats negative) and ``mode``."""

    sharps: int
    mode: str = "major"

    def __post_init__(self) -> None:
        if not -7 <= self.sharps <= 7 or self.mode not in _MODES:
            raise ConfigError(
                f"key must have -7..7 sharps and mode major or minor, got {self.sharps} {self.mode}"
            )

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read ``"D minor"``, ``"Bb major"``, ``"F#m"`` or ``"C"``.

        Raises
        ------
        ConfigError : no such key.

        Examples
        --------
        >>> Key.parse("D minor")
        Key(sharps=-1, mode='minor')
        """
        words = text.replace("-flat", "b").replace("-sharp", "#").split()
        tonic, mode = (words[0] if words else ""), (words[1].lower() if len(words) > 1 else "major")
        if len(words) == 1 and tonic.endswith("m"):
            tonic, mode = tonic[:-1], "minor"
        tonic = tonic[:1].upper() + tonic[1:]
        names = {"major": _MAJOR_BY_SHARPS, "minor": _MINOR_BY_SHARPS}.get(mode, ())
        if len(words) > 2 or tonic not in names:
            raise ConfigError(f"key must look like 'D minor' or 'Bb major', got {text!r}")
        return cls(names.index(tonic) - 7, mode)

    @property
    def tonic_pitch_class(self) -> int:
        """Pitch class of the tonic, 0 = C."""
        return (7 * self.sharps + (9 if self.mode == "minor" else 0)) % 12

    def transposed(self, semitones: int) -> Key:
        """The key ``semitones`` higher, spelt with the fewest accidentals (-5..6 sharps)."""
        sharps = (self.sharps + 7 * semitones + 5) % 12 - 5
        return Key(sharps, self.mode)

    def __str__(self) -> str:
        names = _MAJOR_BY_SHARPS if self.mode == "major" else _MINOR_BY_SHARPS
        return f"{names[self.sharps + 7]} {self.mode}"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key from ``onset_steps`` on."""

    onset_steps: int
    key: Key
