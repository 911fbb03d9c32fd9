"""`lstm-music info`: versions, instruction sets and the bundled models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lstm_music.nn.model import LanguageModel


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """Versions, the instruction set in use and the bundled models: what a bug report needs."""
    import os
    import platform
    from importlib.metadata import version

    from lstm_music import __version__
    from lstm_music.backends.cpu import CpuBackend
    from lstm_music.composer import load
    from lstm_music.kernels.isa import level_names
    from lstm_music.kernels.step import PRECISIONS
    from lstm_music.pretrained import model_names

    facts = {
        "lstm_music": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "instruction_set": level_names()[CpuBackend().level],
        "precisions": {"composing": list(PRECISIONS), "training": _training_precisions()},
        "gpu": _gpu(),
        "libraries": {name: version(name) for name in ("numpy", "mido", "music21", "safetensors")},
        "models": {name: _sizes(load(name).model) for name in model_names()},
    }
    click.echo(json.dumps(facts) if as_json else _readable(facts))


def _training_precisions() -> list[str]:
    """Those that this CPU can multiply matrices in."""
    from lstm_music.backends.checks import PRECISIONS
    from lstm_music.backends.isa import resolve_level
    from lstm_music.errors import BackendError

    found = []
    for precision in PRECISIONS:
        try:
            resolve_level(precision=precision)
        except BackendError:
            continue
        found.append(precision)
    return found


def _gpu() -> str:
    """The first GPU, or why there is none."""
    from lstm_music.backends.registry import gpu_name
    from lstm_music.errors import BackendError

    try:
        return gpu_name()
    except BackendError as error:
        return str(error)


def _sizes(model: LanguageModel) -> dict[str, object]:
    config = model.config
    return {
        "cell": config.cell,
        "hidden_size": config.hidden_size,
        "layers": config.layers,
        "parameters": int(model.flat_params.size),
    }


def _readable(facts: Mapping[str, object], indent: str = "") -> str:
    lines = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}", _readable(value, indent + "  ")]
        else:
            told = ", ".join(map(str, value)) if isinstance(value, list) else value
            lines.append(f"{indent}{name:14s} {told}")
    return "\n".join(lines)
