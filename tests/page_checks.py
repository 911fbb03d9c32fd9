"""What a page of one file must keep: nothing in it asks a network for anything."""

import re
from html.parser import HTMLParser

_ASKS = {"src", "href", "srcset", "action", "data", "poster", "xlink:href", "formaction", "ping"}


class _Asked(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []
        self.policy = ""

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if named.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = named["content"]
        self.found += [value for name, value in attrs if name in _ASKS and value]


def check_no_requests(page):
    """No address of anything outside the page, and a policy by which browsers refuse any."""
    text = page.decode("utf-8")
    parser = _Asked()
    parser.feed(text)
    assert [asked for asked in parser.found if not asked.startswith(("data:", "#"))] == []
    assert "default-src 'none'" in parser.policy
    assert "http:" not in parser.policy and "https:" not in parser.policy
    styles = re.findall(r"<style>(.*?)</style>", text, re.S)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert not re.findall(r"url\((?!['\"]?data:)|@import", "".join(styles))
    assert not re.findall(
        r"\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|\bimport\b|https?://|//[a-z]+\.",
        "".join(scripts),
    )
