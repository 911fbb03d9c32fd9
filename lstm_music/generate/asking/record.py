"""The record: what was asked, kept inside each result, so that it can be made again.

It is one line of text, ``lstm_music again {...}``: in MIDI a cue point where the music begins that
was written, in MusicXML and JSON a remark.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.generate.asking.request import CONTROLS, Request

_PREFIX = "lstm_music again "
_LEFT_OUT = frozenset({"threads", "rng_seed"})
_HASH_DIGITS = 16

UNKNOWN = "unknown"

USUAL_PRECISION = "bfloat16"
"""Of the weights that compose, unless another is asked for."""


@dataclass(frozen=True)
class Record:
    """How a result came about.

    Parameters
    ----------
    task, controls : of the request; those that were set, as JSON values.
    rng_seed : of all its takes.
    take : which of them it is, from 0, in the order in which they were ranked.
    model, model_hash : name, and the beginning of the sha256 of its file.
    seed_hash : the beginning of the sha256 of the seed's file; "" without a seed, `UNKNOWN` of one
        whose bytes were not kept.
    include_seed : whether the result holds the seed.
    precision : of the weights that composed.
    """

    task: str
    controls: dict[str, Any]
    rng_seed: int
    take: int
    model: str
    model_hash: str
    seed_hash: str = ""
    include_seed: bool = True
    precision: str = USUAL_PRECISION

    def to_text(self) -> str:
        """One line, ASCII."""
        facts = dict(vars(self))
        if self.precision == USUAL_PRECISION:  # what a record without it has always meant
            del facts["precision"]
        return _PREFIX + json.dumps(facts, separators=(",", ":"), sort_keys=True)

    def request(self, seed: Any) -> Request:
        """The request anew.

        Raises
        ------
        ConfigError : this version does not know one of its controls.
        """
        unknown = sorted(set(self.controls) - set(CONTROLS))
        if unknown:
            raise ConfigError(f"the record asks for {unknown[0]!r}, which this version cannot do")
        return Request(self.task, seed, rng_seed=self.rng_seed, **self.controls)


def controls_to_keep(controls: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the controls that decide the music, if they are not the defaults."""
    return {
        name: value
        for name, value in controls.items()
        if name not in _LEFT_OUT and value is not None and value != CONTROLS[name].default
    }


def file_hash(data: bytes) -> str:
    """The beginning of the sha256 of a file, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()[:_HASH_DIGITS]


def find_record(data: bytes) -> Record | None:
    """The newest record in the content of a MIDI or JSON file; None if there is none."""
    found = _records(data)
    return found[-1] if found else None


def _records(data: bytes) -> list[Record]:
    mark = _PREFIX.encode()
    text = data.decode("latin-1")
    if text.lstrip().startswith("{"):
        text = _text_of_json(data)
    found, at = [], text.find(mark.decode())
    while at >= 0:
        try:
            facts, _ = json.JSONDecoder().raw_decode(text, at + len(mark))
            found.append(Record(**facts))
        except (ValueError, TypeError):
            pass  # cut off, or by another version
        at = text.find(mark.decode(), at + 1)
    return found


def _text_of_json(data: bytes) -> str:
    try:
        whole = json.loads(data)
    except ValueError:
        return ""
    return str(whole.get("text", "")) if isinstance(whole, dict) else ""
