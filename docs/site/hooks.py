"""What the site adds to the pages of docs/: cells from their specs, and samples to hear."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from cell_pages import cell_pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from page_text import PLAYER, with_players, within_site

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
    files.append(File.generated(config, PLAYER, content=script.read_text(encoding="utf-8")))
    return files


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """The theme asks another host for one script: the one that lets a file be searched."""
    return output.replace(_FOREIGN, "../" * page.file.src_uri.count("/") + _SEARCH)


def on_post_template(output: str, template_name: str, config: MkDocsConfig) -> str:
    """As `on_post_page`, for the page that says that there is no such page."""
    return output.replace(_FOREIGN, f"/{_SEARCH}")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Samples can be played, and links stay within the site."""
    path = page.file.src_uri
    return with_players(within_site(markdown, path), path, Path(config.docs_dir))
