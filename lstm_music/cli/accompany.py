"""`lstm-music accompany`: new tracks to what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lstm_music.cli.compose import compose
from lstm_music.cli.controls import ControlCommand, control_options, file_options


@click.command(cls=ControlCommand)
@click.argument("file", type=click.Path(path_type=Path))
@file_options("accompany", "FILE-accompanied.mid")
@control_options("accompany")
def command(file: Path, **options: Any) -> None:
    """Add new tracks to a music file.

    \b
    lstm-music accompany tune.mid --with drums,bass
    lstm-music accompany tune.mid --with "strings,electric piano" --bars 1-16 --playable

    The names after --with are General MIDI instruments or families, one for each new track.
    Every event of a MIDI file stays unchanged in the output.
    """
    compose("accompany", file, options)
