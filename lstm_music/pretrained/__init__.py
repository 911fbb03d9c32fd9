"""The bundled models, as package data; beside each the fingerprints of what it was trained on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from lstm_music.errors import ModelFileError

_SUFFIX = ".safetensors"
_KNOWN_SUFFIX = ".known"


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


def known_beside(model: str | os.PathLike[str]) -> Path:
    """Where the fingerprints of what a model file was trained on stand: beside it."""
    path = Path(model)
    if path.suffix == _KNOWN_SUFFIX:
        return path.with_name(path.name + _KNOWN_SUFFIX)
    return path.with_suffix(_KNOWN_SUFFIX)


def known_bytes(model: str | os.PathLike[str]) -> bytes:
    """The fingerprints of what a model was trained on, for `Fingerprints.from_bytes`.

    Parameters
    ----------
    model : a bundled one by its name, or another by its path.

    Raises
    ------
    ModelFileError : there is no such model, or none were kept.
    """
    with model_path(model) as path:
        known = known_beside(path)
        try:
            return known.read_bytes()
        except OSError as error:
            raise ModelFileError(
                f"{known}: cannot read what {os.fspath(model)} was trained on "
                f"({error.strerror or error}); make the file: lstm-music corpus fingerprints CACHE "
                f"-o {known}"
            ) from error
