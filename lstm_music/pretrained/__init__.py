"""The bundled models, as package data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from lstm_music.errors import ModelFileError


@contextmanager
def model_path(model: str | os.PathLike[str]) -> Iterator[Path]:
    """File of a bundled model by its name, or of one by its path.

    Raises
    ------
    ModelFileError : there is neither.
    """
    name = os.fspath(model)
    with resources.as_file(resources.files(__name__).joinpath(f"{name}.safetensors")) as path:
        if path.is_file():
            yield path
            return
    if not Path(name).is_file():
        raise ModelFileError(f"{name}: no such model; give 'default' or a .safetensors file")
    yield Path(name)
