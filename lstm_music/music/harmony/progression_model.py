"""A model of chord progressions: which chord comes next, and how long it is held.

Lead sheets have a track of chord symbols: block chords, each held until the next. The model counts
them in real music: a chord by the two chords before it, its length by where it begins and by the
length of the one before. What has been seen too rarely is filled up from shorter contexts (Witten
and Bell 1991).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from lstm_music.errors import ModelFileError
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import NOTE_DTYPE, Piece
from lstm_music.types import NoteArray

_USUAL = 0.95
"""A style has chord symbols if so many of its pieces have a track of them."""

_LOWEST_PITCH = 48
"""C below middle C: the lowest note of a chord is within the octave above it."""

_RARE = 3
"""A context seen less often is not kept: a shorter one stands for it."""

_CLOSING_DRAWS = 64
_PHRASE_BARS = 4
_START = "^"
_TONIC_TRIADS = ("0/4-3", "0/3-4")

Context: TypeAlias = tuple[str, ...]
Counts: TypeAlias = dict[Context, Counter[str]]


class Symbol(NamedTuple):
    """A chord that is struck ``onset_steps`` after the first bar line and held until the next.

    ``chord`` : semitones from the tonic up to its lowest note, and the intervals upwards from
    there: "7/4-3-3" is a dominant seventh chord.
    """

    onset_steps: int
    chord: str


class ProgressionModel:
    """Counts of chords and of their lengths in their contexts, by style.

    Parameters
    ----------
    chords : style -> (the chord before the last, the last, the mode) -> chord -> how often.
    lengths : style -> (number of the bar in its phrase, length of the last chord, place in the
        bar and meter) -> length -> how often. Lengths and places are in steps.
    """

    def __init__(self, chords: Mapping[str, Counts], lengths: Mapping[str, Counts]) -> None:
        self._chords, self._lengths = dict(chords), dict(lengths)

    @classmethod
    def count(cls, pieces: Iterable[tuple[str, Piece]]) -> ProgressionModel:
        """Count the chord symbols of pieces, each with its style word.

        Styles of which fewer than nineteen pieces in twenty have them are left out.
        """
        chords: dict[str, Counts] = {}
        lengths: dict[str, Counts] = {}
        seen, have = Counter[str](), Counter[str]()
        for style, piece in pieces:
            symbols = chord_symbols(piece)
            seen[style] += 1
            have[style] += bool(symbols)
            if symbols and piece.key is not None and len(piece.meters) == 1:
                _count_chords(chords.setdefault(style, {}), symbols, piece.key)
                _count_lengths(lengths.setdefault(style, {}), symbols, piece.meters[0])
        kept = [style for style in chords if have[style] >= _USUAL * seen[style]]
        return cls(*({style: _thinned(one[style]) for style in kept} for one in (chords, lengths)))

    def knows(self, style: str, meter: Meter) -> bool:
        """Whether it has counted chords of a style in a meter."""
        return _place(0, 0, meter)[-1:] in self._lengths.get(style, {})

    def to_json(self) -> dict[str, Any]:
        """Style -> chords and lengths -> context as words -> what followed; for `from_json`."""
        return {
            style: {"chords": _to_json(counts), "lengths": _to_json(self._lengths[style])}
            for style, counts in sorted(self._chords.items())
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> ProgressionModel:
        """Read what `to_json` wrote.

        Raises
        ------
        ModelFileError : it holds something else.
        """
        try:
            chords = {s: _from_json(one["chords"], _checked_chord) for s, one in facts.items()}
            lengths = {s: _from_json(one["lengths"], _checked_length) for s, one in facts.items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"the counts of chords are damaged ({error!r}); expected what training wrote; "
                "train again"
            ) from None
        return cls(chords, lengths)

    def draw(
        self,
        style: str,
        mode: str,
        meter: Meter,
        returns: Sequence[int | None],
        rng: np.random.Generator,
        *,
        closes: bool,
    ) -> list[Symbol]:
        """The chord symbols of some bars.

        Parameters
        ----------
        style, mode, meter : of the piece; the model `knows` the style and the meter.
        returns : for each bar the earlier one whose chords return; None: they are drawn.
        rng : decides.
        closes : draw until the last chord is the triad of the tonic, 64 times at most.
        """
        for _ in range(_CLOSING_DRAWS):
            symbols = self._drawn(style, mode, meter, returns, rng)
            if not closes or symbols[-1].chord in _TONIC_TRIADS:
                break
        return symbols

    def _drawn(
        self,
        style: str,
        mode: str,
        meter: Meter,
        returns: Sequence[int | None],
        rng: np.random.Generator,
    ) -> list[Symbol]:
        of_bar: list[list[Symbol]] = []
        played, onset, length = [_START, _START], 0, 0
        for bar, source in enumerate(returns):
            end = (bar + 1) * meter.bar_steps
            if source is not None:
                moved = (bar - source) * meter.bar_steps
                of_bar.append([Symbol(at + moved, chord) for at, chord in of_bar[source]])
                onset = end
            else:
                of_bar.append([])
                while onset < end:
                    context = (*played[-2:], mode)
                    of_bar[-1].append(Symbol(onset, _drawn(self._chords[style], context, rng)))
                    played.append(of_bar[-1][-1].chord)
                    length = self._length(style, _place(onset, length, meter), end - onset, rng)
                    onset += length
            played += [chord for _, chord in of_bar[-1] if chord != played[-1]]
            onset = max(onset, end)
        return [symbol for bar_symbols in of_bar for symbol in bar_symbols]

    def _length(
        self, style: str, place: Context, to_bar_line: int, rng: np.random.Generator
    ) -> int:
        """How long a chord is held; up to the bar line if none was seen at its place."""
        counts = self._lengths[style]
        return int(_drawn(counts, place, rng)) if place[-1:] in counts else to_bar_line


def chord_symbols(piece: Piece) -> list[Symbol]:
    """The chords of the track that has nothing but block chords, each held until the next, in
    steps from the first full bar on; empty if there is no such track.
    """
    for track in range(len(piece.tracks)):
        notes = piece.notes[piece.notes["track"] == track]
        onsets = np.unique(notes["onset_steps"])
        ends = notes["onset_steps"] + notes["duration_steps"]
        is_block = len(notes) > 2 * len(onsets) and not piece.tracks[track].is_drum
        until = np.append(onsets[1:], ends.max(initial=0))
        if is_block and bool((ends == until[np.searchsorted(onsets, notes["onset_steps"])]).all()):
            tonic = 0 if piece.key is None else piece.key.tonic_pitch_class
            return [
                Symbol(
                    int(onset) - piece.pickup_steps,
                    _chord(notes["pitch_midi"][notes["onset_steps"] == onset], tonic),
                )
                for onset in onsets
            ]
    return []


def symbol_notes(
    symbols: Sequence[Symbol], end_steps: int, tonic: int, *, track: int, velocity: int
) -> NoteArray:
    """The notes of chord symbols, each chord held until the next; the last until ``end_steps``.

    ``tonic`` : its pitch class; the lowest note of each chord is C3 to B3.
    """
    rows = []
    ends = [symbol.onset_steps for symbol in symbols[1:]] + [end_steps]
    for (onset, chord), end in zip(symbols, ends, strict=True):
        above, intervals = _parsed(chord)
        pitch = _LOWEST_PITCH + (tonic + above) % 12
        for interval in (0, *intervals):
            pitch += interval
            rows.append((onset, end - onset, pitch, velocity, track, 0))
    return np.array(rows, NOTE_DTYPE)


def _chord(pitches: NoteArray, tonic: int) -> str:
    ordered = np.unique(pitches).astype(int)
    return f"{(ordered[0] - tonic) % 12}/{'-'.join(map(str, np.diff(ordered)))}"


def _parsed(chord: str) -> tuple[int, list[int]]:
    above, intervals = chord.split("/")
    return int(above), [int(interval) for interval in intervals.split("-") if interval]


def _count_chords(counts: Counts, symbols: Sequence[Symbol], key: Key) -> None:
    played = [_START, _START]
    for _, chord in symbols:
        _count(counts, (*played[-2:], key.mode), chord)
        played.append(chord)


def _count_lengths(counts: Counts, symbols: Sequence[Symbol], meter: Meter) -> None:
    last = 0
    for one, following in pairwise(symbols):
        length = following.onset_steps - one.onset_steps
        if one.onset_steps >= 0:
            _count(counts, _place(one.onset_steps, last, meter), str(length))
            last = length


def _place(onset_steps: int, last_length: int, meter: Meter) -> Context:
    bar, place = divmod(onset_steps, meter.bar_steps)
    return str(bar % _PHRASE_BARS), str(last_length), f"{place}@{meter}"


def _count(counts: Counts, context: Context, word: str) -> None:
    """Count a word in its context and in all shorter ones."""
    for first in range(len(context)):
        counts.setdefault(context[first:], Counter())[word] += 1


def _thinned(counts: Counts) -> Counts:
    """Without contexts seen too rarely; the shortest stay."""
    return {c: seen for c, seen in counts.items() if len(c) == 1 or sum(seen.values()) >= _RARE}


def _drawn(counts: Counts, context: Context, rng: np.random.Generator) -> str:
    """A word that follows a context, or one of its shorter forms where it is rare."""
    chances: dict[str, float] = {}
    for first in reversed(range(len(context))):
        seen = counts.get(context[first:])
        if seen:
            whole = sum(seen.values()) + len(seen) * bool(chances)
            kept = len(seen) / whole
            chances = {word: kept * chance for word, chance in chances.items()}
            for word, n in seen.items():
                chances[word] = chances.get(word, 0.0) + n / whole
    words = sorted(chances)
    sums = np.cumsum([chances[word] for word in words])
    found = int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))
    return words[min(found, len(words) - 1)]


def _to_json(counts: Counts) -> dict[str, str]:
    return {
        " ".join(context): " ".join(f"{word}:{n}" for word, n in sorted(seen.items()))
        for context, seen in sorted(counts.items())
    }


def _from_json(facts: Mapping[str, str], checked: Any) -> Counts:
    found: Counts = {}
    for context, text in facts.items():
        pairs = [word.split(":") for word in text.split(" ")]
        found[tuple(context.split(" "))] = Counter({checked(word): int(n) for word, n in pairs})
    return found


def _checked_chord(word: str) -> str:
    above, intervals = _parsed(word)
    if not 0 <= above < 12 or any(interval < 1 for interval in intervals):
        raise ValueError(word)
    return word


def _checked_length(word: str) -> str:
    if int(word) < 1:
        raise ValueError(word)
    return word
