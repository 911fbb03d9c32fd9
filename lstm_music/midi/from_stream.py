"""A music21 Stream as a Piece: ties joined, chord symbols realised, repeats played out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lstm_music.errors import ConfigError, MidiError
from lstm_music.midi.expression.read import read_expression
from lstm_music.midi.expression.tempos import score_tempos
from lstm_music.midi.expression.unfold import unfold_changes
from lstm_music.midi.score_notes import Reading, ScoreNote, read_chord_symbols, read_part
from lstm_music.midi.score_time import (
    Measure,
    meters_and_pickup,
    once_through,
    playing_order,
    unfold,
)
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import DEFAULT_USEC_PER_QUARTER, Piece, Tempo, make_notes

_MINOR_MODES = frozenset({"minor", "aeolian", "dorian", "phrygian", "locrian"})
_MAJOR_MODES = frozenset({"major", "ionian", "lydian", "mixolydian"})


def piece_from_stream(
    stream: Any,
    *,
    source: str = "",
    style: str = "",
    expand_repeats: bool = True,
    musicxml: str = "",
) -> Piece:
    """Turn a music21 Stream into a Piece.

    Ties are joined, grace notes left out, transposing parts brought to sounding pitch, and chord
    symbols realised as a track of close-position block chords, each lasting to the next symbol.
    Dynamics, hairpins and accents become velocities; pedal marks the pedal; metronome marks and
    tempo words tempos.

    Parameters
    ----------
    stream : Score, Part, Opus (its first score) or any flat stream.
    source, style : as in Piece; a score with chord symbols has style "lead" unless told.
    expand_repeats : play repeats and voltas out, else each section once with its last ending;
        D.C. and D.S. are never followed.
    musicxml : the text that the stream was parsed from; its marks are read from it, since music21
        leaves some of them out.

    Raises
    ------
    MidiError : the stream holds no notes.
    """
    scores = getattr(stream, "scores", None)
    if scores:
        stream = scores[0]
    parts = list(getattr(stream, "parts", ())) or [stream]
    reading = Reading()
    expression = read_expression(stream, parts, musicxml)
    tracks = [
        read_part(part, reading, loudness)
        for part, loudness in zip(parts, expression.loudness, strict=True)
    ]
    if not reading.notes:
        raise MidiError("holds no notes", path=source or None)
    symbols = read_chord_symbols(stream, reading, expression.loudness[0])
    style = style or ("lead" if symbols else "")
    measures = _read_measures(parts, reading)
    end = max(note.end for note in reading.notes)
    tempos, states_tempo = score_tempos(expression.marks, measures, end)
    order = playing_order(measures) if expand_repeats else once_through(measures)
    if order != list(range(len(measures))):
        reading.notes = _unfold_notes(reading.notes, measures, order)
        tempos = _unfold_tempos(tempos, measures, order)
        end = max(note.end for note in reading.notes)
    pedal = expression.sounding_pedal(tracks, measures, order, end)
    measures = unfold(measures, order)
    meters, pickup, repairs = meters_and_pickup(measures)
    if not measures:
        meters = _flat_meters(stream, reading)
    states_meter = any(stream.recurse().getElementsByClass("TimeSignature"))
    stated = {"meter": states_meter, "tempo": states_tempo}
    repairs += [f"{count} {what}" for what, count in sorted(reading.counts.items())]
    rows = [(n.onset, max(n.end - n.onset, 1), *n[2:]) for n in reading.notes]
    return Piece(
        notes=make_notes(rows),
        tracks=tuple(reading.tracks),
        meters=meters,
        tempos=_as_tempos(tempos),
        key=_read_key(stream),
        pedal=pedal,
        pickup_steps=pickup,
        style=style,
        title=_title(stream),
        source=source,
        repairs=tuple(repairs),
        max_timing_error_steps=reading.max_error,
        unstated=frozenset(name for name in stated if not stated[name]),
    )


def _as_tempos(tempos: Iterable[Tempo]) -> tuple[Tempo, ...]:
    """In order, one at a place, none that changes nothing, the first at step 0."""
    by_onset = {t.onset_steps: t for t in tempos}
    kept: list[Tempo] = []
    for onset in sorted(by_onset):
        tempo = by_onset[onset]
        if not kept:
            kept.append(Tempo(0) if onset else tempo)
        if kept[-1].usec_per_quarter != tempo.usec_per_quarter:
            kept.append(tempo)
    return tuple(kept) or (Tempo(0),)


def _read_measures(parts: Sequence[Any], reading: Reading) -> list[Measure]:
    """The written measures of the part that has most, with repeat signs and voltas."""
    part = max(parts, key=lambda p: len(p.getElementsByClass("Measure")))
    written = list(part.getElementsByClass("Measure"))
    endings: dict[int, tuple[int, ...]] = {}
    for bracket in part.recurse().getElementsByClass("RepeatBracket"):
        for element in bracket.getSpannedElements():
            endings[id(element)] = tuple(bracket.numberRange)
    onsets = [reading.steps(m.offset) for m in written]
    ends = [*onsets[1:], reading.steps(part.highestTime)] if written else []
    numerator, denominator = 4, 4
    measures = []
    for measure, onset, end in zip(written, onsets, ends, strict=True):
        signature = measure.timeSignature
        if signature is not None and _is_on_grid(signature.numerator, signature.denominator):
            numerator, denominator = signature.numerator, signature.denominator
        elif signature is not None:
            reading.counts["meters off the grid left out"] += 1
        measures.append(_measure(measure, onset, end - onset, (numerator, denominator), endings))
    return measures


def _measure(
    measure: Any,
    onset: int,
    length: int,
    meter: tuple[int, int],
    endings: dict[int, tuple[int, ...]],
) -> Measure:
    left, right = measure.leftBarline, measure.rightBarline
    is_end = right is not None and "Repeat" in right.classes and right.direction == "end"
    times = getattr(right, "times", None) if is_end else None
    return Measure(
        onset,
        length,
        *meter,
        repeat_start=left is not None and "Repeat" in left.classes and left.direction == "start",
        repeat_end=is_end,
        times=2 if times is None else int(times),
        endings=endings.get(id(measure), ()),
    )


def _is_on_grid(numerator: int, denominator: int) -> bool:
    try:
        Meter(0, numerator, denominator)
    except ConfigError:
        return False
    return True


def _flat_meters(stream: Any, reading: Reading) -> tuple[Meter, ...]:
    """Meters of a stream without measures."""
    meters = {
        reading.steps(ts.offset): Meter(reading.steps(ts.offset), ts.numerator, ts.denominator)
        for ts in stream.flatten().getElementsByClass("TimeSignature")
        if _is_on_grid(ts.numerator, ts.denominator)
    }
    meters.setdefault(0, Meter(0, 4, 4))
    return tuple(meters[onset] for onset in sorted(meters))


def _unfold_notes(
    notes: Sequence[ScoreNote], measures: Sequence[Measure], order: Sequence[int]
) -> list[ScoreNote]:
    """Every note once for each time its measure sounds.

    A note held over the bar line is cut there when another measure than the written one follows.
    """
    by_measure: dict[int, list[ScoreNote]] = {}
    starts = np.array([measure.onset_steps for measure in measures])
    for note in notes:
        i = int(np.searchsorted(starts, note.onset, side="right")) - 1
        by_measure.setdefault(max(i, 0), []).append(note)
    unfolded = []
    now = 0
    for i, following in zip(order, [*order[1:], len(measures)], strict=True):
        shift, after = now - measures[i].onset_steps, now + measures[i].length_steps
        for note in by_measure.get(i, ()):
            end = note.end + shift if following == i + 1 else min(note.end + shift, after)
            unfolded.append(note._replace(onset=note.onset + shift, end=end))
        now = after
    return unfolded


def _unfold_tempos(
    tempos: Sequence[Tempo], measures: Sequence[Measure], order: Sequence[int]
) -> list[Tempo]:
    changes = [(tempo.onset_steps, tempo.usec_per_quarter) for tempo in tempos]
    unfolded = unfold_changes(changes, measures, order, DEFAULT_USEC_PER_QUARTER)
    return [Tempo(*change) for change in unfolded]


def _read_key(stream: Any) -> Key | None:
    """The first key whose mode is known; church modes count as major or minor by their third."""
    for key in stream.flatten().getElementsByClass("KeySignature"):
        mode = getattr(key, "mode", None)
        tonic = getattr(key, "tonic", None)
        if mode is None or tonic is None or mode not in _MINOR_MODES | _MAJOR_MODES:
            return None
        name = tonic.name.replace("-", "b")
        try:
            return Key.parse(f"{name} {'minor' if mode in _MINOR_MODES else 'major'}")
        except ConfigError:
            return None
    return None


def _title(stream: Any) -> str:
    metadata = getattr(stream, "metadata", None)
    title = str(metadata.bestTitle or "") if metadata is not None else ""
    return title.removesuffix(".mxl").removesuffix(".xml")  # some files give their own name
