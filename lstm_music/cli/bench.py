"""`lstm-music bench`: our speed beside that of others, measured in the same run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.cli.durations import Duration

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from lstm_music.bench.rows import Row


def _shared(seconds: float) -> Callable[[Any], Any]:
    """The options of every benchmark."""

    def decorate(function: Any) -> Any:
        for option in (
            click.option(
                "--json", "as_json", is_flag=True, help="Print one JSON object for each row."
            ),
            click.option(
                "--threads",
                type=click.IntRange(1),
                multiple=True,
                help="Threads for both; may be repeated. Default: 1, and every core.",
            ),
            click.option(
                "--cases",
                multiple=True,
                metavar="SIZES",
                help='Only cases of these sizes, such as "H=512", or one of your own.',
            ),
            click.option(
                "--seconds",
                type=Duration(),
                default=seconds,
                show_default=True,
                help="About how long to spend on each row.",
            ),
        ):
            function = option(function)
        return function

    return decorate


@click.group()
def command() -> None:
    """Compare our speed with that of other programs, taking turns on this machine."""


def _on_files(function: Callable[..., Any]) -> Callable[..., Any]:
    """What the commands on music files have in common."""
    options = [
        click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False)),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each row."),
        click.option(
            "--seconds",
            type=Duration(),
            default=2,
            show_default=True,
            help="About how long to spend on each program and case.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command.command()
@_shared(20)
@click.option(
    "--cells", is_flag=True, help="All other cells, each beside the same cell in torch operations."
)
@click.option("--memory/--no-memory", default=True, help="Also measure the memory of an update.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "amx"]),
    default="float32",
    show_default=True,
    help="Precision of our products. bfloat16 and amx are compared with torch in float32 and "
    "bfloat16.",
)
@click.option(
    "--processor-time",
    is_flag=True,
    help="Measure processor time instead of wall time, on one thread: for a busy machine.",
)
def train(
    cases: tuple[str, ...],
    threads: tuple[int, ...],
    seconds: float,
    as_json: bool,
    cells: bool,
    memory: bool,
    precision: str,
    processor_time: bool,
) -> None:
    """Time one training update.

    The update is embedding, stack, output layer, loss, backward, clip and Adam.
    """
    import time
    from dataclasses import replace

    from lstm_music.bench.cases import CELLS, TRAIN, select
    from lstm_music.bench.train import train_rows

    chosen = select(cases, CELLS if cells else TRAIN)
    if precision != "float32":
        chosen = tuple(replace(case, precision=precision) for case in chosen)
    clock = time.process_time if processor_time else time.perf_counter
    counts = (1,) if processor_time else _threads(threads)
    _print(train_rows(chosen, counts, seconds, memory=memory, clock=clock), as_json)


@command.command()
@_shared(2)
def step(cases: tuple[str, ...], threads: tuple[int, ...], seconds: float, as_json: bool) -> None:
    """Time one layer, and the product in it.

    Prints the recurrent product at each instruction-set level, and forward and backward of a layer.
    """
    from lstm_music.bench.cases import STEP, select
    from lstm_music.bench.step import step_rows

    _print(step_rows(select(cases, STEP), _threads(threads), seconds), as_json)


@command.command()
@_shared(3)
@click.option(
    "--precision",
    type=click.Choice(["bfloat16", "float32", "int8"]),
    default="bfloat16",
    show_default=True,
    help="Precision of our weights. For torch, float32 and bfloat16 are tried.",
)
def generate(
    cases: tuple[str, ...],
    threads: tuple[int, ...],
    seconds: float,
    as_json: bool,
    precision: str,
) -> None:
    """Time tokens drawn one after another.

    Sampling is included. torch runs on its best number of threads.
    """
    from dataclasses import replace

    from lstm_music.bench.cases import GENERATE, select
    from lstm_music.bench.generate import generate_rows

    chosen = select(cases, GENERATE)
    if precision != "bfloat16":
        chosen = tuple(replace(case, precision=precision) for case in chosen)
    _print(generate_rows(chosen, _threads(threads), seconds), as_json)


@command.command()
@_on_files
def read(folder: Path | None, as_json: bool, seconds: float) -> None:
    """Time readers of MIDI files.

    Compares ours, mido, symusic and music21, on one core, and also on the files in FOLDER.
    """
    from lstm_music.bench.read import read_rows

    _print_table(read_rows(folder, seconds), _READ_COLUMNS, as_json)


@command.command()
@_on_files
def tokenize(folder: Path | None, as_json: bool, seconds: float) -> None:
    """Time the way from a MIDI file to tokens.

    Compares ours, MidiTok's REMI and music21, which only parses, and also on the files in FOLDER.
    """
    from lstm_music.bench.tokenize import tokenize_rows

    _print_table(tokenize_rows(folder, seconds), _READ_COLUMNS, as_json)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each row.")
@click.option(
    "--seconds",
    type=Duration(),
    default=5,
    show_default=True,
    help="About how long to spend on each row.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=1),
    default=60,
    show_default=True,
    help="Length of the session in which memory is measured; it runs faster than real time.",
)
@click.option("--model", default="default", show_default=True, help="A bundled model, or a file.")
def live(as_json: bool, seconds: float, minutes: float, model: str) -> None:
    """Time playing live.

    Measures the first note after a phrase, one note, lateness, and the memory of an hour.
    """
    from lstm_music.composer import load
    from lstm_music.live.bench import live_rows

    _print_table(live_rows(load(model), seconds, minutes), _LIVE_COLUMNS, as_json)


def _threads(asked: tuple[int, ...]) -> tuple[int, ...]:
    from lstm_music.backends.workspace import usable_cores

    return asked or tuple(sorted({1, usable_cores()}))


# Columns of the table: (heading, field, width, digits).
_COLUMNS = (
    ("case", "case", 57, None),
    ("isa", "isa", 4, None),
    ("threads", "threads", 7, 0),
    ("ours_ms", "ours_ms", 9, 3),
    ("torch_ms", "torch_ms", 9, 3),
    ("ratio", "ratio", 6, 2),
    ("gflops", "gflops", 7, 1),
    ("peak", "peak_fraction", 5, 2),
    ("ours_mb", "ours_mb", 7, 0),
    ("torch_mb", "torch_mb", 8, 0),
    ("torch's setting", "torch_setting", 16, None),
)

_READ_COLUMNS = (
    ("case", "case", 33, None),
    ("reader", "reader", 13, None),
    ("files", "files", 6, 0),
    ("notes", "notes", 8, 0),
    ("median_ms", "median_ms", 11, 3),
    ("best_ms", "best_ms", 11, 3),
    ("ratio", "ratio", 9, 2),
)


_LIVE_COLUMNS = (
    ("case", "case", 58, None),
    ("median", "median", 9, 2),
    ("p99", "p99", 9, 2),
    ("cpu", "cpu", 7, 2),
    ("unit", "unit", 4, None),
    ("n", "n", 6, 0),
)


def _print(rows: Iterable[Row], as_json: bool) -> None:
    from lstm_music.bench.rows import torch_is_installed

    if not torch_is_installed():
        click.echo("torch is not installed: torch_ms and ratio stay empty", err=True)
    _print_table(rows, _COLUMNS, as_json)


def _print_table(
    rows: Iterable[DataclassInstance],
    columns: tuple[tuple[str, str, int, int | None], ...],
    as_json: bool,
) -> None:
    """Each row as soon as it is there."""
    import json
    from dataclasses import asdict

    if not as_json:
        click.echo(" ".join(_cell(heading, width, None) for heading, _, width, _ in columns))
    for row in rows:
        values = asdict(row)
        if as_json:
            click.echo(json.dumps(values))
        else:
            cells = (_cell(values[key], width, digits) for _, key, width, digits in columns)
            click.echo(" ".join(cells).rstrip())


def _cell(value: object, width: int, digits: int | None) -> str:
    """Text to the left, numbers to the right, - for what is not there."""
    if value is None:
        return f"{'-':>{width}}"
    if isinstance(value, str):
        return f"{value:<{width}}"
    return f"{value:>{width}.{digits}f}"
