"""`lstm-music metrics`: musical statistics of files, in numbers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from lstm_music.cli.streams import read_music
from lstm_music.errors import LstmMusicError


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(paths: tuple[Path, ...], as_json: bool) -> None:
    """Print what a listener would notice in each of PATHS, in numbers.

    Rhythm: share of notes on the beat, notes in a bar, empty bars, how alike the rhythms of
    neighbouring bars are. Pitch: distinct pitches, entropy of the pitch classes in bits, share of
    the notes in the best scale, longest run of one pitch. Repetition: the longest repeat, how alike
    neighbouring bars are. Harmony: parallel fifths, octaves and unisons for each 100 notes, share
    of the chords at rest (1.5 beats or more) that are triads in root position. Last, whether the
    notes keep the key and meter of the file and end on its tonic ("-": unknown). `-` among PATHS is
    standard input. A file that cannot be read does not keep the others from being told of.
    """
    from lstm_music.evaluate.statistics import piece_statistics

    files: list[dict[str, Any]] = []
    failures: list[LstmMusicError] = []
    for path in paths:
        try:
            files.append({"file": str(path)} | asdict(piece_statistics(read_music(path))))
        except LstmMusicError as error:
            failures.append(error)
    if as_json and files:
        click.echo(json.dumps({"files": files}))
    elif files:
        click.echo("\n".join(map(_readable, files)))
    for failure in failures[1:]:
        click.echo(f"lstm-music: {failure}", err=True)
    if failures:
        raise failures[0]


def _readable(row: dict[str, Any]) -> str:
    facts = [f"{name} {_word(value)}" for name, value in row.items() if name != "file"]
    return f"{row['file']}: {', '.join(facts)}"


def _word(value: float | bool | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
