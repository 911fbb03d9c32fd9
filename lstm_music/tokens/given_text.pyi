import numpy.typing as npt

from lstm_music.types import IntArray

class GivenText:
    tokens: IntArray
    def __init__(self, tokens: npt.ArrayLike) -> None: ...
