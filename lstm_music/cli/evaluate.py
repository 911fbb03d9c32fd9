"""`lstm-music evaluate`: held-out likelihood beside n-gram baselines."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import click

from lstm_music.cli import run_options

UNITS = ("note", "token", "bar")


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option(
    "--model",
    default="default",
    show_default=True,
    help="A bundled model (lstm-music info lists them) or a file.",
)
@click.option("--side", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option("--cache", type=click.Path(path_type=Path), help="Keep the tokens in this folder.")
@click.option(
    "--order", type=click.IntRange(1, 7), default=5, show_default=True, help="n of the n-gram."
)
@run_options.backend
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    sources: tuple[str, ...],
    model: str,
    side: str,
    cache: Path | None,
    order: int,
    backend: str,
    as_json: bool,
) -> None:
    """Score a model on the held-out pieces of SOURCES: nats a note, by style, beside baselines.

    The split is the one that training makes. So a model trained on the same sources has never seen
    the pieces on the chosen side. The baselines are fitted on the training side: uniform, unigram,
    and an interpolated Kneser-Ney n-gram, also with every training piece in seven transpositions.
    If there are too few pieces, the last bars of each are scored, as training holds them out. As
    in training, performances are read as scores where the model knows only scores of the kind. The
    output names what the model has never met (pedal, loudness, tempo changes, instruments, ...) and
    has nats a note without that, too.
    """
    from lstm_music.backends.registry import get_backend
    from lstm_music.composer import load
    from lstm_music.corpus.coverage import Coverage
    from lstm_music.corpus.ends import hold_out
    from lstm_music.evaluate.compare import compare
    from lstm_music.evaluate.unmet import in_words, unmet
    from lstm_music.training.api import read_corpus

    computing = get_backend(backend)  # a device that is missing is told before hours of reading
    composer = load(model)
    met = Coverage.from_dict(composer.metadata["training"]["met"])
    note = partial(click.echo, err=True)
    corpus, line = hold_out(read_corpus(sources, cache, None, note, met.manners or None))
    if corpus.heard is not None:
        side = "valid"
        click.echo(line, err=True)
    network = composer.model.on(computing)
    table: dict[str, Any] = compare(network, corpus, side, order)
    found = unmet(network, met, corpus, side)
    if as_json:
        click.echo(json.dumps(table | {"unmet": found}))
    else:
        click.echo("\n".join([_readable(table), *in_words(found)]))


def _readable(table: dict[str, dict[str, dict[str, Any]]]) -> str:
    """One block a style, one line a model."""
    lines = []
    for style, models in table.items():
        some = next(iter(models.values()))
        counts = f"{some['pieces']} pieces, {some['notes']} notes"
        lines.append(f"{style or 'other'} ({counts})")
        for name, row in models.items():
            numbers = (f"{row[f'nats_per_{unit}']:8.3f} nats/{unit}" for unit in UNITS)
            lines.append(f"  {name:34s} {' '.join(numbers)}")
    return "\n".join(lines)
