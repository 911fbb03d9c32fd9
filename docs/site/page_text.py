"""What the site changes in the text of a page: samples can be played, links stay within it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

import lstm_music as lm
from lstm_music.evaluate.pages.player import played_notes, player

PLAYER = "site/player.js"
"""Where the script that plays is on the site."""

_MIDI = re.compile(r"^\[(?P<title>[^]]+)\]\((?P<href>\S+\.mid)\)$", re.M)
_LINK = re.compile(r"(?<!!)\[(?P<text>[^]]+)\]\((?P<href>\.\./[^)\s]+)\)")


def within_site(markdown: str, page: str) -> str:
    """Links to files outside docs/, which the site does not have, become their paths.

    Examples
    --------
    >>> within_site("[a](../README.md), [b](adr/1.md)", "index.md")
    'a (`README.md`), [b](adr/1.md)'
    """

    def replaced(link: re.Match[str]) -> str:
        path = normpath(join(dirname(page), link["href"]))
        return f"{link['text']} (`{path[3:]}`)" if path.startswith("../") else link[0]

    return _LINK.sub(replaced, markdown)


def with_players(markdown: str, page: str, docs: Path) -> str:
    """A link to a MIDI file in a line of its own becomes a player of it.

    Parameters
    ----------
    markdown : the page.
    page : its path below ``docs``.
    docs : the folder of all pages.
    """
    samples: list[Any] = []

    def play(match: re.Match[str]) -> str:
        path = docs / dirname(page) / match["href"]
        samples.append(played_notes(lm.read(path)))
        return player(len(samples) - 1, match["title"], match["href"], path.name)

    markdown = _MIDI.sub(play, markdown)
    if not samples:
        return markdown
    data = json.dumps({"samples": samples}, separators=(",", ":"))
    return (
        f'{markdown}\n\n<script type="application/json" id="data">{data}</script>\n'
        f'<script src="{"../" * page.count("/")}{PLAYER}"></script>\n'
    )
