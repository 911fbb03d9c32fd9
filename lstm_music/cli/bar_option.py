"""The option --bars of commands that draw."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click


def bars_option(help_text: str) -> Callable[[Any], Any]:
    """``--bars A-B``: (A, B), as a decorator."""
    return click.option("--bars", callback=_bars, metavar="A-B", help=help_text)


def _bars(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[int, int] | None:
    if text is None:
        return None
    numbers = re.fullmatch(r"(\d{1,9})-(\d{1,9})", text)
    if numbers is None:
        raise click.BadParameter(f"expected two bars such as 1-8, got {text!r}", context, parameter)
    return int(numbers[1]), int(numbers[2])
