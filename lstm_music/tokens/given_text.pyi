from typing import final

import numpy.typing as npt

from lstm_music.types import IntArray

@final
class GivenText:
    tokens: IntArray
    def __new__(cls, tokens: npt.ArrayLike) -> GivenText: ...
