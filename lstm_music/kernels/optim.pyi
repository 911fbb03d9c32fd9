import numpy as np
import numpy.typing as npt

from lstm_music.types import FloatArray

RULES: dict[str, int]

def sum_squares(
    level: int, x: FloatArray, partial: npt.NDArray[np.float64], block: int, i0: int, i1: int
) -> None: ...
def update(
    level: int,
    rule: int,
    w: FloatArray,
    g: FloatArray,
    m: FloatArray,
    v: FloatArray,
    numbers: dict[str, float],
    n0: int,
    n1: int,
) -> None: ...
