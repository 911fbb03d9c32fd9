"""Chord symbols: a root, a quality, alterations, a bass."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lstm_music.errors import ConfigError
from lstm_music.music.harmony.names import PITCH_CLASS_NAMES, ROOT, pitch_class, plain

QUALITY_TONES: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "5": (0, 7),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "69": (0, 4, 7, 9, 2),
    "m69": (0, 3, 7, 9, 2),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "mmaj7": (0, 3, 7, 11),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "dimmaj7": (0, 3, 6, 11),
    "aug7": (0, 4, 8, 10),
    "augmaj7": (0, 4, 8, 11),
    "7sus2": (0, 2, 7, 10),
    "7sus4": (0, 5, 7, 10),
    "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2),
    "m9": (0, 3, 7, 10, 2),
    "mmaj9": (0, 3, 7, 11, 2),
    "aug9": (0, 4, 8, 10, 2),
    "dim9": (0, 3, 6, 9, 2),
    "9sus4": (0, 5, 7, 10, 2),
    "11": (0, 4, 7, 10, 2, 5),
    "maj11": (0, 4, 7, 11, 2, 5),
    "m11": (0, 3, 7, 10, 2, 5),
    # The eleventh clashes with a major third, and nobody plays it in a thirteenth chord.
    "13": (0, 4, 7, 10, 2, 9),
    "maj13": (0, 4, 7, 11, 2, 9),
    "m13": (0, 3, 7, 10, 2, 5, 9),
    "13sus4": (0, 5, 7, 10, 2, 9),
    "7alt": (0, 4, 10, 1, 3, 6, 8),
}
"""Every quality and its semitones over the root, in the order in which they are named."""

# Other spellings of a quality, after `_WORDS` have been put for what is written.
_SPELLINGS = {
    "": "maj",
    "m": "min",
    "sus": "sus4",
    "power": "5",
    "maj6": "6",
    "dom": "7",
    "dom7": "7",
    "dom9": "9",
    "7#5": "aug7",
    "9#5": "aug9",
    "maj7#5": "augmaj7",
    "#5": "aug",
    "7aug": "aug7",
    "9aug": "aug9",
    "7sus": "7sus4",
    "9sus": "9sus4",
    "11sus4": "9sus4",
    "11sus": "9sus4",
    "13sus": "13sus4",
    "sus7": "7sus4",
    "sus47": "7sus4",
    "sus9": "9sus4",
    "alt": "7alt",
}
_BY_SPELLING = {name: name for name in QUALITY_TONES} | _SPELLINGS

# What is written, longest first, and the word for it.
_WORDS = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"(?i:major|maj|ma(?!dd))", "maj"),
        (r"(?i:dim(?:inished)?)", "dim"),
        (r"(?i:omit|no)", "no"),
        (r"(?i:minor|min|mi)", "m"),
        (r"(?i:aug(?:mented)?)", "aug"),
        (r"(?i:sus|add|dom|alt|power)", ""),  # as written, in lower case
        (r"M|j(?=7|9)", "maj"),
        (r"[Δ△∆^](?=\d)", "maj"),
        (r"[Δ△∆^]", "maj7"),
        (r"[øØ]7?(?!\d)", "m7b5"),
        (r"[øØ]9", "m9b5"),
        (r"[øØ]11", "m11b5"),
        (r"^o|°", "dim"),
        (r"^-", "m"),
        (r"(?<=[\d(, ])\+(?=\d)|\+(?=5)", "#"),
        (r"\+", "aug"),
        (r"-", "b"),
        (r"[(),\s]", " "),
    )
)

# An alteration: how it is written, the tones that it takes away, those that it adds.
_ALTERATIONS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "b5": ((7,), (6,)),
    "#5": ((7,), (8,)),
    "b6": ((), (8,)),
    "b9": ((2,), (1,)),
    "#9": ((2,), (3,)),
    "#11": ((5,), (6,)),
    "b13": ((9,), (8,)),
    "add2": ((), (2,)),
    "add9": ((), (2,)),
    "add4": ((), (5,)),
    "add11": ((), (5,)),
    "add6": ((), (9,)),
    "add13": ((), (9,)),
    "addb9": ((), (1,)),
    "add#9": ((), (3,)),
    "add#11": ((), (6,)),
    "sus2": ((3, 4), (2,)),
    "sus4": ((3, 4), (5,)),
    "maj7": ((10,), (11,)),
    "no3": ((3, 4), ()),
    "no5": ((6, 7, 8), ()),
    "2": ((), (2,)),
    "4": ((), (5,)),
    "9": ((), (2,)),
    "11": ((), (5,)),
    "13": ((), (9,)),
}
_ALTERATION = re.compile("|".join(sorted(map(re.escape, _ALTERATIONS), key=len, reverse=True)))

_WRITTEN = {"maj": "", "min": "m", "mmaj7": "mMaj7", "mmaj9": "mMaj9", "69": "6/9", "m69": "m6/9"}
"""How a quality is written behind a root, where that differs from its name."""


def written_quality(quality: str) -> str:
    """How a key of `QUALITY_TONES` is written behind a root.

    Examples
    --------
    >>> [written_quality(quality) for quality in ("maj", "min", "maj7", "mmaj7")]
    ['', 'm', 'maj7', 'mMaj7']
    """
    return _WRITTEN.get(quality, quality)


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord: the pitch classes ``root`` and ``bass`` (0 = C .. 11), and all that it holds.

    The bass is one of ``pitch_classes``, whether or not the symbol's quality has it.
    """

    root: int
    pitch_classes: frozenset[int]
    bass: int
    symbol: str
    quality: str
    """A key of `QUALITY_TONES`, then the alterations: ``"7"``, ``"7b9"``, ``"m7b5"``."""

    def __post_init__(self) -> None:
        if not {self.root} | self.pitch_classes <= set(range(12)):
            raise ConfigError(f"pitch classes must be 0..11, got {self.root} {self.pitch_classes}")
        if self.bass not in self.pitch_classes:
            raise ConfigError(f"the bass must be in the chord, got {self.bass} {self}")

    @classmethod
    def named(cls, root: int, quality: str, bass: int | None = None) -> Chord:
        """The chord of a quality on a root; ``bass`` is the root unless told.

        Raises
        ------
        ConfigError : the quality is no key of `QUALITY_TONES`, or a pitch class is not 0..11.

        Examples
        --------
        >>> Chord.named(9, "m7").symbol
        'Am7'
        """
        if quality not in QUALITY_TONES:
            raise ConfigError(f"no chord is {quality!r}; there is {', '.join(QUALITY_TONES)}")
        bass = root if bass is None else bass
        tones = frozenset((root + tone) % 12 for tone in QUALITY_TONES[quality]) | {bass}
        if not tones | {root} <= set(range(12)):
            raise ConfigError(f"root and bass must be 0..11, got {root} and {bass}")
        symbol = PITCH_CLASS_NAMES[root] + written_quality(quality)
        symbol += "" if bass == root else f"/{PITCH_CLASS_NAMES[bass]}"
        return cls(root, tones, bass, symbol, quality)

    @classmethod
    def parse(cls, text: str) -> Chord:
        """Read a chord symbol: ``"Dm7"``, ``"Bb7#9"``, ``"C/E"``, ``"F#ø"``, ``"G-7"``, ``"Ao7"``.

        Raises
        ------
        ConfigError : no such chord; the message says which part was not understood.

        Examples
        --------
        >>> sorted(Chord.parse("C7(b9)/E").pitch_classes), Chord.parse("C7(b9)/E").quality
        ([0, 1, 4, 7, 10], '7b9')
        """
        written = plain(text.strip())
        match = re.fullmatch(rf"((?-i:[A-G])(?:##?|x|bb?)?)(.*?)(?:/({ROOT}))?", written)
        if not match:
            raise ConfigError(
                f"a chord must begin with its root, A to G with # or b behind it, got {text!r}"
            )
        root = pitch_class(match[1])
        found = _quality(match[2])
        if found is None:
            raise ConfigError(
                f"chord {text!r}: {match[2]!r} is no quality that is known; there is "
                f"{', '.join(QUALITY_TONES)}, and behind them {', '.join(_ALTERATIONS)}"
            )
        quality, semitones = found
        bass = pitch_class(match[3]) if match[3] else root
        tones = frozenset((root + tone) % 12 for tone in semitones) | {bass}
        return cls(root, tones, bass, text.strip(), quality)

    def __str__(self) -> str:
        return self.symbol


def _quality(text: str) -> tuple[str, frozenset[int]] | None:
    """The quality with its alterations, and its semitones over the root; None if unknown."""
    words = _in_words(text)
    # The longest spelling behind which all that is left are alterations.
    for length in range(len(words), -1, -1):
        name = _BY_SPELLING.get(words[:length].replace(" ", ""))
        if name is None:
            continue
        rest = words[length:].replace(" ", "")
        changes = _ALTERATION.findall(rest)
        if "".join(changes) == rest:
            return _altered(name, changes)
    return None


def _in_words(text: str) -> str:
    """The symbol behind the root in the words of the tables above."""
    text = text.replace("6/9", "69")
    place, words = 0, ""
    while place < len(text):
        for pattern, word in _WORDS:
            if match := pattern.match(text, place):
                words += word or match[0].lower()
                place = match.end()
                break
        else:
            words += text[place]
            place += 1
    return words.strip()


def _altered(name: str, changes: list[str]) -> tuple[str, frozenset[int]]:
    tones = set(QUALITY_TONES[name])
    for change in changes:
        away, added = _ALTERATIONS[change]
        tones = (tones - set(away)) | set(added)
    return "".join([name, *changes]), frozenset(tones)
