"""Every task in its quick form, on the command line: its claim holds."""

import json
import subprocess
import sys

import pytest

from lstm_music.reproduce.tasks import TASKS

HERE = [name for name in TASKS if name not in ("polyphony", "jsb16")]
"""Those two: tests/reproduce/test_polyphony.py."""

LEARNING = {
    "long-lag", "long-lag-2c", "adding", "multiplication", "temporal-order", "continual-reber",
    "sines", "mackey-glass",
}  # fmt: skip
"""Their first rows carry a learning curve."""


@pytest.mark.parametrize("name", HERE)
def test_the_claim_holds(name, tmp_path):
    command = [sys.executable, "-m", "lstm_music", "reproduce", name, "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert any(row["holds"] for row in rows)
    assert all(row["source"] and row["unit"] for row in rows)
    if name in LEARNING:
        curve = next(row["curve"] for row in rows)
        assert 1 < len(curve["x"]) == len(curve["y"]) <= 50
        assert curve["y"][-1] < curve["y"][0]
