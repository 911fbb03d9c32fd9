"""`lstm-music inspect`: what a music or model file holds, and what goes on inside a model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.cli.bar_option import bars_option
from lstm_music.cli.streams import check_output, is_stream, read_all_music, read_music, write_output

if TYPE_CHECKING:
    from lstm_music.evaluate.gates.follow import Following
    from lstm_music.evaluate.gates.record import Gates

_ONLY_ON = ("output", "bars", "layer")
_PICTURES = (".html", ".png", ".svg")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The options of the command; their help below says what they mean."""

    music: Path | None
    output: Path | None
    bars: tuple[int, int] | None
    layer: int | None
    top: int
    rng_seed: int
    force: bool
    as_json: bool
    reader: str
    strict: bool


@click.command()
@click.argument("path", metavar="FILE|MODEL", type=click.Path(path_type=Path))
@click.option(
    "--on",
    "music",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Show what the gates of MODEL do over this music.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="With --on: write a .html, .png or .svg.",
)
@bars_option("With --on: draw only bars A to B; a pickup is bar 0.")
@click.option(
    "--layer",
    type=click.IntRange(0),
    help="With --on: draw all units of this layer, from 0. Default: the one with most finds.",
)
@click.option(
    "--top",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="How many units to name of each kind.",
)
@click.option("--rng-seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("-f", "--force", is_flag=True, help="Overwrite the output.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--reader",
    type=click.Choice(["lstm_music", "music21"]),
    default="lstm_music",
    show_default=True,
    help="What reads a MIDI file: our own reader, or music21 as a slow reference.",
)
@click.option("--strict", is_flag=True, help="Refuse a file that needs repairs.")
def command(path: Path, **options: Any) -> None:
    """Show what a music file or a model holds, or what a model's gates do over music.

    \b
    lstm-music inspect song.mid
    lstm-music inspect chorale
    lstm-music inspect chorale --on tune.mid -o gates.html

    Give a music file, the name of a bundled model, or a .safetensors file. `-` is music from
    standard input. For a music file, it also lists every repair that the reader made.

    With --on, the model reads the music. You see its gates and cell states over the piano roll, how
    surprised it was at each note, and which units follow the bar, the beat, a pitch class, the
    phrase, repeats or the number of bars so far. A unit is named only if it follows more closely
    than the best of all units did in 99 random draws (docs/gates.md).
    """
    asked = _Asked(**options)
    if asked.music is not None:
        _look_inside(path, asked.music, asked)
        return
    if given := [f"--{name}" for name in _ONLY_ON if getattr(asked, name) is not None]:
        raise click.UsageError(f"{', '.join(given)} needs --on FILE: music for the model to read")
    from lstm_music.cli.inspect_facts import model_facts, model_lines, piece_facts, piece_lines

    if _is_model(path):
        facts = model_facts(path)
        click.echo(json.dumps(facts) if asked.as_json else "\n".join(model_lines(facts)))
        return
    read = read_all_music(path, reader=asked.reader, strict=asked.strict)
    pieces = [piece_facts(piece) for piece in read]
    if asked.as_json:
        several = {"file": str(path), "pieces": pieces}
        click.echo(json.dumps(pieces[0] if len(pieces) == 1 else several))
        return
    text = "\n\n".join("\n".join(piece_lines(facts)) for facts in pieces)
    click.echo(text.encode("utf-8", "backslashreplace").decode())


def _is_model(path: Path) -> bool:
    """A .safetensors file, or the name of a bundled model that no file has."""
    if path.suffix == ".safetensors":
        return True
    from lstm_music.pretrained import model_names

    return str(path) in model_names() and not path.exists()


