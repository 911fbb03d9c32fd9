"""`lstm-music generate`: continue a MIDI file, or compose from nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.cli.outputs import FORMATS

if TYPE_CHECKING:
    from lstm_music.music.piece import Piece


@click.command()
@click.option(
    "--seed", type=click.Path(path_type=Path), help="Music file to continue; - is standard input."
)
@click.option("--strict", is_flag=True, help="Refuse a seed in which something must be mended.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write: MIDI, or as its ending says: .musicxml, .mxl, .wav, .json, .csv; - is "
    "standard output. [default: SEED-continued.mid, or the next free name]",
)
@click.option(
    "--format", "format_name", type=click.Choice(FORMATS), help="In place of the name's ending."
)
@click.option("--bars", type=click.IntRange(1, 1024), default=8, show_default=True)
@click.option(
    "--model",
    default="default",
    show_default=True,
    help="Bundled name (lstm-music info), or a file.",
)
@click.option("--meter", help="3/4, 6/8, ...: from nothing, or in place of what the seed says.")
@click.option("--pickup", help='The seed\'s incomplete first bar: "1/8", "2/4", ...; "0": none.')
@click.option("--key", help='From nothing: "D minor", "Bb major", ...')
@click.option(
    "--tempo", "tempo_bpm", type=click.FloatRange(10, 400), help="From nothing: bpm; 120."
)
@click.option("--style", help="From nothing: chorale, folk, lead or drums.")
@click.option(
    "--ending",
    type=click.Choice(["tonic", "free"]),
    help="From nothing: close on the tonic of the key (the default), or as it comes.",
)
@click.option(
    "--drafts",
    type=click.IntRange(1, 1000),
    help="From nothing: so many at most until one is heard in its key, beat and meter; 8.",
)
@click.option("--temperature", type=float, help="As the model recommends, or 0.9.")
@click.option("--top-k", type=int, help="As the model recommends, or 0: all.")
@click.option("--top-p", type=float, help="As the model recommends, or 0.95.")
@click.option("--min-p", type=float, help="As the model recommends, or 0.")
@click.option("--rng-seed", type=click.IntRange(0, 2**63 - 1), help="Same number, same music.")
@click.option("-n", "--num-outputs", type=click.IntRange(1, 999), default=1, show_default=True)
@click.option("--no-seed-in-output", is_flag=True, help="Write the new bars alone.")
@click.option("--threads", type=click.IntRange(1, 256), help="Default: one a core.")
@click.option("-f", "--force", is_flag=True, help="Overwrite the output.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(**options: Any) -> None:
    """Continue a MIDI file by some bars, or compose from nothing.

    \b
    lstm-music generate --seed tune.mid --bars 8 -o more.mid
    lstm-music generate --meter 6/8 --key "D minor" --tempo 96 --bars 16
    lstm-music generate --seed tune.mid -n 5 --temperature 1.1

    lstm-music generate --seed - -o - < tune.mid > more.mid

    Prints the path of each file written, and on standard error what the network does not hear of
    the seed. Every event of a MIDI file given as seed stands unchanged in the output.
    """
    from lstm_music.cli.outputs import plan_outputs
    from lstm_music.cli.streams import read_music
    from lstm_music.composer import load, random_rng_seed

    outputs = plan_outputs(
        options["output"],
        _default_output(options["seed"]),
        options["num_outputs"],
        format_name=options["format_name"],
        force=options["force"],
        as_json=options["as_json"],
    )
    seed = None
    if options["seed"] is not None:
        seed = read_music(options["seed"], strict=options["strict"])
    rng_seed = random_rng_seed() if options["rng_seed"] is None else options["rng_seed"]
    composer = load(options["model"])
    names = ("temperature", "top_k", "top_p", "min_p")
    sampling = composer.sampling.but(**{name: options[name] for name in names})
    pieces = composer.generate_many(
        seed,
        n=options["num_outputs"],
        bars=options["bars"],
        sampling=sampling,
        rng_seed=rng_seed,
        key=options["key"],
        meter=options["meter"],
        pickup=options["pickup"],
        tempo_bpm=options["tempo_bpm"],
        style=options["style"],
        ending=options["ending"],
        drafts=options["drafts"],
        include_seed=not options["no_seed_in_output"],
        threads=options["threads"],
    )
    note = f"lstm_music rng_seed={rng_seed} model={composer.name} bars={options['bars']}"
    paths = outputs.write(pieces, text=note)
    _report(paths, pieces, rng_seed, options)


def _default_output(seed: Path | None) -> Path:
    """Where the music goes without ``-o``: a name made of the seed's."""
    from lstm_music.cli.streams import file_stem

    return Path("composition.mid" if seed is None else f"{file_stem(seed)}-continued.mid")


def _report(
    outputs: list[Path], pieces: list[Piece], rng_seed: int, options: dict[str, Any]
) -> None:
    from lstm_music.cli.streams import is_stream

    seed = options["seed"]
    if options["as_json"]:
        files = [{"path": str(path), "notes": len(p.notes)} for path, p in zip(outputs, pieces)]
        report = {"rng_seed": rng_seed, "bars": options["bars"], "files": files}
        report["remarks"] = list(pieces[0].repairs)
        click.echo(json.dumps(report | {"seed": None if seed is None else str(seed)}))
        return
    for remark in pieces[0].repairs:
        click.echo(f"{seed}: {remark}", err=True)
    for path in outputs:
        if not is_stream(path):
            click.echo(str(path))
    click.echo(f"rng seed {rng_seed}", err=True)
