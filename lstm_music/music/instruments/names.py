"""Instruments as people name them, and the General MIDI programs that they mean."""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple

from lstm_music.errors import ConfigError
from lstm_music.music.instruments.general_midi import FAMILY_NAMES, PROGRAM_NAMES, PROGRAMS_A_FAMILY

DRUM_PROGRAM = 128
"""Stands for a drum track, which has no program of its own."""

# Words that General MIDI does not have, and those that mean something else there ("strings" is
# the family of violins, harp and timpani). The program that is meant first comes first.
_COMMON: dict[str, tuple[int, ...]] = {
    "drums": (DRUM_PROGRAM,),
    "drum kit": (DRUM_PROGRAM,),
    "drum set": (DRUM_PROGRAM,),
    "percussion": (DRUM_PROGRAM,),
    "kit": (DRUM_PROGRAM,),
    "piano": (0, 1, 2, 3, 4, 5),
    "acoustic piano": (0, 1, 3),
    "grand piano": (0, 2),
    "electric piano": (4, 5, 2),
    "rhodes": (4,),
    "keyboard": (0, 4, 5, 6, 7, 16),
    "keys": (0, 4, 5, 6, 7, 16),
    "celeste": (8,),
    "glock": (9,),
    "vibes": (11,),
    "mallets": (11, 12, 13, 9),
    "organ": (16, 19, 17, 18, 20),
    "hammond": (16, 17, 18),
    "pipe organ": (19,),
    "guitar": (25, 24, 27, 26, 28, 29, 30, 31),
    "acoustic guitar": (25, 24),
    "classical guitar": (24,),
    "electric guitar": (27, 26, 28, 29, 30),
    "jazz guitar": (26,),
    "bass": (33, 32, 34, 35, 36, 37, 38, 39),
    "bass guitar": (33, 34, 35, 36, 37),
    "electric bass": (33, 34, 35),
    "upright bass": (32, 43),
    "double bass": (43, 32),
    "strings": (48, 49, 50, 51, 40, 41, 42, 43, 44, 45),
    "string ensemble": (48, 49),
    "orchestra": (48, 49, 55),
    "harp": (46,),
    "choir": (52, 53, 54),
    "voice": (53, 52, 54),
    "vocals": (53, 52, 54),
    "brass": (61, 62, 63, 56, 57, 60, 58, 59),
    "horn": (60,),
    "sax": (65, 66, 64, 67),
    "woodwinds": (73, 71, 68, 70, 72, 69),
    "pad": (89, 88, 90, 91, 92, 93, 94, 95),
    "lead": (81, 80, 82, 83, 84, 85, 86, 87),
    "synth": (81, 80, 90, 89, 62, 50, 38),
}


class NamedInstrument(NamedTuple):
    """A name as it was given, and its programs 0..127 or `DRUM_PROGRAM`, the one meant first."""

    name: str
    programs: tuple[int, ...]


def _words(name: str) -> tuple[str, ...]:
    """The words of a name: no capitals, punctuation or plural s; saxophones are saxes."""
    words = re.findall(r"[a-z0-9+]+", name.lower().replace("saxophone", "sax"))
    return tuple(w[:-1] if len(w) > 3 and w.endswith("s") and w[-2] != "s" else w for w in words)


_PROGRAM_WORDS = tuple(_words(name) for name in PROGRAM_NAMES)


def _exact_names() -> dict[tuple[str, ...], tuple[int, ...]]:
    """Programs by the words of a name. Later lines win: families, programs, common words."""
    exact: dict[tuple[str, ...], tuple[int, ...]] = {}
    for i, family in enumerate(FAMILY_NAMES):
        first = i * PROGRAMS_A_FAMILY
        exact[_words(family)] = tuple(range(first, first + PROGRAMS_A_FAMILY))
    exact |= {words: (program,) for program, words in enumerate(_PROGRAM_WORDS)}
    return exact | {_words(name): programs for name, programs in _COMMON.items()}


_EXACT = _exact_names()


def programs_named(text: str) -> tuple[NamedInstrument, ...]:
    """The General MIDI programs of each of several names, split at commas.

    A name is a program's (``"Acoustic Bass"``), a family's (``"Ethnic"``), a common word
    (``"sax"``, ``"strings"``, ``"drums"``), a program number (0..127, 128 for drums), or words
    that names of programs hold (``"acoustic"``). Case, punctuation and a plural s do not count.

    Raises
    ------
    ConfigError : a name is empty or unknown; the message says which names come near.

    Examples
    --------
    >>> [named.programs for named in programs_named("drums, flute, 32, Electric Piano")]
    [(128,), (73,), (32,), (4, 5, 2)]
    """
    return tuple(NamedInstrument(name.strip(), _programs(name.strip())) for name in text.split(","))


def _programs(name: str) -> tuple[int, ...]:
    if re.fullmatch(r"[0-9]+", name):
        if len(name) > 3 or int(name) > DRUM_PROGRAM:
            raise ConfigError(
                f"a program must be 0..{DRUM_PROGRAM - 1}, or {DRUM_PROGRAM} for drums, got {name}"
            )
        return (int(name),)
    words = _words(name)
    if not words:
        raise ConfigError(f"an instrument must have a name, got {name!r} among those asked for")
    if words in _EXACT:
        return _EXACT[words]
    is_word = any(len(word) > 2 for word in words)  # a lone "1" is in many names, and says nothing
    held = [p for p, has in enumerate(_PROGRAM_WORDS) if is_word and set(words) <= set(has)]
    if not held:
        raise ConfigError(f"no instrument is called {name!r}{_nearest(name)}")
    return tuple(held)


def _nearest(name: str) -> str:
    known = {known.lower(): known for known in (*PROGRAM_NAMES, *FAMILY_NAMES, *_COMMON)}
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    if near:
        return f": did you mean {' or '.join(known[n] for n in near)}?"
    return (
        ": it must be a General MIDI instrument, a program number or one of "
        f"{', '.join(sorted(_COMMON))}"
    )
