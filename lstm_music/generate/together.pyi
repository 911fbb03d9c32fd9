from collections.abc import Sequence
from typing import Final

from lstm_music.generate.loop import Generator
from lstm_music.kernels.step import StepWeights

MOST_ON_DEVICE: Final[int]

def most_together(weights: StepWeights) -> int: ...
def run_together(generators: Sequence[Generator], max_notes: int = -1) -> None: ...
