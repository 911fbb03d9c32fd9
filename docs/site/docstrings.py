"""What makes mkdocstrings read our docstrings: `descriptions.with_items` before anything else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import griffe

sys.path.insert(0, str(Path(__file__).parent))  # griffe loads this file by its path

from descriptions import with_items


class DescriptionsBehindNames(griffe.Extension):
    """Moves the text behind a name to a line of its own, for every object with a docstring."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called once for each object that is read."""
        if obj.docstring is not None:
            obj.docstring.value = with_items(obj.docstring.value)
