"""What the composing commands have in common: a request goes in, files and a report come out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.errors import ConfigError

if TYPE_CHECKING:
    from lstm_music.cli.outputs import Outputs
    from lstm_music.composer import Composer
    from lstm_music.generate.asking.record import Record
    from lstm_music.generate.asking.request import Request
    from lstm_music.generate.takes import Take
    from lstm_music.music.piece import Piece

_MOST_TRIES = 8

_ENDINGS = {
    "generate": "continued",
    "infill": "infilled",
    "accompany": "accompanied",
    "vary": "varied",
}


def default_output(task: str, seed: Path | None) -> Path:
    """Where the music goes without ``-o``: a name made of the seed's."""
    from lstm_music.cli.streams import file_stem

    return Path("composition.mid" if seed is None else f"{file_stem(seed)}-{_ENDINGS[task]}.mid")


def compose(task: str, seed_path: Path | None, options: dict[str, Any]) -> None:
    """Do a composing command.

    Parameters
    ----------
    task : of `lstm_music.generate.asking.request.TASKS`.
    seed_path : the file, `-`, or None: from nothing.
    options : of the command line.
    """
    from lstm_music.cli.outputs import plan_outputs
    from lstm_music.cli.streams import read_music
    from lstm_music.composer import load, random_rng_seed
    from lstm_music.generate.asking.request import CONTROLS, Request

    include_seed = not options.get("no_seed_in_output", False)
    controls = {name: value for name, value in options.items() if name in CONTROLS}
    if controls["rng_seed"] is None:
        controls["rng_seed"] = random_rng_seed()
    seed = None
    if seed_path is not None:
        # Values are checked before the file is read; a path stands for it.
        Request(task, seed_path, **controls)
    if controls.get("form_of") is not None:
        _find_form(controls)
    default = default_output(task, seed_path)
    outputs = plan_outputs(
        options["output"],
        default,
        controls["n"],
        format_name=options["format_name"],
        force=options["force"],
        as_json=options["as_json"],
    )
    if seed_path is not None:
        seed = read_music(seed_path, strict=options["strict"])
    composer = load(options["model"], precision=options["precision"], backend=options["backend"])
    earlier = _earlier(outputs, seed) if options["another"] else []
    request, takes = _unlike(earlier, composer, task, seed, controls)
    record = _record(composer, request, controls, seed_path, seed, include_seed=include_seed)
    paths = outputs.write(
        [_shown(take.piece, include_seed=include_seed or seed is None) for take in takes],
        texts=[_numbered(record, i).to_text() for i in range(len(takes))],
        request={"task": task, **record.controls, "rng_seed": record.rng_seed},
    )
    report(paths, takes, request, seed_path, composer.precision, as_json=options["as_json"])


def _find_form(controls: dict[str, Any]) -> None:
    """Put the form of a file in place of its name: `again` then needs no such file."""
    from lstm_music.cli.streams import read_music
    from lstm_music.generate.forms.wanted import form_in

    if controls["form"] is not None:
        raise ConfigError("give --form or --form-of, not both")
    controls["form"] = form_in(read_music(Path(controls["form_of"])), controls["bars"])
    controls["form_of"] = None


def _unlike(
    earlier: list[Piece],
    composer: Composer,
    task: str,
    seed: Piece | None,
    controls: dict[str, Any],
) -> tuple[Request, list[Take]]:
    """Takes that are unlike earlier results, under the first random number that gives such.

    So `again` needs nothing but the number, which is left in ``controls``.
    """
    from lstm_music.generate.asking.request import Request
    from lstm_music.generate.complete import MOST_ALIKE
    from lstm_music.generate.takes import likeness
    from lstm_music.music.lines import added_part

    old = [added_part(piece).notes for piece in earlier]
    for _ in range(_MOST_TRIES):
        request = Request(task, seed, **controls)
        takes = composer.complete(request)
        if all(likeness(take.new, notes) <= MOST_ALIKE for take in takes for notes in old):
            break
        controls["rng_seed"] += 1
    return request, takes


def _shown(piece: Piece, *, include_seed: bool) -> Piece:
    """The whole, or the new bars alone."""
    if include_seed:
        return piece
    from lstm_music.midi.writing.opening import new_bars_alone

    return new_bars_alone(piece, max(start for _, start, _ in piece.added_places))


