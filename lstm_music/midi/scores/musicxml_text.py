"""What music21 leaves out of MusicXML, put in the text in a way that it reads."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from lstm_music.midi.scores.jumps import STARTS, signs_of_text
from lstm_music.midi.scores.musicxml_sounds import name_sounds
from lstm_music.midi.scores.musicxml_transpositions import duration, transpose_in_place
from lstm_music.midi.scores.repeats import passes_of_label

_SOUND_WORDS = {"dacapo": "D.C.", "dalsegno": "D.S.", "tocoda": "To Coda", "fine": "Fine"}
_SOUND_SIGNS = ("segno", "coda")
_NO = frozenset({"no", ""})
_TO_DO = re.compile(
    r"<(cue|coda|ending|forward|midi-instrument|repeat|score-timewise|segno|tied|transpose"
    r"|unpitched|words)\b"
    r"|<sound\b[^>]*\b(dacapo|dalsegno|tocoda|fine|segno|coda)="
    r"|after-jump"
)


def prepared(text: str) -> str:
    """MusicXML for music21: cue notes are rests, jumps are words, notes name their sounds.

    The text itself if there is nothing to do; measures and times stay as they are.
    """
    if not _TO_DO.search(text):
        return text
    root = ET.fromstring(text)
    if root.tag == "score-timewise":
        _to_partwise(root)
    elif root.tag != "score-partwise":
        return text
    for part in root.iterfind("part"):
        measures = part.findall("measure")
        _drop_other_segnos(part)
        for measure in measures[:-1]:
            _keep_length(measure)
        for measure in measures:
            _silence_cues(measure)
            _sound_ties(measure)
            _spell_jumps(measure)
            _mend_bar_lines(measure)
        transpose_in_place(measures)
    name_sounds(root)
    return ET.tostring(root, encoding="unicode")


def _to_partwise(root: ET.Element) -> None:
    """Parts of measures of what are measures of parts."""
    parts: dict[str, ET.Element] = {}
    for measure in root.findall("measure"):
        root.remove(measure)
        for piece in measure.iterfind("part"):
            name = piece.get("id", "")
            if name not in parts:
                parts[name] = ET.SubElement(root, "part", {"id": name})
            ET.SubElement(parts[name], "measure", measure.attrib).extend(piece)
    root.tag = "score-partwise"


def _keep_length(measure: ET.Element) -> None:
    """A ``<forward>`` beyond the last note is a rest: music21 would end the measure before it."""
    now = ends = 0
    beyond: ET.Element | None = None
    for element in measure:
        length = duration(element)
        if element.tag == "backup":
            now -= length
        elif element.tag == "forward" or (element.tag == "note" and element.find("chord") is None):
            now += length
            if now > ends:
                ends, beyond = now, element if element.tag == "forward" else None
    if beyond is not None:
        beyond.tag = "note"
        beyond.set("print-object", "no")
        beyond.insert(0, ET.Element("rest"))


def _silence_cues(measure: ET.Element) -> None:
    """Cue notes, which nobody plays, as rests; in a chord with notes that sound, away."""
    if measure.find("note/cue") is None:
        return
    for chord in _chords(measure):
        sounding = [note for note in chord if note.find("cue") is None]
        cues = [note for note in chord if note.find("cue") is not None]
        if not cues:
            continue
        takes_time = not sounding and cues[0].find("grace") is None
        if takes_time:
            _make_rest(cues[0])
        for note in cues[takes_time:]:
            measure.remove(note)
        if sounding:
            _remove(sounding[0], "chord")


def _chords(measure: ET.Element) -> Iterator[list[ET.Element]]:
    """The notes of each chord; a note alone is one, too."""
    chord: list[ET.Element] = []
    for note in measure.findall("note"):
        if note.find("chord") is None and chord:
            yield chord
            chord = []
        chord.append(note)
    if chord:
        yield chord


def _make_rest(note: ET.Element) -> None:
    for tag in ("cue", "chord", "tie", "notations", "lyric", "notehead", "instrument"):
        _remove(note, tag)
    for tag in ("pitch", "unpitched"):
        for element in note.findall(tag):
            element.clear()
            element.tag = "rest"


def _remove(element: ET.Element, tag: str) -> None:
    for child in element.findall(tag):
        element.remove(child)


def _sound_ties(measure: ET.Element) -> None:
    """A tie that is only drawn is meant to sound."""
    for note in measure.iterfind("note"):
        if note.find("tie") is None:
            for tied in note.iterfind("notations/tied"):
                kinds = {"start": ["start"], "stop": ["stop"], "continue": ["stop", "start"]}
                for kind in kinds.get(tied.get("type", ""), ()):
                    ET.SubElement(note, "tie", {"type": kind})


def _drop_other_segnos(part: ET.Element) -> None:
    """Leave out the segnos that no D.S. names: without names the last one before it is meant."""
    places = [*part.iterfind("measure/direction"), *part.iterfind("measure")]
    named = [(place, sound) for place in places for sound in place.findall("sound")]
    wanted = {sound.get("dalsegno", "") for _, sound in named} - _NO
    if wanted.isdisjoint(sound.get("segno", "") for _, sound in named):
        return
    for place, sound in named:
        if sound.get("segno", "") not in wanted | _NO:
            del sound.attrib["segno"]
            if place.tag == "direction":
                _hide(place, place.findall("direction-type/segno"))


def _spell_jumps(measure: ET.Element) -> None:
    """What ``<sound>`` alone tells of jumps, and words in several pieces, in words."""
    for i, child in enumerate(list(measure)):
        if child.tag == "direction":
            _spell_direction(child)
        elif child.tag == "sound" and _sound_marks(child):
            direction = ET.Element("direction")
            direction.append(child)
            measure[i] = direction
            _spell_direction(direction)
    if any(repeat.get("after-jump") == "yes" for repeat in measure.iterfind("barline/repeat")):
        direction = ET.Element("direction")
        ET.SubElement(_direction_type(direction), "words").text = "with repeats"
        measure.insert(0, direction)


def _sound_marks(sound: ET.Element) -> list[str]:
    names = (*_SOUND_WORDS, *_SOUND_SIGNS)
    return [name for name in names if sound.get(name, "").strip().lower() not in _NO]


def _spell_direction(direction: ET.Element) -> None:
    """One word or sign for each thing that a direction says of jumps."""
    words = [e for e in direction.iterfind("direction-type/*") if e.tag == "words"]
    shown = [e for e in direction.iterfind("direction-type/*") if e.tag in _SOUND_SIGNS]
    sounds = {name for sound in direction.iterfind("sound") for name in _sound_marks(sound)}
    text = " ".join((e.text or "").strip() for e in words)
    with_signs = " ".join([text, *(e.tag for e in shown)])
    told = signs_of_text(with_signs)
    if words and told and told != signs_of_text(text) and not told <= STARTS:
        _hide(direction, shown)  # "To" or "D.S. al" and the sign of a coda
        shown, text = [], with_signs
    if "tocoda" in sounds and "coda" not in sounds:
        _hide(direction, [e for e in shown if e.tag == "coda"])
        shown = [e for e in shown if e.tag != "coda"]
    told = signs_of_text(text)
    if len(words) > 1 and told:
        for element in words[1:]:
            element.text = ""
        words[0].text = text
    elif words and told and not signs_of_text(words[0].text or ""):
        words[0].text = text
    for name, word in _SOUND_WORDS.items():
        if name in sounds and not signs_of_text(word) & told:
            ET.SubElement(_direction_type(direction), "words").text = word
    for name in _SOUND_SIGNS:
        if name in sounds and name not in told and all(e.tag != name for e in shown):
            ET.SubElement(_direction_type(direction), name)


def _direction_type(direction: ET.Element) -> ET.Element:
    added = ET.Element("direction-type")
    direction.insert(0, added)
    return added


def _hide(direction: ET.Element, elements: list[ET.Element]) -> None:
    for kind in direction.iterfind("direction-type"):
        for element in elements:
            if element in list(kind):
                kind.remove(element)


def _mend_bar_lines(measure: ET.Element) -> None:
    """Numbers of endings as music21 reads them (``1, 2``), and of passes."""
    for ending in measure.iterfind("barline/ending"):
        number = ending.get("number", "")
        if not re.fullmatch(r"\d+(\s*[,-]\s*\d+)*", number):
            told = passes_of_label(number) or passes_of_label(ending.text or "")
            ending.set("number", told or "1")
    for repeat in measure.iterfind("barline/repeat"):
        if not re.fullmatch(r"\d{1,9}", repeat.get("times", "2").strip()):
            del repeat.attrib["times"]
