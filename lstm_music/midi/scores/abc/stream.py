"""An ABC tune as a music21 stream, so that it goes the way of every other score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from lstm_music.midi.scores.abc.bars import Bar, Mark
from lstm_music.midi.scores.abc.fields import AbcKey, AbcTempo, Traits
from lstm_music.midi.scores.abc.marks import NO_CHORD
from lstm_music.midi.scores.abc.tune import AbcTune


def tune_stream(tune: AbcTune) -> Any:
    """A music21 Score of a part a voice; measures where the tune has bar lines.

    ``score.editorial`` says under "repairs" what was mended, and under "left_out" what was not
    taken over.
    """
    from music21 import metadata, stream

    score = stream.Score()
    about = metadata.Metadata()
    if tune.title:
        about.title = tune.title
    if tune.composer:
        about.composer = tune.composer
    score.insert(0, about)
    starts = _starts([bars for _, bars in tune.voices])
    for (traits, bars), places in zip(tune.voices, starts, strict=True):
        score.insert(0, _part(traits, bars, places, tune.has_bar_lines))
    score.editorial["repairs"] = tune.repairs
    score.editorial["left_out"] = tune.left_out
    return score


def _starts(voices: Sequence[Sequence[Bar]]) -> list[list[Fraction]]:
    """Where each bar of each voice starts, in quarter notes.

    Voices with as many bars as each other keep their bar lines together, by the longest.
    """
    if len({len(bars) for bars in voices}) == 1:
        lengths = [max(bar.length for bar in column) for column in zip(*voices, strict=True)]
        return [_sums(lengths) for _ in voices]
    return [_sums([bar.length for bar in bars]) for bars in voices]


def _quarters(exact: Fraction) -> float | Fraction:
    """A float where it is exact, as music21 has it."""
    return float(exact) if exact == float(exact) else exact


def _sums(lengths: Sequence[Fraction]) -> list[Fraction]:
    places = [Fraction(0)]
    for length in lengths:
        places.append(places[-1] + length)
    return places


def _part(
    traits: Traits, bars: Sequence[Bar], places: Sequence[Fraction], has_bar_lines: bool
) -> Any:
    from music21 import meter, stream

    part = stream.Part()
    part.partName = traits.name
    ties = _ties(bars, places)
    now: tuple[int, int] | None = None
    voltas: list[tuple[tuple[int, ...], list[Any]]] = []
    for bar, start, end in _with_every_bar_line(bars, places):
        target, at = (stream.Measure(), Fraction(0)) if has_bar_lines else (part, start)
        if bar.meter is not None and bar.meter != now:
            target.coreInsert(_quarters(at), meter.TimeSignature(f"{bar.meter[0]}/{bar.meter[1]}"))
            now = bar.meter
        for element_at, element in _elements(bar, end - start, ties):
            target.coreInsert(_quarters(at + element_at), element)
        target.coreElementsChanged()
        if has_bar_lines:
            _set_repeats(target, bar)
            part.coreInsert(_quarters(start), target)
            if not voltas or voltas[-1][0] != bar.endings:
                voltas.append((bar.endings, []))
            voltas[-1][1].append(target)
    _insert_brackets(part, voltas)
    _insert_hairpins(part, bars, places)
    part.coreElementsChanged()
    return part


def _with_every_bar_line(
    bars: Sequence[Bar], places: Sequence[Fraction]
) -> Iterator[tuple[Bar, Fraction, Fraction]]:
    """Each bar, its start and end; one that is several bars long is followed by empty ones."""
    for bar, start, end in zip(bars, places, places[1:], strict=False):
        full = bar.full_length
        count, rest = divmod(end - start, full) if full else (1, 0)
        if full is None or count < 2 or rest:
            yield bar, start, end
            continue
        marks: list[list[tuple[Fraction, Mark]]] = [[] for _ in range(count)]
        for at, mark in bar.marks:
            i = min(int(at // full), count - 1)
            marks[i].append((at - i * full, mark))
        yield replace(bar, repeats=0, ends_section=False, marks=marks[0]), start, start + full
        for i in range(1, count):
            empty = Bar(bar.meter, endings=bar.endings, marks=marks[i])
            if i == count - 1:
                empty.repeats, empty.ends_section = bar.repeats, bar.ends_section
            yield empty, start + i * full, start + (i + 1) * full


def _ties(bars: Sequence[Bar], places: Sequence[Fraction]) -> dict[int, str]:
    """The tie of each note that has one, by its id, as music21 calls it."""
    held: dict[int, Fraction] = {}
    found: dict[int, str] = {}
    placed = [(start + n.onset, n) for bar, start in zip(bars, places) for n in bar.notes]
    for onset, note in sorted(placed, key=lambda item: item[0]):
        if not note.length:
            continue
        is_held = held.get(note.pitch) == onset
        if note.tied:
            held[note.pitch] = onset + note.length
            found[id(note)] = "continue" if is_held else "start"
        elif is_held:
            del held[note.pitch]
            found[id(note)] = "stop"
    return found


def _elements(bar: Bar, length: Fraction, ties: dict[int, str]) -> Iterator[tuple[Fraction, Any]]:
    """What a bar holds, and where; silence at its end keeps its length."""
    from music21 import articulations, tie
    from music21 import note as m21note

    accents = {"accent": articulations.Accent, "strong accent": articulations.StrongAccent}

    symbols: set[Fraction] = set()
    for at, mark in bar.marks:
        if mark.kind == "chord" and at in symbols:
            continue  # one chord at a time
        element = _element(mark)
        if element is not None:
            yield at, element
            if mark.kind == "chord":
                symbols.add(at)
    sounding = Fraction(0)
    for note in bar.notes:
        element = m21note.Note()
        element.pitch.midi = note.pitch
        if not note.length:
            yield note.onset, element.getGrace()
            continue
        element.duration.quarterLength = _quarters(note.length)
        if note.accent:
            element.articulations.append(accents[note.accent]())
        if id(note) in ties:
            element.tie = tie.Tie(ties[id(note)])
        yield note.onset, element
        sounding = max(sounding, note.onset + note.length)
    if sounding < length:
        yield sounding, m21note.Rest(quarterLength=_quarters(length - sounding))


def _element(mark: Mark) -> Any:
    """A mark as music21 has it; None for what it has no word for."""
    from music21 import dynamics, expressions, instrument, tempo

    if mark.kind == "key":
        return _key(mark.value)
    if mark.kind == "chord":
        return _chord_symbol(mark.value)
    if mark.kind == "dynamic":
        return dynamics.Dynamic(mark.value)
    if mark.kind == "words":
        words = expressions.TextExpression(mark.value.text)
        words.placement = "above" if mark.value.above else "below"
        return words
    if mark.kind == "hairpin":
        return None  # a spanner of the part
    if mark.kind == "tempo":
        value: AbcTempo = mark.value
        if value.quarters_per_minute is None:
            return tempo.TempoText(value.word)
        return tempo.MetronomeMark(value.word or None, number=value.quarters_per_minute)
    played = instrument.Instrument()
    played.midiProgram, is_drums = mark.value
    played.midiChannel = 9 if is_drums else None
    return played


def _key(value: AbcKey) -> Any:
    from music21 import key

    if not value.tonic:
        return None
    return key.Key(value.tonic.replace("b", "-"), value.mode)


def _chord_symbol(text: str) -> Any:
    """A chord as music21 reads it; None for one unknown to it."""
    from music21 import common, harmony

    if text in NO_CHORD:
        return harmony.NoChord(text)
    name = common.cleanedFlatNotation(text.replace("(", "").replace(")", ""))
    try:
        return harmony.ChordSymbol(name)
    except ValueError:
        return None


def _set_repeats(measure: Any, bar: Bar) -> None:
    from music21 import bar as m21bar

    if bar.starts_repeat:
        measure.leftBarline = m21bar.Repeat(direction="start")
    if bar.repeats:
        measure.rightBarline = m21bar.Repeat(direction="end", times=bar.repeats + 1)
    elif bar.ends_section:
        measure.rightBarline = m21bar.Barline("double")


def _insert_brackets(part: Any, voltas: Sequence[tuple[tuple[int, ...], list[Any]]]) -> None:
    from music21 import spanner

    for passes, measures in voltas:
        if passes:
            part.coreInsert(0, spanner.RepeatBracket(measures, number=", ".join(map(str, passes))))


def _insert_hairpins(part: Any, bars: Sequence[Bar], places: Sequence[Fraction]) -> None:
    """Hairpins from where they open to where they close; one that nothing closes has no end."""
    from music21 import dynamics, spanner

    classes = {"crescendo": dynamics.Crescendo, "diminuendo": dynamics.Diminuendo}
    signs = [
        (start + at, mark.value)
        for bar, start in zip(bars, places, strict=False)
        for at, mark in bar.marks
        if mark.kind == "hairpin"
    ]
    begun: dict[str, Any] = {}
    for place, (direction, opens) in signs:
        anchor = spanner.SpannerAnchor()
        part.coreInsert(_quarters(place), anchor)
        if opens:
            begun[direction] = classes[direction](anchor)
            part.coreInsert(0, begun[direction])
        elif direction in begun:
            begun.pop(direction).addSpannedElements(anchor)
