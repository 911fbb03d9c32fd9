"""`lstm-music vary`: some bars again, with something of them kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lstm_music.cli.compose import compose
from lstm_music.cli.controls import ControlCommand, control_options, file_options


@click.command(cls=ControlCommand)
@click.argument("file", type=click.Path(path_type=Path))
@file_options("vary", "FILE-varied.mid")
@control_options("vary")
def command(file: Path, **options: Any) -> None:
    """Rewrite some bars, and keep their rhythm, pitches or outline.

    \b
    lstm-music vary tune.mid --keep rhythm --amount 0.3
    lstm-music vary tune.mid --keep pitch --bars 5-8
    lstm-music vary song.mid --keep outline --tracks melody -n 4 --rank difference

    --keep is required. rhythm keeps every onset and duration and changes pitches. pitch keeps
    the pitches in their order and gives them another rhythm. outline keeps the notes on the beats.
    """
    compose("vary", file, options)
