"""Chords as musicians write them down, bar by bar: ``Dm7 | G7 | Cmaj7 | %``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lstm_music.errors import ConfigError
from lstm_music.music.harmony.chord import Chord
from lstm_music.music.harmony.track import ChordTrack
from lstm_music.music.meter import BarLines, Meter

_MAX_BARS = 4096
_NO_CHORD = re.compile(r"N\.?C\.?", re.IGNORECASE)
_BAR_LINE = re.compile(r"(:*[|\[\]]+:*)")
_GOES_ON = (".", "/")

_Bar = tuple[Chord | None, ...]
"""The chords of a bar, which share it evenly."""


def parse_chords(
    text: str,
    lines: BarLines | None = None,
    *,
    start_steps: int = 0,
    end_steps: int | None = None,
) -> ChordTrack:
    """Read chords bar by bar, and lay them over the bars of a piece.

    Bars stand between ``|``; other bar lines (``||``, ``[``, ``|]``) mean the same, and so does a
    new line. ``|: ... :|`` is played twice. What stands in a bar shares it evenly: chord symbols
    (`Chord.parse`), ``N.C.`` for no chord, and ``.`` or ``/`` where the chord before goes on. So
    ``C . . F`` has three quarters of C in 4/4, ``C F`` two. ``%``, or nothing, repeats the bar
    before.

    Parameters
    ----------
    text : the chords.
    lines : where the bars lie; 4/4 throughout unless told.
    start_steps : the first chord begins at the first bar line from here on: a pickup has none.
    end_steps : where the stretch ends. Chords that end before it begin again from the first bar;
        those behind it are left out. None: each bar that is written once.

    Raises
    ------
    ConfigError : a chord is not understood, a repeat has no beginning or no end, there is no bar,
        or no bar line before ``end_steps``.

    Examples
    --------
    >>> track = parse_chords("Dm7 | G7 . . Db7 | % | C")
    >>> track.onset_steps
    (0, 96, 168, 192, 264, 288)
    >>> str(track)
    'Dm7 G7 Db7 G7 Db7 C'
    """
    bars = _played(text)
    lines = lines or BarLines((Meter(0, 4, 4),))
    begin = max(start_steps, lines.pickup_steps)
    if not lines.is_bar_line(begin):
        begin = lines.bar_end(begin)
    changes: list[tuple[int, Chord | None]] = []
    bar = 0
    while begin < end_steps if end_steps is not None else bar < len(bars):
        chords = bars[bar % len(bars)]
        length = lines.bar_end(begin) - begin
        for i, chord in enumerate(chords):
            changes.append((begin + i * length // len(chords), chord))
        begin, bar = begin + length, bar + 1
    return _track(changes, begin if end_steps is None else end_steps)


def _track(changes: list[tuple[int, Chord | None]], end: int) -> ChordTrack:
    """Each change that is one; of those at one step (more chords than steps) the last."""
    by_step = {step: chord for step, chord in changes if step < end}
    if not by_step:
        raise ConfigError(f"no bar begins before step {end}: there is no room for a chord")
    kept: list[tuple[int, Chord | None]] = []
    for step, chord in by_step.items():
        if not kept or kept[-1][1] != chord:
            kept.append((step, chord))
    steps, chords = zip(*kept, strict=True)
    return ChordTrack(steps, chords, end)


class _Written(NamedTuple):
    """A bar as it stands in the text, or a repeat sign: ``|:`` or ``:|``."""

    words: tuple[str, ...] = ()
    sign: str = ""


def _played(text: str) -> list[_Bar]:
    """The bars in the order in which they sound."""
    bars: list[_Bar] = []
    repeat_from, is_open = 0, False
    for written in _written(text):
        if written.sign == "|:":
            if is_open:
                raise ConfigError(f"chords: a repeat begins within a repeat, in {text!r}")
            repeat_from, is_open = len(bars), True
        elif written.sign == ":|":
            if repeat_from == len(bars):
                raise ConfigError(f"chords: ':|' has no bars before it to repeat, in {text!r}")
            bars += bars[repeat_from:]
            repeat_from, is_open = len(bars), False
        else:
            bars.append(_bar(written.words, bars))
        if len(bars) > _MAX_BARS:
            raise ConfigError(f"chords: at most {_MAX_BARS} bars, got more")
    if is_open:
        raise ConfigError(f"chords: '|:' has no ':|' behind it, in {text!r}")
    if not bars:
        raise ConfigError(f"chords must look like 'Dm7 | G7 | C | %', got {text!r}")
    return bars


def _written(text: str) -> Iterator[_Written]:
    for line in text.splitlines():
        parts = _BAR_LINE.split(line)
        for i, part in enumerate(parts):
            if i % 2:
                if part.startswith(":"):
                    yield _Written(sign=":|")
                if part.endswith(":"):
                    yield _Written(sign="|:")
            elif part.strip() or 0 < i < len(parts) - 1:  # a line may begin and end with bar lines
                yield _Written(words=tuple(part.split()))


def _bar(words: tuple[str, ...], before: list[_Bar]) -> _Bar:
    if not words or words == ("%",):
        if not before:
            raise ConfigError("chords: the first bar cannot repeat the bar before it: name a chord")
        return before[-1]
    chord = before[-1][-1] if before else None
    chords: list[Chord | None] = []
    for word in words:
        if word in _GOES_ON:
            if not (chords or before):
                raise ConfigError(f"chords: no chord stands before the first {word!r}")
        elif _NO_CHORD.fullmatch(word):
            chord = None
        else:
            chord = Chord.parse(word)
        chords.append(chord)
    return tuple(chords)
