"""How a session is to play."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_music.errors import ConfigError
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track

MODES = ("answer", "follow", "endless")
TURNS = ("phrase", "bar")


@dataclass(frozen=True)
class Settings:
    """What is played, and when.

    Parameters
    ----------
    mode : "answer": the player and we take turns; "follow": we accompany the next bar of what is
        being played; "endless": we go on from a seed or the first phrase, until told to stop.
    turns : of mode answer: a "phrase" ends with a rest; or turns of so many "bar"s (``bars``).
    bars : length of a turn in bars, and of what endless writes at once; None: as long as the
        phrase, or 4.
    meter : of all bars.
    tempo_bpm : quarter notes a minute; None: by the MIDI clock that comes in, else found in what
        is played.
    rest_beats : so long a silence, in quarter notes, ends a phrase.
    instruments : of the accompaniment that follows, in order.
    program : the player's instrument, which answers are for, too (General MIDI, from 0).
    channel : on which answers sound, from 0.
    seed : what endless goes on from; None: the first phrase.
    waits_for_clock : whether nothing begins before a MIDI clock that comes in has started.
    sends_clock : whether the MIDI clock goes out.
    lead_seconds : how long before its first beat a turn is written: what is played later than
        that is not heard for it.
    """

    mode: str = "answer"
    turns: str = "phrase"
    bars: int | None = None
    meter: Meter = Meter(0, 4, 4)  # noqa: RUF009  # frozen
    tempo_bpm: float | None = None
    rest_beats: float = 1.0
    instruments: tuple[Track, ...] = ()
    program: int = 0
    channel: int = 0
    seed: Piece | None = None
    waits_for_clock: bool = False
    sends_clock: bool = False
    lead_seconds: float = 0.2

    def __post_init__(self) -> None:
        for name, choices in (("mode", MODES), ("turns", TURNS)):
            if getattr(self, name) not in choices:
                raise ConfigError(
                    f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}"
                )
        if self.mode == "follow" and not self.instruments:
            raise ConfigError("follow needs instruments to follow with, such as bass,drums")
        if self.waits_for_clock and self.tempo_bpm is not None:
            raise ConfigError("a tempo of its own and the tempo of a clock exclude each other")
        if self.bars is not None and not 1 <= self.bars <= 64:
            raise ConfigError(f"bars must be 1..64, got {self.bars}")
        if self.tempo_bpm is not None and not 20 <= self.tempo_bpm <= 400:
            raise ConfigError(f"tempo must be 20..400 quarter notes a minute, got {self.tempo_bpm}")
        if not 0.1 <= self.rest_beats <= 32:
            raise ConfigError(f"rest must be 0.1..32 quarter notes, got {self.rest_beats}")
