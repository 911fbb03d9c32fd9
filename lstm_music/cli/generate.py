"""`lstm-music generate`: continue a music file, or compose from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lstm_music.cli.compose import compose
from lstm_music.cli.controls import ControlCommand, control_options, file_options


@click.command(cls=ControlCommand)
@click.argument("extra", nargs=-1, metavar="")
@click.option(
    "--seed", type=click.Path(path_type=Path), help="Music file to continue; - is standard input."
)
@click.option("--no-seed-in-output", is_flag=True, help="Write only the new bars.")
@file_options("generate", "SEED-continued.mid")
@control_options("generate")
def command(extra: tuple[str, ...], seed: Path | None, **options: Any) -> None:
    """Continue a music file by some bars, or compose from nothing.

    \b
    lstm-music generate --seed tune.mid --bars 8 -o more.mid
    lstm-music generate --meter 6/8 --key "D minor" --tempo 96 --bars 16
    lstm-music generate --seed song.mid --from-bar 33 --scale "D dorian" -n 4
    lstm-music generate --seed - -o - < tune.mid > more.mid

    Prints the path of each file written. Standard error says what the network does not hear of
    the seed and which of your controls were not met. Every event of a MIDI file given as seed
    stays unchanged in the output; with --from-bar, every event before that bar does.
    """
    if extra:
        raise click.UsageError(f"to continue {extra[0]}, write --seed {extra[0]}")
    compose("generate", seed, options)
