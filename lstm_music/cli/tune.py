"""`lstm-music tune`: move a model towards a taste by policy gradient."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.cli import run_options
from lstm_music.cli.durations import Duration

if TYPE_CHECKING:
    from lstm_music.reinforcement.config import TuneProgress


def _list_rewards(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from lstm_music.reinforcement.rewards import REWARDS

        for name, reward in REWARDS.items():
            click.echo(f"{name:16s} {reward.help}")
        context.exit()


@click.command()
@click.argument("model", default="default")
@run_options.model_output
@click.option(
    "--reward",
    "rewards",
    multiple=True,
    required=True,
    metavar="NAME=WEIGHT",
    help="in_key=1, density:8=0.5, my_file.py:my_function=1; a weight below 0 is a penalty.",
)
@click.option(
    "--list-rewards",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_rewards,
    help="List the rewards.",
)
@click.option(
    "--for",
    "for_seconds",
    type=Duration(above=True),
    metavar="DURATION",
    help="As many updates as fit into 90s, 5m or 1h, measuring included.",
)
@click.option("--updates", type=int, default=200, show_default=True)
@click.option("--batch-size", type=int, default=32, show_default=True, help="Pieces in an update.")
@click.option("--bars", type=int, default=8, show_default=True, help="Bars of each piece.")
@click.option("--style", help="Style of all pieces. Default: the model chooses.")
@click.option("--key", help="Key of all pieces, such as 'D minor'. Default: the model chooses.")
@click.option("--meter", help="Meter of all pieces, such as 6/8. Default: the model chooses.")
@click.option(
    "--temperature",
    type=float,
    default=1.0,
    show_default=True,
    help="Temperature at which pieces are drawn.",
)
@click.option(
    "--kl-target",
    type=float,
    default=0.1,
    show_default=True,
    help="How far the model may move from what it was, in nats a note.",
)
@click.option("--learning-rate", type=float, default=3e-4, show_default=True)
@click.option(
    "--measured-pieces",
    type=int,
    default=64,
    show_default=True,
    help="Pieces drawn before and after, to measure what has changed.",
)
@click.option(
    "--held-out",
    multiple=True,
    metavar="SOURCE",
    help="Music to score the model on before and after: files, folders, music21:tunes.",
)
@click.option("--cache", type=click.Path(path_type=Path), help="Keep its tokens in this folder.")
@run_options.resume
@run_options.checkpoint_seconds
@click.option("--rng-seed", type=int, default=0, show_default=True)
@click.option("--threads", type=int, help="Default: one for each core. The result is the same.")
@click.option("-f", "--force", is_flag=True, help="Overwrite the output.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.pass_context
def command(
    context: click.Context,
    /,
    model: str,
    output: Path,
    rewards: tuple[str, ...],
    held_out: tuple[str, ...],
    resume: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Tune MODEL, a bundled model or a file, to your taste: make rewarded music likelier.

    \b
    lstm-music tune folk -o mine.safetensors --reward in_key=1 --reward resolves_leaps=0.5 --for 5m
    lstm-music tune folk -o busy.safetensors --reward density:12=1 --meter 6/8
    lstm-music tune default -o own.safetensors --reward my_taste.py:syncopation=1

    The model is kept close to what it was (--kl-target). At the end a report says how far each
    reward has risen and what that has cost. docs/tuning.md explains it.
    """
    from lstm_music.reinforcement.api import tune
    from lstm_music.reinforcement.taste import parse_reward
    from lstm_music.training.interrupt import Interrupt

    if options["for_seconds"] is not None:
        default = click.core.ParameterSource.DEFAULT
        if context.get_parameter_source("updates") is default:
            del options["updates"]
    interrupt = Interrupt()
    with interrupt.installed(), _display(options["for_seconds"]) as (show, note):
        tuned = tune(
            model,
            output,
            rewards=dict(map(parse_reward, rewards)),
            held_out=held_out or None,
            on_progress=show,
            on_note=note,
            resume=resume == "auto",
            interrupt=interrupt,
            **options,
        )
    if as_json:
        click.echo(json.dumps({"path": str(output), **tuned.report}))
    else:
        click.echo("\n".join([*_lines(tuned.report), str(output)]))


_Show = Callable[["TuneProgress"], None]
_Note = Callable[[str], None]


@contextmanager
def _display(for_seconds: float | None) -> Iterator[tuple[_Show, _Note]]:
    """What shows progress, and what prints a line: live on a terminal, else a line now and then."""
    if sys.stderr is None or not sys.stderr.isatty():
        from lstm_music.cli.progress import Lines

        lines = Lines()
        yield lambda progress: lines.now_and_then(_text(progress, for_seconds)), lines.note
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("measuring") as status:
        yield (
            lambda progress: status.update(_text(progress, for_seconds)),
            lambda text: console.print(text, markup=False, highlight=False),
        )


def _text(progress: TuneProgress, for_seconds: float | None) -> str:
    numbers = asdict(progress)
    of = "" if for_seconds is not None else f" of {progress.updates}"
    named = ", ".join(f"{name} {value:.3f}" for name, value in numbers["rewards"].items())
    away = f"{progress.kl_nats_per_note:.3f} nats a note away"
    return f"update {progress.step}{of}: {named}; {away}"


def _lines(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    lines = [f"{'':32s} {'before':>8s} {'after':>8s}"]
    lines += [_line(f"reward {name}", pair) for name, pair in report["rewards"].items()]
    lines.append(_line("all rewards, weighted", report["total"]))
    if report["held_out"] is None:
        lines.append("held-out music: none was given (--held-out music21:tunes, or a folder)")
    else:
        lines.append(_line("held-out music, nats a note", report["held_out"]))
    lines += [
        _line(name.replace("_", " "), pair)
        for name, pair in report["metrics"].items()
        if f"{pair['before']:.3f}" != f"{pair['after']:.3f}"
    ]
    lines.append(
        f"{report['updates']} updates, {report['tokens']:,} tokens; now "
        f"{report['kl_nats_per_note']:.3f} nats a note from what it was"
    )
    if report["remarks"]:
        lines.append("Listen for what else has moved: " + "; ".join(report["remarks"]))
    return lines


def _line(name: str, pair: dict[str, float]) -> str:
    return f"{name:32s} {pair['before']:8.3f} {pair['after']:8.3f}"
