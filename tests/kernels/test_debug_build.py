"""The debug build is what `make test-debug` tests, and it does catch what it is there for."""

import os
import subprocess
import sys

import numpy as np
import pytest
from paths import ROOT

from lstm_music.kernels import maps

pytestmark = pytest.mark.skipif(
    os.environ.get("LSTM_MUSIC_DEBUG") != "1", reason="about the modules of `make test-debug`"
)


def test_these_are_its_modules():
    assert maps.__file__.startswith(str(ROOT / "build" / "debug"))


def test_an_index_past_the_end_is_caught():
    with pytest.raises(IndexError):
        maps.sigmoid(0, np.empty(0), np.empty(0))


def test_a_write_past_the_end_is_caught():
    code = """
import numpy as np
from lstm_music.kernels import maps
maps.sigmoid(0, np.zeros(6), np.empty(5))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr
