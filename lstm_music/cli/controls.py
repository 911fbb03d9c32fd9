"""Command-line options from the table of controls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lstm_music.cli.outputs import FORMATS
from lstm_music.generate.controls import Control
from lstm_music.generate.request import CONTROLS

_F = TypeVar("_F", bound=Callable[..., Any])

_GROUP = "lstm_music_group"
_FILES = "Files"
_TYPES = {"number": float, "integer": int}
_NAMES = {"n": ("-n", "--num-outputs")}


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
        metavar=None if choices or row.kind in _TYPES else row.kind.upper().replace(" ", "-"),
        help=_help(row, task),
    )


def _help(row: Control, task: str) -> str:
    if row.name == "bars":
        return "How many bars to compose.  [default: 8]" if task == "generate" else "Which: 5-8."
    unit = f" In {row.unit}." if row.unit and not row.unit.startswith("(") else ""
    return row.help + unit


def file_options(task: str, default_name: str) -> Callable[[_F], _F]:
    """Add the options of every composing command: files, model, report."""
    several = [
        click.option("--strict", is_flag=True, help="Refuse a file in which something is mended."),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            help="File to write: MIDI, or as its ending says: .musicxml, .mxl, .wav, .json, .csv; "
            f"- is standard output. [default: {default_name}, or the next free name]",
        ),
        click.option(
            "--format",
            "format_name",
            type=click.Choice(FORMATS),
            help="In place of the name's ending.",
        ),
        click.option(
            "--model",
            default="default",
            show_default=True,
            help="Bundled name (lstm-music info), or a file.",
        ),
        click.option(
            "--another",
            is_flag=True,
            help="Unlike every earlier result for this file that stands beside the output.",
        ),
        click.option("-f", "--force", is_flag=True, help="Overwrite the output."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the report."),
    ]

    def add(function: _F) -> _F:
        for option in reversed(several):
            function = option(function)
        return function

    return add
