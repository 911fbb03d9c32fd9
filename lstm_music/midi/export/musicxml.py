"""A Piece as MusicXML, plain or compressed.

music21 writes the score. What it has no place for is put right in its text: the instruments of a
part and their programs, drum keys, the velocity of every note of a chord, where the file is from.
"""

from __future__ import annotations

import io
import itertools
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence

from lstm_music.midi.export.score import Engraved, engraved
from lstm_music.midi.export.voices import MAX_VOICES, Bar, Note
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.instruments.general_midi import DRUM_NAMES, instrument_name
from lstm_music.music.piece import Piece, Track

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_DIVISIONS_A_STEP = 10_080 // STEPS_PER_QUARTER  # music21's divisions, for every score
_FULL_VELOCITY = 90  # MusicXML's 100 percent
_DRUM_CHANNEL = 10  # counted from 1
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles>'
    '<rootfile full-path="score.musicxml" '
    'media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>\n'
)
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def musicxml_bytes(piece: Piece, text: str = "") -> bytes:
    """The piece as MusicXML 4.0 in UTF-8.

    Parameters
    ----------
    piece : the music.
    text : kept as a remark on how the file was made.

    Returns
    -------
    bytes
        The same for the same piece and text.
    """
    from music21.musicxml.m21ToXml import ScoreExporter

    score = engraved(piece)
    root = ScoreExporter(score.score, makeNotation=False).parse()
    _identify(root, piece, text)
    _tell_instruments(root, score)
    _number_voices(root)
    for number, part in zip(score.numbers, root.findall("part")):
        _add_pedal(part, piece, number, score.bars)
    ET.indent(root)
    return (_HEAD + ET.tostring(root, encoding="unicode") + "\n").encode()


def compressed(musicxml: bytes) -> bytes:
    """MusicXML as ``.mxl``: an archive with a container file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (
            ("META-INF/container.xml", _CONTAINER.encode()),
            ("score.musicxml", musicxml),
        ):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()


def _identify(root: ET.Element, piece: Piece, text: str) -> None:
    """Our name and the remark instead of music21's, its date and its titles."""
    for tag in ("work", "movement-title", "identification", "defaults"):
        for element in root.findall(tag):
            root.remove(element)
    identification = ET.Element("identification")
    encoding = ET.SubElement(identification, "encoding")
    ET.SubElement(encoding, "software").text = "lstm_music"
    if text:
        ET.SubElement(encoding, "encoding-description").text = _printable(text)
    root.insert(0, identification)
    if piece.title:
        title = ET.Element("movement-title")
        title.text = _printable(piece.title)
        root.insert(0, title)


def _printable(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _NOT_XML.sub("", text)


def _tell_instruments(root: ET.Element, score: Engraved) -> None:
    """Names, programs, channels and drum keys of each part."""
    told = root.findall("part-list/score-part")
    channels = _channels(score.tracks)
    for i, (entry, part) in enumerate(zip(told, root.findall("part"))):
        track, name = score.tracks[i], f"P{i + 1}"
        entry.set("id", name)
        part.set("id", name)
        keys = _tell_notes(part, name, track, score.notes)
        for tag in ("part-name", "score-instrument", "midi-instrument"):
            for element in entry.findall(tag):
                entry.remove(element)
        # Not the track's name: of a piano, music21 takes the program from this name.
        whole = instrument_name(track.program, track.is_drum)
        entry.insert(0, _with_text("part-name", _printable(track.name or whole)))
        for key in keys:
            sound = whole if key is None else DRUM_NAMES.get(key, f"Drum {key}")
            instrument = ET.SubElement(entry, "score-instrument", id=_identity(name, key))
            instrument.append(_with_text("instrument-name", sound))
        for key in keys:
            midi = ET.SubElement(entry, "midi-instrument", id=_identity(name, key))
            midi.append(_with_text("midi-channel", str(channels[i])))
            midi.append(_with_text("midi-program", str(track.program + 1)))
            if key is not None:
                midi.append(_with_text("midi-unpitched", str(key + 1)))


def _channels(tracks: Sequence[Track]) -> list[int]:
    """Channels 1..16; more than fifteen instruments share them."""
    pitched = itertools.cycle(c for c in range(1, 17) if c != _DRUM_CHANNEL)
    return [_DRUM_CHANNEL if track.is_drum else next(pitched) for track in tracks]


def _tell_notes(
    part: ET.Element, name: str, track: Track, notes: Sequence[Note]
) -> list[int | None]:
    """Give the notes of a part their velocities and drums; the drum keys there are, or None."""
    keys: set[int] = set()
    for element in part.iter("note"):
        number = element.attrib.pop("id", "")
        element.attrib.pop("dynamics", None)
        if element.find("rest") is not None or not number:
            continue
        note = notes[int(number.removeprefix("n"))]
        element.set("dynamics", f"{100 * note.velocity / _FULL_VELOCITY:.2f}")
        if track.is_drum:
            keys.add(note.pitch_midi)
            chosen = ET.Element("instrument", id=_identity(name, note.pitch_midi))
            element.insert(_after(element, "duration", "tie"), chosen)
    return [*sorted(keys)] or [None]


def _after(note: ET.Element, *tags: str) -> int:
    """Where an element goes that MusicXML wants after these."""
    return max(i for i, child in enumerate(note) if child.tag in tags) + 1


def _add_pedal(part: ET.Element, piece: Piece, track: int, bars: Sequence[Bar]) -> None:
    """Pedal marks at the beginning of their measures, each told how much later it is meant."""
    measures, at, is_down = part.findall("measure"), 0, False
    for onset, of_track, down in piece.pedal.tolist():
        if of_track != track or down == is_down or onset >= bars[-1].end:
            continue
        is_down = down
        while bars[at].end <= onset:
            at += 1
        direction = ET.Element("direction", placement="below")
        kind = ET.SubElement(direction, "direction-type")
        ET.SubElement(kind, "pedal", type="start" if down else "stop", sign="yes", line="no")
        direction.append(_with_text("offset", str((onset - bars[at].start) * _DIVISIONS_A_STEP)))
        tags = [child.tag for child in measures[at]]
        first = next(i for i, tag in enumerate(tags) if tag in {"note", "forward", "backup"})
        measures[at].insert(first, direction)


def _number_voices(root: ET.Element) -> None:
    """Voices 1 to 4 on a first staff and 5 to 8 on a second, as programs expect them."""
    for measure in root.iterfind("part/measure"):
        numbers: dict[tuple[str, str], int] = {}
        for note in measure.iterfind("note"):
            staff, told = note.findtext("staff", "1"), note.find("voice")
            voice = "" if told is None else told.text or ""
            first = 1 + MAX_VOICES * (int(staff) - 1)
            on_staff = sum(other == staff for other, _ in numbers)
            number = numbers.setdefault((staff, voice), first + on_staff)
            if told is None:
                told = ET.Element("voice")
                note.insert(_after(note, "duration", "tie", "instrument"), told)
            told.text = str(number)


def _identity(part: str, key: int | None) -> str:
    return f"{part}-I1" if key is None else f"{part}-K{key}"


def _with_text(tag: str, text: str) -> ET.Element:
    element = ET.Element(tag)
    element.text = text
    return element
