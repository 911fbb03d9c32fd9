"""`lstm-music corpus`: scan folders of music, and build a cache of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lstm_music.cli.streams import refuse_stream

_Command = Callable[..., Any]

_LISTED = 10


@click.group()
def command() -> None:
    """Scan folders of music, or build a cache to train on."""


def _reading_options(function: _Command) -> _Command:
    """The options that both commands have."""
    options = [
        click.option(
            "--timing",
            type=click.Choice(["played", "straight", "micro"]),
            default="played",
            show_default=True,
            help="played: onsets on the nearest step. straight: on the musical grid. micro: the "
            "same, with deviations kept.",
        ),
        click.option(
            "--reader",
            type=click.Choice(["lstm_music", "music21"]),
            default="lstm_music",
            show_default=True,
            help="What reads MIDI files; music21 is a slow reference.",
        ),
        click.option("--strict", is_flag=True, help="Refuse files that need repairs."),
        click.option("--jobs", type=int, help="Number of processes. Default: one for each core."),
        click.option(
            "--executor",
            "executor_name",
            default="local",
            show_default=True,
            help="Where they run: local, dask://HOST:PORT, ray or ray://HOST:PORT.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--no-timing", is_flag=True, help="Do not measure how fast training would be.")
@_reading_options
def scan(
    sources: tuple[str, ...],
    no_timing: bool,
    jobs: int | None,
    executor_name: str,
    as_json: bool,
    **reading: Any,
) -> None:
    """Count what SOURCES hold.

    SOURCES are folders, files, music21:chorales, music21:tunes, or one cache. Shows pieces, hours,
    notes, meters, keys, instruments, tempi and tokens; which files were left out or repaired, and
    why; exact and near copies; and what training would need.
    """
    import tempfile

    from lstm_music.corpus.building.build import build, is_cache
    from lstm_music.corpus.building.options import CorpusOptions
    from lstm_music.corpus.cache import open_cache
    from lstm_music.corpus.report import summarise

    with tempfile.TemporaryDirectory(prefix="lstm_music-") as temporary:
        folder = temporary
        if len(sources) == 1 and is_cache(sources[0]):
            folder = sources[0]
        else:
            _with_progress(
                build,
                sources,
                folder,
                CorpusOptions(**reading),
                jobs=jobs,
                executor_name=executor_name,
            )
        report = summarise(folder)
        if not no_timing and report["sides"]["train"]["pieces"]:
            from lstm_music.training.forecast.needs import training_needs

            report["training"] = training_needs(open_cache(folder))
        click.echo(json.dumps(report) if as_json else _readable(report))


@command.command(name="build")
@click.argument("sources", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    callback=refuse_stream,
    help="Folder to write the cache to.",
)
@click.option("-f", "--force", is_flag=True, help="Build an existing cache again.")
@_reading_options
def build_command(
    sources: tuple[str, ...],
    output: Path,
    force: bool,
    jobs: int | None,
    executor_name: str,
    as_json: bool,
    **reading: Any,
) -> None:
    """Build a cache of SOURCES for `lstm-music train`.

    \b
    lstm-music corpus build my_midi_folder -o my.cache
    lstm-music train my.cache -o my.safetensors

    After Ctrl-C, the same command continues. If you run it again later, it reads only new files.
    """
    from lstm_music.corpus.building.build import build
    from lstm_music.corpus.building.options import CorpusOptions

    _with_progress(
        build,
        sources,
        output,
        CorpusOptions(**reading),
        jobs=jobs,
        executor_name=executor_name,
        force=force,
    )
    if not as_json:
        click.echo(str(output))
        return
    from lstm_music.corpus.building.finish import read_summary

    click.echo(json.dumps({"output": str(output)} | read_summary(output)))


@command.command()
@click.argument("cache", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    callback=refuse_stream,
    help="File to write. It belongs beside MODEL.safetensors as MODEL.known.",
)
@click.option("--style", help="Use only this style: chorale, folk, band, ...")
@click.option("-f", "--force", is_flag=True, help="Overwrite the output.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def fingerprints(cache: Path, output: Path, style: str | None, force: bool, as_json: bool) -> None:
    """Write the fingerprints of a cache.

    They describe the training side of CACHE, for `lstm-music novelty --model`.

    \b
    lstm-music corpus fingerprints my.cache -o my.known
    lstm-music novelty out.mid --model my.safetensors

    `lstm-music train` writes them beside each model. The music cannot be restored from them.
    """
    from lstm_music.corpus.cache import open_cache
    from lstm_music.corpus.copies.fingerprints import corpus_fingerprints
    from lstm_music.files import atomic_write, check_writable

    check_writable(output, overwrite=force)
    corpus = open_cache(cache)
    known = corpus_fingerprints(corpus if style is None else corpus.of_style(style))
    data = known.to_bytes()
    atomic_write(output, data, overwrite=force)
    facts = {
        "output": str(output),
        "pieces": known.pieces,
        "windows": {str(windows.n_notes): windows.windows for windows in known.sets},
        "bytes": len(data),
    }
    click.echo(json.dumps(facts) if as_json else str(output))


def _with_progress(build: _Command, *args: Any, **options: Any) -> None:
    from lstm_music.cli.progress import counting_display

    with counting_display("files", "pieces", "left out") as show:
        build(*args, progress=show, **options)


def _readable(report: dict[str, Any]) -> str:
    """The report in lines; long tables and lists are cut, --json has all."""
    tokens, sides = report["tokens"], report["sides"]
    per_piece = tokens["per_piece"]
    lines = [
        f"files         {report['files']:,}: {report['pieces']:,} pieces, "
        f"{report['rejected']:,} left out",
        f"music         {report['hours']:,.1f} hours, {report['notes']:,} notes, "
        f"{report['bars']:,} bars",
        f"tokens        {tokens['all']:,}; {tokens['per_note']} a note; a piece has "
        f"{per_piece['least']:,} to {per_piece['most']:,}, half have {per_piece['median']:,.0f} "
        "or more",
        "sides         " + ", ".join(f"{n['pieces']:,} {side}" for side, n in sides.items()),
    ]
    names = ("styles", "meters", "keys", "instruments", "families", "roles")
    lines += [f"{name:13s} {_table(report[name])}" for name in names if report[name]]
    tempi = report["tempi"]
    lines.append(
        f"tempi         {tempi['lowest_bpm']} to {tempi['highest_bpm']} bpm, median "
        f"{tempi['median_bpm']:.0f}; {tempi['pieces_with_changes']:,} pieces change theirs"
    )
    lines += _training_lines(report)
    lines += _listed("left out", [_reject_line(row) for row in report["rejects"]])
    repairs = [f"{n['pieces']:,} pieces: {kind}" for kind, n in report["repairs"].items()]
    lines += _listed("repaired", repairs)
    titles = {"same_file": "same files", "same_music": "same music", "near": "near copies"}
    for name, title in titles.items():
        lines += _listed(title, [", ".join(ids) for ids in report["duplicates"][name]])
    return "\n".join(lines).encode("utf-8", "backslashreplace").decode()


def _training_lines(report: dict[str, Any]) -> list[str]:
    if "training" not in report:
        return []
    needs = report["training"]
    return [
        f"training      {needs['seconds'] / 60:,.0f} minutes on this machine for the default "
        f"{needs['tokens']:,} tokens ({needs['epochs']:,} epochs, "
        f"{needs['tokens_per_second']:,} tokens/s), {needs['memory_bytes'] / 1e6:,.0f} MB"
    ]


def _table(counts: dict[str, int]) -> str:
    shown = [f"{name} {n:,}" for name, n in list(counts.items())[:_LISTED]]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f", {more} more" if more > 0 else "")


def _reject_line(row: dict[str, Any]) -> str:
    at = "" if row["offset"] is None else f" (byte {row['offset']})"
    return f"{row['id']}: {row['reason']}{at}"


def _listed(title: str, rows: list[str]) -> list[str]:
    if not rows:
        return []
    more = [f"  ... {len(rows) - _LISTED:,} more"] if len(rows) > _LISTED else []
    return [f"{title} ({len(rows):,}):", *(f"  {row}" for row in rows[:_LISTED]), *more]
