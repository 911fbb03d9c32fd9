"""Documentation that runs: every doctest of the package, and README's Python."""

import doctest
import importlib
import pkgutil
import re
import runpy

import pytest
from paths import ROOT

import lstm_music

MODULES = [
    info.name
    for info in pkgutil.walk_packages(lstm_music.__path__, "lstm_music.")
    if not info.name.endswith("__main__")
]


@pytest.mark.parametrize("name", ["lstm_music", *MODULES])
def test_doctests(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_the_package_has_doctests():
    attempted = sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES)
    assert attempted > 30


def test_readme_python_runs(monkeypatch, tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert blocks
    (tmp_path / "midi_data").symlink_to(ROOT / "midi_data")
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    assert (tmp_path / "more.mid").read_bytes()[:4] == b"MThd"


@pytest.mark.parametrize("name", ["cells", "controls"])
def test_a_page_is_what_its_table_says(name):
    page = runpy.run_path(str(ROOT / "docs" / f"make_{name}.py"))["page"]()
    assert (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") == page, (
        f"write it again: python docs/make_{name}.py"
    )


def test_readme_and_docs_name_only_options_that_exist():
    from lstm_music.cli.main import cli

    context = cli.make_context("lstm-music", ["info"], resilient_parsing=True)
    known = {}
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        parts = [command, *getattr(command, "commands", {}).values()]
        params = [p for part in parts for p in part.params]
        known[name] = {opt for p in params for opt in (*p.opts, *p.secondary_opts)}
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    used = re.findall(r"^lstm-music ([\w-]+)(.*)$", "\n".join(p.read_text() for p in pages), re.M)
    assert used
    for name, rest in used:
        options = set(re.findall(r"(?<!\S)\[?(--?[a-z][a-z-]*)", rest))
        assert options <= known[name] | {"--help"}, (name, options - known[name])


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_examples_of_a_page(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert doctest.testfile(str(page), module_relative=False, encoding="utf-8").failed == 0
