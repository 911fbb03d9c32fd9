"""Stop if a page of the built site asks another host for anything: ``check.py build/site``."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

_LOADS = {"src", "srcset", "data", "poster", "xlink:href"}
_FOREIGN = re.compile(r"^(?:[a-z]+:)?//|^(?:ftp|https?):")
_IN_STYLE = re.compile(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")]+)")


class _Loaded(HTMLParser):
    """Addresses that a browser fetches as soon as it shows a page; links to follow are none."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = _LOADS | ({"href"} if tag in ("link", "image", "use") else set())
        canonical = dict(attrs).get("rel") == "canonical"
        self.found += [value for name, value in attrs if name in names and value and not canonical]


def foreign_assets(html: str) -> list[str]:
    """What a page fetches from another host."""
    parser = _Loaded()
    parser.feed(html)
    loaded = [address for address in parser.found if _FOREIGN.match(address)]
    return loaded + _IN_STYLE.findall(html)


def main(folder: Path) -> int:
    """0 if no page or style asks another host; names those that do."""
    pages = [path for kind in ("html", "css", "svg") for path in folder.rglob(f"*.{kind}")]
    guilty = {path: found for path in pages if (found := foreign_assets(path.read_text("utf-8")))}
    for path, found in guilty.items():
        sys.stderr.write(f"{path} asks another host: {', '.join(found)}\n")
    if not pages:
        sys.stderr.write(f"{folder} has no page\n")
    return 1 if guilty or not pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
