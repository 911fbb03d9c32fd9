"""CITATION.cff, CONTRIBUTING.md and the benchmarks that asv runs at each commit."""

import importlib.util
import inspect
import json
import re

import pytest
from paths import ROOT

import lstm_music as lm


def _benchmarks():
    path = ROOT / "benchmarks" / "history" / "speed.py"
    spec = importlib.util.spec_from_file_location("history_speed", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [one for _, one in inspect.getmembers(module, inspect.isclass) if one is not module.Path]


def test_the_citation_has_the_version_of_the_package():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", text, re.M)[1] == lm.__version__


def test_contributing_names_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:lstm_music|src|tests|docs|benchmarks)/[\w/.]+)`", text)
    assert len(paths) > 15
    assert [path for path in paths if "NAME" not in path and not (ROOT / path).exists()] == []


def test_asv_is_told_where_things_are():
    text = (ROOT / "benchmarks" / "asv.conf.json").read_text(encoding="utf-8")
    config = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M))
    assert (ROOT / "benchmarks" / config["benchmark_dir"] / "speed.py").is_file()
    assert (ROOT / "benchmarks" / config["repo"] / "pyproject.toml").is_file()


@pytest.mark.parametrize("group", _benchmarks(), ids=lambda group: group.__name__)
def test_every_benchmark_of_the_history_runs(group):
    one = group()
    if hasattr(one, "setup"):
        one.setup()
    methods = [
        name for name in dir(one) if name.startswith(("time", "peakmem")) and name != "timeout"
    ]
    assert methods
    for name in methods:
        result = getattr(one, name)()
        if name.startswith("timeraw"):
            exec(compile(result, name, "exec"), {})
