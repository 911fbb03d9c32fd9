"""`lstm-music reproduce`: the tasks of the papers, our figures beside the published ones."""

from __future__ import annotations

import json
import shlex
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.cli import run_options
from lstm_music.cli.streams import check_output, refuse_stream, write_output
from lstm_music.errors import ClaimError, ConfigError

if TYPE_CHECKING:
    from lstm_music.reproduce.task import Row, Settings, Task

_OUTPUT = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("task_name", metavar="[TASK]", required=False)
@click.option("--list", "as_list", is_flag=True, help="List the tasks.")
@click.option("--quick", is_flag=True, help="Run a small version: under a minute on one core.")
@click.option(
    "--runs", type=click.IntRange(1), help="How many networks to train. Default: as the task says."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of data, for the tasks that need one.",
)
@click.option("--cell", metavar="NAME", help="The recurrent cell. Default: as the task says.")
@click.option("--only", metavar="TEXT", help="Only the rows whose name contains TEXT.")
@click.option("--rng-seed", type=click.IntRange(0), default=0, show_default=True)
@run_options.backend
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each row.")
@click.option(
    "-o",
    "--output",
    type=_OUTPUT,
    callback=refuse_stream,
    help="Also write the rows, settings and machine to this JSON file.",
)
@click.option("--force", is_flag=True, help="Overwrite the output.")
def command(
    task_name: str | None,
    as_list: bool,
    quick: bool,
    runs: int | None,
    data: Path | None,
    cell: str | None,
    only: str | None,
    rng_seed: int,
    backend: str,
    as_json: bool,
    output: Path | None,
    force: bool,
) -> None:
    """Run TASK of a paper and print our figures beside the published ones.

    \b
    lstm-music reproduce --list
    lstm-music reproduce adding --quick
    lstm-music reproduce adding --only "T = 1000" -o adding.json

    Prints what the task is, then a line for each row: ours, published, ratio (ours / published),
    unit, source. Each task makes a claim, such as that the network learns the task at the paper's
    own lag. If a claim does not hold, the command says which and ends with code 1.
    """
    from lstm_music.reproduce.engine import computing_on
    from lstm_music.reproduce.task import Settings
    from lstm_music.reproduce.tasks import TASKS, get_task

    if as_list:
        width = max(map(len, TASKS))
        click.echo("\n".join(f"{task.name:<{width}}  {task.line}" for task in TASKS.values()))
        return
    if task_name is None:
        raise ConfigError("which task? Give its name; lstm-music reproduce --list shows all")
    task = get_task(task_name)
    if output is not None:
        check_output(output, force=force)
    settings = Settings(
        quick=quick,
        runs=runs,
        rng_seed=rng_seed,
        data=data,
        cell=cell,
        only=only,
        progress=lambda line: click.echo(line, err=True),
    )
    began, worked = time.monotonic(), time.process_time()
    with computing_on(backend) as choice:
        rows = list(_printed(task, settings, as_json))
    if choice and not choice.is_used:
        click.echo(f"{task.name} trains on the CPU alone: --backend changed nothing", err=True)
    if not rows:
        raise ConfigError(f"no row of {task.name} matches --only {only!r}; leave it out to see all")
    if output is not None:
        from lstm_music.reproduce.results import as_bytes, result

        done = result(
            task,
            settings,
            rows,
            seconds=time.monotonic() - began,
            processor_seconds=time.process_time() - worked,
            command=_again(task, settings),
        )
        write_output(output, as_bytes(done), force=force)
    broken = [row.name for row in rows if row.holds is False]
    if broken:
        raise ClaimError(f"the claim of {task.name} does not hold for: {'; '.join(broken)}")


def _printed(task: Task, settings: Settings, as_json: bool) -> Iterator[Row]:
    """Each row, printed as soon as it is there."""
    if not as_json:
        click.echo(f"{task.definition}\n\n{_HEADINGS}")
    for row in task.run(settings):
        click.echo(json.dumps(row.as_dict()) if as_json else _readable(row))
        yield row


_NAME, _NUMBER = 36, 12
_HEADINGS = (
    f"{'':<{_NAME}}{'ours':>{_NUMBER}}{'published':>{_NUMBER}}{'ratio':>9}  unit (better), source"
)
_CLAIMS = {True: "holds", False: "DOES NOT HOLD"}


def _readable(row: Row) -> str:
    line = (
        f"{row.name:<{_NAME}}{_number(row.ours):>{_NUMBER}}{_number(row.published):>{_NUMBER}}"
        f"{'-' if row.ratio is None else f'{row.ratio:.3g}':>9}"
        f"  {row.unit} ({row.better}), {row.source}"
    )
    parts = [line]
    if row.note:
        parts.append(textwrap.indent(textwrap.fill(row.note, 92), "    "))
    if row.holds is not None:
        parts.append(f"    the claim {_CLAIMS[row.holds]}")
    return "\n".join(parts)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e8 else f"{value:.4g}"


def _again(task: Task, settings: Settings) -> str:
    """The command line that repeats the run."""
    words: list[Any] = ["lstm-music", "reproduce", task.name]
    words += ["--quick"] if settings.quick else []
    given = {
        "--runs": settings.runs,
        "--data": settings.data.name if settings.data else None,
        "--cell": settings.cell,
        "--only": settings.only,
        "--rng-seed": settings.rng_seed or None,
    }
    for option, value in given.items():
        words += [] if value is None else [option, value]
    return shlex.join(map(str, words))
