"""Which program or drum each note of a MusicXML score plays, told in a footnote.

music21 takes the first instrument of a part for all its notes. A part may have several: the drums
of a kit, or a flute and the piccolo that its player changes to. So a note that plays another one,
and every note without a pitch, gets a footnote, which music21 keeps and `told_sound` reads.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from lstm_music.midi.scores.drum_places import drum_of_name, drum_of_place

_DRUM_CHANNEL = 10  # counted from 1, as in MusicXML
_PIANOS = range(1, 8)  # music21 takes the program of these from the instrument's name
_FOOTNOTE = re.compile(r"lstm_music: program (\d+)( drums)?(?: key (\d+))?")


class ToldSound(NamedTuple):
    """The program that plays a note, whether drums, and for drums the key, None for its pitch."""

    program: int
    is_drum: bool
    key: int | None


def told_sound(note: Any) -> ToldSound | None:
    """What the footnote of a music21 note tells; None if `name_sounds` wrote none."""
    if not note.hasEditorialInformation:
        return None
    for comment in note.editorial.footnotes:
        if found := _FOOTNOTE.fullmatch(str(comment.text)):
            key = None if found[3] is None else int(found[3])
            return ToldSound(int(found[1]), found[2] is not None, key)
    return None


@dataclass(frozen=True, slots=True)
class _Instrument:
    """Program and channel from 0 and 1 on, drum key, and what says more of it."""

    program: int = 0
    channel: int = 0
    key: int | None = None
    names: tuple[str, ...] = ()


def name_sounds(root: ET.Element) -> None:
    """Write the footnotes, in a ``score-partwise``."""
    told = {part.get("id"): _instruments(part) for part in root.iterfind("part-list/score-part")}
    names = {
        part.get("id"): part.findtext("part-name", "")
        for part in root.iterfind("part-list/score-part")
    }
    for part in root.iterfind("part"):
        instruments = dict(told.get(part.get("id"), {}))
        first = next(iter(instruments), "")
        default = instruments.get(first, _Instrument())
        for element in part.iterfind("measure/*"):
            for sound in _sounds(element):
                _change(instruments, sound)
            if element.tag != "note" or element.find("rest") is not None:
                continue
            chosen = element.find("instrument")
            # Of a kit whose notes do not say which drum they are, the place on the staff does.
            alone = first if len(instruments) == 1 or element.find("unpitched") is None else ""
            instrument = instruments.get(alone if chosen is None else chosen.get("id", ""))
            name = names.get(part.get("id"), "") or ""
            told_here = _told(element, instrument or _Instrument(), default, name)
            if told_here:
                ET.SubElement(element, "footnote").text = f"lstm_music: program {told_here}"


def _sounds(element: ET.Element) -> list[ET.Element]:
    return [element] if element.tag == "sound" else element.findall("sound")


def _told(note: ET.Element, instrument: _Instrument, default: _Instrument, part: str) -> str:
    """Program, kind and key of a note, as in its footnote; "" where music21 knows it."""
    kit = default.program if default.channel == _DRUM_CHANNEL else 0
    unpitched = note.find("unpitched")
    if unpitched is not None:
        key = instrument.key
        for name in (*instrument.names, part):
            key = drum_of_name(name) if key is None else key
        if key is None:
            step, octave = unpitched.findtext("display-step"), unpitched.findtext("display-octave")
            key = drum_of_place(f"{step}{octave}", note.findtext("notehead", ""))
        return f"{kit} drums key {key}"
    if instrument.channel == _DRUM_CHANNEL:
        key = instrument.key
        return f"{kit} drums" + ("" if key is None else f" key {key}")
    is_other = instrument.program != default.program or default.channel == _DRUM_CHANNEL
    if is_other or instrument.program in _PIANOS:
        return str(instrument.program)
    return ""


def _instruments(score_part: ET.Element) -> dict[str, _Instrument]:
    """By their id, in the order of the file."""
    instruments: dict[str, _Instrument] = {}
    for element in score_part.iterfind("score-instrument"):
        names = (element.findtext("instrument-name", ""), element.findtext("instrument-sound", ""))
        instruments[element.get("id", "")] = _Instrument(names=names)
    for element in score_part.iterfind("midi-instrument"):
        name = element.get("id", "")
        instruments[name] = _with_midi(instruments.get(name, _Instrument()), element)
    return instruments


def _change(instruments: dict[str, _Instrument], sound: ET.Element) -> None:
    """A new program for an instrument, from here on."""
    for element in sound.iterfind("midi-instrument"):
        name = element.get("id", "")
        instruments[name] = _with_midi(instruments.get(name, _Instrument()), element)


def _with_midi(instrument: _Instrument, element: ET.Element) -> _Instrument:
    program = _number(element.findtext("midi-program"))
    channel = _number(element.findtext("midi-channel"))
    key = _number(element.findtext("midi-unpitched"))
    return replace(
        instrument,
        program=instrument.program if program is None else min(max(program - 1, 0), 127),
        channel=instrument.channel if channel is None else channel,
        key=instrument.key if key is None else min(max(key - 1, 0), 127),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"\s*\d{1,9}\s*", text) else None
