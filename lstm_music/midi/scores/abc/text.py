"""ABC text cut into what it is made of: fields, directives and lines of music."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FIELDS = frozenset("ABCDFGHIKLMmNOPQRrSsTUVWwXZ+")
_NOTES = frozenset("ABCDFG")
_FIELD = re.compile(r"([A-Za-z+]):(.*)", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)%.*")
_DIRECTIVE = re.compile(r"%%\s*([A-Za-z][\w-]*)\s*(.*)")
_TEXT_BLOCK = re.compile(r"(?ms)^%%begin(\w+)\b.*?^%%end\1\b.*?$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a tune: ``kind`` is a field's letter, "%" for a directive, "" for music."""

    kind: str
    text: str
    in_header: bool = False


def abc_tunes(text: str) -> Iterator[str]:
    """The tunes of an ABC book, each under the book's own header."""
    chunks = re.split(r"(?m)^(?=X:)", text.replace("\r\n", "\n").replace("\r", "\n"))
    header, tunes = chunks[0], chunks[1:]
    if not tunes or re.search(r"(?m)^K:", header):
        header, tunes = "", [chunk for chunk in chunks if chunk.strip()] or [text]
    header = "".join(
        line for line in header.splitlines(True) if re.match(r"[A-Za-z]:|%%|%abc", line)
    )
    for tune in tunes:
        yield re.sub(r"(?m)^(X:.*\n)", lambda match: match.group(1) + header, tune, count=1)


def tune_lines(text: str) -> tuple[list[Line], list[str]]:
    """The lines of one tune, without comments, and what was mended.

    A directive comes as ``name value``, written as ``%%name value`` or ``I:name value``. The
    header ends with the first ``K:``, or with the first line of music where there is none.
    """
    repairs: list[str] = []
    lines = list(_until_its_end(_unquoted(text, repairs), repairs))
    has_key = any(line.startswith("K:") for line in lines)
    if not has_key:
        repairs.append("no K: field; taken for no key")
    found: list[Line] = []
    in_header = True
    for raw in lines:
        line = _line(raw, in_header)
        if line is None:
            continue
        if line.kind == "" and in_header:
            if has_key or not line.text.strip():
                continue  # what stands in a header and is no field is a remark
            in_header = False
            line = Line("", line.text)
        found.append(line)
        in_header = in_header and line.kind != "K"
    return _continued(found), repairs


def _unquoted(text: str, repairs: list[str]) -> str:
    """Without the traces of mail, where ``=3D`` stands for ``=`` and ``=`` breaks a line."""
    if not re.search(r"=3D|=20$|=0D$", text, re.MULTILINE):
        return text
    repairs.append("the quoted-printable encoding of mail undone")
    return re.sub(r"=(20|0D|3D|)(\n?)", _of_mail, text)


def _of_mail(match: re.Match[str]) -> str:
    code, end = match.groups()
    if code == "3D":
        return "=" + end
    return end if code and end else "" if end else match[0]


def _until_its_end(text: str, repairs: list[str]) -> Iterator[str]:
    """The lines down to the empty one that ends the tune.

    Files from strangers have empty lines in the midst of a tune, too: what comes after one and
    holds bar lines or voices is music still.
    """
    lines = _TEXT_BLOCK.sub("%", text.lstrip("\ufeff\n\r\t ")).splitlines()
    blank = next((i for i, line in enumerate(lines) if not line.strip()), len(lines))
    yield from lines[:blank]
    rest = [line for line in lines[blank:] if line.strip()]
    if any(_is_music(line) for line in lines[:blank]):
        rest = [line for line in rest if re.match(r"\[?[A-Za-z%]:|%%", line) or "|" in line]
        is_tune = any(_is_music(line) and "|" in line for line in rest)
    else:
        is_tune = any(_is_music(line) for line in rest)
    if is_tune:
        repairs.append("empty lines within a tune, which would end it, passed over")
        yield from rest


def _is_music(line: str) -> bool:
    return not re.match(r"[A-Z%w]:|%", line)


def _line(raw: str, in_header: bool) -> Line | None:
    if directive := _DIRECTIVE.match(raw):
        return Line("%", f"{directive[1]} {_COMMENT.sub('', directive[2])}".strip(), in_header)
    text = _COMMENT.sub("", raw)
    if raw.startswith("%") or (not text.strip() and raw.strip()):
        return None
    field = _FIELD.match(text)
    if not field or field[1] not in _FIELDS:
        return Line("", text, in_header)
    if not in_header and field[1] in _NOTES and field[2].lstrip()[:1] in ("|", ":"):
        return Line("", text)  # a note before a repeat sign
    kind, value = field[1], field[2].strip()
    return Line("%" if kind == "I" else kind, value, in_header)


def _continued(lines: list[Line]) -> list[Line]:
    """Lines of music that end with a backslash joined to the next one of music."""
    joined: list[Line] = []
    for line in lines:
        last = joined[-1] if joined else None
        if last and last.kind == line.kind == "" and last.text.rstrip().endswith("\\"):
            joined[-1] = Line("", last.text.rstrip()[:-1] + line.text)
        else:
            joined.append(line)
    return joined
