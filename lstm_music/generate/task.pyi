import numpy as np
import numpy.typing as npt

from lstm_music.tokens.automaton import Automaton

class Task:
    def __init__(self, automaton: Automaton, forbidden: npt.NDArray[np.uint8]) -> None: ...
