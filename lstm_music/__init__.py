"""A compiled LSTM composer for symbolic music.

>>> import lstm_music as lm
>>> model = lm.load()                                          # the bundled model
>>> piece = lm.read("midi_data/chorale.mid")
>>> out = model.generate(seed=piece, bars=2, rng_seed=1)       # a Piece, seed included
>>> str(out.meters[0])
'4/4'

Nothing heavy is imported until a name below is used (PEP 562).
"""

from __future__ import annotations

import importlib
from importlib.machinery import PathFinder

if not PathFinder.find_spec("order", [f"{__path__[0]}/music"]):  # not compiled here
    from lstm_music.checkout import use_installed

    use_installed(__path__[0])

__version__ = "0.1.0"

TYPE_CHECKING = False  # a type checker takes it for true; importing typing costs milliseconds
if TYPE_CHECKING:
    from typing import Any

    from lstm_music import cells, errors, evolution, reinforcement
    from lstm_music.composer import Composer, load
    from lstm_music.errors import (
        BackendError,
        ConfigError,
        LstmMusicError,
        MidiError,
        ModelFileError,
        OutputExistsError,
        ShapeError,
        TokenError,
    )
    from lstm_music.evaluate.judge import judge
    from lstm_music.generate.asking.request import Request
    from lstm_music.generate.takes import Take
    from lstm_music.midi.files import read, read_pieces
    from lstm_music.music.key import Key
    from lstm_music.music.meter import Meter
    from lstm_music.music.piece import Piece, Tempo, Track
    from lstm_music.training.api import train

# Name: (module, attribute; None = the module itself).
_EXPORTS: dict[str, tuple[str, str | None]] = {
    "load": ("lstm_music.composer", "load"),
    "read": ("lstm_music.midi.files", "read"),
    "read_pieces": ("lstm_music.midi.files", "read_pieces"),
    "train": ("lstm_music.training.api", "train"),
    "judge": ("lstm_music.evaluate.judge", "judge"),
    "Request": ("lstm_music.generate.asking.request", "Request"),
    "Take": ("lstm_music.generate.takes", "Take"),
    "cells": ("lstm_music.cells", None),
    "errors": ("lstm_music.errors", None),
    "evolution": ("lstm_music.evolution", None),
    "reinforcement": ("lstm_music.reinforcement", None),
    "Composer": ("lstm_music.composer", "Composer"),
    "Piece": ("lstm_music.music.piece", "Piece"),
    "Track": ("lstm_music.music.piece", "Track"),
    "Tempo": ("lstm_music.music.piece", "Tempo"),
    "Meter": ("lstm_music.music.meter", "Meter"),
    "Key": ("lstm_music.music.key", "Key"),
    "LstmMusicError": ("lstm_music.errors", "LstmMusicError"),
    "BackendError": ("lstm_music.errors", "BackendError"),
    "ConfigError": ("lstm_music.errors", "ConfigError"),
    "MidiError": ("lstm_music.errors", "MidiError"),
    "ModelFileError": ("lstm_music.errors", "ModelFileError"),
    "OutputExistsError": ("lstm_music.errors", "OutputExistsError"),
    "ShapeError": ("lstm_music.errors", "ShapeError"),
    "TokenError": ("lstm_music.errors", "TokenError"),
}

__all__ = [
    "BackendError",
    "Composer",
    "ConfigError",
    "Key",
    "LstmMusicError",
    "Meter",
    "MidiError",
    "ModelFileError",
    "OutputExistsError",
    "Piece",
    "Request",
    "ShapeError",
    "Take",
    "Tempo",
    "TokenError",
    "Track",
    "cells",
    "errors",
    "evolution",
    "judge",
    "load",
    "read",
    "read_pieces",
    "reinforcement",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'lstm_music' has no attribute {name!r}")
    module_name, attribute = _EXPORTS[name]
    module = importlib.import_module(module_name)
    value = module if attribute is None else getattr(module, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
