"""`lstm-music again`: make a result of ours once more, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.errors import ConfigError, MidiError

if TYPE_CHECKING:
    from lstm_music.generate.asking.record import Record


_MOST_BYTES = 1 << 24
"""Larger files are not looked at: no seed."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--seed",
    type=click.Path(path_type=Path),
    help="The seed that FILE was made from. [default: found by its content, beside FILE or here]",
)
@click.option("--model", help="A bundled model or a file. [default: the same as before]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write. [default: the next free name]",
)
@click.option("-f", "--force", is_flag=True, help="Overwrite the output.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def command(file: Path, **options: Any) -> None:
    """Make a result again: the same request, model, seed and random number.

    \b
    lstm-music again more.mid

    FILE records how it was made. The same version and model give the same bytes.
    """
    from lstm_music.cli.compose import report
    from lstm_music.cli.outputs import plan_outputs
    from lstm_music.composer import load
    from lstm_music.generate.asking.record import find_record
    from lstm_music.midi.files import read
    from lstm_music.midi.writing.opening import new_bars_alone

    record = find_record(_content(file))
    if record is None:
        raise ConfigError(
            f"{file}: it does not say how it was made; expected a file that lstm-music composed"
        )
    seed_path = _seed_path(file, record, options["seed"])
    outputs = plan_outputs(
        options["output"],
        file,
        1,
        force=options["force"],
        as_json=options["as_json"],
    )
    composer = load(options["model"] or record.model, precision=record.precision)
    if composer.metadata["sha256"][:16] != record.model_hash:
        raise ConfigError(
            f"{file}: it was made by another model of the name {record.model!r}; its sha256 begins "
            f"with {record.model_hash}; give its file with --model"
        )
    seed = None if seed_path is None else read(seed_path)
    request = record.request(seed)
    take = composer.complete(request)[record.take]
    piece = take.piece
    if not record.include_seed and piece.added_places:
        piece = new_bars_alone(piece, max(start for _, start, _ in piece.added_places))
    asked = {"task": record.task, **record.controls, "rng_seed": record.rng_seed}
    paths = outputs.write([piece], texts=[record.to_text()], request=asked)
    report(paths, [take], request, seed_path, composer.precision, as_json=options["as_json"])


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise MidiError(f"cannot be read: {error.strerror or error}", path=str(file)) from None


def _seed_path(file: Path, record: Record, given: Path | None) -> Path | None:
    """The seed: as given, or a file of the same content beside the result or here.

    Raises
    ------
    ConfigError : it is not there, or is another one.
    """
    from lstm_music.generate.asking.record import UNKNOWN, file_hash

    if not record.seed_hash:
        return None
    if given is not None and record.seed_hash in {UNKNOWN, file_hash(_content(given))}:
        return given
    if given is not None:
        raise ConfigError(
            f"{given}: it is not the seed that {file} was made from, whose sha256 begins with "
            f"{record.seed_hash}; give that one"
        )
    for folder in (file.parent, Path()):
        for path in sorted(folder.iterdir()):
            is_small = path.is_file() and path.stat().st_size <= _MOST_BYTES
            if is_small and file_hash(_content(path)) == record.seed_hash:
                return path
    raise ConfigError(
        f"{file}: no file beside it or here is its seed, whose sha256 begins with "
        f"{record.seed_hash}; give it with --seed"
    )
