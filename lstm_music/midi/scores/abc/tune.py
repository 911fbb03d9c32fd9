"""An ABC tune as voices of bars, by the standard 2.1.

music21 has a reader of ABC as well, which is not used: it leaves out inline fields, endings after
the second, voices without a number, overlays, ties of chords and the lengths within them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction

from lstm_music.midi.scores.abc.bars import (
    Bar,
    BarLine,
    Mark,
    parse_bar_line,
    parse_endings,
)
from lstm_music.midi.scores.abc.fields import (
    AbcKey,
    Traits,
    default_unit,
    parse_key,
    parse_meter,
    parse_tempo,
    parse_unit,
)
from lstm_music.midi.scores.abc.marks import SHORTHANDS, decoration_mark, quoted_mark
from lstm_music.midi.scores.abc.parts import in_order, overfull_bars, play_order
from lstm_music.midi.scores.abc.text import Line, tune_lines
from lstm_music.midi.scores.abc.tokens import Token, length_of, tokens_of
from lstm_music.midi.scores.abc.voice import Voice

_FIRST_VOICE = "1"
_DECORATIONS = frozenset({"quoted", "decoration", "old_decoration", "symbol"})
_SILENT_FIELDS = frozenset("ABCDFGHNORSTWXZrw")
_LEFT_OUT = {"m": "macros not expanded", "s": "lines of symbols not read"}


@dataclass(frozen=True)
class AbcTune:
    """A tune: its voices in the order in which they appear, and what was mended or left out."""

    title: str
    composer: str
    voices: list[tuple[Traits, list[Bar]]]
    has_bar_lines: bool
    repairs: tuple[str, ...]
    left_out: tuple[str, ...]


def read_tune(text: str, *, parts_in_order: bool = False) -> AbcTune:
    """Read one tune.

    Parameters
    ----------
    text : the tune, from ``X:`` on, under the header of its book.
    parts_in_order : follow the order of parts that ``P:`` tells in the header, else as written.
    """
    lines, repairs = tune_lines(text)
    reader = _Reader(repairs)
    for line in lines:
        reader.line(line)
    return reader.finish(parts_in_order)


@dataclass
class _Reader:
    """What is in force for the tune, and its voices so far."""

    repairs: list[str]
    titles: list[str] = field(default_factory=list)
    composer: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    has_bar_lines: bool = False

    def __post_init__(self) -> None:
        self._unit: Fraction | None = None
        self._template = Voice(Fraction(1, 2), AbcKey({}), None)
        self._meter: tuple[int, int] | None = None
        self._tempo_text = ""
        self._order = ""
        self._parts: dict[int, str] = {}
        self._voices: dict[str, Voice] = {}
        self._traits: dict[str, Traits] = {}
        self._current = _FIRST_VOICE
        self._symbols = dict(SHORTHANDS)

    def line(self, line: Line) -> None:
        if line.kind in _LEFT_OUT:
            self.left_out[_LEFT_OUT[line.kind]] += 1
        elif line.kind == "":
            for token in tokens_of(line.text):
                self._token(token)
        elif line.in_header:
            self._header_field(line.kind, line.text)
        else:
            self._body_field(line.kind, line.text)

    def _header_field(self, kind: str, text: str) -> None:
        template = self._template
        if kind == "T":
            self.titles.append(text)
        elif kind == "C":
            self.composer = self.composer or text
        elif kind == "M":
            self._meter = self._parsed_meter(text, self._meter)
        elif kind == "L":
            self._unit = self._parsed_unit(text) or self._unit
        elif kind == "Q":
            self._tempo_text = text
        elif kind == "P":
            self._order = text
        elif kind == "V":
            name, traits = _voice_and_traits(text)
            if not self._traits:
                self._current = name
            self._traits.setdefault(name, Traits()).read(traits)
        elif kind == "K":
            template.key = self._parsed_key(text) or template.key
            template.traits.read(text)
        elif kind == "U":
            self._define(text)
        elif kind == "%":
            self._directive(text, template)

    def _body_field(self, kind: str, text: str) -> None:
        if kind == "V":
            self._current, traits = _voice_and_traits(text)
            self._voice().traits.read(traits)
        elif kind == "P":
            if text.strip():
                self._parts[self._voice().bars.begin_part()] = text.strip()[0]
        elif kind == "U":
            self._define(text)
        elif kind == "T" and not self.titles:
            self.titles.append(text)
        elif not self._voices and kind in "KMLQ%":
            self._header_field(kind, text)  # before any voice, so for all
        elif kind not in _SILENT_FIELDS:
            self._musical_field(kind, text, self._voice())

    def _musical_field(self, kind: str, text: str, voice: Voice) -> None:
        if kind == "K":
            key = self._parsed_key(text)
            voice.traits.read(text)
            if key is not None:
                voice.set_key(key)
        elif kind == "M":
            voice.set_meter(self._parsed_meter(text, voice.meter))
        elif kind == "L":
            voice.unit = self._parsed_unit(text) or voice.unit
        elif kind == "Q":
            tempo = parse_tempo(text, voice.unit)
            if tempo is None:
                self.counts["tempos that are not understood, left out"] += 1
            else:
                voice.bars.mark(Mark("tempo", tempo))
        elif kind == "%":
            self._directive(text, voice)

    def _voice(self) -> Voice:
        """The voice that is written now, with what the header says of it."""
        if self._current not in self._voices:
            template = self._template
            unit = self._unit or default_unit(self._meter)
            traits = self._traits.get(self._current, Traits())
            voice = Voice(unit, template.key, self._meter, _under(template.traits, traits))
            voice.propagation = template.propagation
            if not self._voices:
                voice.bars.mark(Mark("key", voice.key))
                if self._tempo_text:
                    self._musical_field("Q", self._tempo_text, voice)
            if voice.traits.program is not None or voice.traits.is_drums:
                voice.bars.mark(_instrument(voice.traits))
            self._voices[self._current] = voice
        return self._voices[self._current]

    def _token(self, token: Token) -> None:
        voice = self._voice()
        kind, text, more = token
        if kind == "note":
            voice.note(text)
        elif kind == "bar":
            self.has_bar_lines = True
            voice.bar_line(parse_bar_line(text, more))
        elif kind == "volta":
            voice.bar_line(BarLine(strokes=False, endings=parse_endings(text)))
        elif kind == "chord":
            for within in tokens_of(text):
                if within.kind in _DECORATIONS:
                    self._token(within)
            voice.chord(text, more)
        elif kind == "rest":
            voice.rest(length_of(text[1:]))
        elif kind == "bars_rest":
            voice.rest_of_bars(int(text or 1))
        elif kind == "broken":
            voice.broken(text)
        elif kind == "tie":
            voice.tie()
        elif kind == "tuplet":
            voice.tuplet(text)
        elif kind == "grace":
            voice.grace(text)
        elif kind == "overlay":
            voice.overlay()
        elif kind in _DECORATIONS:
            self._decoration(kind, text, voice)
        elif kind == "field":
            self._body_field("%" if text == "I" else text, more.strip())
        elif kind == "stray":
            self.counts["characters that mean nothing in ABC, passed over"] += 1

    def _decoration(self, kind: str, text: str, voice: Voice) -> None:
        name = self._symbols.get(text, "") if kind == "symbol" else text
        is_quoted = kind == "quoted" or name.startswith('"')
        mark = quoted_mark(name.strip('"')) if is_quoted else decoration_mark(name)
        if mark is not None:
            voice.mark(mark)

    def _define(self, text: str) -> None:
        letter, _, meaning = (part.strip() for part in text.partition("="))
        if letter and meaning:
            self._symbols[letter] = meaning.strip("!+")

    def _directive(self, text: str, voice: Voice) -> None:
        name, *words = text.split()[:4] or [""]
        if name == "propagate-accidentals" and words and words[0] in ("not", "octave", "pitch"):
            voice.propagation = words[0]  # type: ignore[assignment]
        elif name == "MIDI" and words:
            self._midi(words, voice)

    def _midi(self, words: list[str], voice: Voice) -> None:
        name, numbers = words[0], [int(w) for w in words[1:] if re.fullmatch(r"-?\d{1,3}", w)]
        traits = voice.traits
        if name == "program" and numbers:
            traits.program = min(max(numbers[-1], 0), 127)
            voice.bars.mark(_instrument(traits))
        elif name == "channel" and numbers:
            traits.is_drums = numbers[0] == 10
            voice.bars.mark(_instrument(traits))
        elif name in ("transpose", "rtranspose") and numbers:
            relative = traits.midi_transpose if name == "rtranspose" else 0
            traits.midi_transpose = relative + numbers[0]
        else:
            self.left_out[f"%%MIDI {name} not followed"] += 1

    def _parsed_key(self, text: str) -> AbcKey | None:
        key = parse_key(text)
        if key is None and "=" not in text:
            self.repairs.append(f"key {text[:20]!r} not understood, the one before kept")
        return key

    def _parsed_meter(self, text: str, before: tuple[int, int] | None) -> tuple[int, int] | None:
        try:
            return parse_meter(text)
        except ValueError:
            self.repairs.append(f"meter {text[:20]!r} not understood, the one before kept")
            return before

    def _parsed_unit(self, text: str) -> Fraction | None:
        unit = parse_unit(text)
        if unit is None:
            self.repairs.append(f"unit length {text[:20]!r} not understood, the one before kept")
        return unit

    def finish(self, parts_in_order: bool) -> AbcTune:
        voices = [(voice.traits, voice.bars.finish()) for voice in self._voices.values()]
        for voice in self._voices.values():
            self.counts.update(voice.counts)
            self.left_out.update(voice.left_out)
        repairs = [*self.repairs, *(f"{n} {what}" for what, n in sorted(self.counts.items()))]
        if self.has_bar_lines:
            overfull = overfull_bars(bars for _, bars in voices)
            repairs += [overfull] if overfull else []
        if parts_in_order and self._order:
            voices = [(traits, self._ordered(bars)) for traits, bars in voices]
        return AbcTune(
            " ".join(self.titles[:1]),
            self.composer,
            [(traits, bars) for traits, bars in voices if bars],
            self.has_bar_lines,
            tuple(dict.fromkeys(repairs)),
            tuple(f"{n} {what}" for what, n in sorted(self.left_out.items())),
        )

    def _ordered(self, bars: list[Bar]) -> list[Bar]:
        order = [name for name in play_order(self._order) if name in self._parts.values()]
        return in_order(bars, self._parts, order) if order else bars


def _voice_and_traits(text: str) -> tuple[str, str]:
    name, *traits = text.split(None, 1) or [_FIRST_VOICE]
    return name, " ".join(traits)


def _instrument(traits: Traits) -> Mark:
    return Mark("program", (traits.program or 0, traits.is_drums))


def _under(general: Traits, own: Traits) -> Traits:
    """A voice's own traits, and what the whole tune says where it says nothing itself."""
    return replace(
        own,
        program=general.program if own.program is None else own.program,
        is_drums=own.is_drums or general.is_drums,
        octaves=own.octaves or general.octaves,
        transpose=own.transpose or general.transpose,
        clef_octaves=own.clef_octaves or general.clef_octaves,
        midi_transpose=own.midi_transpose or general.midi_transpose,
    )
