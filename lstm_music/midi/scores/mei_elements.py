"""MEI elements that music21 does not know, as others that it does."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from copy import deepcopy

MEI = "{http://www.music-encoding.org/ns/mei}"
_ID = "{http://www.w3.org/XML/1998/namespace}id"

_CHOICES = {
    "app": ("lem", "rdg"),
    "choice": ("corr", "reg", "expan", "sic", "orig", "abbr"),
    "subst": ("add",),
}
"""What holds several readings, and which of them is played, the first that is there."""

_WRAPPERS = frozenset({
    "lem", "rdg", "corr", "reg", "expan", "sic", "orig", "abbr", "add", "supplied", "unclear",
    "damage", "restore", "bTrem", "fTrem",
})  # fmt: skip
_OCTAVES = {"8": 1, "15": 2, "22": 3}
_SYMBOLS = {"common": ("4", "4"), "cut": ("2", "2")}


def mend(score: ET.Element) -> None:
    """Signatures as attributes, one of several readings, tremolos, rests and repeats written
    out, notes where they sound.

    music21 takes no signature from an element, and leaves out all that is in the others.
    """
    for definition in score.iter():
        if definition.tag in (f"{MEI}scoreDef", f"{MEI}staffDef"):
            _tell_signatures(definition)
    for tremolo in score.iter(f"{MEI}fTrem"):
        for note in tremolo:  # each has the length of the whole tremolo
            if note.get("dur", "").isdigit():
                note.set("dur", str(2 * int(note.get("dur", ""))))
    _unwrap(score)
    _sound_octaves(score)
    for parent in list(score.iter()):
        if any(child.tag == f"{MEI}measure" for child in parent):
            _write_out(parent)


def _tell_signatures(definition: ET.Element) -> None:
    """The attributes of MEI 3 for the elements and names of MEI 5."""
    key, meter = definition.find(f"{MEI}keySig"), definition.find(f"{MEI}meterSig")
    given = dict(definition.attrib)
    if key is not None:
        given |= {"key.sig": key.get("sig", ""), "key.mode": key.get("mode", "")}
    if meter is not None:
        given |= {f"meter.{name}": meter.get(name, "") for name in ("count", "unit", "sym")}
    given.setdefault("key.sig", given.get("keysig", ""))
    if given.get("meter.sym") in _SYMBOLS and not given.get("meter.count"):
        given["meter.count"], given["meter.unit"] = _SYMBOLS[given["meter.sym"]]
    for name in ("key.sig", "key.mode", "meter.count", "meter.unit"):
        if given.get(name):
            definition.set(name, given[name])


def _unwrap(element: ET.Element) -> None:
    """Put what wrappers hold in their place, of several readings the one that is played."""
    element[:] = [held for child in element for held in _held(child)]


def _held(child: ET.Element) -> Iterator[ET.Element]:
    name = str(child.tag).removeprefix(MEI)
    if name in _CHOICES:
        found = (child.find(f"{MEI}{reading}") for reading in _CHOICES[name])
        chosen = next((reading for reading in found if reading is not None), None)
        yield from () if chosen is None else _held(chosen)
        return
    if name == "del":
        return
    _unwrap(child)
    yield from child if name in _WRAPPERS else (child,)


def _sound_octaves(score: ET.Element) -> None:
    """Notes in the octave in which they sound, by ``oct.ges``, else by the ``octave`` over them."""
    notes: list[tuple[ET.Element, str]] = []  # each with its staff
    spans: dict[str, tuple[int, int]] = {}  # by the name of a note or chord
    for staff in score.iter(f"{MEI}staff"):
        for element in staff.iter():
            within = list(element.iter(f"{MEI}note"))
            if name := element.get(_ID):
                spans[f"#{name}"] = len(notes), len(notes) + max(len(within) - 1, 0)
            if element.tag == f"{MEI}note":
                notes.append((element, staff.get("n", "")))
    for octave in score.iter(f"{MEI}octave"):
        ends = spans.get(octave.get("startid", "")), spans.get(octave.get("endid", ""))
        shift = _OCTAVES.get(octave.get("dis", ""), 0)
        if ends[0] is None or ends[1] is None or ends[0][0] >= len(notes):
            continue
        sign = -1 if octave.get("dis.place") == "below" else 1
        home = octave.get("staff") or notes[ends[0][0]][1]
        for note, staff_number in notes[ends[0][0] : ends[1][1] + 1]:
            written = note.get("oct", "")
            if staff_number == home and written.isdigit() and not note.get("oct.ges"):
                note.set("oct.ges", str(int(written) + sign * shift))
    for note, _ in notes:
        if sounding := note.get("oct.ges"):
            note.set("oct", sounding)


def _write_out(parent: ET.Element) -> None:
    """Rests of several bars as bars of rest; bars that repeat the one before as copies of it."""
    children: list[ET.Element] = []
    before: dict[tuple[str, str], ET.Element] = {}
    for child in parent:
        children.append(child)
        if child.tag != f"{MEI}measure":
            continue
        for staff in child.iterfind(f"{MEI}staff"):
            for layer in staff.iterfind(f"{MEI}layer"):
                place = staff.get("n", ""), layer.get("n", "")
                if layer.find(f"{MEI}mRpt") is not None and place in before:
                    layer[:] = _copy(before[place])[:]
                before[place] = layer
        children += [_copy(child) for _ in range(_bars_of_rest(child) - 1)]
    parent[:] = children


def _bars_of_rest(measure: ET.Element) -> int:
    """How many bars a measure stands for; its rests become those of one bar."""
    longest = 1
    for rest in list(measure.iter(f"{MEI}multiRest")):
        number = rest.get("num", "1")
        if re.fullmatch(r"\d{1,3}", number):
            longest = max(longest, int(number))
        rest.tag = f"{MEI}mRest"
    return longest


def _copy(element: ET.Element) -> ET.Element:
    copied = deepcopy(element)
    for inside in copied.iter():
        inside.attrib.pop(_ID, None)
    return copied
