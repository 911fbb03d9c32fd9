"""docs/gates.md tells what the bundled chorale model does, and nothing else."""

import re
import runpy

from paths import ROOT

AGAIN = "write it again: python docs/make_gates.py"
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def test_the_story_is_what_the_model_does():
    written = _words((ROOT / "docs" / "gates.md").read_text(encoding="utf-8"))
    told = _words(runpy.run_path(str(ROOT / "docs" / "make_gates.py"))["page"]())
    assert [NUMBER.sub("#", word) for word in told] == [NUMBER.sub("#", w) for w in written], AGAIN
    for there, here in zip(written, told, strict=True):
        pairs = zip(NUMBER.findall(there), NUMBER.findall(here), strict=True)
        for a, b in ((x.replace(",", ""), y.replace(",", "")) for x, y in pairs):
            # The last digit may be another on a machine that rounds otherwise.
            measured = "." in a or there.endswith("%")
            last = 10 ** -len(a.partition(".")[2])
            assert abs(float(a) - float(b)) <= 1.5 * last * measured, AGAIN


def _words(text):
    return text.replace(" %", "%").split()
