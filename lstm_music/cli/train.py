"""`lstm-music train`: train a model on folders of music."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.cli import run_options
from lstm_music.cli.durations import Duration
from lstm_music.errors import LstmMusicError

if TYPE_CHECKING:
    from lstm_music.cli.progress import Pace
    from lstm_music.training.progress import Progress


@click.command()
@click.argument("sources", nargs=-1, required=True)
@run_options.model_output
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="File of settings; lstm-music config init writes one.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="A.B=C",
    help="Change one setting: training.batch_size=16.",
)
@click.option("--from", "base", metavar="MODEL", help="Start from this model: default, or a file.")
@click.option("--dry-run", is_flag=True, help="Say what the run would need, and train nothing.")
@click.option(
    "--cell",
    default="lstm",
    show_default=True,
    help="NAME or NAME:KEY=VALUE,... docs/cells.md lists them all.",
)
@click.option("--hidden-size", type=int, default=256, show_default=True)
@click.option("--layers", type=int, default=2, show_default=True)
@click.option("--embedding-size", type=int, default=128, show_default=True)
@click.option("--dropout", type=float, default=0.2, show_default=True)
@click.option(
    "--dropout-kind",
    type=click.Choice(["step", "variational"]),
    default="step",
    show_default=True,
    help="step: a new mask at every step. variational: one for all steps of a chunk.",
)
@click.option(
    "--residual/--no-residual",
    default=True,
    show_default=True,
    help="Add a layer's input to its output, where the widths match.",
)
@click.option(
    "--tied-embedding",
    is_flag=True,
    help="Use the tokens' embedding as output weights. --embedding-size must be --hidden-size.",
)
@click.option("--learned-state", is_flag=True, help="Learn the state from which a piece starts.")
@click.option("--batch-size", type=int, default=16, show_default=True)
@click.option(
    "--chunk-steps",
    type=int,
    default=128,
    show_default=True,
    help="Tokens through which the gradient flows back; 0: whole pieces.",
)
@click.option("--style", help="Train only on this style: chorale, folk, band, ...")
@click.option(
    "--balance",
    type=float,
    default=0.0,
    show_default=True,
    help="How much to repeat rare styles: 0 not at all, 1 until all have as many tokens.",
)
@click.option(
    "--straight-drums",
    type=float,
    default=0.5,
    show_default=True,
    help="Chance that a piece of drums alone is moved to the musical grid.",
)
@click.option(
    "--infill",
    type=float,
    default=0.5,
    show_default=True,
    help="Share of the pieces with hidden parts, so that it learns to fill gaps; 0: none.",
)
@click.option(
    "--optimiser",
    type=click.Choice(["adam", "sgd", "rmsprop", "rprop"]),
    default="adam",
    show_default=True,
    help="rprop needs full batches: --batch-size as many as there are pieces, --chunk-steps 0.",
)
@click.option("--learning-rate", type=float, help="Default: the optimiser's own.")
@click.option("--momentum", type=float, help="For sgd and rmsprop. Default: the optimiser's own.")
@click.option("--l2", type=float, default=0.0, show_default=True, help="Penalty on weights.")
@click.option(
    "--schedule",
    type=click.Choice(["cosine", "plateau", "constant"]),
    default="cosine",
    show_default=True,
    help="Course of the learning rate after the warm-up.",
)
@click.option(
    "--warmup",
    type=float,
    default=0.02,
    show_default=True,
    help="Share of the run in which the learning rate rises.",
)
@click.option(
    "--stop-after",
    type=int,
    default=0,
    show_default=True,
    help="End after this many validations without a new best; 0: never. With few pieces: 3 or 5.",
)
@click.option("--label-smoothing", type=float, default=0.0, show_default=True)
@click.option("--clip-norm", type=float, default=1.0, show_default=True)
@click.option(
    "--accumulate", type=int, default=1, show_default=True, help="Chunks that make one update."
)
@click.option(
    "--method",
    type=click.Choice(["bptt", "evolino", "es", "cma", "ga"]),
    default="bptt",
    show_default=True,
    help="Training method. All but bptt learn without gradients (docs/evolution.md).",
)
@click.option("--population", type=int, help="Networks in a generation. Default: the method's own.")
@click.option("--sigma", type=float, help="Size of a mutation. Default: the method's own.")
@click.option(
    "--covariance",
    type=click.Choice(["diagonal", "full"]),
    default="diagonal",
    show_default=True,
    help="For cma. full takes at most 1,000 parameters.",
)
@click.option(
    "--readout",
    type=click.Choice(["ridge", "svm"]),
    default="ridge",
    show_default=True,
    help="For evolino. svm needs scikit-learn.",
)
@click.option(
    "--executor",
    default="local",
    show_default=True,
    help="Where a population is scored: local, dask://HOST:PORT or ray.",
)
@click.option(
    "--jobs", type=int, default=1, show_default=True, help="Processes that score a population."
)
@run_options.resume
@click.option(
    "--for",
    "for_seconds",
    type=Duration(above=True),
    metavar="DURATION",
    help="Train as much as fits into 90s, 10m or 1h30m; sets tokens and validations.",
)
@click.option(
    "--time-limit",
    type=Duration(),
    metavar="DURATION",
    help="Stop after this time; --resume auto goes on. Seconds, or 90s, 10m, 1h30m.",
)
@run_options.checkpoint_seconds
@click.option(
    "--sample-minutes",
    type=Duration("m"),
    metavar="DURATION",
    help="Compose 8 bars every so many minutes (or 90s) into samples/ in the run's folder.",
)
@click.option(
    "--tensorboard", is_flag=True, help="Write losses for TensorBoard to the run's folder."
)
@click.option(
    "--max-tokens",
    type=int,
    default=20_000_000,
    show_default=True,
    help="Tokens to train on; fewer with few pieces and --from (docs/training.md).",
)
@click.option(
    "--evaluate-every",
    type=int,
    default=1_000_000,
    show_default=True,
    help="Tokens between two validations; fewer with few pieces.",
)
@click.option("--rng-seed", type=int, default=0, show_default=True)
@click.option(
    "--precision",
    type=click.Choice(["float32", "tf32", "bfloat16", "amx"]),
    default="float32",
    show_default=True,
    help="Precision of matrix products. bfloat16 is faster; it needs a GPU or a CPU with "
    "AVX512-BF16. amx is the same, by Intel's AMX, and fastest. tf32 needs a GPU.",
)
@run_options.backend
@click.option("--threads", type=int, help="Default: one for each core. The result is the same.")
@click.option("--cache", type=click.Path(path_type=Path), help="Keep the tokens in this folder.")
@click.option(
    "--storage", type=click.Choice(["float32", "float16"]), default="float32", show_default=True
)
@click.option(
    "--data-card", type=click.Path(path_type=Path), help="TOML file to store in the model file."
)
@click.option("-f", "--force", is_flag=True, help="Overwrite the output.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line for each validation.")
@click.pass_context
def command(
    context: click.Context,
    /,
    sources: tuple[str, ...],
    output: Path,
    config: Path | None,
    overrides: tuple[str, ...],
    dry_run: bool,
    sample_minutes: float | None,
    tensorboard: bool,
    resume: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Train a model on SOURCES: folders or files of music, music21:chorales, music21:tunes.

    \b
    lstm-music train my_midi_folder -o my.safetensors
    lstm-music train music21:chorales -o bach.safetensors --max-tokens 5000000
    lstm-music train my_songs --from default -o mine.safetensors
    lstm-music train my_midi_folder -o my.safetensors --for 1h30m

    The output file always holds the best model so far. If the run is interrupted, repeat the
    command with --resume auto: it continues and ends with the same model.
    """
    from lstm_music.training.settings import override, read_settings

    given = _given(context, options)
    in_file = {} if config is None else read_settings(config)
    settings = in_file | dict(map(override, overrides)) | given
    if dry_run:
        click.echo(_dry_run(sources, options, settings, as_json))
        return
    listeners = _listeners(output, sample_minutes, tensorboard)
    _train(sources, output, resume == "auto", listeners, as_json, options | settings)


