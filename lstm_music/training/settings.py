"""Settings of a run as a TOML file: read, overridden one by one, written with what they mean."""

from __future__ import annotations

import difflib
import inspect
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.nn.config import ModelConfig
from lstm_music.training.config import TrainConfig

_NAMES = tuple(field.name for field in fields(TrainConfig))
_MODEL_NAMES = {field.name for field in fields(ModelConfig)}

SECTIONS: dict[str, tuple[str, ...]] = {
    "model": tuple(name for name in _NAMES if name in _MODEL_NAMES),
    "training": tuple(name for name in _NAMES if name not in _MODEL_NAMES),
}
"""Tables of the file, and what stands in each: the fields of `TrainConfig`."""


def read_settings(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Fields of `TrainConfig` that a TOML file sets.

    Raises
    ------
    ConfigError : no such file, not TOML, or it sets what does not exist.
    """
    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{os.fspath(path)}: cannot be read as TOML: {error}") from None
    settings: dict[str, Any] = {}
    for section, table in tables.items():
        if not isinstance(table, dict):
            raise ConfigError(f"{os.fspath(path)}: {section} must stand in a table: {_tables()}")
        for name, value in table.items():
            settings[_field(f"{section}.{name}")] = value
    return settings


def override(text: str) -> tuple[str, Any]:
    """Field and value of ``model.hidden_size=128``; the value as TOML, else as a word.

    Raises
    ------
    ConfigError : not of that form, or no such setting.

    Examples
    --------
    >>> override("training.learning_rate=1e-3"), override("model.cell=peephole")
    (('learning_rate', 0.001), ('cell', 'peephole'))
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"--set must look like training.batch_size=16, got {text!r}")
    try:
        return _field(name.strip()), tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        return _field(name.strip()), value.strip()


def make_config(settings: Mapping[str, Any]) -> TrainConfig:
    """A configuration of settings from outside, their types checked.

    Raises
    ------
    ConfigError : a setting does not exist, or has a wrong type or range.
    """
    for name, value in settings.items():
        if name not in _NAMES:
            raise ConfigError(f"unknown setting {name!r}{_hint(name, _NAMES)}")
        if not _fits(value, _KINDS[name]):
            raise ConfigError(f"{name} must be {_KINDS[name]}, got {value!r}")
    return TrainConfig(**settings)


def to_toml(config: TrainConfig) -> str:
    """The configuration as a file for ``--config``, each setting with what it means.

    Examples
    --------
    >>> to_toml(TrainConfig()).splitlines()[0]
    '[model]'
    """
    descriptions = _descriptions()
    lines = []
    for section, names in SECTIONS.items():
        lines.append(f"[{section}]")
        for name in names:
            lines += [f"# {line}" for line in descriptions[name]]
            value = getattr(config, name)
            # TOML has no null: what is left to the package stays a comment.
            lines.append(f"# {name} =" if value is None else f"{name} = {json.dumps(value)}")
        lines.append("")
    return "\n".join(lines)


_KINDS = {field.name: str(field.type) for field in fields(TrainConfig)}


def _fits(value: Any, kind: str) -> bool:
    """Whether a value is of a field's type; a whole number is a float, true is no number."""
    kinds = kind.split(" | ")
    if value is None:
        return "None" in kinds
    if isinstance(value, bool):
        return "bool" in kinds
    if isinstance(value, int):
        return "int" in kinds or "float" in kinds
    return type(value).__name__ in kinds


def _field(path: str) -> str:
    section, dot, name = path.partition(".")
    if section not in SECTIONS or not dot:
        raise ConfigError(f"unknown setting {path!r}: it must stand in {_tables()}{_where(path)}")
    if name not in SECTIONS[section]:
        raise ConfigError(f"unknown setting {path!r}{_where(name) or _hint(name, _NAMES)}")
    return name


def _where(name: str) -> str:
    """The right place of a setting that stands in a wrong one."""
    last = name.rpartition(".")[2]
    places = [f"{s}.{last}" for s, names in SECTIONS.items() if last in names]
    return f"; did you mean {places[0]}?" if places else ""


def _hint(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def _tables() -> str:
    return " or ".join(f"[{section}]" for section in SECTIONS)


def _descriptions() -> dict[str, list[str]]:
    """What the docstring of `TrainConfig` says of each setting, in lines."""
    descriptions: dict[str, list[str]] = {}
    names: list[str] = []
    for line in (inspect.getdoc(TrainConfig) or "").splitlines():
        entry = re.match(r"([a-z_0-9, ]+) : (.*)", line)
        if entry:
            names = [name.strip() for name in entry[1].split(",")]
            descriptions |= {name: [entry[2]] for name in names}
        elif names and line.startswith("    "):
            for name in names:
                descriptions[name].append(line.strip())
    return descriptions
