"""The table of controls as JSON schema, for programs that build a request."""

from __future__ import annotations

from typing import Any

from lstm_music.generate.asking.piece_controls import TASKS
from lstm_music.generate.asking.request import CONTROLS


def schema() -> dict[str, Any]:
    """The controls as JSON schema."""
    properties: dict[str, Any] = {"task": {"enum": list(TASKS)}}
    properties |= {name: row.schema() for name, row in CONTROLS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Request",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
