"""The docs site: every page can be found, equations are maths, nothing asks another host."""

import json
import re
from xml.etree import ElementTree

import cell_pages
import check
import descriptions
import pytest
from mathml import equations_html
from page_text import with_players, within_site
from paths import ROOT

import lstm_music as lm
from lstm_music.cells.registry import cell_names, cell_spec

NAV = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
WORDS = {"block": 1, "slstm": 1}
"""Lines of a cell's equations that are words."""


def test_every_page_is_in_the_navigation_once():
    listed = re.findall(r": (\S+\.md)$", NAV, re.M)
    docs = ROOT / "docs"
    pages = [path.relative_to(docs).as_posix() for path in docs.rglob("*.md")]
    # docs/site/hooks.py adds the decisions and the pages of the cells.
    pages = [page for page in pages if not page.startswith("adr/")]
    assert sorted(listed) == sorted(pages), "add the page to nav in mkdocs.yml"


def test_each_decision_has_a_number_of_its_own():
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert len(set(numbers)) == len(numbers), "two decisions share a number: take the next free one"
    for number, page in zip(numbers, pages):
        assert page.read_text(encoding="utf-8").startswith(f"# {number}. ")


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.stem)
def test_every_row_is_part_of_a_table(path):
    prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for rows in re.findall(r"(?:^\|.*\n)+", prose, re.M):
        head, line, *_ = [*rows.splitlines(), ""]
        assert re.fullmatch(r"[|: -]+", line), f"a blank line cuts a table before {head!r}"


def test_the_reference_has_every_public_name():
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "api").glob("*.md")]
    shown = set(re.findall(r"^::: lstm_music\.(\w+)", "\n".join(pages), re.M))
    errors = {name for name in lm.__all__ if name.endswith("Error")}  # all in one module
    assert set(lm.__all__) - errors <= shown


@pytest.mark.parametrize("name", cell_names())
def test_every_equation_of_a_cell_is_maths(name):
    text = cell_spec(name).equations
    lines = [line for line in text.strip().splitlines() if line.strip()]
    tree = ElementTree.fromstring(equations_html(text))
    blocks = tree.findall("math")
    words = [block for block in blocks if block.findtext("mrow/mtext", "").startswith("the ")]
    assert len(blocks) - len(words) == len(lines) - WORDS.get(name, 0)
    for gate in cell_spec(name).gate_order:
        assert f"<mi>{gate}</mi>" in equations_html(text) or len(cell_spec(name).gate_order) == 1


@pytest.mark.parametrize("name", cell_names())
def test_the_page_of_a_cell_counts_its_parameters(name):
    page = cell_pages.cell_page(name)
    cell = lm.cells.make(name, input_size=128, hidden_size=256)
    assert f"{sum(value.size for value in cell.params.values()):,} for D = 128" in page
    assert cell.spec.cite in page


def test_the_formula_of_a_count_holds_for_other_sizes():
    page = cell_pages.cell_page("gru")
    assert "3 D H + 3 H² + 4 H numbers" in page
    cell = lm.cells.make("gru", input_size=5, hidden_size=7)
    assert sum(value.size for value in cell.params.values()) == 3 * 5 * 7 + 3 * 49 + 4 * 7


def test_maths_says_what_the_line_says():
    maths = equations_html("h = f / (f + i) h(t-1) + sqrt(a_0 + 1e-5)")
    root = ElementTree.fromstring(maths)
    fraction = root.find(".//mfrac")
    assert ["".join(part.itertext()) for part in fraction] == ["f", "f+i"]
    assert "".join(root.itertext()).strip() == "ht=ff+iht−1+a0+10−5"
    assert root.find(".//msqrt") is not None


def test_descriptions_behind_names_are_no_types():
    text = "Sums.\n\nParameters\n----------\nx : (T,) what\n    goes in.\n\nNotes\n-----\na : b\n"
    assert descriptions.with_items(text) == (
        "Sums.\n\nParameters\n----------\nx\n    (T,) what\n    goes in.\n\nNotes\n-----\na : b\n"
    )


def test_samples_become_players():
    link = "[folk, rng seed 1: MIDI](models/folk-1.mid)"
    page = with_players(f"Listen:\n\n{link}\n", "models.md", ROOT / "docs")
    assert link not in page
    assert 'data-sample="0"' in page and 'href="models/folk-1.mid"' in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert len(data["samples"][0]) == len(lm.read(ROOT / "docs/models/folk-1.mid").notes)
    assert page.endswith('<script src="site/player.js"></script>\n')
    assert with_players("no sample", "models.md", ROOT / "docs") == "no sample"


def test_links_stay_within_the_site():
    text = "[a](../NOTICE) [b](../composing.md) ![c](../x.png)"
    assert within_site(text, "index.md") == "a (`NOTICE`) b (`composing.md`) ![c](../x.png)"
    assert within_site(text, "api/x.md").startswith("[a](../NOTICE)")


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://unpkg.com/x"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        "<style>@import 'https://fonts.example/css';</style>",
        '<img srcset="http://example.org/a.png 2x">',
    ],
)
def test_what_asks_another_host_is_found(html, tmp_path):
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    assert check.main(tmp_path) == 1


def test_links_to_follow_and_own_files_are_fine(tmp_path):
    html = '<a href="https://example.org">x</a><script src="../a.js"></script><img src="data:,">'
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    assert check.main(tmp_path) == 0
