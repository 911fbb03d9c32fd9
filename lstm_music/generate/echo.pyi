import numpy.typing as npt

class Echo:
    def __init__(self, start_steps: int, shifts: npt.ArrayLike, pulls: npt.ArrayLike) -> None: ...
