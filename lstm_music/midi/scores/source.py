"""From the bytes of a score file to the text that music21 parses; bombs are refused here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat

from lstm_music.errors import MidiError
from lstm_music.midi.limits import MAX_SCORE_BYTES
from lstm_music.midi.scores.archives import is_archive, unpack_score
from lstm_music.midi.scores.musicxml_text import prepared

FORMATS = {
    ".xml": "musicxml",
    ".musicxml": "musicxml",
    ".mxl": "musicxml",
    ".abc": "abc",
    ".krn": "humdrum",
    ".mei": "mei",
    ".capx": "capella",
    ".nwc": "noteworthy",
    ".nwctxt": "noteworthytext",
    ".musedata": "musedata",
    ".rntxt": "romantext",
    ".rntext": "romantext",
    ".romantext": "romantext",
    ".rtxt": "romantext",
    ".tntxt": "tinynotation",
    ".tinynotation": "tinynotation",
    ".volpiano": "volpiano",
}
"""music21's reader for each ending.

Not there: its pickles; ``.zip`` and ``.md``, mostly something else; and ``.cttxt`` and ``.har``,
whose reader takes text it does not know for the name of a file to open.
"""

MAX_BYTES = MAX_SCORE_BYTES
"""The largest score, packed and unpacked."""

MAX_XML_DEPTH = 100
MAX_ATTRIBUTE_LENGTH = 1 << 16

_XML = frozenset({"musicxml", "mei", "capella"})
_ROOTS = {"score-partwise": "musicxml", "mei": "mei", "score": "capella"}
_DECLARATION = re.compile(r"^\s*<\?xml\s[^>]*\?>")
_MUSICXML_DTD = "-//Recordare//"
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """What goes to music21: the name of its reader, the text (bytes for ``.nwc``), repairs."""

    format: str
    content: str | bytes
    repairs: tuple[str, ...] = ()


def open_source(data: bytes, suffix: str) -> Source:
    """Unpack, decode and check the content of a score file.

    Parameters
    ----------
    data : the file.
    suffix : its ending, a key of ``FORMATS``. XML and archives go by their content.

    Raises
    ------
    MidiError : not a score, a bomb, or larger than ``MAX_BYTES``.
    """
    check_size(data)
    format_ = FORMATS[suffix]
    if format_ in _XML and is_archive(data):
        data = unpack_score(data, MAX_BYTES)
    elif suffix in {".mxl", ".capx"} and not _looks_like_xml(data):
        raise MidiError("is no compressed score: neither a ZIP archive nor XML")
    if format_ == "noteworthy":
        return Source(format_, data)
    text, repairs = decode_text(data)
    if format_ in _XML:
        text = _DECLARATION.sub("", text)  # music21 would decode by it once more
        format_ = _ROOTS.get(check_xml(text), format_)
        text = prepared(text) if format_ == "musicxml" else text
    return Source(format_, text, repairs)


def check_size(data: bytes) -> None:
    """Refuse an empty file, and one of more than ``MAX_BYTES``."""
    if not 0 < len(data) <= MAX_BYTES:
        raise MidiError(f"expected 1 to {MAX_BYTES} bytes, got {len(data)} or more")


def _looks_like_xml(data: bytes) -> bool:
    return b"<" in data[:64]


def decode_text(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Text of a score, by its byte order mark, else as it declares (XML, ABC), else UTF-8.

    Raises
    ------
    MidiError : it holds NUL characters, so it is no text.
    """
    encoding, start = "", 0
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            encoding, start = name, len(mark)
            break
    if not encoding:
        encoding = _implied_encoding(data)
    repairs: tuple[str, ...] = ()
    try:
        text = data[start:].decode(encoding)
    except (UnicodeDecodeError, LookupError):
        text = data[start:].decode("cp1252", "replace")
        repairs = (f"text that is not the {encoding} it claims, read as Windows-1252",)
    if "\0" in text:
        raise MidiError("holds NUL characters: not the text of a score", offset=data.find(b"\0"))
    return text, repairs


def _implied_encoding(data: bytes) -> str:
    if data.startswith(b"<\0"):
        return "utf-16-le"
    if data.startswith(b"\0<"):
        return "utf-16-be"
    declared = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']", data)
    declared = declared or re.search(rb"(?m)^(?:%%|I:)abc-charset[ \t]+([\w-]{1,40})", data[:65536])
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    # A declaration that can be read byte by byte is not in two-byte characters.
    return "utf-8" if name.startswith(("utf-16", "utf-32", "ucs")) else name


def check_xml(text: str) -> str:
    """The name of the root element, of XML that is safe to parse.

    Raises
    ------
    MidiError : not well-formed; it declares entities or names a DTD other than MusicXML's; or
        it is nested deeper, or has longer attributes, than any score.
    """
    guard = _Guard()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = guard.doctype  # before anything in it is read
    parser.StartElementHandler = guard.start
    parser.EndElementHandler = guard.end
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise MidiError(f"not well-formed XML: {error}") from error
    return guard.root


class _Guard:
    """What the parser tells as it goes, refused at the first breach."""

    def __init__(self) -> None:
        self.root = ""
        self.depth = 0

    def doctype(self, _name: str, system: str | None, public: str | None, internal: int) -> None:
        if internal:
            raise MidiError("XML with declarations of its own (a DTD inside), which no score has")
        if not (public or "").startswith(_MUSICXML_DTD):
            raise MidiError(f"XML with a DTD other than MusicXML's: {public or system!r}")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.root = self.root or name.rpartition(":")[2]
        self.depth += 1
        if self.depth > MAX_XML_DEPTH:
            raise MidiError(f"XML nested deeper than {MAX_XML_DEPTH} elements")
        if any(len(value) > MAX_ATTRIBUTE_LENGTH for value in attributes.values()):
            raise MidiError(f"an XML attribute longer than {MAX_ATTRIBUTE_LENGTH} characters")

    def end(self, _name: str) -> None:
        self.depth -= 1
