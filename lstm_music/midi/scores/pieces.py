"""Score files through music21, here and now; `foreign` does it in a process with limits."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from lstm_music.errors import LstmMusicError, MidiError
from lstm_music.midi.content import MIDI
from lstm_music.midi.scores.abc.stream import tune_stream
from lstm_music.midi.scores.abc.text import abc_tunes
from lstm_music.midi.scores.abc.tune import read_tune
from lstm_music.midi.scores.from_stream import SECTIONS, piece_from_stream
from lstm_music.midi.scores.kern_spines import (
    StraightKern,
    drop_open_ties,
    join_columns,
    straighten,
)
from lstm_music.midi.scores.mei_text import add_what_was_left_out, prepared_mei
from lstm_music.midi.scores.source import Source, check_size, open_source
from lstm_music.music.piece import Piece

_MAX_REPAIRS = 8
_MAX_REPAIR_LENGTH = 300


def score_pieces(
    data: bytes,
    suffix: str,
    *,
    source: str = "",
    style: str = "",
    expand_repeats: bool = True,
    strict: bool = False,
    first_only: bool = False,
) -> list[Piece]:
    """The pieces of a score file, read by music21 in this process.

    Parameters
    ----------
    data : the file.
    suffix : a key of ``FORMATS``, or ``MIDI``: for music21's own reader of MIDI files.
    source, style, expand_repeats : as in `piece_from_stream`.
    strict : refuse a file in which something had to be mended.
    first_only : of a file of several pieces only the first.

    Raises
    ------
    MidiError : not a score, or music21 cannot read it as music.
    """
    check_size(data)
    opened = Source(MIDI, data) if suffix == MIDI else open_source(data, suffix)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pieces, scores = _pieces(
            opened, first_only, source=source, style=style, expand_repeats=expand_repeats
        )
    heard = dict.fromkeys(_as_repair(w) for w in caught)
    mended = (*opened.repairs, *_noted(scores, "repairs"), *list(heard)[:_MAX_REPAIRS])
    if strict and mended:
        raise MidiError(f"it needs a repair: {mended[0]}")
    noted = (*_noted(scores, "left_out"), *mended)
    return [piece.replace(repairs=(*piece.repairs, *noted)) for piece in pieces]


def _noted(scores: Sequence[Any], kind: str) -> tuple[str, ...]:
    """What our own reader of ABC has to say of a tune (`abc.stream`)."""
    return tuple(dict.fromkeys(text for s in scores for text in s.editorial.get(kind, ())))


def _as_repair(warning: warnings.WarningMessage) -> str:
    ours = str(warning.message).startswith("kern: ")
    return f"{'' if ours else 'music21: '}{warning.message}"[:_MAX_REPAIR_LENGTH]


def _pieces(opened: Source, first_only: bool, **options: Any) -> tuple[list[Piece], list[Any]]:
    """The pieces, and the scores of music21 that they and what was left out come from."""
    # Out of memory, CPython 3.11 hangs where an exception leaves a long function by a `with` or
    # an `except`: it needs an integer above 256 for the place, and asks for it again and again.
    try:
        stream = parse_score(opened, expand_repeats=options["expand_repeats"])
        return _pieces_of(stream, opened, first_only, options)
    except (LstmMusicError, MemoryError, SystemError):  # the last: no memory left to say so
        raise
    except Exception as error:  # music21 raises whatever its parsers meet
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:_MAX_REPAIR_LENGTH]
        raise MidiError(f"music21 cannot read it: {reason}") from error


def _pieces_of(
    stream: Any, opened: Source, first_only: bool, options: dict[str, Any]
) -> tuple[list[Piece], list[Any]]:
    scores = list(getattr(stream, "scores", ())) or [stream]
    sounding = [score for score in scores if score.recurse().notes] or scores[:1]
    musicxml = str(opened.content) if opened.format == "musicxml" else ""
    wanted = sounding[:1] if first_only else sounding
    return [piece_from_stream(s, musicxml=musicxml, **options) for s in wanted], scores


def parse_score(opened: Source, *, expand_repeats: bool = False) -> Any:
    """A music21 stream, parsed from memory; ABC by our own reader.

    ``expand_repeats`` puts the parts of an ABC tune in the order that ``P:`` tells.

    As with ``converter.parse(forceSource=True)`` nothing is unpickled from music21's cache in a
    shared folder; nor does music21 open any file.
    """
    if opened.format == MIDI:
        return _parse_midi(opened.content)
    if opened.format == "capella":
        return _parse_capella(opened.content)
    if opened.format == "abc":
        return _parse_abc(str(opened.content), expand_repeats)
    if opened.format == "humdrum":
        return _parse_kern(str(opened.content))
    if opened.format == "mei":
        mei = prepared_mei(str(opened.content))
        score = _convert("mei", mei.text)
        add_what_was_left_out(score, mei)
        return score
    return _convert(opened.format, opened.content)


def _convert(format_: str, content: str | bytes) -> Any:
    from music21 import converter

    reader = converter.Converter()
    reader.setSubConverterFromFormat(format_)
    assert reader.subConverter is not None
    # By this way the text of .nwc files is read too; ``Converter.parseData`` cannot.
    reader.subConverter.parseData(content)
    return reader.stream


def _parse_kern(text: str) -> Any:
    """A Score of one piece, an Opus of several."""
    from music21 import stream

    pieces = straighten(text)
    if not pieces:
        raise MidiError("holds no **kern spine")
    scores = [_kern_score(piece) for piece in pieces]
    return scores[0] if len(scores) == 1 else stream.Opus(scores)


def _kern_score(piece: StraightKern) -> Any:
    score = _convert("humdrum", piece.text)
    join_columns(score, piece.columns)
    for part in score.parts:
        drop_open_ties(part)
        part.atSoundingPitch = True  # kern is written as it sounds, whatever the instrument
    for repair in piece.repairs:
        warnings.warn(repair, stacklevel=2)
    score.editorial[SECTIONS] = (piece.sections, piece.expansion, piece.once)
    return score


def _parse_midi(data: str | bytes) -> Any:
    """What ``converter.parse`` makes of a MIDI file, unquantised and as it sounds."""
    from music21 import instrument, midi

    file = midi.MidiFile()
    file.readstr(data)
    # Its own quantising merges 32nds into chords.
    score = midi.translate.midiFileToStream(file, quantizePost=False)
    for part in score.parts:
        part.atSoundingPitch = True  # a track named Clarinet is not written a tone higher
        first = next(iter(part.flatten().getElementsByClass("Instrument")), None)
        if first is None or first.offset:
            part.insert(0, instrument.Piano())  # program 0, until another is chosen
    if not any(e.type == midi.MetaEvents.TIME_SIGNATURE for t in file.tracks for e in t.events):
        for signature in list(score.recurse().getElementsByClass("TimeSignature")):
            signature.activeSite.remove(signature)  # music21's, not the file's
    return score


def _parse_abc(text: str, parts_in_order: bool) -> Any:
    """A Score, or an Opus of several."""
    from music21 import stream

    tunes = [read_tune(tune, parts_in_order=parts_in_order) for tune in abc_tunes(text)]
    scores = [tune_stream(tune) for tune in tunes]
    return scores[0] if len(scores) == 1 else stream.Opus(scores)


def _parse_capella(text: str | bytes) -> Any:
    """What ``ConverterCapella.parseData`` means to do (it fails, in music21 10.5)."""
    from music21.capella.fromCapellaXML import CapellaImporter

    importer = CapellaImporter()
    systems = importer.systemScoreFromScore(importer.parseXMLText(text))
    return importer.partScoreFromSystemScore(systems)
