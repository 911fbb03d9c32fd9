from collections.abc import Sequence

from lstm_music.kernels.step import Stepper
from lstm_music.types import IntArray

def philox_uniform(key: int, sequence: int, index: int) -> float: ...

class Sampler:
    def __init__(
        self,
        V: int,
        *,
        temperature: float = 1,
        top_k: int = 0,
        top_p: float = 1,
        min_p: float = 0,
        rng_seed: int = 0,
        sequence: int = 0,
    ) -> None: ...

def continue_tokens(
    steppers: Sequence[Stepper], samplers: Sequence[Sampler], token: int, n: int
) -> IntArray: ...
