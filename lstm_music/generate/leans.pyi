import numpy.typing as npt

from lstm_music.generate.rules import Rules

class Leans:
    def __init__(
        self,
        rules: Rules,
        pitches: npt.ArrayLike | None = None,
        wishes: npt.ArrayLike | None = None,
        chord: float = 0.0,
    ) -> None: ...
