"""The page around a body: style, scripts and data inside, and a policy that forbids requests."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from typing import Any

from lstm_music import __version__

_POLICY = (
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


def html_page(
    title: str, body: str, *, scripts: Sequence[str] = (), data: dict[str, Any] | None = None
) -> bytes:
    """A whole page in one file.

    Parameters
    ----------
    title : of the page, as text.
    body : as HTML.
    scripts : names of the scripts beside this module, without ".js".
    data : what they read, as JSON.
    """
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{_asset('page.css')}</style></head>",
        f"<body><main>\n<h1>{escape(title)}</h1>\n{body}\n",
        f'<footer class="note">Made by lstm_music {__version__}. This page holds all that it shows '
        "and asks nothing of any network.</footer></main>",
    ]
    if data is not None:
        parts.append(f'<script type="application/json" id="data">{_json(data)}</script>')
    parts += [f"<script>\n{_asset(f'{name}.js')}</script>" for name in scripts]
    return "\n".join([*parts, "</body></html>\n"]).encode("utf-8", "backslashreplace")


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _json(data: dict[str, Any]) -> str:
    """JSON that may stand in a script."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")


def packed(data: bytes) -> str:
    """Bytes as text for a page's data."""
    return base64.b64encode(data).decode("ascii")


def data_uri(data: bytes, kind: str) -> str:
    """A file inside the page: ``kind`` is its media type."""
    return f"data:{kind};base64,{packed(data)}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, numbers_from: int = 1) -> str:
    """A table as HTML; cells are text, but for `Html`.

    Parameters
    ----------
    head : of the columns.
    rows : cells.
    numbers_from : the column from which on they are set to the right.
    """

    def cells(tag: str, row: Sequence[object]) -> str:
        return "".join(
            f"<{tag}{' class=number' if k >= numbers_from else ''}>"
            f"{cell if isinstance(cell, Html) else escape(str(cell))}</{tag}>"
            for k, cell in enumerate(row)
        )

    lines = [f"<tr>{cells('td', row)}</tr>" for row in rows]
    body = "\n".join(lines)
    return (
        '<div class="wide"><table><thead>'
        f"<tr>{cells('th', head)}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
    )


def facts(rows: Iterable[tuple[str, object]]) -> str:
    """Names and values, one below another."""
    lines = [f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in rows]
    return f"<dl>{''.join(lines)}</dl>"


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()
