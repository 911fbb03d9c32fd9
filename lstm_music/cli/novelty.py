"""`lstm-music novelty`: how much of a file also occurs in known music."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.cli.streams import read_all_music

if TYPE_CHECKING:
    from lstm_music.music.piece import Piece


@click.command()
@click.argument("paths", metavar="FILES", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--against",
    "sources",
    metavar="SOURCE",
    multiple=True,
    help="Known music: a folder, a file, music21:chorales, music21:tunes or a cache. May be given "
    "again.",
)
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Keep SOURCE's tokens in this folder."
)
@click.option(
    "--model",
    metavar="NAME",
    help="Without --against: search the fingerprints of this model's training music. Default: "
    "default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    paths: tuple[Path, ...],
    sources: tuple[str, ...],
    cache: Path | None,
    model: str | None,
    as_json: bool,
) -> None:
    """Find the longest run of notes that each of FILES shares with the training music of a model.

    \b
    lstm-music novelty out.mid
    lstm-music novelty out.mid --model my.safetensors
    lstm-music novelty out-*.mid --against music21:chorales --cache chorales.cache

    A run counts in any key and at any tempo. For comparison, the output also gives the longest
    runs of the pieces held out from training. A longer file shares longer runs.

    Models carry fingerprints of their training music. These find a run of 8 notes or more, and may
    make it a little too long, but do not say where it comes from. --against searches the training
    side of SOURCE note by note. Give the sources or the cache on which the model was trained, so
    that the split is the same. `-` among FILES is standard input.
    """
    if sources and model is not None:
        raise click.UsageError("--model and --against exclude each other; leave one out")
    if cache is not None and not sources:
        raise click.UsageError("--cache keeps the tokens of a SOURCE; give --against SOURCE")
    named = []
    for path in paths:
        pieces = read_all_music(path, expand_repeats=False)  # as the corpus is read
        parts = [f"#{i}" for i in range(1, len(pieces) + 1)] if len(pieces) > 1 else [""]
        named += [(f"{path}{part}", piece) for part, piece in zip(parts, pieces, strict=True)]
    read = [piece for _, piece in named]
    report = _against(read, sources, cache) if sources else _of_model(read, model or "default")
    rows = [
        {"file": name} | row for (name, _), row in zip(named, report.pop("pieces"), strict=True)
    ]
    report["files"] = rows
    click.echo(json.dumps(report) if as_json else _printable(_readable(report)))


def _against(pieces: list[Piece], sources: tuple[str, ...], cache: Path | None) -> dict[str, Any]:
    """The report of pieces beside a corpus."""
    from lstm_music.cli.progress import counting_display
    from lstm_music.corpus.cache import token_cache
    from lstm_music.evaluate.novelty import novelty

    with counting_display("files", "pieces", "left out") as show:
        corpus = token_cache(sources, cache, progress=show, on_reject=_left_out)
    return novelty(pieces, corpus)


def _of_model(pieces: list[Piece], model: str) -> dict[str, Any]:
    """The report of pieces beside the fingerprints that a model carries."""
    from lstm_music.corpus.copies.fingerprints import Fingerprints
    from lstm_music.evaluate.novelty import fingerprint_novelty
    from lstm_music.pretrained import known_bytes

    known = Fingerprints.from_bytes(known_bytes(model), f"what {model} was trained on")
    report = fingerprint_novelty(pieces, known)
    return report | {"known": {"model": model} | report["known"]}


def _left_out(id_: str, reason: str) -> None:
    click.echo(_printable(f"left out {id_}: {reason}"), err=True)


def _printable(text: str) -> str:
    """Text without what a file name may hold and a terminal may not."""
    return text.encode("utf-8", "backslashreplace").decode()


def _readable(report: dict[str, Any]) -> str:
    known, usual = report["known"], report["held_out"]
    least = known.get("least_notes", 0)
    first = f"known: {known['pieces']:,} training pieces"
    if "model" in known:
        first += f" of the model {known['model']}, by their fingerprints"
    if usual is None:
        lines = [f"{first}; none is held out, so what is usual cannot be told"]
    else:
        lines = [
            f"{first}; longest runs of the {usual['pieces']:,} held out: {_spread(usual, least)}"
        ]
        styles = {name or "no style": row for name, row in usual.get("styles", {}).items()}
        if len(styles) > 1:
            lines += [
                f"  {name} ({row['pieces']:,}): {_spread(row, least)}"
                for name, row in styles.items()
            ]
    return "\n".join([*lines, *(line for row in report["files"] for line in _lines(row, least))])


def _spread(usual: dict[str, Any], least: int) -> str:
    median, high = (
        f"fewer than {least}" if notes < least else f"{notes:.0f}"
        for notes in (usual["median_notes"], usual["percentile_95_notes"])
    )
    return f"{median} notes (median), {high} (95th percentile)"


def _lines(row: dict[str, Any], least: int) -> list[str]:
    """What a run is, and the verdict."""
    lines = [f"{row['file']}: shares no run" + (f" of {least} notes or more" if least else "")]
    if row["run_notes"]:
        bars = f"bars {row['from_bar']} to {row['to_bar']} of {row['bars']}"
        where = f"in {row['known_piece']} from bar {row['known_bar']} on"
        if row["known_piece"] is None:
            where = "in known music"
        lines = [f"{row['file']}: {row['run_notes']:,} notes in a row, {bars}, also occur {where}"]
    percent = row["no_longer_than_percent"]
    if percent is not None:
        verdict = f"no longer than in {percent:.3g} % of held-out pieces"
        lines.append(f"  {verdict if percent else 'longer than in any held-out piece'}")
    return lines
