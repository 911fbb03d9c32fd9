import numpy as np
import numpy.typing as npt

def cheapest_path(
    evidence: npt.NDArray[np.float64],
    table: npt.NDArray[np.float64],
    change: npt.NDArray[np.float64],
) -> npt.NDArray[np.int64]: ...
