"""Command-line options from the table of controls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lstm_music.cli.outputs import FORMATS
from lstm_music.cli.run_options import backend, model, precision
from lstm_music.generate.asking.controls import Control
from lstm_music.generate.asking.request import CONTROLS

_F = TypeVar("_F", bound=Callable[..., Any])

_GROUP = "lstm_music_group"
_FILES = "Files"
_TYPES = {"number": float, "integer": int}
_NAMES = {"n": ("-n", "--num-outputs")}
_METAVARS = {
    "bars": "A-B",
    "seed_bars": "A-B",
    "tracks": "LIST",
    "with_": "LIST",
    "meter": "N/D",
    "pickup": "N/D",
    "key": "KEY",
    "style": "STYLE",
    "scale": "SCALE",
    "chords": "CHORDS",
    "form": "FORM",
    "form_of": "FILE",
}
_METAVARS_BY_KIND = {
    "number": "X",
    "integer": "N",
    "note value": "N/D",
    "range": "A-B",
    "number by track": "X|TRACK:X,...",
    "range by track": "A-B|TRACK:A-B,...",
}


class ControlCommand(click.Command):
    """A command whose options are shown under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a section for each group of controls."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row is not None:
                group = CONTROLS[parameter.name].group if parameter.name in CONTROLS else _FILES
                sections.setdefault(group, []).append(row)
        for group, rows in sections.items():
            with formatter.section(group):
                formatter.write_dl(rows)


def control_options(task: str) -> Callable[[_F], _F]:
    """Add an option for each control of a task."""

    def add(function: _F) -> _F:
        for row in reversed([row for row in CONTROLS.values() if task in row.tasks]):
            function = _option(row, task)(function)
        return function

    return add


def _option(row: Control, task: str) -> Callable[[_F], _F]:
    names = _NAMES.get(row.name, (row.option,))
    if row.kind == "switch":
        switch = f"{row.option}/--no-{row.option[2:]}" if row.default else row.option
        return click.option(switch, row.name, is_flag=True, default=row.default, help=row.help)
    choices = click.Choice(row.choices) if row.choices else None
    kind: Any = choices or _TYPES.get(row.kind, str)
    is_flat = isinstance(row.default, int | float | str)
    return click.option(
        *names,
        row.name,
        type=kind,
        default=row.default if is_flat else None,
        show_default=is_flat,
        metavar=None if choices else _metavar(row, task),
        help=_help(row, task),
    )


def _metavar(row: Control, task: str) -> str | None:
    if row.name == "bars" and task == "generate":
        return "N"
    return _METAVARS.get(row.name, _METAVARS_BY_KIND.get(row.kind))


def _help(row: Control, task: str) -> str:
    if row.name == "bars":
        if task == "generate":
            return "How many bars to compose.  [default: 8]"
        return "Which bars, counted from 1: 5-8. Default: all."
    unit = f" In {row.unit}." if row.unit and not row.unit.startswith("(") else ""
    return row.help + unit


def file_options(task: str, default_name: str) -> Callable[[_F], _F]:
    """Add the options of every composing command: files, model, report."""
    several = [
        click.option("--strict", is_flag=True, help="Refuse a file that needs repairs."),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            help="File to write. Its ending says the format: .mid, .musicxml, .mxl, .wav, .json, "
            f".csv. - is standard output. [default: {default_name}, or the next free name]",
        ),
        click.option(
            "--format",
            "format_name",
            type=click.Choice(FORMATS),
            help="Format, if the ending of the name does not say it.",
        ),
        model,
        precision,
        backend,
        click.option(
            "--another",
            is_flag=True,
            help="Make it unlike every earlier result for this file in the output folder.",
        ),
        click.option("-f", "--force", is_flag=True, help="Overwrite the output."),
        click.option(
            "--json", "as_json", is_flag=True, help="Print the report as one JSON object."
        ),
    ]

    def add(function: _F) -> _F:
        for option in reversed(several):
            function = option(function)
        return function

    return add
