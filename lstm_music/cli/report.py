"""`lstm-music report`: a run told on one page."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.cli.streams import check_output, write_output

if TYPE_CHECKING:
    from lstm_music.composer import Composer
    from lstm_music.evaluate.report.page import Report
    from lstm_music.music.piece import Piece


@click.command()
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A .html. Default: the name of RUN."
)
@click.option(
    "--against",
    "sources",
    metavar="SOURCE",
    multiple=True,
    help="Real music to compare with: the cache that it was trained on (its held-out pieces are "
    "taken), or folders and files.",
)
@click.option("--style", metavar="NAME", help="Compose in this style and compare only with it.")
@click.option("--samples", type=click.IntRange(1), default=24, show_default=True)
@click.option(
    "--bars", type=click.IntRange(4), default=12, show_default=True, help="Bars of each sample."
)
@click.option(
    "--shown",
    type=click.IntRange(0),
    default=6,
    show_default=True,
    help="How many samples to show and play.",
)
@click.option(
    "--engrave/--no-engrave",
    default=True,
    show_default=True,
    help="Show the first page of each as a score, if MuseScore is installed.",
)
@click.option("--wav", is_flag=True, help="Include sound from FluidSynth: 10 MB a minute.")
@click.option("--rng-seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("-f", "--force", is_flag=True, help="Overwrite the output.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    run: Path,
    output: Path | None,
    sources: tuple[str, ...],
    style: str | None,
    samples: int,
    bars: int,
    shown: int,
    engrave: bool,
    wav: bool,
    rng_seed: int,
    force: bool,
    as_json: bool,
) -> None:
    """Show RUN on one page: losses, samples to hear, and how they compare with real music.

    \b
    lstm-music report mine.safetensors --against my.cache -o report.html
    lstm-music report chorale --against models.cache --style chorale

    RUN is the model file that a run wrote, its folder (mine.run), or a bundled model. The page is
    one file. It plays the samples itself and needs no network.
    """
    from lstm_music.errors import ConfigError
    from lstm_music.evaluate.report.page import report_page
    from lstm_music.training.runs.files import run_files

    output = output or Path(f"{run.stem}-report.html")
    if output.suffix.lower() != ".html":
        raise ConfigError(f"{output}: the report's name must end in .html")
    check_output(output, force=force, as_json=as_json)
    if wav:
        from lstm_music.midi.export.sound import check_sound

        check_sound()
    files = run_files(run)
    report = _report(
        files.model, files.losses, sources, style, samples, bars, shown, rng_seed,
        engrave=engrave, wav=wav,
    )  # fmt: skip
    write_output(output, report_page(report), force=force)
    click.echo(json.dumps(_in_json(report, output)) if as_json else str(output))


def _report(
    model: str,
    losses: Any,
    sources: tuple[str, ...],
    style: str | None,
    n: int,
    bars: int,
    shown: int,
    rng_seed: int,
    *,
    engrave: bool,
    wav: bool,
) -> Report:
    from lstm_music.composer import load
    from lstm_music.evaluate.material import first_bars, read_real
    from lstm_music.evaluate.report.distances import distances
    from lstm_music.evaluate.report.engraving import first_page
    from lstm_music.evaluate.report.page import Report
    from lstm_music.midi.export.sound import wav_bytes

    composer = load(model)
    knows = composer.metadata["training"].get("met", {}).get("styles", [])
    real = read_real(list(sources), style, on_reject=_left_out) if sources else []
    real = [piece for piece in real if piece.style and piece.style in knows] or real
    pieces = _composed(composer, real, style, knows, n, bars, rng_seed)
    cut = [part for piece in real if (part := first_bars(piece, bars)) is not None]
    ours = [part for piece in pieces if (part := first_bars(piece, bars)) is not None] or pieces
    told = f"{len(ours)} samples beside {len(cut)} real pieces, {bars} bars of each."
    if not sources:
        told = "There is no real music to compare with: give --against SOURCE."
    chosen = "of real pieces" if real else "of the model's own choice"
    asked = f"{n} pieces of {bars} bars, from nothing, in meters and keys {chosen}."
    drawn = pieces[:shown]
    return Report(
        name=composer.name,
        metadata=composer.metadata,
        losses=losses,
        samples=pieces,
        how=asked,
        shown=len(drawn),
        engraved=[first_page(piece) if engrave else None for piece in drawn],
        sounds=[wav_bytes(piece) if wav else None for piece in drawn],
        real=told,
        distances=distances(ours, cut),
        judged=_judged(pieces, real, bars, rng_seed),
        novelty=_novelty(pieces, model),
        environment=_environment(),
    )


def _composed(
    composer: Composer,
    real: list[Piece],
    style: str | None,
    knows: Sequence[str],
    n: int,
    bars: int,
    rng_seed: int,
) -> list[Piece]:
    """Samples, each in the meter and key of one of the real pieces, evenly spread over these."""
    pieces = []
    for k in range(n):
        asked: dict[str, Any] = {} if style is None else {"style": style}
        if real:
            like = real[k * len(real) // n]
            asked |= {"meter": str(like.meters[0])}
            if any(not track.is_drum for track in like.tracks):
                asked |= {"key": like.key}
            if style is None and like.style and like.style in knows:
                asked |= {"style": like.style}
        pieces.append(composer.generate(bars=bars, rng_seed=rng_seed + k, **asked))
    return pieces


def _judged(
    pieces: list[Piece], real: list[Piece], bars: int, rng_seed: int
) -> dict[str, Any] | str:
    from lstm_music.evaluate.judge import judge

    if not real:
        return "there is no real music to compare with: give --against SOURCE."
    return _or_reason(lambda: judge(pieces, real, bars=bars, rng_seed=rng_seed))


def _novelty(pieces: list[Piece], model: str) -> dict[str, Any] | str:
    from lstm_music.corpus.copies.fingerprints import Fingerprints
    from lstm_music.evaluate.novelty import fingerprint_novelty
    from lstm_music.pretrained import known_bytes

    return _or_reason(
        lambda: fingerprint_novelty(pieces, Fingerprints.from_bytes(known_bytes(model), model))
    )


def _or_reason(make: Callable[[], dict[str, Any]]) -> dict[str, Any] | str:
    """What is made, or in words why it cannot be."""
    from lstm_music.errors import LstmMusicError

    try:
        return make()
    except LstmMusicError as error:
        return " ".join(str(error).split())


def _environment() -> dict[str, object]:
    import platform
    from importlib.metadata import version

    from lstm_music import __version__
    from lstm_music.backends.cpu import CpuBackend
    from lstm_music.kernels.isa import level_names

    names = ("numpy", "mido", "music21", "safetensors")
    found: dict[str, object] = {
        "lstm_music": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "instruction set": level_names()[CpuBackend().level],
    }
    return found | {name: version(name) for name in names}


def _left_out(id_: str, reason: str) -> None:
    text = f"left out {id_}: {reason}"
    click.echo(text.encode("utf-8", "backslashreplace").decode(), err=True)


def _in_json(report: Report, output: Path) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "path": str(output),
        "model": report.name,
        "samples": len(report.samples),
        "distances": [asdict(row) for row in report.distances],
        "judge": report.judged,
        "novelty": report.novelty,
    }
