"""`lstm-music config`: the settings of a training run as a file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from lstm_music.cli.streams import is_stream, write_output


@click.group()
def command() -> None:
    """Write or check a TOML file of settings for `lstm-music train --config`."""


@command.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path("train.toml"))
@click.option("-f", "--force", is_flag=True, help="Overwrite the file.")
def init(path: Path, force: bool) -> None:
    """Write a file of all settings.

    PATH (train.toml) gets every setting with its default and its meaning. `-` is standard output.
    """
    from lstm_music.training.config import TrainConfig
    from lstm_music.training.settings import to_toml

    write_output(path, to_toml(TrainConfig()).encode(), force=force)
    if not is_stream(path):
        click.echo(str(path))


@command.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--set", "overrides", multiple=True, metavar="A.B=C", help="Change one setting.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(path: Path | None, overrides: tuple[str, ...], as_json: bool) -> None:
    """Print the settings of a run with PATH."""
    from dataclasses import asdict

    from lstm_music.training.settings import make_config, override, read_settings, to_toml

    settings = ({} if path is None else read_settings(path)) | dict(map(override, overrides))
    config = make_config(settings)
    click.echo(json.dumps(asdict(config)) if as_json else to_toml(config), nl=as_json)


@command.command()
@click.argument("path", type=click.Path(path_type=Path))
def check(path: Path) -> None:
    """Check names and ranges in PATH."""
    from lstm_music.training.settings import make_config, read_settings

    make_config(read_settings(path))
    click.echo(f"{path}: good")
