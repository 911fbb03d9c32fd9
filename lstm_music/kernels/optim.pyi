import numpy as np
import numpy.typing as npt

from lstm_music.kernels.pool import ThreadPool
from lstm_music.types import FloatArray

RULES: dict[str, int]

def sum_squares(
    level: int, pool: ThreadPool, x: FloatArray, partial: npt.NDArray[np.float64], block: int
) -> None: ...
def update(
    level: int,
    pool: ThreadPool,
    rule: int,
    w: FloatArray,
    g: FloatArray,
    m: FloatArray,
    v: FloatArray,
    numbers: dict[str, float],
) -> None: ...
