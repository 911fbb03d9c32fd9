"""The bundled models, as package data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from lstm_music.errors import ModelFileError

_SUFFIX = ".safetensors"


def model_names() -> tuple[str, ...]:
    """The bundled models, ``default`` first."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    names = sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX))
    return tuple(sorted(names, key=lambda name: name != "default"))


@contextmanager
def model_path(model: str | os.PathLike[str]) -> Iterator[Path]:
    """File of a bundled model by its name, or of one by its path.

    Raises
    ------
    ModelFileError : there is neither.
    """
    name = os.fspath(model)
    if name in model_names():
        with resources.as_file(resources.files(__name__).joinpath(name + _SUFFIX)) as path:
            yield path
        return
    if not Path(name).is_file():
        names = ", ".join(model_names())
        raise ModelFileError(f"{name}: no such model; give {names}, or a .safetensors file")
    yield Path(name)
