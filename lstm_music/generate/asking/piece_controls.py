"""What piece is asked for: the first controls of a request, and how many bars they come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.generate.asking.controls import control
from lstm_music.music.form_text import Section, bars_of_form, fit_form

TASKS = ("generate", "infill", "accompany", "vary")
KEEPS = ("rhythm", "pitch", "outline")
"""What `vary` keeps: all onsets and durations; the pitches in order; the notes on the beats."""

ENDINGS = ("tonic", "free")
"""``tonic``: the last bars are drawn again until the bass ends on the tonic of the key, of several
such endings the first that the network itself takes for one; ``free``: drawn once."""

AUTO, NO_FORM = "auto", "none"
"""The form that is drawn from those of real pieces, and the word for no form at all."""

MOST_BARS = 1024

_USUAL_BARS = 8
_PIECE = "Piece"


@dataclass(frozen=True, eq=False)
class PieceControls:
    """The part of a `lstm_music.Request` that says what piece is wanted."""

    task: str = "generate"
    seed: Any = None

    bars: Any = control(
        "any", None, "How many bars to compose; with a file to complete, which: 5-8.", group=_PIECE
    )
    tracks: Any = control(
        "any",
        None,
        "Tracks to write in, by number, name or role: 1,3 or bass. Default: all with notes.",
        group=_PIECE,
        tasks=("infill", "vary"),
    )
    with_: Any = control(
        "any",
        None,
        "Instruments of the new tracks, or of a piece from nothing: drums,bass or any General MIDI "
        "name.",
        group=_PIECE,
        tasks=("accompany", "generate"),
    )
    keep: str | None = control(
        "choice",
        None,
        "What stays: the rhythm, the pitches in their order, or the notes on the beats.",
        group=_PIECE,
        choices=KEEPS,
        tasks=("vary",),
    )
    amount: float = control(
        "number",
        1.0,
        "Share of the notes that may change, 0 to 1; with keep pitch, of the bars.",
        group=_PIECE,
        low=0,
        high=1,
        tasks=("vary",),
    )
    from_bar: int | None = control(
        "integer",
        None,
        "Continue from this bar of the seed; the new music replaces all that stands from there on.",
        group=_PIECE,
        low=2,
        tasks=("generate",),
    )
    seed_bars: Any = control("any", None, "Use only these bars of the seed: 9-16.", group=_PIECE)
    meter: Any = control(
        "any", None, 'Meter, from nothing or in place of the seed\'s: "6/8".', group=_PIECE
    )
    pickup: str | None = control(
        "text",
        None,
        'Length of the seed\'s incomplete first bar, such as "1/8"; "0" if it has none.',
        group=_PIECE,
    )
    key: Any = control(
        "any",
        None,
        'Key of a piece from nothing: "D minor", "Bb major", ...',
        group=_PIECE,
        tasks=("generate",),
    )
    tempo_bpm: float | None = control(
        "number",
        None,
        "Tempo of a piece from nothing. Default: 120.",
        group=_PIECE,
        unit="bpm",
        low=10,
        high=400,
        tasks=("generate",),
    )
    style: str | None = control(
        "text",
        None,
        "Style that the model has learnt: folk, piano, drums, ...",
        group=_PIECE,
    )
    ending: str | None = control(
        "choice",
        None,
        "How a piece from nothing ends: on the tonic of its key (the default), or freely.",
        group=_PIECE,
        choices=ENDINGS,
        tasks=("generate",),
    )
    form: str | None = control(
        "text",
        None,
        "Which sections return: AABA, AABB' (a prime: with another end), A8 A8 B4 A8 (with bars); "
        "auto: drawn from the forms of real pieces; none. Default: none, but from nothing what the "
        "model recommends for the style.",
        group=_PIECE,
        tasks=("generate",),
    )
    form_of: Any = control(
        "any",
        None,
        "Music file whose form the new bars take on, but none of its notes.",
        group=_PIECE,
        tasks=("generate",),
    )

    def bar_count(self) -> int:
        """How many bars `generate` is to compose.

        Raises
        ------
        ConfigError : no whole number, 1 or more.
        """
        usual = _USUAL_BARS if self._named_form is None else bars_of_form(self._named_form)
        bars = usual if self.bars is None else self.bars
        if isinstance(bars, str) and bars.strip().isdecimal():
            bars = int(bars)
        if isinstance(bars, bool) or not isinstance(bars, int) or not 1 <= bars <= MOST_BARS:
            raise ConfigError(f"bars must be a whole number, 1..{MOST_BARS}, got {bars!r}")
        return bars

    @property
    def _named_form(self) -> str | None:
        return None if self.form in (AUTO, NO_FORM) else self.form

    @property
    def has_form(self) -> bool:
        """Whether bars are asked to return."""
        return self.form_of is not None or self.form not in (None, NO_FORM)

    def sections(self) -> tuple[Section, ...]:
        """The sections of the form, each with its number of bars; none where no form is named.

        Raises
        ------
        ConfigError : it is no form, or does not fit the number of bars.
        """
        named = self._named_form
        return () if named is None else fit_form(named, self.bar_count())
