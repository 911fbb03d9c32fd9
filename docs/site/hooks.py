"""What the site adds to the pages of docs/: cells from their specs, and samples to hear."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

from cell_pages import cell_pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import lstm_music as lm
from lstm_music.evaluate.pages.player import played_notes, player

_MIDI = re.compile(r"^\[(?P<title>[^]]+)\]\((?P<href>\S+\.mid)\)$", re.M)
_LINK = re.compile(r"(?<!!)\[(?P<text>[^]]+)\]\((?P<href>\.\./[^)\s]+)\)")
_PLAYER = "site/player.js"
_SEARCH = "site/iframe-worker.js"
_FOREIGN = "https://unpkg.com/iframe-worker/shim"
_CELLS = cell_pages()


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The cells and the decisions stand in the navigation, each as a list of pages."""
    lists: dict[str, list[Any]] = {
        "Cells": ["cells.md", *({name: f"cells/{name}.md"} for name in _CELLS)],
        "Decisions": [
            f"adr/{path.name}" for path in sorted(Path(config.docs_dir, "adr").glob("*"))
        ],
    }
    for section in config.nav:
        for entries in section.values():
            for entry in entries if isinstance(entries, list) else ():
                entry.update((name, pages) for name, pages in lists.items() if name in entry)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages of the cells, and the player that the report of a run has, too."""
    for name, text in _CELLS.items():
        files.append(File.generated(config, f"cells/{name}.md", content=text))
    script = resources.files("lstm_music.evaluate.pages").joinpath("player.js")
    files.append(File.generated(config, _PLAYER, content=script.read_text(encoding="utf-8")))
    return files


def within_site(link: re.Match[str], page: str) -> str:
    """The link, or its text and the path of what it leads to, if that is outside docs/."""
    path = normpath(join(dirname(page), link["href"]))
    return f"{link['text']} (`{path[3:]}`)" if path.startswith("../") else link[0]


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """The theme asks another host for one script: the one that lets a file be searched."""
    return output.replace(_FOREIGN, "../" * page.file.src_uri.count("/") + _SEARCH)


def on_post_template(output: str, template_name: str, config: MkDocsConfig) -> str:
    """As `on_post_page`, for the page that says that there is no such page."""
    return output.replace(_FOREIGN, f"/{_SEARCH}")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A link to a MIDI file in a line of its own becomes a player.

    The site has docs/ alone: a link to another file of the project becomes its path.
    """
    markdown = _LINK.sub(lambda link: within_site(link, page.file.src_uri), markdown)
    folder = Path(page.file.abs_src_path or "").parent
    samples: list[Any] = []

    def play(match: re.Match[str]) -> str:
        path = folder / match["href"]
        samples.append(played_notes(lm.read(path)))
        return player(len(samples) - 1, match["title"], match["href"], path.name)

    markdown = _MIDI.sub(play, markdown)
    if not samples:
        return markdown
    data = json.dumps({"samples": samples}, separators=(",", ":"))
    to_root = "../" * page.file.src_uri.count("/")
    return (
        f'{markdown}\n\n<script type="application/json" id="data">{data}</script>\n'
        f'<script src="{to_root}{_PLAYER}"></script>\n'
    )
