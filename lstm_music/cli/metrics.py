"""`lstm-music metrics`: musical statistics of files, in numbers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from lstm_music.cli.streams import read_music


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(paths: tuple[Path, ...], as_json: bool) -> None:
    """Count what a listener would notice in each of PATHS.

    Notes, distinct pitches and durations, share of notes on the beat, the longest repeat, the
    longest run of one pitch, notes a bar, empty bars; entropy of the pitch classes in bits, the
    best scale's share of the notes, how alike the rhythms of neighbouring bars are, and how alike
    the bars are, instrument by instrument; parallel fifths, octaves and unisons between two parts
    for each 100 notes, and the share of the chords at rest (1.5 beats or more) that are triads on
    their root; whether the notes keep to the file's own key and meter, and end on its tonic ("-":
    cannot be told). `-` among PATHS is standard input.
    """
    from lstm_music.evaluate.statistics import piece_statistics

    files = [{"file": str(path)} | asdict(piece_statistics(read_music(path))) for path in paths]
    if as_json:
        click.echo(json.dumps({"files": files}))
        return
    for row in files:
        click.echo(_readable(row))


def _readable(row: dict[str, Any]) -> str:
    facts = [f"{name} {_word(value)}" for name, value in row.items() if name != "file"]
    return f"{row['file']}: {', '.join(facts)}"


def _word(value: float | bool | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
