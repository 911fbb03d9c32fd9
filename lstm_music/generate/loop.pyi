from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from lstm_music.generate.sampling import Sampling
from lstm_music.kernels.step import Stepper
from lstm_music.tokens.automaton import Automaton

MOST_AT_ONCE: Final[int]

class Generator:
    def __init__(
        self,
        automaton: Automaton,
        stepper: Stepper,
        forbidden: npt.NDArray[np.uint8],
        sampling: Sampling,
        rng_seed: int,
        sequence: int,
        capacity: int,
    ) -> None: ...
    @property
    def tokens(self) -> npt.NDArray[np.int32]: ...
    @property
    def score(self) -> Automaton: ...
    @property
    def capacity(self) -> int: ...
    def set_total_bars(self, total_bars: int) -> None: ...
    def copy_state_from(self, other: Generator) -> None: ...
    def force(self, tokens: npt.NDArray[np.int32]) -> None: ...
    def sample(self, allowed: npt.NDArray[np.uint8]) -> int: ...
    def set_end(self, end_steps: int, bar_steps: int) -> None: ...
    def run(self, end_steps: int, bar_steps: int, max_notes: int = -1) -> bool: ...

def run_together(generators: Sequence[Generator], max_notes: int = -1) -> None: ...
