"""`lstm-music infill`: rewrite some bars of a music file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lstm_music.cli.compose import compose
from lstm_music.cli.controls import ControlCommand, control_options, file_options


@click.command(cls=ControlCommand)
@click.argument("file", type=click.Path(path_type=Path))
@file_options("infill", "FILE-infilled.mid")
@control_options("infill")
def command(file: Path, **options: Any) -> None:
    """Rewrite some bars of some tracks, or fill empty ones. All other notes stay.

    \b
    lstm-music infill song.mid --bars 5-8
    lstm-music infill song.mid --bars 5-8 --tracks 1,3 --density 6 -n 4 --rank join
    lstm-music infill song.mid --bars 9-16 --tracks bass --chords "Dm7 | G7 | Cmaj7 | %"

    Give --bars, --tracks or both. Bars and tracks are counted from 1; a pickup is bar 0. Every
    event of a MIDI file stays unchanged in the output, except the notes that are replaced.
    """
    compose("infill", file, options)
