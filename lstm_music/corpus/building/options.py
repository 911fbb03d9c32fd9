"""What decides, besides the music itself, which tokens a corpus becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.music.performance import Manner
from lstm_music.tokens.vocabulary import DEFAULT

CACHE_VERSION = 3
"""Raised when reading, splitting or encoding changes, so that old caches are made anew."""

TIMINGS = ("played", "straight", "micro")
READERS = ("lstm_music", "music21")


@dataclass(frozen=True, slots=True)
class CorpusOptions:
    """How a corpus is read.

    Parameters
    ----------
    timing : "played": every onset on the nearest step of the grid; "straight": on the musical
        grid that fits it; "micro": there, too, and how far off it was played is kept.
    reader : "lstm_music", or "music21", the slow reference.
    strict : refuse what would need repair.
    manners : of each style how freely it is played at most: what of a performance goes beyond is
        read as in a score (`lstm_music.music.hearing`). None: all is read as it is played.
    """

    timing: str = "played"
    reader: str = "lstm_music"
    strict: bool = False
    manners: Mapping[str, Manner] | None = None

    def __post_init__(self) -> None:
        for name, known in (("timing", TIMINGS), ("reader", READERS)):
            if getattr(self, name) not in known:
                raise ConfigError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                )

    def to_facts(self) -> dict[str, Any]:
        """All that must be equal for two caches to fit together, as JSON values."""
        return {"version": CACHE_VERSION, "vocabulary": DEFAULT.tokens_json()} | asdict(self)

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> CorpusOptions | None:
        """The options of a cache of this version; None for one of another version."""
        try:
            # Streams are computed from the tokens whenever these are used.
            known = json.loads(facts["vocabulary"]) | {"streams": []}
            current = json.loads(DEFAULT.tokens_json()) | {"streams": []}
            if facts["version"] != CACHE_VERSION or known != current:
                return None
            told = facts.get("manners")  # caches from before it have none
            manners = told and {style: Manner(*shares) for style, shares in told.items()}
            others = {name: facts[name] for name in ("timing", "reader", "strict")}
            return cls(**others, manners=manners)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError, ConfigError):
            return None
