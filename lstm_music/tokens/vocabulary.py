"""The vocabulary: which integer means what, and the streams of musical context beside it.

Data, not code: a table of token ranges, and one of streams (``lstm_music.tokens.streams``). The
order of the tables is part of every model file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.errors import TokenError
from lstm_music.music.key import Key
from lstm_music.music.meter import DENOMINATORS, MAX_NUMERATOR
from lstm_music.music.piece import MAX_TIMING_96THS
from lstm_music.tokens.streams import MAX_TRACKS, N_KEYS, all_streams

RADIX_STEPS = 96
"""A time is ``96 * (LONG tokens before it) + r``: one LONG is a whole note."""

MAX_LONGS = 63
MAX_TIME_STEPS = RADIX_STEPS * MAX_LONGS + RADIX_STEPS
"""Longest time tokens can name: 64 whole notes. No bar is longer either."""

MAX_ONSET_STEPS = 1 << 30
"""Latest onset a piece may have, far from the edge of int32."""

DRUM_PROGRAM = 128
"""Program token of a drum track; 0..127 are General MIDI programs."""

VELOCITY_BIN_WIDTH = 8
START_VELOCITY_BIN = 80 // VELOCITY_BIN_WIDTH
"""Every track's velocity before its first VELOCITY token."""
USUAL_VELOCITY = START_VELOCITY_BIN * VELOCITY_BIN_WIDTH + VELOCITY_BIN_WIDTH // 2
"""Of notes without one, as they are decoded."""

TEMPO_BINS_PER_OCTAVE = 12
TEMPO_MIN_BPM = 30.0

STYLE_KINDS = ("style", "later_style")
"""The ranges of which the style tokens are, in order."""

DRUMS = "drums"
"""The style of pieces in which nothing has a pitch."""

_FIRST_STYLES = ("", "chorale", "folk", "lead", DRUMS, "spare5", "spare6", "spare7")
_LATER_STYLES = ("piano", "song", "ensemble", "band", "hymn", "spare13", "spare14", "spare15")
_STYLES = _FIRST_STYLES + _LATER_STYLES

