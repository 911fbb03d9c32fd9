"""Write docs/models.md and its pictures from the bundled models: ``python docs/make_models.py``.

Takes less than a minute. Needs MuseScore 3 (``mscore3``, run without a screen) and matplotlib. Run
it again whenever a model has changed. The figures beside held-out music are those of
docs/models/figures.json; a model that it does not name is described without them. They come from

    python benchmarks/models.py CACHE --json docs/models/figures.json
    python benchmarks/character.py CACHE --json docs/models/character.json
"""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

from PIL import Image

import lstm_music as lm
from lstm_music.composer import Composer
from lstm_music.evaluate.piano_roll import piano_roll
from lstm_music.midi.write import write_midi
from lstm_music.music.excerpt import excerpt
from lstm_music.music.piece import Piece
from lstm_music.nn.config import ModelConfig, parameter_shapes
from lstm_music.pretrained import model_names
from lstm_music.training.config import TrainConfig

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "models"
FIGURES = PICTURES / "figures.json"
CHARACTER = PICTURES / "character.json"

SAMPLES, BARS, ENGRAVED_BARS = 5, 16, 8
ENGRAVING_DPI, MARGIN_PIXELS = 100, 8
COLOURS = (32, 8)  # of a palette; the second where a picture would have more than MOST_BYTES
MOST_BYTES = 40_000

HEAD = """# The bundled models

You load a model by its name: `lstm-music generate --model NAME`, `lm.load("NAME")`. A model of one
style composes only that style.

{table}

The samples below are the first of each model: rng seeds 1 to {samples}, none left out. The model
chose style, key and meter. Each is shown as a piano roll of all {bars} bars (`lstm-music plot`),
and its first {engraved} bars as MuseScore writes them down. The MIDI file has all of it; the
site that `make docs` builds plays it. The command below it makes it again.

In the tables, "a / b" is a figure of samples and the same figure of held-out music. There are
100 samples from nothing, in the meters and keys of training pieces; the held-out music is the
pieces held out from training. Key, beat, meter and tonic are what `generate` makes several
drafts for. The brackets have the same figure with one draft (`--drafts 1 --ending free`): what
the network can do alone. For these, more is better. The others should be near those of the
held-out music. A run of known notes also occurs in the training pieces, in any key
([novelty](novelty.md)). `python benchmarks/models.py CACHE` measures all of them and says how;
`lstm-music metrics FILE` and `lstm-music novelty` measure any file.

This page is written by `docs/make_models.py`.
"""

REAL_SEEDS = """<a id="real-seeds"></a>
**Real seeds.** `default` continues pieces of the test side by eight bars: at their end, and cut
at the bar line nearest their middle. A track keeps its character if its notes in a bar stay
within a factor of 2.5, its mean pitch within 7 semitones, its notes at an onset within a factor
of 2, and its median duration within a factor of 3. "At the end" compares the new bars with the
last eight of the piece. A piece that comes to a close is continued as it went before; "after the
body" compares the new bars with the eight before the phrase that leads into the close. The column
"real music" compares the eight bars after the middle with the eight before it. The brackets have
a 95 % interval (bootstrap over pieces). "Octave up" means that the lowest note rises by an octave
or more, "halved" that there are half as many notes in a bar
(`python benchmarks/character.py CACHE`).

The rule that keeps tracks in character is on, as by default. With `--no-in-character`, 62 % of
all tracks keep their character at the end and 71 % in the middle.

"""


def page(figures: dict[str, Any]) -> str:
    """The whole page; makes its pictures."""
    composers = {name: lm.load(name) for name in model_names()}
    sections = [section(name, composer, figures) for name, composer in composers.items()]
    if CHARACTER.is_file():
        sections.insert(0, REAL_SEEDS + real_seeds(json.loads(CHARACTER.read_text())) + "\n")
    head = HEAD.format(
        table=overview(composers),
        samples=SAMPLES,
        bars=BARS,
        engraved=ENGRAVED_BARS,
    )
    return "\n".join([head, *sections])


