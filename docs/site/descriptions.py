"""Our docstrings as numpydoc knows them: what stands behind ``name :`` is a description, no type.

The types stand in the signature.
"""

from __future__ import annotations

import re

_SECTION = re.compile(r"^(Parameters|Attributes|Raises)\n-{3,}\n", re.M)
_ITEM = re.compile(r"^(\S[^:\n]*?) : (.*)$")


def with_items(text: str) -> str:
    r"""A docstring with its items as ``name``, then the indented description.

    Examples
    --------
    >>> with_items("Sums.\n\nParameters\n----------\nx : a number.\n")
    'Sums.\n\nParameters\n----------\nx\n    a number.\n'
    """
    lines, inside, heads = [], False, _SECTION.sub(r"\1\n@@@\n", text).split("\n")
    for line, following in zip(heads, [*heads[1:], ""], strict=True):
        if re.match(r"-{3,}$|@@@$", following):
            inside = following == "@@@"
        item = _ITEM.match(line) if inside else None
        if item is not None:
            lines += [item[1], f"    {item[2]}"]
        else:
            lines.append("----------" if line == "@@@" else line)
    return "\n".join(lines)