_RANGES = (
    ("start", 1),
    ("end", 1),
    ("body", 1),
    ("long", 1),
    ("pedal_down", 1),
    ("pedal_up", 1),
    ("style", len(_FIRST_STYLES)),
    ("numerator", MAX_NUMERATOR),  # 1..64
    ("denominator", len(DENOMINATORS)),
    ("key", N_KEYS),
    ("tempo", 3 * TEMPO_BINS_PER_OCTAVE + 1),  # 30..240 bpm
    ("pickup", RADIX_STEPS),  # 0..95
    ("program", DRUM_PROGRAM + 1),
    ("track", MAX_TRACKS),
    ("shift", RADIX_STEPS),  # 1..96
    ("duration", RADIX_STEPS),  # 1..96
    ("velocity", 128 // VELOCITY_BIN_WIDTH),
    ("pitch", 128),
    ("drum", 128),
    ("timing", 2 * MAX_TIMING_96THS),  # -16..-1, then 1..16; on the onset needs no token
    ("later_style", len(_LATER_STYLES)),  # further style tokens: ranges are only ever added
)

# Values of these kinds start at 1: there is no shift by nothing.
_ONE_BASED = frozenset({"numerator", "shift", "duration"})


@dataclass(frozen=True)
class Vocabulary:
    """Token ranges and context streams.

    Parameters
    ----------
    ranges : (name, size) of each kind of token, in order.
    streams : (name, size) of each context stream, in order; the first is the token itself.
    styles : the words that the style tokens stand for.

    Examples
    --------
    >>> DEFAULT.name(DEFAULT["shift"][23])
    'shift 24'
    """

    ranges: tuple[tuple[str, int], ...] = _RANGES
    streams: tuple[tuple[str, int], ...] = all_streams(sum(size for _, size in _RANGES))
    styles: tuple[str, ...] = _STYLES

    @cached_property
    def _by_name(self) -> dict[str, range]:
        table, start = {}, 0
        for name, size in self.ranges:
            table[name] = range(start, start + size)
            start += size
        return table

    def __getitem__(self, kind: str) -> range:
        """Tokens of one kind, by its name in ``ranges``; to mask a whole kind."""
        return self._by_name[kind]

    @property
    def n_tokens(self) -> int:
        """V, the number of tokens."""
        return sum(size for _, size in self.ranges)

    @property
    def stream_sizes(self) -> tuple[int, ...]:
        """Number of values of each stream."""
        return tuple(size for _, size in self.streams)

    @property
    def stream_offsets(self) -> tuple[int, ...]:
        """First row of each stream in the one embedding table."""
        return tuple(int(n) for n in np.cumsum((0, *self.stream_sizes[:-1])))

    @property
    def n_streams(self) -> int:
        """Embedding rows summed at each token."""
        return len(self.streams)

    @property
    def n_rows(self) -> int:
        """Rows of the one embedding table."""
        return sum(self.stream_sizes)

    @property
    def style_tokens(self) -> tuple[int, ...]:
        """The token of each of ``styles``."""
        ranges = [self[kind] for kind, _ in self.ranges if kind in STYLE_KINDS]
        return tuple(token for tokens in ranges for token in tokens)

    def is_kind(self, tokens: npt.NDArray[np.integer[Any]], kind: str) -> npt.NDArray[np.bool_]:
        """Which of some tokens, (N,) integers, are of a kind: (N,) bool."""
        wanted = self[kind]
        return np.asarray((tokens >= wanted.start) & (tokens < wanted.stop))

    def kind(self, token: int) -> str:
        """Name of the range that ``token`` lies in.

        Raises
        ------
        TokenError : no such token.
        """
        for name, tokens in self._by_name.items():
            if token in tokens:
                return name
        raise TokenError(f"tokens must be 0..{self.n_tokens - 1}, got {token}")

    def name(self, token: int) -> str:
        """A token in words, such as ``"shift 24"`` or ``"key D minor"``."""
        kind = self.kind(token)
        if len(self[kind]) == 1:
            return kind
        return f"{kind.removeprefix('later_')} {self._value_name(kind, token - self[kind].start)}"

    def _value_name(self, kind: str, value: int) -> str:
        match kind:
            case "style":
                return self.styles[value] or "unknown"
            case "later_style":
                return self.styles[len(self["style"]) + value]
            case "denominator":
                return str(DENOMINATORS[value])
            case "key":
                return str(index_key(value) or "unknown")
            case "tempo":
                return f"{60e6 / tempo_usec(value):.0f}"
            case "velocity":
                return str(VELOCITY_BIN_WIDTH * value + VELOCITY_BIN_WIDTH // 2)
            case "timing":
                return f"{index_timing(value):+d}/96"
            case "program" if value == DRUM_PROGRAM:
                return "drums"
            case _:
                return str(value + (kind in _ONE_BASED))

    def to_json(self) -> str:
        """The tables as JSON, for the model file."""
        return json.dumps(
            {"ranges": self.ranges, "streams": self.streams, "styles": self.styles},
            separators=(",", ":"),
        )

    def tokens_json(self) -> str:
        """What the tokens mean, without the streams, as JSON: all that a cache of tokens needs."""
        return json.dumps({"ranges": self.ranges, "styles": self.styles}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """Read what ``to_json`` wrote, and hold it against the vocabulary of this version.

        Ranges, styles and streams are only ever added, at the end: a model that has fewer is
        still understood.

        Raises
        ------
        TokenError : not JSON of a vocabulary, or not the beginning of ``DEFAULT``'s tables.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise TokenError("the vocabulary is not JSON; the file is damaged") from error
        try:
            tables = {name: len(data[name]) for name in ("ranges", "streams", "styles")}
            found = Vocabulary.beginning(**tables)
        except (KeyError, TypeError, ValueError):
            found = None
        if found is None or data != json.loads(found.to_json()):
            raise TokenError(
                "the vocabulary is not the one of this version; "
                "use the version that wrote the file, or train again"
            )
        return found

    @staticmethod
    def beginning(*, ranges: int, streams: int, styles: int) -> Vocabulary:
        """The first so many ranges, streams and styles of ``DEFAULT``.

        Raises
        ------
        ValueError : none of one of them.
        """
        if not ranges or not streams or not styles:
            raise ValueError(f"nothing must be 0, got {ranges}, {streams} and {styles}")
        kept = DEFAULT.ranges[:ranges]
        token = ("token", sum(size for _, size in kept))
        return Vocabulary(kept, (token, *DEFAULT.streams[1:streams]), DEFAULT.styles[:styles])

    def has_stream(self, name: str) -> bool:
        """Whether the network is told of this."""
        return any(known == name for known, _ in self.streams)


DEFAULT = Vocabulary()


def tempo_bin(usec_per_quarter: Sequence[int]) -> npt.NDArray[np.int64]:
    """Nearest tempo bins, on a logarithmic scale, clipped to 30..240 bpm."""
    bpm = 60e6 / np.maximum(np.asarray(usec_per_quarter, np.float64), 1.0)
    bins = np.rint(TEMPO_BINS_PER_OCTAVE * np.log2(bpm / TEMPO_MIN_BPM))
    clipped: npt.NDArray[np.int64] = np.clip(bins, 0, len(DEFAULT["tempo"]) - 1).astype(np.int64)
    return clipped


def tempo_usec(tempo: int) -> int:
    """Microseconds a quarter note at the centre of a tempo bin."""
    bpm = TEMPO_MIN_BPM * math.exp2(tempo / TEMPO_BINS_PER_OCTAVE)
    return round(60e6 / bpm)


def style_index(style: str) -> int:
    """Value of the style token; 0 for a style without one."""
    return _STYLES.index(style) if style in _STYLES else 0


def timing_index(timing_96ths: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """Values of the timing tokens of notes that are not played on their onsets.

    Examples
    --------
    >>> timing_index(np.array([-16, -1, 1, 16])).tolist()
    [0, 15, 16, 31]
    """
    timing = timing_96ths.astype(np.int64)
    return timing + MAX_TIMING_96THS - (timing > 0)


def index_timing(index: int) -> int:
    """How far a timing token's value moves a note, in 96ths of a quarter note."""
    return index - MAX_TIMING_96THS + (index >= MAX_TIMING_96THS)


def key_index(key: Key | None) -> int:
    """Value of the key token: 0 unknown, then by signature, major before minor."""
    return 0 if key is None else 1 + 2 * (key.sharps + 7) + (key.mode == "minor")


def index_key(index: int) -> Key | None:
    """The key of a key token's value."""
    if index == 0:
        return None
    sharps, minor = divmod(index - 1, 2)
    return Key(sharps - 7, "minor" if minor else "major")
