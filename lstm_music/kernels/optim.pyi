import numpy as np
import numpy.typing as npt

from lstm_music.types import FloatArray

def sum_squares(
    level: int, x: FloatArray, partial: npt.NDArray[np.float64], block: int, i0: int, i1: int
) -> None: ...
def adam(
    level: int,
    w: FloatArray,
    g: FloatArray,
    m: FloatArray,
    v: FloatArray,
    g_scale: float,
    rate: float,
    v_scale: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    n0: int,
    n1: int,
) -> None: ...
