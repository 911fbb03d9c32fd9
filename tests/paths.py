"""Where test data lives: what we ship, and the larger sets that a clone may lack."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MIDI_DATA = ROOT / "midi_data"
TEST_DATA = ROOT / "tests" / "data"
_SHARED = ROOT.parent / "shared" / "data"
SHARED_DATA = _SHARED if _SHARED.is_dir() else None

needs_shared_data = pytest.mark.skipif(
    SHARED_DATA is None, reason="needs the corpora of ../shared/data, which this clone lacks"
)
