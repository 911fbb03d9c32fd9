"""Options that commands share: what keeps a run, what computes and what composes."""

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
model = click.option(
    "--model",
    default="default",
    show_default=True,
    help="A bundled model (lstm-music info lists them), or a file.",
)
precision = click.option(
    "--precision",
    type=click.Choice(["bfloat16", "float32", "int8"]),
    default="bfloat16",
    show_default=True,
    help="Of the model's weights. int8 is fastest, float32 rounds nothing (docs/speed.md).",
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
