"""Options that commands share: those that keep a run, and those that compute."""

from __future__ import annotations

from pathlib import Path

import click

from lstm_music.cli.durations import Duration
from lstm_music.cli.streams import refuse_stream

model_output = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    callback=refuse_stream,
    help="Model file to write.",
)
backend = click.option(
    "--backend",
    default="cpu",
    show_default=True,
    metavar="NAME",
    help="Device that computes: cpu, gpu, gpu:N, or auto, a GPU if there is one (docs/gpu.md).",
)
resume = click.option(
    "--resume",
    type=click.Choice(["never", "auto"]),
    default="never",
    show_default=True,
    help="auto: continue the run that is there, if there is one. The result is the same.",
)
checkpoint_seconds = click.option(
    "--checkpoint-seconds",
    type=Duration(),
    default=10.0,
    show_default=True,
    metavar="DURATION",
    help="How often to save the state: seconds, or 90s, 10m.",
)
