from collections.abc import Sequence
from typing import Final

import numpy.typing as npt

from lstm_music.types import IntArray

HANDS: Final[int]
DRUMMER: Final[int]

class Rules:
    places: IntArray
    end_steps: int
    def __init__(
        self,
        places: npt.ArrayLike,
        pitches: npt.ArrayLike,
        limits: npt.ArrayLike,
        chords: npt.ArrayLike | Sequence[tuple[int, int]] = (),
        strict_chords: bool = True,
        order: npt.ArrayLike | Sequence[tuple[int, int, int]] = (),
        end_steps: int | None = None,
        rings: npt.ArrayLike | None = None,
    ) -> None: ...
