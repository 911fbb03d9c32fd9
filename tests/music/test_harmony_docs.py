"""docs/harmony.md runs."""

import re

from paths import ROOT


def test_the_page_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs" / "harmony.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert blocks
    names = {}
    for block in blocks:
        exec(compile(block, "docs/harmony.md", "exec"), names)
    assert len(names["heard"].chords) > 8
    assert len(names["root"]) == len(names["onset_steps"])
