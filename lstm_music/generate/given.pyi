import numpy.typing as npt

from lstm_music.types import IntArray

class Given:
    events: IntArray
    def __init__(self, events: npt.ArrayLike, until_steps: int | None = None) -> None: ...
