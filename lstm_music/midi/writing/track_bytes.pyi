import numpy as np
import numpy.typing as npt

EVENT_DTYPE: np.dtype[np.void]

def list_events(
    data: bytes, chunks: npt.NDArray[np.void], mtrk: int = -1
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int64]]: ...
def encode_track(
    events: npt.NDArray[np.void], data: bytes, added: bytes, end_ticks: int
) -> bytes: ...
