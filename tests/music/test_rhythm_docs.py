"""docs/rhythm.md runs, and says the figures of nothing but its own functions."""

import re

from paths import ROOT


def test_the_page_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs" / "rhythm.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) >= 3
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/rhythm.md", "exec"), names)
