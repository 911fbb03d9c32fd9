import numpy as np
import numpy.typing as npt

from lstm_music.kernels.pool import ThreadPool
from lstm_music.types import FloatArray, IntArray

def cross_entropy(
    level: int,
    pool: ThreadPool,
    logits: FloatArray,
    bias: FloatArray,
    targets: IntArray,
    scale: float,
    nll: npt.NDArray[np.float64],
) -> None: ...
