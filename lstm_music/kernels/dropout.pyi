from typing import Final

from lstm_music.types import FloatArray

BLOCK: Final[int]

def dropout(
    level: int,
    x: FloatArray,
    key: int,
    stream: int,
    threshold: int,
    scale: float,
    n0: int,
    n1: int,
) -> None: ...
