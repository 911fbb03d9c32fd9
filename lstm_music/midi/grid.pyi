import numpy as np
import numpy.typing as npt

from lstm_music.music.original import Instrument

MAX_TRACKS: int

def to_grid(
    raw: npt.NDArray[np.void], ticks: int, quarters: int, max_tracks: int
) -> tuple[npt.NDArray[np.void], list[Instrument], float]: ...
def pedal_to_grid(
    marks: npt.NDArray[np.void],
    instruments: list[Instrument],
    ticks: int,
    quarters: int,
    most: int,
) -> npt.NDArray[np.void]: ...
