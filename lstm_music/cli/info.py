"""`lstm-music info`: versions, instruction sets and the bundled model."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """Versions, the instruction set in use and the bundled model: what a bug report needs."""
    import os
    import platform
    from importlib.metadata import version

    from lstm_music import __version__
    from lstm_music.backends.cpu import CpuBackend
    from lstm_music.composer import load
    from lstm_music.kernels.isa import level_names

    composer = load()
    config = composer.model.config
    facts = {
        "lstm_music": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "instruction_set": level_names()[CpuBackend().level],
        "libraries": {name: version(name) for name in ("numpy", "mido", "music21", "safetensors")},
        "model": {
            "name": composer.name,
            "cell": config.cell,
            "hidden_size": config.hidden_size,
            "layers": config.layers,
            "parameters": int(composer.model.flat_params.size),
        },
    }
    click.echo(json.dumps(facts) if as_json else _readable(facts))


def _readable(facts: Mapping[str, object], indent: str = "") -> str:
    lines = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}", _readable(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name:14s} {value}")
    return "\n".join(lines)