def _record(
    composer: Composer,
    request: Request,
    controls: dict[str, Any],
    seed_path: Path | None,
    seed: Piece | None,
    *,
    include_seed: bool,
) -> Record:
    from lstm_music.generate.asking.record import Record, controls_to_keep

    return Record(
        request.task,
        controls_to_keep(controls),
        controls["rng_seed"],
        0,
        composer.name,
        composer.metadata["sha256"][:16],
        _seed_hash(seed_path, seed),
        include_seed,
        composer.precision,
    )


def _seed_hash(path: Path | None, seed: Piece | None) -> str:
    from lstm_music.cli.streams import is_stream
    from lstm_music.generate.asking.record import UNKNOWN, file_hash

    if seed is None or path is None:
        return ""
    if seed.original is not None:
        return file_hash(seed.original.data)
    return UNKNOWN if is_stream(path) else file_hash(path.read_bytes())


def _numbered(record: Record, take: int) -> Record:
    from dataclasses import replace

    return replace(record, take=take)


def _earlier(outputs: Outputs, seed: Piece | None) -> list[Piece]:
    """Earlier results for the same seed beside the output: files of ours that know its hash."""
    from lstm_music.generate.asking.record import file_hash, find_record
    from lstm_music.midi.files import read

    folder = outputs.paths[0].parent
    wanted = file_hash(seed.original.data) if seed is not None and seed.original else ""
    found = []
    for path in sorted(folder.glob("*.mid")) if folder.is_dir() else []:
        data = path.read_bytes()
        record = find_record(data)
        if record is not None and record.seed_hash == wanted:
            found.append(read(data))
    return found


def report(
    paths: list[Path],
    takes: list[Take],
    request: Request,
    seed_path: Path | None,
    precision: str,
    *,
    as_json: bool,
) -> None:
    """Print where the music is, and what of what was asked came out."""
    from lstm_music.cli.streams import is_stream
    from lstm_music.cli.wording import option_names
    from lstm_music.generate.asking.request import CONTROLS

    remarks = list(dict.fromkeys(remark for take in takes for remark in take.piece.repairs))
    if as_json:
        files = [
            {
                "path": str(path),
                "notes": len(take.piece.notes),
                "new_notes": len(take.new),
                "nats_a_note": _number(take.nats_a_note),
                "join_nats": _number(take.join_nats),
                "report": take.report,
            }
            for path, take in zip(paths, takes, strict=True)
        ]
        facts = {
            "task": request.task,
            "seed": None if seed_path is None else str(seed_path),
            "rng_seed": takes[0].rng_seed,
            "precision": precision,
            "files": files,
            "remarks": remarks,
        }
        if request.task == "generate":
            facts["bars"] = request.bar_count()
        click.echo(json.dumps(facts))
        return
    for remark in remarks:
        click.echo(f"{seed_path or 'from nothing'}: {remark}", err=True)
    typed = option_names(click.get_current_context().command)
    for path, take in zip(paths, takes, strict=True):
        for name, row in take.report.items():
            if row["kept"] is False:
                option = typed.get(name, CONTROLS[name].option)
                click.echo(f"{path}: {option}: {_outcome(name, row)}", err=True)
        if not is_stream(path):
            click.echo(str(path))
    click.echo(f"rng seed {takes[0].rng_seed}", err=True)


def _outcome(name: str, row: dict[str, Any]) -> str:
    """What came out of a control, in words."""
    if name == "in_character":
        beyond = {track: count for track, count in row["came_out"].items() if count}
        return f"notes and bars out of character: {_words(beyond)}"
    return f"asked {_words(row['asked'])}, came out {_words(row['came_out'])}"


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(_words_of(name, one) for name, one in value.items())
    if isinstance(value, list | tuple):
        return "-".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _words_of(name: Any, value: Any) -> str:
    """A measure with its name, or with the number of its track."""
    if isinstance(name, int):
        return f"{_words(value)} in track {name}"
    return f"{str(name).replace('_', ' ')} {_words(value)}"


def _number(nats: float) -> float | None:
    return None if nats != nats else round(nats, 4)  # noqa: PLR0124  # NaN is no JSON