def real_seeds(table: dict[str, Any]) -> str:
    """A row a style: what becomes of the tracks."""
    rows = [
        "| | pieces | tracks | kept at the end | kept after the body | kept in the middle "
        "| real music | silent, middle | octave up, middle | halved, middle |",
        "|---" * 10 + "|",
    ]
    for style, at in table.items():
        end, body, middle, real = (at[where] for where in ("end", "body", "middle", "real"))
        kept = [
            f"{one['kept']:.0%} ({one['interval'][0]:.0%} to {one['interval'][1]:.0%})"
            for one in (end, body, middle, real)
        ]
        faults = [f"{middle[name]:.0%}" for name in ("silent", "rises", "halves")]
        cells = [style, str(end["runs"]), str(end["tracks"]), *kept, *faults]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def size(composer: Composer) -> str:
    """How large a network is, in words."""
    config = ModelConfig.from_dict(composer.metadata["sizes"])
    cells = f"{config.layers} layers of {config.hidden_size} {config.cell}"
    weights = sum(map(math.prod, parameter_shapes(config).values())) / 1e6
    return f"{cells}, embedding {config.embedding_size}: {weights:.1f} million weights"


def overview(composers: dict[str, Composer]) -> str:
    """A row a model."""
    rows = ["| model | styles | network | training pieces | what for |", "|---|---|---|---|---|"]
    for name, composer in composers.items():
        training, card = composer.metadata["training"], composer.metadata["data_card"]
        styles = ", ".join(filter(None, training["met"]["styles"]))
        pieces = f"{training['corpus']['train']:,}"
        use = " ".join(card["intended_use"].split())
        cells = [f"[{name}](#{name})", styles, size(composer), pieces, use]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def section(name: str, composer: Composer, figures: dict[str, Any]) -> str:
    """One model: its data, how it was trained, how well it does, what it composes."""
    known = figures.get("models", {}).get(name)
    parts = [
        f"## {name}",
        description(composer.metadata["data_card"]),
        training(name, composer.metadata),
        " ".join(composer.metadata["data_card"].get("history", "").split()),
        held_out(known) if known else "",
        *samples(name, composer),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def description(card: dict[str, Any]) -> str:
    """The data card."""
    lines = [" ".join(card["intended_use"].split()), " ".join(card["limits"].split()), ""]
    lines.append(f"Licence: {card['licence']}.\n")
    for data in card["data"]:
        note = f" ({data['note']})" if "note" in data else ""
        lines.append(f"- {data['name']}: {data['pieces']:,} pieces; {data['licence']}{note}")
    return "\n".join(lines)


def training(name: str, metadata: dict[str, Any]) -> str:
    """The command, and what came of it."""
    log = metadata["training"]
    return (
        f"```\n{train_command(name, metadata)}\n```\n\n"
        f"Best after {log['tokens'] / 1e6:.1f} million tokens, {log['step']:,} updates. Nats a "
        f"token then: {log['train_loss']:.3f} on the training side, varied and with dropout, "
        f"{log['valid_nats_per_token']:.3f} on the validation side."
    )


def train_command(name: str, metadata: dict[str, Any]) -> str:
    """The settings of the run that are not the usual ones, as a command."""
    settings, usual = metadata["training"]["settings"], TrainConfig()
    begun_with = metadata["data_card"].get("begun_with")
    options = [f"--from {begun_with}"] if begun_with else []
    for field in fields(TrainConfig):
        value = settings.get(field.name, getattr(usual, field.name))
        if field.name != "threads" and value != getattr(usual, field.name):
            option = field.name.replace("_", "-")
            spoken = {True: f"--{option}", False: f"--no-{option}"}
            options.append(spoken[value] if isinstance(value, bool) else f"--{option} {value}")
    options += [f"--storage {metadata['storage']}", f"--data-card {name}.toml"]
    lines = [f"lstm-music train CACHE -o {name}.safetensors"]
    for option in options:
        if len(lines[-1]) + len(option) > 92:
            lines.append("   ")
        lines[-1] += " " + option
    return " \\\n".join(lines)


def held_out(known: dict[str, Any]) -> str:
    """A column a style: what benchmarks/models.py found."""
    names = list(dict.fromkeys(n for style in known.values() for n in style["figures"]))
    rows = [f"| | {' | '.join(known)} |", "|---" * (len(known) + 1) + "|"]
    nats = [f"{style['nats_per_note']:.3f}" for style in known.values()]
    rows.append(f"| test side, nats a note | {' | '.join(nats)} |")
    for name in names:
        cells = [figure(style["figures"].get(name, {})) for style in known.values()]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def figure(values: dict[str, float | None]) -> str:
    """``samples (once) / held out``, each with as many digits as mean something."""
    texts = {
        name: f"{value:.2f}" if abs(value) < 5 else f"{value:.0f}"
        for name, value in values.items()
        if value is not None
    }
    ours = f"{texts['samples']} ({texts['once']})" if "once" in texts else texts.get("samples")
    return " / ".join(filter(None, (ours, texts.get("held_out")))) or "-"


def samples(name: str, composer: Composer) -> list[str]:
    """The samples of a model, with their pictures."""
    pieces = {i: composer.generate(bars=BARS, rng_seed=i) for i in range(1, SAMPLES + 1)}
    for i, piece in pieces.items():
        write_picture(f"{name}-{i}-roll", piano_roll(piece))
        write_midi(piece, PICTURES / f"{name}-{i}.mid", force=True)
    engrave({f"{name}-{i}-score": piece for i, piece in pieces.items()})
    return [sample(name, i, piece) for i, piece in pieces.items()]


def sample(name: str, i: int, piece: Piece) -> str:
    """One sample."""
    what = [piece.style, str(piece.meters[0])]
    if piece.key is not None and piece.style != "drums":
        what.insert(1, str(piece.key))
    model = "" if name == "default" else f"--model {name} "
    command = f"lstm-music generate {model}--bars {BARS} --rng-seed {i} -o {name}-{i}.mid"
    pictures = "\n\n".join(
        f"![{name}, rng seed {i}: {kind}](models/{name}-{i}-{part}.png)"
        for kind, part in (("piano roll", "roll"), ("score", "score"))
    )
    midi = f"[{name}, rng seed {i}: MIDI](models/{name}-{i}.mid)"
    return f"**Rng seed {i}**: {', '.join(what)}\n\n{midi}\n\n{pictures}\n\n```\n{command}\n```"


def engrave(pieces: dict[str, Piece]) -> None:
    """The first bars of each piece as a score, all in one start of MuseScore."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = []
        for title, piece in pieces.items():
            source = folder / f"{title}.mid"
            bar = piece.meters[0].bar_steps
            write_midi(excerpt(piece, 0, ENGRAVED_BARS * bar), source)
            jobs.append({"in": str(source), "out": str(source.with_suffix(".png"))})
        job = folder / "job.json"
        job.write_text(json.dumps(jobs), encoding="utf-8")
        quiet = {"QT_QPA_PLATFORM": "offscreen", "HOME": name, "XDG_RUNTIME_DIR": name}
        command = ["mscore3", "-r", str(ENGRAVING_DPI), "-T", str(MARGIN_PIXELS), "-j", str(job)]
        subprocess.run(command, env=os.environ | quiet, check=True, capture_output=True)
        for title in pieces:
            write_picture(title, (folder / f"{title}-1.png").read_bytes())


def write_picture(name: str, png: bytes) -> None:
    """On white, with a palette: a quarter of the size."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    page_of_paper = Image.new("RGBA", picture.size, "white")
    page_of_paper.alpha_composite(picture)
    path = PICTURES / f"{name}.png"
    for colours in COLOURS:
        palette = page_of_paper.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
        palette.save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break


def main() -> None:
    """Page, pictures and music; old ones are removed."""
    PICTURES.mkdir(exist_ok=True)
    for old in (*PICTURES.glob("*.png"), *PICTURES.glob("*.mid")):
        old.unlink()
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.is_file() else {}
    (DOCS / "models.md").write_text(page(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
