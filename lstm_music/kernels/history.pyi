from typing import Final

import numpy as np
import numpy.typing as npt

MOST_REMEMBERED: Final[int]

class History:
    def __init__(self, *args: object, **kwargs: object) -> None: ...
    @property
    def tokens(self) -> npt.NDArray[np.int32]: ...
    def reset(self) -> None: ...
