import numpy as np
import numpy.typing as npt

from lstm_music.types import FloatArray, IntArray

def cross_entropy(
    level: int,
    logits: FloatArray,
    bias: FloatArray,
    targets: IntArray,
    scale: float,
    nll: npt.NDArray[np.float64],
    n0: int,
    n1: int,
) -> None: ...
