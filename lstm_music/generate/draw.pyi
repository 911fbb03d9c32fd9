import numpy as np
import numpy.typing as npt

from lstm_music.generate.sampling import Sampling

def philox_uniform(key: int, sequence: int, index: int) -> float: ...
def draw_py(
    logits: npt.NDArray[np.float32], mask: npt.NDArray[np.uint8], sampling: Sampling, u: float
) -> int: ...
