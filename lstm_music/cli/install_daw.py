"""`lstm-music install-daw`: our scripts, to where a music program looks for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from lstm_music.daw.programs import PROGRAMS
from lstm_music.errors import ConfigError


@click.command()
@click.argument("program", required=False, type=click.Choice(list(PROGRAMS)))
@click.option("--list", "lists", is_flag=True, help="Show the programs, and what is installed.")
@click.option("--undo", is_flag=True, help="Take away what was copied.")
@click.option("--force", is_flag=True, help="Overwrite or remove files that were changed.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Another folder than the program's usual one, as for a portable installation.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    program: str | None, lists: bool, undo: bool, force: bool, into: Path | None, as_json: bool
) -> None:
    """Copy our script for a music program to where that program looks for it.

    \b
    lstm-music install-daw reaper          # and says what to click next
    lstm-music install-daw reaper --undo   # takes it away again
    lstm-music install-daw --list

    docs/daws.md tells what each script does.
    """
    from lstm_music.daw.install import install, installed, remove
    from lstm_music.serve.shared import leave_command

    if lists:
        rows = {name: _facts(name, list(map(str, installed(name)))) for name in PROGRAMS}
        _show(rows, "\n".join(_line(name, row) for name, row in rows.items()), as_json=as_json)
        return
    if program is None:
        raise ConfigError(f"name a program: {', '.join(PROGRAMS)}; --list tells more")
    if undo:
        gone = remove(program, force=force)
        text = "\n".join(f"removed {path}" for path in gone)
        _show({"removed": list(map(str, gone))}, text, as_json=as_json)
        return
    one = PROGRAMS[program]
    folder = (one.folder() if into is None else into).absolute()
    files = install(program, one, folder, force=force)
    leave_command()
    then = one.then.format(folder=folder)
    text = "\n".join([*map(str, files), "", then])
    _show({"files": list(map(str, files)), "then": then}, text, as_json=as_json)


def _facts(name: str, files: list[str]) -> dict[str, Any]:
    one = PROGRAMS[name]
    return {"title": one.title, "folder": str(one.folder()), "installed": files}


def _line(name: str, row: dict[str, Any]) -> str:
    state = "installed" if row["installed"] else "-"
    return f"{name:<12}{row['title']:<22}{state:<11}{row['folder']}"


def _show(facts: dict[str, Any], text: str, *, as_json: bool) -> None:
    click.echo(json.dumps(facts, indent=1) if as_json else text)
