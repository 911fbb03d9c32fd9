"""Messages of the library as they are worded at the command line.

The library names its parameters (``from_bar must be ...``, ``force=True``). Whoever typed an option
is told of the option (``--from-bar must be ...``, ``--force``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import click

_ALONE = r"(?<![\w./\\'\"=-])(?:{})(?![\w/\\'\"=-]|\.\w)"
"""A name that is no part of a path, of a quotation or of another word."""

_SUBJECT = r"(?:^|(?<=: )|(?<=\bgive ))(?:{0})(?:(?: and | or |, )(?:{0}))*(?= {1}\b|, not both)"
_VERBS = "(?:must|cannot|needs|is for|is asked|takes)"
_SET = r"(?<![\w.'\"])({})=(True|\"\w+\"|'\w+')(?!\w)"


def option_names(command: click.Command) -> dict[str, str]:
    """The options of a command as they are typed, by the name of their parameter."""
    names = {}
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name:
            both = (parameter.opts, parameter.secondary_opts)
            names[parameter.name] = "/".join(max(some, key=len) for some in both if some)
    return names


def as_typed(message: str, options: Mapping[str, str]) -> str:
    """A message with options in the place of the parameters that it names.

    A parameter of one word (``style``, ``bars``) is also a word of the language: it is taken for
    the parameter only where a sentence begins with it and says what it must be, or beside another
    parameter.

    Parameters
    ----------
    message : of an error.
    options : as of `option_names`.

    Examples
    --------
    >>> options = {"from_bar": "--from-bar", "bars": "--bars", "force": "--force"}
    >>> as_typed("from_bar must be a bar of the seed, 2..9, got 40", options)
    '--from-bar must be a bar of the seed, 2..9, got 40'
    >>> as_typed("bars must be 1..9: the seed has 3 bars; or give force=True", options)
    '--bars must be 1..9: the seed has 3 bars; or give --force'
    """
    names = dict(options) | {name.rstrip("_"): typed for name, typed in options.items()}
    if not names:
        return message
    any_name = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))

    def typed(match: re.Match[str]) -> str:
        return re.sub(rf"(?<![\w-])(?:{any_name})(?!\w)", lambda one: names[one[0]], match[0])

    def set_to(match: re.Match[str]) -> str:
        value = match[2].strip("\"'")
        return names[match[1]] + ("" if value == "True" else f" {value}")

    message = re.sub(_SET.format(any_name), set_to, message)
    message = re.sub(_SUBJECT.format(any_name, _VERBS), typed, message)
    long = "|".join(re.escape(name) for name in names if "_" in name)
    message = re.sub(_ALONE.format(long), typed, message) if long else message
    return re.sub(rf"(?<![\w-])(?:{any_name})(?=(?: and | or |, )--\w)", typed, message)
