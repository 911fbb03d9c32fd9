"""The LSTM whose products with x and h are convolutions over a map."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from lstm_music.cells import gated
from lstm_music.cells.maps import MapShape, Padding
from lstm_music.cells.options import choice, sizes
from lstm_music.cells.spec import CellKind, CellSpec

_MOST = 1 << 15  # places along an axis: no layer is wider
_PEEPHOLE = next(kind for kind in gated.KINDS if kind.name == "peephole")


def _spec(name: str, values: Mapping[str, Any]) -> CellSpec:
    """A peephole cell whose W x and U h are W * x and U * h."""
    cell = _PEEPHOLE.spec(name, values)
    return replace(
        cell,
        equations=re.sub(r"([WU]_\w) ", r"\1 * ", cell.equations),
        cite="Shi, Chen, Wang, Yeung, Wong & Woo (2015), arXiv:1506.04214, equations 3, with their "
        "W_x and W_h as W and U, and W_c as p: * is a convolution over the map, from all channels "
        "to all channels, with the kernel as it stands, as in torch; p c is a product place by "
        "place, as each channel has a peephole of its own at every place, and one bias for all of "
        "them. Section 3.1: zeros around the map.",
        maps=MapShape(values["size"], values["kernel"], values["padding"]),
    )


CONV_LSTM = CellKind(
    "conv-lstm",
    (
        sizes("size", (16,), (1, 2), _MOST),
        sizes("kernel", (3,), (1, 2), _MOST),
        choice("padding", *get_args(Padding)),
        *_PEEPHOLE.options,
    ),
    _spec,
)
