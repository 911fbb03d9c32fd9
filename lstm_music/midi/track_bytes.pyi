import numpy.typing as npt

EVENT_DTYPE: npt.DTypeLike

def list_events(
    data: bytes, chunks: npt.NDArray[object], mtrk: int = -1
) -> tuple[npt.NDArray[object], npt.NDArray[object]]: ...
def encode_track(
    events: npt.NDArray[object], data: bytes, added: bytes, end_ticks: int
) -> bytes: ...
