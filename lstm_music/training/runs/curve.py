"""The losses of a run as a picture."""

from __future__ import annotations

import json
import math
from pathlib import Path


def draw_losses(metrics: Path, picture: Path) -> None:
    """Draw what ``metrics.jsonl`` tells as a PNG; without a validation there is nothing to draw."""
    if not metrics.exists():
        return
    lines = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    if not lines:
        return
    from matplotlib.figure import Figure  # without pyplot: no state, no window

    tokens = [line["tokens"] / 1e6 for line in lines]
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, label in (("train_loss", "training"), ("valid_loss", "validation")):
        losses = [math.nan if line[name] is None else line[name] for line in lines]
        axes.plot(tokens, losses, marker=".", label=label)
    best = min(lines, key=lambda line: line["valid_loss"])
    axes.axhline(best["valid_loss"], linewidth=0.5, color="grey")
    axes.set_title(f"best {best['valid_loss']:.4f} at {best['tokens']:,} tokens")
    axes.set_xlabel("million tokens")
    axes.set_ylabel("nats a token")
    axes.legend()
    figure.savefig(picture, dpi=120)
