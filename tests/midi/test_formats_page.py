"""docs/formats.md says what the code does."""

import doctest
import re

from music21_losses import LOSSES
from paths import ROOT

from lstm_music.midi.export.formats import SUFFIXES
from lstm_music.midi.scores.archives import MAX_MEMBERS, MAX_RATIO
from lstm_music.midi.scores.source import FORMATS, MAX_ATTRIBUTE_LENGTH, MAX_BYTES, MAX_XML_DEPTH
from lstm_music.midi.scores.worker import CORPUS_FILE, SINGLE_FILE

PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")


def test_its_python_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    result = doctest.testfile(str(ROOT / "docs" / "formats.md"), module_relative=False)
    assert result.attempted == 9
    assert result.failed == 0


def test_it_lists_every_ending():
    read, _, written = PAGE.partition("## Writing")
    for section, endings in ((read, FORMATS.keys()), (written, set(SUFFIXES))):
        rows = re.findall(r"^\| \w.*\| (`\..*) \|$", section, flags=re.MULTILINE)
        assert set(re.findall(r"`(\.\w+)`", " ".join(rows))) == endings


def test_it_lists_every_class():
    section = PAGE.partition("## The reference reader")[2].partition("Files with the same")[0]
    assert re.findall(r"^\| (\w[\w ]+) \| ", section, flags=re.MULTILINE)[1:] == [*LOSSES, "damage"]


def test_its_limits():
    one, many = SINGLE_FILE, CORPUS_FILE
    assert f"| processor time | {one.cpu_seconds} s | {many.cpu_seconds} s |" in PAGE
    assert f"| wall-clock time | {one.wall_seconds:g} s | {many.wall_seconds:g} s |" in PAGE
    assert one.address_space_bytes == many.address_space_bytes == 2 << 30
    assert f"larger than {MAX_BYTES >> 20} MB" in PAGE
    for number in (MAX_MEMBERS, MAX_RATIO, MAX_XML_DEPTH, MAX_ATTRIBUTE_LENGTH):
        assert f"{number:,}" in PAGE
