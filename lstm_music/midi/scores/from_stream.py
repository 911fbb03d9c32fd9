"""A music21 Stream as a Piece: ties joined, chord symbols realised, repeats played out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lstm_music.errors import MidiError
from lstm_music.midi.scores.expression.read import read_expression
from lstm_music.midi.scores.expression.tempos import score_tempos
from lstm_music.midi.scores.expression.unfold import unfold_changes
from lstm_music.midi.scores.jumps import order_of_sections, sounding_order
from lstm_music.midi.scores.keys import as_key_and_changes, read_keys, unfold_keys
from lstm_music.midi.scores.measures import is_on_grid, read_measures
from lstm_music.midi.scores.notes import Reading, read_chord_symbols, read_part
from lstm_music.midi.scores.repeats import (
    Measure,
    meters_and_pickup,
    once_through,
    unfold,
)
from lstm_music.midi.scores.unfold import unfold_notes
from lstm_music.music.meter import Meter
from lstm_music.music.piece import DEFAULT_USEC_PER_QUARTER, Piece, Tempo, make_notes

SECTIONS = "sections"
"""Under this a Score's ``editorial`` has sections and their order, as in `StraightKern`."""


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
    expand_repeats : play repeats, voltas, D.C. and D.S. out, else each section once with its last
        ending.
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
    measures = read_measures(parts, reading)
    keys = read_keys(stream, parts, reading)
    end = max(note.end for note in reading.notes)
    tempos, states_tempo = score_tempos(expression.marks, measures, end)
    order = _order(stream, measures, expand_repeats)
    if order != list(range(len(measures))):
        chord_track = len(reading.tracks) - 1 if symbols else None
        reading.notes = unfold_notes(reading.notes, measures, order, chord_track)
        tempos = _unfold_tempos(tempos, measures, order)
        keys = unfold_keys(keys, measures, order)
        end = max(note.end for note in reading.notes)
    pedal = expression.sounding_pedal(tracks, measures, order, end)
    measures = unfold(measures, order)
    meters, pickup, repairs = meters_and_pickup(measures)
    if not measures:
        meters = _flat_meters(stream, reading)
    states_meter = any(stream.recurse().getElementsByClass("TimeSignature"))
    key, key_changes = as_key_and_changes(keys)
    stated = {"meter": states_meter, "tempo": states_tempo}
    repairs += [f"{count} {what}" for what, count in sorted(reading.counts.items())]
    rows = [(n.onset, max(n.end - n.onset, 1), *n[2:]) for n in reading.notes]
    return Piece(
        notes=make_notes(rows),
        tracks=tuple(reading.tracks),
        meters=meters,
        tempos=_as_tempos(tempos),
        key=key,
        key_changes=key_changes,
        pedal=pedal,
        pickup_steps=pickup,
        style=style,
        title=_title(stream),
        source=source,
        repairs=tuple(repairs),
        max_timing_error_steps=reading.max_error,
        unstated=frozenset(name for name in stated if not stated[name]),
    )


def _order(stream: Any, measures: Sequence[Measure], expand_repeats: bool) -> list[int]:
    """The measures in the order they sound; a score may tell the order of its sections."""
    sections, expansion, once = stream.editorial.get(SECTIONS) or ((), (), ())
    told = order_of_sections(sections, expansion if expand_repeats else once, len(measures))
    if told:
        return told
    return sounding_order(measures) if expand_repeats else once_through(measures)


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


def _flat_meters(stream: Any, reading: Reading) -> tuple[Meter, ...]:
    """Meters of a stream without measures."""
    meters = {
        reading.steps(ts.offset): Meter(reading.steps(ts.offset), ts.numerator, ts.denominator)
        for ts in stream.flatten().getElementsByClass("TimeSignature")
        if is_on_grid(ts.numerator, ts.denominator)
    }
    meters.setdefault(0, Meter(0, 4, 4))
    return tuple(meters[onset] for onset in sorted(meters))


def _unfold_tempos(
    tempos: Sequence[Tempo], measures: Sequence[Measure], order: Sequence[int]
) -> list[Tempo]:
    changes = [(tempo.onset_steps, tempo.usec_per_quarter) for tempo in tempos]
    unfolded = unfold_changes(changes, measures, order, DEFAULT_USEC_PER_QUARTER)
    return [Tempo(*change) for change in unfolded]


def _title(stream: Any) -> str:
    metadata = getattr(stream, "metadata", None)
    title = str(metadata.bestTitle or "") if metadata is not None else ""
    return title.removesuffix(".mxl").removesuffix(".xml")  # some files give their own name