def _given(context: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """The settings on the command line, taken out of ``options``; defaults are not given."""
    from lstm_music.training.settings import SECTIONS

    default = click.core.ParameterSource.DEFAULT
    names = [name for table in SECTIONS.values() for name in table]
    values = {name: options.pop(name) for name in names}
    return {n: v for n, v in values.items() if context.get_parameter_source(n) is not default}


def _listeners(
    output: Path, sample_minutes: float | None, tensorboard: bool
) -> list[Callable[[Progress], None]]:
    """What else is to be done on the way."""
    from lstm_music.training.runs.folder import RunFolder
    from lstm_music.training.runs.tensorboard import TensorBoard

    listeners: list[Callable[[Progress], None]] = []
    if sample_minutes is not None:
        from lstm_music.cli.samples import Samples

        listeners.append(Samples(output, sample_minutes).update)
    if tensorboard:
        board = TensorBoard(RunFolder(output).path / "tensorboard")
        listeners.append(lambda progress: board.log(progress) if progress.validated else None)
    return listeners


def _dry_run(
    sources: tuple[str, ...], options: dict[str, Any], settings: dict[str, Any], as_json: bool
) -> str:
    from lstm_music.cli.progress import training_display
    from lstm_music.training.forecast.needs import dry_run

    with training_display() as display:
        needs = dry_run(
            sources,
            cache=options["cache"],
            base=options["base"],
            for_seconds=options["for_seconds"],
            on_note=display.note,
            **settings,
        )
    if as_json:
        return json.dumps(needs)
    return "\n".join(f"{name.replace('_', ' '):18s} {value:,}" for name, value in needs.items())


def _train(
    sources: tuple[str, ...],
    output: Path,
    resume: bool,
    listeners: list[Callable[[Progress], None]],
    as_json: bool,
    options: dict[str, Any],
) -> None:
    from lstm_music.cli.progress import Pace, training_display
    from lstm_music.training.api import train
    from lstm_music.training.interrupt import Interrupt
    from lstm_music.training.team import make_team

    team = make_team()
    pace, interrupt = Pace(), Interrupt()

    def on_progress(progress: Progress) -> None:
        display.update(progress)
        pace.update(progress)
        for listen in listeners:
            try:
                listen(progress)
            except (OSError, LstmMusicError) as error:
                display.note(f"{error}; training goes on")
        if as_json and progress.validated:
            click.echo(json.dumps(_line(progress, pace)))

    with interrupt.installed(), training_display() as display:
        train(
            sources,
            output,
            on_progress=on_progress,
            on_note=display.note,
            interrupt=interrupt,
            resume=resume,
            team=team,
            **options,
        )
    if team.leads and not as_json:
        click.echo(str(output))


def _line(progress: Progress, pace: Pace) -> dict[str, Any]:
    from lstm_music.training.progress import without_nan

    numbers = {
        "step": progress.step,
        "tokens": progress.tokens,
        "train_nats_per_token": progress.train_loss,
        "valid_nats_per_token": progress.valid_loss,
        "best_nats_per_token": progress.best_loss,
        "learning_rate": progress.learning_rate,
        "tokens_per_second": pace.tokens_per_second,
    }
    return without_nan(numbers)
