"""What the tests of the trainer share."""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from training_runs import train


@dataclass(frozen=True)
class Whole:
    """An undisturbed run: its model file, its metrics, how long it took, the cache it made."""

    model: bytes
    metrics: str
    seconds: float
    cache: Path


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """What every disturbed run must end as."""
    folder = tmp_path_factory.mktemp("whole")
    started = time.monotonic()
    train(folder, folder / "cache")
    seconds = time.monotonic() - started
    metrics = (folder / "m.run" / "metrics.jsonl").read_text()
    return Whole((folder / "m.safetensors").read_bytes(), metrics, seconds, folder / "cache")
