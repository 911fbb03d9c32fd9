"""`lstm-music plot`: a piano roll of a music file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lstm_music.cli.bar_option import bars_option
from lstm_music.cli.streams import check_output, file_stem, is_stream, read_music, write_output


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A .png or .svg. Default: the name of PATH.",
)
@bars_option("From bar A to bar B; a pickup is 0.")
@click.option("-f", "--force", is_flag=True, help="Overwrite the output.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    path: Path, output: Path | None, bars: tuple[int, int] | None, force: bool, as_json: bool
) -> None:
    """Draw PATH as a piano roll: a bar for each note, coloured by track.

    \b
    lstm-music plot tune.mid -o tune.png
    lstm-music plot tune.mid -o tune.svg --bars 1-8
    lstm-music plot - -o - < tune.mid > tune.png

    Prints the path of the picture. `-` is standard input as PATH, and standard output (a PNG) as
    the picture.
    """
    from lstm_music.errors import ConfigError
    from lstm_music.evaluate.piano_roll import FORMATS, bar_span, piano_roll

    output = output or Path(f"{file_stem(path)}.png")
    kind = "png" if is_stream(output) else output.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise ConfigError(f"{output}: the picture's name must end in .png or .svg")
    check_output(output, force=force, as_json=as_json)
    piece = read_music(path)
    span = None if bars is None else bar_span(piece, *bars)
    title = piece.title or ("" if is_stream(path) else path.name)
    write_output(output, piano_roll(piece, span, title=title, kind=kind), force=force)
    if not is_stream(output):
        click.echo(json.dumps({"path": str(output)}) if as_json else str(output))
