"""`lstm-music novelty`: how much of a file stands in known music."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from lstm_music.cli.streams import read_all_music


@click.command()
@click.argument("paths", metavar="FILES", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--against",
    "sources",
    metavar="SOURCE",
    multiple=True,
    required=True,
    help="What the model was trained on: a folder, a file, music21:chorales, music21:tunes or a "
    "cache. May be given again.",
)
@click.option("--cache", type=click.Path(path_type=Path), help="Keep the tokens in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    paths: tuple[Path, ...], sources: tuple[str, ...], cache: Path | None, as_json: bool
) -> None:
    """Find the longest run of notes that each of FILES shares with the training side of SOURCE.

    \b
    lstm-music novelty out.mid --against my_midi_folder
    lstm-music novelty out-*.mid --against music21:chorales --cache chorales.cache

    A run counts in any key and at any tempo. Beside it stands what is usual: the longest runs of
    the pieces that training holds out. Hint: give the sources, or the cache, that the model was
    trained on; the split is then the same. A longer file shares longer runs. `-` among FILES is
    standard input.
    """
    from lstm_music.cli.progress import counting_display
    from lstm_music.corpus.cache import token_cache
    from lstm_music.evaluate.novelty import novelty

    named = []
    for path in paths:
        pieces = read_all_music(path, expand_repeats=False)  # as the corpus is read
        parts = [f"#{i}" for i in range(1, len(pieces) + 1)] if len(pieces) > 1 else [""]
        named += [(f"{path}{part}", piece) for part, piece in zip(parts, pieces, strict=True)]
    with counting_display("files", "pieces", "left out") as show:
        corpus = token_cache(sources, cache, progress=show, on_reject=_left_out)
    report = novelty([piece for _, piece in named], corpus)
    rows = [
        {"file": name} | row for (name, _), row in zip(named, report.pop("pieces"), strict=True)
    ]
    report["files"] = rows
    click.echo(json.dumps(report) if as_json else _printable(_readable(report)))


def _left_out(id_: str, reason: str) -> None:
    click.echo(_printable(f"left out {id_}: {reason}"), err=True)


def _printable(text: str) -> str:
    """Text without what a file name may hold and a terminal may not."""
    return text.encode("utf-8", "backslashreplace").decode()


def _readable(report: dict[str, Any]) -> str:
    usual = report["held_out"]
    known = f"known: {report['known']['pieces']:,} training pieces; "
    if usual is None:
        known += "none is held out, so what is usual cannot be told"
    else:
        known += (
            f"longest runs of the {usual['pieces']:,} held out: {usual['median_notes']:.0f} notes "
            f"(median), {usual['percentile_95_notes']:.0f} (95th percentile)"
        )
    return "\n".join([known, *(line for row in report["files"] for line in _lines(row))])


def _lines(row: dict[str, Any]) -> list[str]:
    """What a run is, and the verdict."""
    lines = [f"{row['file']}: shares no run"]
    if row["run_notes"]:
        bars = f"bars {row['from_bar']} to {row['to_bar']} of {row['bars']}"
        lines = [
            f"{row['file']}: {row['run_notes']:,} notes in a row, {bars}, stand in "
            f"{row['known_piece']} from bar {row['known_bar']} on"
        ]
    percent = row["no_longer_than_percent"]
    if percent is not None:
        verdict = f"no longer than in {percent:.3g} % of held-out pieces"
        lines.append(f"  {verdict if percent else 'longer than in any held-out piece'}")
    return lines
