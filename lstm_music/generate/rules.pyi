from collections.abc import Sequence
from typing import Final

import numpy.typing as npt

from lstm_music.types import IntArray

HANDS: Final[int]
DRUMMER: Final[int]

class Rules:
    places: IntArray
    has_bias: bool
    end_steps: int
    def __init__(
        self,
        places: npt.ArrayLike,
        pitches: npt.ArrayLike,
        limits: npt.ArrayLike,
        bias: npt.ArrayLike | None = None,
        chords: npt.ArrayLike | Sequence[tuple[int, int]] = (),
        strict_chords: bool = True,
        chord_bias: float = 0.0,
        order: npt.ArrayLike | Sequence[tuple[int, int, int]] = (),
        end_steps: int | None = None,
        rings: npt.ArrayLike | None = None,
        leans: npt.ArrayLike | None = None,
    ) -> None: ...
