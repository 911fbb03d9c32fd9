"""A request whose controls are given by name, as the façade and live playing have them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.generate.asking.request import CONTROLS, Request
from lstm_music.nn.sampling import Sampling


def asked(task: str, seed: Any, sampling: Sampling | None, **controls: Any) -> Request:
    """A request whose controls are given by name; ``sampling`` sets all of its fields at once.

    Raises
    ------
    ConfigError : there is no such control, or a value is out of range.
    """
    check_known(controls)
    drawing = {} if sampling is None else asdict(sampling)
    drawing = {name: value for name, value in drawing.items() if name in CONTROLS}
    return Request(task, seed, **(drawing | controls))


def check_known(names: Iterable[str]) -> None:
    """Refuse the name of a control that there is not, with the one that is most like it.

    Raises
    ------
    ConfigError : there is no such control.
    """
    unknown = sorted(set(names) - set(CONTROLS))
    if unknown:
        near = difflib.get_close_matches(unknown[0], CONTROLS, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; docs/controls.md lists all"
        raise ConfigError(f"there is no control {unknown[0]!r}{hint}")