def _look_inside(path: Path, music: Path, asked: _Asked) -> None:
    from lstm_music.composer import load
    from lstm_music.errors import ConfigError
    from lstm_music.evaluate.gates.follow import follow
    from lstm_music.evaluate.piano_roll import bar_span

    output = asked.output
    if output is not None:
        if not is_stream(output) and output.suffix.lower() not in _PICTURES:
            raise ConfigError(f"{output}: the name must end in .html, .png or .svg")
        check_output(output, force=asked.force, as_json=asked.as_json)
    composer = load(path)
    n_layers = composer.model.config.layers
    if asked.layer is not None and asked.layer >= n_layers:
        raise ConfigError(
            f"--layer must be 0..{n_layers - 1}, {path} has {n_layers}; got {asked.layer}"
        )
    gates = composer.gates(read_music(music, reader=asked.reader, strict=asked.strict))
    span = None if asked.bars is None else bar_span(gates.piece, *asked.bars)
    following = follow(gates, rng_seed=asked.rng_seed)
    if output is not None:
        layer = _fullest_layer(following, n_layers) if asked.layer is None else asked.layer
        title = f"{composer.name} reads {'standard input' if is_stream(music) else music.name}"
        data = _picture(gates, following, output, layer, span, title)
        write_output(output, data, force=asked.force)
        if is_stream(output):
            return
    if asked.as_json:
        click.echo(json.dumps(_report(gates, following, output)))
        return
    lines = _readable(gates, following, asked.top)
    click.echo("\n".join([*lines, *([] if output is None else ["", str(output)])]))


def _fullest_layer(following: Following, n_layers: int) -> int:
    """The layer in which most is found; the first of equals."""
    counts = [sum(found.layer == k for found in following.findings) for k in range(n_layers)]
    return counts.index(max(counts))


def _picture(
    gates: Gates,
    following: Following,
    output: Path,
    layer: int,
    span: tuple[int, int] | None,
    title: str,
) -> bytes:
    if output.suffix.lower() == ".html":
        from lstm_music.evaluate.gates.page import gates_page

        return gates_page(gates, following, layer=layer, span=span, title=title)
    from lstm_music.evaluate.gates.figure import draw_gates
    from lstm_music.evaluate.piano_roll import picture_bytes

    kind = "png" if is_stream(output) else output.suffix.lower().removeprefix(".")
    figure = draw_gates(gates, following, layer=layer, span=span, title=title)
    return picture_bytes(figure, kind)


def _report(gates: Gates, following: Following, output: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    notes = gates.piece.notes
    return {
        "cell": gates.cell.name,
        "gates": gates.roles,
        "layers": len(gates.layers),
        "hidden_size": gates.hidden_size,
        "series": following.series,
        "findings": [asdict(found) for found in following.findings],
        "chance": following.chance,
        "left_out": following.left_out,
        "notes": [
            {"onset_steps": at, "pitch_midi": pitch, "track": track, "nats": round(nats, 4)}
            for at, pitch, track, nats in zip(
                notes["onset_steps"].tolist(),
                notes["pitch_midi"].tolist(),
                notes["track"].tolist(),
                gates.note_nats.tolist(),
                strict=True,
            )
        ],
        "path": None if output is None else str(output),
    }


def _readable(gates: Gates, following: Following, top: int) -> list[str]:
    from lstm_music.evaluate.gates.words import finding_name, followed, percent

    n_notes = len(gates.note_nats)
    lines = [
        f"{len(gates.layers)} layers of {gates.hidden_size} {gates.cell.name} units read {n_notes} "
        f"notes, {gates.note_nats.sum() / max(n_notes, 1):.2f} nats a note"
    ]
    for what, chance in following.chance.items():
        rows = [found for found in following.findings if found.what == what]
        name = followed(what)
        if not rows:
            lines.append(f"nothing follows {name} (chance explains up to {percent(chance)})")
            continue
        lines.append(
            f"{len(rows)} of {following.series:,} gates and states follow {name} "
            f"(chance explains up to {percent(chance)})"
        )
        lines += [
            f"  {finding_name(gates, found)}: {found.how}, {percent(found.explained)} explained"
            for found in rows[:top]
        ]
    lines += [f"not told: {what} ({reason})" for what, reason in following.left_out.items()]
    return lines
